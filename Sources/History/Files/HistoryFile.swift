import Base
import Foundation

/// The history's file: made so that only its user can read it.
struct HistoryFile: Sendable {
    /// With symbolic links followed, so that one file has one lock.
    let path: String

    /// Creates the file, 0600, and any missing folders, 0700; existing ones stay unchanged.
    ///
    /// - Throws: `HistoryError.unusable`.
    init(at path: String) throws(HistoryError) {
        let folder = PathParts(path).folder
        do {
            if !FileManager.default.fileExists(atPath: folder) {
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            }
        } catch {
            let isReadOnly = (error as? CocoaError)?.code == .fileWriteVolumeReadOnly
            let reason = isReadOnly ? FileSystem.reason(EROFS, at: folder) : error.localizedDescription
            throw .unusable(path: path, reason: "its folder cannot be made (\(reason))")
        }
        // An existing file is not opened: closing any descriptor of a file drops the process's locks on it.
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 || errno == EEXIST else {
            throw .unusable(path: path, reason: FileSystem.reason(errno, at: path))
        }
        if descriptor >= 0 { close(descriptor) }
        guard let resolved = realpath(path, nil) else {
            throw .unusable(path: path, reason: String(cString: strerror(errno)))
        }
        self.path = String(cString: resolved)
        free(resolved)
        var status = stat()
        // A history must be a regular file, not a device, a pipe or a folder.
        guard stat(self.path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .unusable(path: path, reason: "it is not a regular file")
        }
    }

    /// Takes the file from other users' eyes; to be called once it is known to be a history.
    func protect() {
        for suffix in ["", "-wal", "-shm"] { chmod(path + suffix, 0o600) }
    }
}

// MARK: - Lock

/// The right to record into a history file. One process has it at a time; a lock file next to the history names that
/// process to others.
///
/// The kernel keeps the lock, so it ends with the process, however the process ends. The text of the file only names
/// the process.
final class HistoryLock: Sendable {
    private let descriptor: Int32

    /// - Throws: `HistoryError.inUse`, `.inUseByCommand`, or `.unusable` if the lock file cannot be created.
    init(beside path: String, for use: HistoryUse = .recording) throws(HistoryError) {
        let lockPath = path + ".lock"
        // Do not follow a symbolic link: the file that it leads to would be overwritten.
        let descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw .unusable(path: path, reason: "\(lockPath): \(FileSystem.reason(errno, at: path))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else {
                let reason = FileSystem.sentence("has no locks", errno, at: path)
                close(descriptor)
                throw .unusable(path: path, reason: reason)
            }
            let holder = Self.holder(descriptor)
            close(descriptor)
            throw Self.inUse(path, holder)
        }
        self.descriptor = descriptor
        let text = Array("\(use.holder)\n".utf8)
        ftruncate(descriptor, 0)
        pwrite(descriptor, text, text.count, 0)
        if let problem = FileSystem.problem(with: descriptor, at: path) {
            throw .unusable(path: path, reason: problem)
        }
    }

    /// Checks that no other process has locked the history at this path, and leaves no trace.
    ///
    /// - Throws: `HistoryError.inUse` or `.inUseByCommand`.
    static func check(beside path: String) throws(HistoryError) {
        let descriptor = open(path + ".lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // A shared lock for this moment: it is refused while another process records.
        guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
            throw inUse(path, holder(descriptor))
        }
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

/// The purpose for which a process uses a history.
public enum HistoryUse: Sendable, Hashable {
    /// Receives until a person ends it.
    case recording
    /// Runs this command, such as `b2watch actions run`, and ends by itself.
    case command(String)

    static let commandPrefix = "the command "

    /// The description of this process that other processes show.
    var holder: String {
        switch self {
        case .recording: "process \(getpid()) (\(ProcessInfo.processInfo.processName))"
        case .command(let name): "\(Self.commandPrefix)\(name) (process \(getpid()))"
        }
    }
}
