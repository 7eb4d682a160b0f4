import GRDB

/// Another program that holds a history's file locked.
final class FileLocker: Sendable {
    private let database: DatabaseQueue

    /// Locks at once. Readers are let through where the file has a write-ahead log.
    init(_ path: String) throws {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        database = try DatabaseQueue(path: path, configuration: configuration)
        try database.inDatabase { db in try db.execute(sql: "BEGIN IMMEDIATE") }
    }

    func letGo() throws {
        try database.inDatabase { db in try db.execute(sql: "ROLLBACK") }
        try database.close()
    }
}
