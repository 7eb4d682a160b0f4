import Files
import Foundation
import Synchronization

/// The file in which b2watch keeps what it did and warned of: 0600, and rotated, so that it never fills a disk.
///
/// Any number of processes may write to it, each by a `LogFile` of its own. A line is appended whole. Whoever finds the
/// file full renames it while he holds a lock on it, and the others follow to the new one with their next line.
///
/// Calls block for the disk.
public final class LogFile: Sendable {
    private struct State {
        var descriptor: Int32 = -1
        /// Whether the last line was written in part, as on a full disk.
        var isBroken = false
        /// A descriptor that is the same file, such as standard error.
        var mirror: Int32?
    }

    public let path: String
    /// The size with which a file is full, in bytes.
    private let limit: Int
    /// How many full ones are kept: `.1` is the newest of them.
    private let kept: Int
    private let state = Mutex(State())

    /// Opens the file, made with its folder if it is not there.
    ///
    /// - Throws: `LogFailure`.
    public init(_ path: String, limit: Int = 1 << 20, kept: Int = LogReader.kept) throws(LogFailure) {
        self.path = path
        self.limit = limit
        self.kept = kept
        try? FileManager.default.createDirectory(
            atPath: PathParts(path).folder, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        let descriptor = try Self.open(path)
        state.withLock { $0.descriptor = descriptor }
    }

    deinit {
        state.withLock { _ = close($0.descriptor) }
    }

    /// Appends a line, which ends with its newline.
    ///
    /// - Throws: `LogFailure`; some of the line may be written.
    public func append(_ line: [UInt8]) throws(LogFailure) {
        let failure = state.withLock { state -> LogFailure? in
            do throws(LogFailure) {
                try follow(&state)
                try rotate(&state, for: line.count)
                try write(line, &state)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    /// Makes a descriptor the same file from now on, whichever that is by then; nil makes none.
    public func mirror(_ descriptor: Int32?) {
        state.withLock { state in
            state.mirror = descriptor
            if let descriptor { _ = dup2(state.descriptor, descriptor) }
        }
    }

    private static func open(_ path: String) throws(LogFailure) -> Int32 {
        // Not to wait for a reader of a pipe.
        let descriptor = Foundation.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else { throw LogFailure(path, errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw LogFailure(path, reason: "is no ordinary file")
        }
        if status.st_mode & 0o077 != 0 { fchmod(descriptor, 0o600) }
        return descriptor
    }

    /// Goes on in the file that has the name now, if another process has rotated it.
    private func follow(_ state: inout State) throws(LogFailure) {
        guard !Self.isSame(state.descriptor, path) else { return }
        try reopen(&state)
    }

    private func reopen(_ state: inout State) throws(LogFailure) {
        let descriptor = try Self.open(path)
        close(state.descriptor)
        state.descriptor = descriptor
        state.isBroken = false
        if let mirror = state.mirror { _ = dup2(descriptor, mirror) }
    }

    private func rotate(_ state: inout State, for more: Int) throws(LogFailure) {
        var status = stat()
        guard fstat(state.descriptor, &status) == 0, status.st_size > 0, Int(status.st_size) + more > limit else {
            return
        }
        // Who does not get the lock writes on: somebody else is about to rotate. The lock goes with the descriptor.
        guard flock(state.descriptor, LOCK_EX | LOCK_NB) == 0 else { return }
        if Self.isSame(state.descriptor, path) {
            for number in stride(from: kept, to: 1, by: -1) { rename("\(path).\(number - 1)", "\(path).\(number)") }
            // Where that cannot be, the file grows on.
            guard rename(path, "\(path).1") == 0 else {
                flock(state.descriptor, LOCK_UN)
                return
            }
        }
        try reopen(&state)
    }

    private func write(_ line: [UInt8], _ state: inout State) throws(LogFailure) {
        let line = state.isBroken ? [UInt8(ascii: "\n")] + line : line
        var count: Int
        repeat {
            count = line.withUnsafeBytes { Foundation.write(state.descriptor, $0.baseAddress, $0.count) }
        } while count < 0 && errno == EINTR
        if count > 0 { state.isBroken = count < line.count }
        guard count == line.count else { throw count < 0 ? LogFailure(path, errno) : LogFailure(path, ENOSPC) }
    }

    private static func isSame(_ descriptor: Int32, _ path: String) -> Bool {
        var (one, other) = (stat(), stat())
        return fstat(descriptor, &one) == 0 && stat(path, &other) == 0 && one.st_ino == other.st_ino
            && one.st_dev == other.st_dev
    }
}

/// Why the log cannot be had, in a sentence.
public struct LogFailure: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    init(_ path: String, reason: String) {
        description = "the log \(path) \(reason)"
    }

    init(_ path: String, _ code: Int32) {
        self.init(path, reason: "cannot be read or written: \(String(cString: strerror(code)))")
    }
}
