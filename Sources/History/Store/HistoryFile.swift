import Foundation

/// The history's file: made so that only its user can read it, and watched for being taken away.
struct HistoryFile: Sendable {
    /// With symbolic links followed, so that one file has one lock.
    let path: String
    private let identity: Identity

    private struct Identity: Hashable, Sendable {
        let device: UInt64
        let inode: UInt64

        init?(path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
        }
    }

    /// Makes the file, 0600, and any folders, 0700, where they are missing; what is there is left as it is.
    ///
    /// - Throws: `HistoryError.unusable`.
    init(at path: String) throws(HistoryError) {
        let folder = (path as NSString).deletingLastPathComponent
        do {
            if !folder.isEmpty, !FileManager.default.fileExists(atPath: folder) {
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            }
        } catch {
            throw .unusable(path: path, reason: "its folder cannot be made")
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
        guard let identity = Identity(path: self.path) else {
            throw .unusable(path: path, reason: String(cString: strerror(errno)))
        }
        self.identity = identity
    }

    /// Takes the file from other users' eyes; to be called once it is known to be a history.
    func protect() {
        for suffix in ["", "-wal", "-shm"] { chmod(path + suffix, 0o600) }
    }

    /// Whether the path still leads to the file that was opened, and its write-ahead log is there: what is committed
    /// to a file that was unlinked is lost.
    var isInPlace: Bool {
        Identity(path: path) == identity && Identity(path: path + "-wal") != nil
    }
}
