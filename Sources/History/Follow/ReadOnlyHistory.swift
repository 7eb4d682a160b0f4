import Base
import Foundation
import GRDB

/// An existing history, opened only for reading. It takes no lock, and never delays a process that records into the
/// same file.
public final class ReadOnlyHistory: Sendable {
    public let reader: HistoryReader
    /// The state of the history when it was opened.
    public let opened: HistoryChange
    let place: FilePlace
    let database: DatabasePool
    private let gate: ReadGate

    /// Opens a history.
    ///
    /// - Throws: `ReadOnlyHistoryError`.
    public init(_ name: String) throws(ReadOnlyHistoryError) {
        let place = try FilePlace(following: name)
        do {
            database = try Self.open(place.path)
            opened = try database.read { db in try HistoryChange.read(db) }
        } catch {
            throw Self.explain(error, place)
        }
        self.place = place
        gate = ReadGate(path: place.path)
        reader = HistoryReader(database: database, gate: gate)
    }

    /// The history's path with links followed.
    public var path: String { place.path }

    /// The user id of the file's owner.
    public var owner: UInt32 { place.owner }

    /// Waits for current reads, and closes the file. Nothing can be read after it.
    public func close() {
        gate.close()
        try? database.close()
    }

    private static func open(_ path: String) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.label = "b2watch.read"
        configuration.readonly = true
        configuration.busyMode = .timeout(2)
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA cache_size = -\(History.readerCache)")
            EventKeys.install(on: db)
        }
        let database = try DatabasePool(path: path, configuration: configuration)
        try database.read { db in
            guard try Int.fetchOne(db, sql: "PRAGMA application_id") == Schema.applicationID else {
                throw ReadOnlyHistoryError.foreign(path: path)
            }
            guard try !Schema.migrator.hasBeenSuperseded(db) else { throw ReadOnlyHistoryError.newer(path: path) }
            guard try Schema.migrator.hasCompletedMigrations(db) else { throw ReadOnlyHistoryError.older(path: path) }
        }
        return database
    }

    private static func explain(_ error: any Error, _ place: FilePlace) -> ReadOnlyHistoryError {
        if let error = error as? ReadOnlyHistoryError { return error }
        guard let error = error as? DatabaseError else {
            return .unusable(path: place.path, reason: String(describing: error))
        }
        switch error.resultCode {
        case .SQLITE_NOTADB: return .foreign(path: place.path)
        case .SQLITE_CORRUPT: return .damaged(path: place.path)
        case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM:
            if geteuid() != place.owner { return .notPermitted(path: place.path, owner: place.ownerName) }
            if let problem = place.neighbourProblem { return problem }
            return .unusable(
                path: place.path,
                reason: "its folder must be writable, for the index \(place.path)-shm next to it; if that is not"
                    + " possible, read a copy of the file and its -wal in another folder")
        default:
            return .unusable(path: place.path, reason: error.message ?? "\(error.resultCode)")
        }
    }
}

/// The reason why a history cannot be read while another process may record into it. Each sentence gives the problem,
/// the place and a remedy.
public enum ReadOnlyHistoryError: Error, Sendable, Hashable {
    /// The file does not exist.
    case missing(path: String)
    /// The file belongs to another user, given by name, who alone may read it.
    case notPermitted(path: String, owner: String?)
    /// The permissions of the user's own file keep the user out: those of the history, of a folder above it, or of a
    /// file next to it.
    case ownPermissions(path: String, of: String, mode: String)
    /// A file next to the history belongs to another user, for example because `sudo` opened the history once.
    case foreignNeighbour(path: String, neighbour: String, owner: String, historyOwner: String)
    /// The file is not a history of b2watch.
    case foreign(path: String)
    /// Some of the file is damaged.
    case damaged(path: String)
    /// A later b2watch wrote it.
    case newer(path: String)
    /// An earlier b2watch wrote it, and none of this version has recorded into it.
    case older(path: String)
    /// The file cannot be read; with the system's reason.
    case unusable(path: String, reason: String)
}

extension ReadOnlyHistoryError: CustomStringConvertible {
    public var description: String { sentence(for: "b2watch attach") }

    /// Returns a sentence with the problem and a remedy.
    ///
    /// - Parameters:
    ///   - command: The command that needs to read the history.
    ///   - quote: Writes a path as a word of a shell command.
    public func sentence(for command: String, quoting quote: (String) -> String = { $0 }) -> String {
        switch self {
        case .missing(let path):
            "there is no history at \(path): start b2watch or b2watch listen, which make it, or name another one with"
                + " --history"
        case .notPermitted(let path, let owner?):
            "the history \(path) belongs to \(owner), and you may not read it: run sudo -u \(owner) \(command)"
                + " --history \(quote(path))"
        case .notPermitted(let path, nil):
            "you may not read the history \(path): run this as the user who runs the listener, with sudo -u"
        case .ownPermissions(let path, let file, let mode):
            "the history \(path) is yours, and its permissions keep you from reading it: run chmod \(mode)"
                + " \(quote(file))"
        case .foreignNeighbour(let path, let neighbour, let owner, let historyOwner):
            "the history \(path) cannot be read, because \(neighbour) belongs to \(owner): end what \(owner) runs on"
                + " it, then run sudo chown \(historyOwner) \(quote(neighbour)); do not remove it, for deliveries may be in it"
        case .foreign(let path):
            "\(path) is not a b2watch history, or its beginning is overwritten: name another file with --history. If it was"
                + " a history, b2watch recover \(path) writes what can still be read into a new one"
        case .damaged(let path): HistoryReadError.damaged(path: path).description
        case .newer(let path):
            "the history \(path) was written by a newer b2watch: use that one"
        case .older(let path):
            "the history \(path) was written by an older b2watch: start b2watch or b2watch listen again with this"
                + " version, which brings it up to date, or use the older one"
        case .unusable(let path, let reason):
            "the history \(path) cannot be read: \(reason)"
        }
    }
}

// MARK: - File

/// An existing file, with its owner, and whether its path still leads to it.
struct FilePlace: Sendable {
    /// The path, with symbolic links followed.
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
        // Do not open the file to find out: closing any descriptor of it would drop the process's locks.
        guard access(path, R_OK) == 0 else {
            if owner == geteuid() { throw .ownPermissions(path: path, of: path, mode: "600") }
            throw .notPermitted(path: path, owner: ownerName)
        }
    }

    /// The owner's name, or number if the owner has no name.
    var ownerName: String { Self.name(of: owner) }

    var isInPlace: Bool {
        var status = stat()
        return stat(path, &status) == 0 && UInt64(status.st_dev) == device && UInt64(status.st_ino) == inode
    }

    /// The reason why a file next to the history, such as its `-wal`, prevents reading; nil if none does.
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

    /// Returns the reason why a folder denies access to a file.
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
