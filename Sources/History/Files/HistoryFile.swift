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
            if !FileManager.default.fileExists(atPath: folder) { try PrivateFolder.make(folder) }
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
final class HistoryLock: Sendable {
    private let lock: FileLock

    /// - Throws: `HistoryError.inUse`, `.inUseByCommand`, or `.unusable` if the lock file cannot be created.
    init(beside path: String, for use: HistoryUse = .recording) throws(HistoryError) {
        do throws(FileLock.Problem) {
            lock = try FileLock(path + ".lock", holder: use.holder)
        } catch {
            throw Self.error(error, path)
        }
        if let problem = FileSystem.problem(with: lock.descriptor, at: path) {
            throw .unusable(path: path, reason: problem)
        }
    }

    /// Checks that no other process has locked the history at this path, and leaves no trace.
    ///
    /// - Throws: `HistoryError.inUse` or `.inUseByCommand`.
    static func check(beside path: String) throws(HistoryError) {
        do throws(FileLock.Problem) {
            try FileLock.check(path + ".lock")
        } catch {
            throw Self.error(error, path)
        }
    }

    /// Lets another record into the file.
    func release() {
        lock.release()
    }

    private static func error(_ problem: FileLock.Problem, _ path: String) -> HistoryError {
        switch problem {
        case .inUse(let holder) where holder.hasPrefix(HistoryUse.commandPrefix):
            .inUseByCommand(path: path, holder: holder)
        case .inUse(let holder): .inUse(path: path, holder: holder)
        case .unusable(let number):
            .unusable(path: path, reason: "\(path).lock: \(FileSystem.reason(number, at: path))")
        case .noLocks(let number):
            .unusable(path: path, reason: FileSystem.sentence("has no locks", number, at: path))
        }
    }
}

/// The purpose for which a process uses a history.
public enum HistoryUse: Sendable, Hashable {
    /// Receives until a person ends it.
    case recording
    /// Follows a history that several machines share, of which this one is the copy.
    case copying
    /// Runs this command, such as `b2watch actions run`, and ends by itself.
    case command(String)
    /// Runs this command, which leaves the rows as they are.
    case upkeep(String)

    static let commandPrefix = "the command "

    /// The description of this process that other processes show.
    var holder: String {
        switch self {
        case .recording, .copying: "process \(getpid()) (\(ProcessInfo.processInfo.processName))"
        case .command(let name), .upkeep(let name): "\(Self.commandPrefix)\(name) (process \(getpid()))"
        }
    }
}
