import GRDB

/// Two numbers in the header of the database file (`PRAGMA user_version`), where they can be read without SQLite: a random
/// one, by which a history is told apart from others; and one that grows with each checkpoint and each start, by which the
/// file is told apart from older copies of itself. SQLite's own counter of changes does not grow with a write-ahead log.
enum HistoryIdentity {
    /// Numbers the next state of the file, whose checkpoint follows; in a transaction or outside. A history that has no
    /// number of its own gets one.
    static func stamp(_ db: Database) throws {
        let last = try Int32.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let identity = last >> 16 == 0 ? Int32.random(in: 1...0x7fff) : last >> 16
        let state = UInt16(truncatingIfNeeded: last) &+ 1
        try db.execute(sql: "PRAGMA user_version = \(identity << 16 | Int32(state))")
    }
}
