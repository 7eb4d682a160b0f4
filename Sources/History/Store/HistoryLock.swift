import Foundation

/// The right to record into a history file: one process at a time, told to the others by a file beside it.
///
/// The lock is the kernel's, so it ends with the process however that ends; the file's text only names the holder.
final class HistoryLock: Sendable {
    private let descriptor: Int32

    /// - Throws: `HistoryError.inUse`, `.inUseByCommand`, or `.unusable` where the lock file cannot be made.
    init(beside path: String, for use: HistoryUse = .recording) throws(HistoryError) {
        let lockPath = path + ".lock"
        // Not through a symbolic link, for what it leads to would be overwritten.
        let descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw .unusable(path: path, reason: "\(lockPath): \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = Self.holder(descriptor)
            close(descriptor)
            throw Self.inUse(path, holder)
        }
        self.descriptor = descriptor
        let text = Array("\(use.holder)\n".utf8)
        ftruncate(descriptor, 0)
        pwrite(descriptor, text, text.count, 0)
    }

    /// Finds out whether another process holds the history of this path, and leaves no trace.
    ///
    /// - Throws: `HistoryError.inUse` or `.inUseByCommand`.
    static func check(beside path: String) throws(HistoryError) {
        let descriptor = open(path + ".lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // The lock of a reader, for this moment: it is refused as long as somebody records.
        guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 else { throw inUse(path, holder(descriptor)) }
    }

    private static func inUse(_ path: String, _ holder: String) -> HistoryError {
        holder.hasPrefix(HistoryUse.commandPrefix)
            ? .inUseByCommand(path: path, holder: holder) : .inUse(path: path, holder: holder)
    }

    /// Lets another record into the file.
    func release() {
        flock(descriptor, LOCK_UN)
    }

    deinit {
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
