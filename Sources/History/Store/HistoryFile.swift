import Files
import Foundation

/// The history's file: made so that only its user can read it.
struct HistoryFile: Sendable {
    /// With symbolic links followed, so that one file has one lock.
    let path: String

    /// Makes the file, 0600, and any folders, 0700, where they are missing; what is there is left as it is.
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
            throw .unusable(path: path, reason: "its folder cannot be made (\(error.localizedDescription))")
        }
        // One that is there is not opened: closing any descriptor of a file drops the process's locks on it.
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 || errno == EEXIST else {
            throw .unusable(path: path, reason: String(cString: strerror(errno)))
        }
        if descriptor >= 0 { close(descriptor) }
        guard let resolved = realpath(path, nil) else {
            throw .unusable(path: path, reason: String(cString: strerror(errno)))
        }
        self.path = String(cString: resolved)
        free(resolved)
        var status = stat()
        // A device, a pipe or a folder is no place for a history.
        guard stat(self.path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .unusable(path: path, reason: "it is not a regular file")
        }
    }

    /// Takes the file from other users' eyes; to be called once it is known to be a history.
    func protect() {
        for suffix in ["", "-wal", "-shm"] { chmod(path + suffix, 0o600) }
    }
}
