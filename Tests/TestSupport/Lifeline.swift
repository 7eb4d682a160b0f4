import Foundation

/// A named pipe that a program of a test keeps open. It shows that the program runs, and that it has ended with all its
/// descendants.
///
/// A script opens it by `exec 3>PATH; echo up >&3`; its child processes inherit the descriptor.
public final class Lifeline: Sendable {
    public let path: String
    /// Keeps the pipe's reading end open.
    private let folder = TemporaryFolder()
    private let reading: Int32

    public init() throws {
        path = folder.file("alive")
        guard mkfifo(path, 0o600) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        reading = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard reading >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    deinit {
        close(reading)
    }

    /// Returns whether a program has opened the pipe and written to it; with a limit, waits for that.
    public func isTaken(atMost limit: Duration = .patience) -> Bool {
        wait(atMost: limit) > 0
    }

    /// Waits until no program has the pipe open any more.
    ///
    /// - Returns: False if the time was over first.
    public func isLetGo(atMost limit: Duration = .patience) -> Bool {
        while true {
            let count = wait(atMost: limit)
            if count <= 0 { return count == 0 }
        }
    }

    /// - Returns: The number of bytes written; 0 if no program has the pipe open any more, -1 if the time was over.
    private func wait(atMost limit: Duration) -> Int {
        Blocking.check()
        var waits = [pollfd(fd: reading, events: Int16(POLLIN), revents: 0)]
        guard poll(&waits, 1, Int32(limit / .milliseconds(1))) > 0 else { return -1 }
        var buffer = [UInt8](repeating: 0, count: 256)
        return read(reading, &buffer, buffer.count)
    }
}
