import GRDB

/// The number by which a history is told apart from every other one: random, and in the header of the database file, where
/// it can be read without SQLite.
enum HistoryIdentity {
    /// Gives the history a number if it has none; outside a transaction.
    static func establish(in db: Database) throws {
        guard try Int32.fetchOne(db, sql: "PRAGMA user_version") == 0 else { return }
        try write(Int32.random(in: 1...Int32.max), to: db)
    }

    /// Writes the number again, which makes this state of the first page newer than all before it. So an older copy of the
    /// file is told apart from what a checkpoint behind this transaction leaves.
    static func stamp(_ db: Database) throws {
        guard let identity = try Int32.fetchOne(db, sql: "PRAGMA user_version") else { return }
        try write(identity, to: db)
    }

    private static func write(_ identity: Int32, to db: Database) throws {
        try db.execute(sql: "PRAGMA user_version = \(identity)")
    }
}
