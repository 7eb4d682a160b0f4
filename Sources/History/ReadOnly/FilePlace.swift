import Files
import Foundation

/// A file that is there, whose it is, and whether its path still leads to it.
struct FilePlace: Sendable {
    /// With symbolic links followed.
    let path: String
    let owner: uid_t
    private let device: UInt64
    private let inode: UInt64

    /// - Throws: `ReadOnlyHistoryError`.
    init(following name: String) throws(ReadOnlyHistoryError) {
        guard let resolved = realpath(name, nil) else {
            switch errno {
            case ENOENT, ENOTDIR: throw .missing(path: name)
            case EACCES: throw Self.barred(name)
            default: throw .unusable(path: name, reason: String(cString: strerror(errno)))
            }
        }
        path = String(cString: resolved)
        free(resolved)
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw .unusable(path: path, reason: String(cString: strerror(errno)))
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            throw .unusable(
                path: path,
                reason: isFolder
                    ? "it is a folder; name the file in it, such as \(path)/history.sqlite" : "it is not a regular file"
            )
        }
        owner = status.st_uid
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        // Not opened to find out: closing any descriptor of the file would drop the process's locks on it.
        guard access(path, R_OK) == 0 else {
            if owner == geteuid() { throw .ownPermissions(path: path, of: path, mode: "600") }
            throw .notPermitted(path: path, owner: ownerName)
        }
    }

    /// The owner's name, or number where he has none.
    var ownerName: String { Self.name(of: owner) }

    var isInPlace: Bool {
        var status = stat()
        return stat(path, &status) == 0 && UInt64(status.st_dev) == device && UInt64(status.st_ino) == inode
    }

    /// Why a file beside the history, such as its `-wal`, keeps it from being read; nil where none does.
    var neighbourProblem: ReadOnlyHistoryError? {
        for neighbour in [path + "-wal", path + "-shm"] {
            var status = stat()
            guard stat(neighbour, &status) == 0, access(neighbour, R_OK | W_OK) != 0 else { continue }
            if status.st_uid == geteuid() { return .ownPermissions(path: path, of: neighbour, mode: "600") }
            return .foreignNeighbour(
                path: path, neighbour: neighbour, owner: Self.name(of: status.st_uid), historyOwner: ownerName)
        }
        return nil
    }

    /// Why a folder bars the way to a file.
    private static func barred(_ name: String) -> ReadOnlyHistoryError {
        var folder = name
        while folder != ".", folder != "/" {
            folder = PathParts(folder).folder
            var status = stat()
            guard stat(folder, &status) == 0 else { continue }
            if status.st_uid == geteuid() { return .ownPermissions(path: name, of: folder, mode: "700") }
            return .notPermitted(path: name, owner: Self.name(of: status.st_uid))
        }
        return .notPermitted(path: name, owner: nil)
    }

    private static func name(of user: uid_t) -> String {
        getpwuid(user).map { String(cString: $0.pointee.pw_name) } ?? "\\#\(user)"
    }
}
