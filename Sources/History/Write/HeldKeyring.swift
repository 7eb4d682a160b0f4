import GRDB

/// The keyring that is held, as the history knows it: by a number that grows with every change, and by the deliveries
/// that an older one may have judged.
///
/// All of it is read and written in the writer's transactions, so that there is no moment between a change of the
/// keyring and what is recorded before and after it.
enum HeldKeyring {
    /// 0 where none was ever held.
    static func generation(_ db: Database) throws -> Int64 {
        let statement = try db.cachedStatement(sql: "SELECT generation FROM keyring")
        return try Int64.fetchOne(statement) ?? 0
    }

    /// Holds a keyring. If it is another one, all that is recorded is to be judged again.
    static func adopt(_ identity: String, in db: Database) throws -> Int64 {
        let held = try Row.fetchOne(db, sql: "SELECT generation, identity FROM keyring")
        if let held, held[1] == identity { return held[0] }
        let generation: Int64 = 1 + (held?[0] ?? 0)
        try db.execute(sql: "REPLACE INTO keyring VALUES (1, ?, ?)", arguments: [generation, identity])
        try db.execute(sql: "DELETE FROM toJudge")
        if let last = try Int64.fetchOne(db, sql: "SELECT max(delivery) FROM outcome WHERE delivery > 0") {
            try judgeAgain(1...last, in: db)
        }
        return generation
    }

    /// Notes that an older keyring may have judged these.
    static func judgeAgain(_ deliveries: ClosedRange<Int64>, in db: Database) throws {
        try db.cachedStatement(sql: "REPLACE INTO toJudge VALUES (?, ?)")
            .execute(arguments: [deliveries.lowerBound, deliveries.upperBound])
    }

    /// Notes that the keyring held now has judged these. They end where a range ends, or hold all of it.
    static func judged(_ deliveries: ClosedRange<Int64>, in db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM toJudge WHERE first >= ? AND last <= ?")
            .execute(arguments: [deliveries.lowerBound, deliveries.upperBound])
        try db.cachedStatement(sql: "UPDATE toJudge SET last = ?1 - 1 WHERE first < ?1 AND last BETWEEN ?1 AND ?2")
            .execute(arguments: [deliveries.lowerBound, deliveries.upperBound])
    }

    /// What is to be judged, the newest of it and how much there is.
    static func toJudge(_ db: Database) throws -> ToJudge? {
        guard
            let row = try Row.fetchOne(
                db,
                sql: "SELECT first, last, (SELECT sum(last - first + 1) FROM toJudge) FROM toJudge ORDER BY first DESC")
        else { return nil }
        let (first, last): (Int64, Int64) = (row[0], row[1])
        return ToJudge(newest: first...max(first, last), count: row[2])
    }
}
