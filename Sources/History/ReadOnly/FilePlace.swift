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
            case EACCES: throw .notPermitted(path: name, owner: Self.owner(above: name))
            default: throw .unusable(path: name, reason: String(cString: strerror(errno)))
            }
        }
        path = String(cString: resolved)
        free(resolved)
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw .unusable(path: path, reason: String(cString: strerror(errno)))
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .unusable(path: path, reason: "it is no regular file") }
        owner = status.st_uid
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        // Not opened to find out: closing any descriptor of the file would drop the process's locks on it.
        guard access(path, R_OK) == 0 else { throw .notPermitted(path: path, owner: ownerName) }
    }

    /// The owner's name, or number where he has none.
    var ownerName: String { Self.name(of: owner) }

    var isInPlace: Bool {
        var status = stat()
        return stat(path, &status) == 0 && UInt64(status.st_dev) == device && UInt64(status.st_ino) == inode
    }

    /// Who owns the folder that bars the way to a file.
    private static func owner(above name: String) -> String? {
        var folder = name
        while folder != ".", folder != "/" {
            folder = PathParts(folder).folder
            var status = stat()
            if stat(folder, &status) == 0 { return Self.name(of: status.st_uid) }
        }
        return nil
    }

    private static func name(of user: uid_t) -> String {
        getpwuid(user).map { String(cString: $0.pointee.pw_name) } ?? "\\#\(user)"
    }
}
