import Foundation

/// A lock that one process has at a time: a file whose text names the process that has it.
///
/// The kernel keeps the lock, so it ends with the process, however the process ends. The file stays.
public final class FileLock: Sendable {
    /// The reason why a file is not locked.
    public enum Problem: Error, Sendable, Hashable {
        /// Another process has locked it; the text of the file.
        case inUse(by: String)
        /// The file cannot be opened; the system's error number.
        case unusable(Int32)
        /// The file system refuses locks; the system's error number.
        case noLocks(Int32)
    }

    /// The descriptor of the locked file, open for reading and writing.
    public let descriptor: Int32

    /// Locks a file, without waiting.
    ///
    /// - Parameters:
    ///   - path: The path of the file. A missing one is created, private to its owner. A symbolic link is not
    ///     followed, because the file that it leads to would be overwritten.
    ///   - holder: The text that names this process to others; nil leaves the text as it is.
    public init(_ path: String, holder: String? = nil) throws(Problem) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .unusable(errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            let problem = reason == EWOULDBLOCK ? Problem.inUse(by: Self.holder(descriptor)) : .noLocks(reason)
            close(descriptor)
            throw problem
        }
        self.descriptor = descriptor
        guard let holder else { return }
        let text = Array("\(holder)\n".utf8)
        ftruncate(descriptor, 0)
        pwrite(descriptor, text, text.count, 0)
    }

    /// Checks that no other process has locked a file, and leaves no trace.
    ///
    /// - Throws: `Problem.inUse`.
    public static func check(_ path: String) throws(Problem) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // A shared lock for this moment: it is refused while another process has the lock.
        guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
            throw .inUse(by: holder(descriptor))
        }
    }

    /// Lets another process lock the file.
    public func release() {
        // Closing is not enough: a child process that was just forked may still have the descriptor.
        flock(descriptor, LOCK_UN)
    }

    deinit {
        release()
        close(descriptor)
    }

    private static func holder(_ descriptor: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 200)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        let text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        return text.isEmpty ? "another process" : text
    }
}
