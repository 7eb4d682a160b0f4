import GRDB

/// What a failed write says about the store.
enum WriteFailure: Error {
    /// The whole store cannot be written now; a sentence says why.
    case store(String)
    /// Only what was to be written is at fault.
    case row(String)

    init(_ error: any Error) {
        guard let error = error as? DatabaseError else {
            self = .row(String(describing: error))
            return
        }
        let message = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_FULL: self = .store("the disk is full")
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .store("another program holds the history locked")
        case .SQLITE_READONLY: self = .store("the history may not be written (\(message))")
        case .SQLITE_IOERR, .SQLITE_CANTOPEN: self = .store("the history cannot be written (\(message))")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .store("the history is damaged (\(message))")
        case .SQLITE_NOMEM: self = .store("out of memory")
        // Such as a table that is missing.
        case .SQLITE_ERROR, .SQLITE_MISUSE, .SQLITE_PROTOCOL, .SQLITE_PERM, .SQLITE_SCHEMA, .SQLITE_INTERNAL:
            self = .store("the history cannot be written (\(message))")
        default: self = .row(message)
        }
    }
}
