import Foundation
import GRDB
import GRDBSQLite

/// Why a write failed, and how far the fault reaches.
enum WriteFailure: Error {
    /// The whole store cannot be written now; a sentence says why.
    case store(String)
    /// Only what was to be written is at fault.
    case row(String)

    /// - Parameter db: The connection that failed, unless it has been used since: it knows the system's own reason.
    init(_ error: any Error, in db: Database? = nil) {
        if let failure = error as? WriteFailure {
            self = failure
            return
        }
        guard let error = error as? DatabaseError else {
            self = .row(String(describing: error))
            return
        }
        let message = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_FULL: self = .store("the disk is full")
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .store("another program holds the history locked")
        case .SQLITE_READONLY:
            self = .store(Self.systemReason(db, only: [EROFS]) ?? "the history may not be written (\(message))")
        case .SQLITE_IOERR, .SQLITE_CANTOPEN:
            self = .store(Self.systemReason(db) ?? "the history cannot be written (\(message))")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .store("the history is damaged (\(message))")
        case .SQLITE_NOMEM: self = .store("out of memory")
        // Such as a table that is missing.
        case .SQLITE_ERROR, .SQLITE_MISUSE, .SQLITE_PROTOCOL, .SQLITE_PERM, .SQLITE_SCHEMA, .SQLITE_INTERNAL:
            self = .store("the history cannot be written (\(message))")
        default: self = .row(message)
        }
    }

    /// Returns what the system's number of an error means for a history, and what to do; nil for a number that it does not
    /// explain.
    static func reason(ofSystemError number: Int32) -> String? {
        switch number {
        case EFBIG:
            "the file may not grow: the file-size limit of the process (ulimit -f) or of the file system is reached"
        case EDQUOT: "the disk quota of this user is used up"
        case ENOSPC: "the disk is full"
        case EROFS: "the file system is mounted read-only"
        case EIO: "the disk reports an input/output error: look at the kernel's log"
        case ENOLCK: "the file system has no locks left, or offers none: keep the history on a local disk"
        case ESTALE: "the network file system has lost the file: keep the history on a local disk"
        case ENODEV, ENXIO: "the disk is gone"
        case EMFILE: "b2watch has too many files open: raise its limit (ulimit -n)"
        case ENFILE: "the system has too many files open"
        case EACCES, EPERM: "the history may not be written: look at the permissions of its file and folder"
        default: nil
        }
    }

    private static func systemReason(_ db: Database?, only numbers: [Int32]? = nil) -> String? {
        guard let db else { return nil }
        // SQLite keeps it with each file, and what it last saw with the connection.
        let candidates = [
            SQLiteFile.log(of: db)?.lastError, SQLiteFile.main(of: db)?.lastError,
            sqlite3_system_errno(db.sqliteConnection),
        ]
        return candidates.compactMap(\.self).filter { $0 != 0 && numbers?.contains($0) ?? true }
            .compactMap(reason(ofSystemError:)).first
    }
}

extension WriteFailure: CustomStringConvertible {
    var description: String {
        switch self {
        case .store(let reason), .row(let reason): reason
        }
    }
}
