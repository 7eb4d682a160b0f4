import Foundation

/// A named pipe that a program of a test holds open: it tells that the program runs, and that it has ended with all that
/// it has started.
///
/// A script takes hold of it by `exec 3>PATH; echo up >&3`; what it starts inherits that.
public final class Lifeline: Sendable {
    public let path: String
    /// Keeps the pipe where it is.
    private let folder: TemporaryFolder
    private let reading: Int32

    public init() throws {
        folder = try TemporaryFolder()
        path = folder.file("alive")
        guard mkfifo(path, 0o600) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        reading = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard reading >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    deinit {
        close(reading)
    }

    /// Whether somebody has taken hold of it and said so; waits for that where there is a limit.
    public func isTaken(atMost limit: Duration = .patience) -> Bool {
        wait(atMost: limit) > 0
    }

    /// Waits until nobody holds it any more.
    ///
    /// - Returns: False where that did not come about.
    public func isLetGo(atMost limit: Duration = .patience) -> Bool {
        while true {
            let count = wait(atMost: limit)
            if count <= 0 { return count == 0 }
        }
    }

    /// - Returns: How much was said; 0 where nobody holds it any more, -1 where the time was up.
    private func wait(atMost limit: Duration) -> Int {
        Blocking.check()
        var waits = [pollfd(fd: reading, events: Int16(POLLIN), revents: 0)]
        guard poll(&waits, 1, Int32(limit / .milliseconds(1))) > 0 else { return -1 }
        var buffer = [UInt8](repeating: 0, count: 256)
        return read(reading, &buffer, buffer.count)
    }
}
