import GRDB
public import Notifications

/// What a person has done to a secret, with what it means for recorded verdicts.
public enum SecretChange: Sendable, Hashable {
    /// Typed or pasted it: it no longer counts as leaked.
    case entered(SecretIdentity)
    /// Deleted it as leaked: what it verified reads "valid, secret removed" from then on.
    case leaked(SecretIdentity, at: Timestamp)
}

/// The current secrets, as the history knows them: by a number that grows with every change, and by the deliveries that
/// some of them are still to be tried on.
///
/// All of it is read and written in the writer's transactions, so that there is no moment between a change of the
/// keyring and what is recorded before and after it.
enum HeldKeyring {
    /// 0 where there never was a keyring.
    static func generation(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db.cachedStatement(sql: generationSQL)) ?? 0
    }

    /// The generation, in a row if there ever was a keyring.
    static let generationSQL = "SELECT generation FROM keyring"

    /// Makes secrets the current ones. Those that were not tried on all that is recorded are to be tried on the rest of it;
    /// no verdict changes by this. The same keyring again writes nothing.
    ///
    /// - Parameter identity: `Keyring.identity`.
    /// - Returns: The generation, and whether what is recorded reads differently.
    static func adopt(
        _ identity: String, of secrets: [SecretIdentity], because change: SecretChange?, in db: Database
    ) throws -> (generation: Int64, isOther: Bool) {
        let held = try Row.fetchOne(db, sql: "SELECT generation, identity FROM keyring")
        if let held, held[1] == identity, change == nil { return (held[0], false) }
        let generation: Int64 = 1 + (held?[0] ?? 0)
        try db.execute(sql: "REPLACE INTO keyring VALUES (1, ?, ?)", arguments: [generation, identity])
        let last = try Int64.fetchOne(db, sql: "SELECT max(delivery) FROM outcome WHERE delivery > 0") ?? 0
        if case .leaked(let secret, let time) = change { try SecretTable.markLeaked(secret, at: time, in: db) }

        let before = try Set(Int64.fetchAll(db, sql: "SELECT id FROM secret WHERE triedThrough IS NULL"))
        let now = try secrets.map { try SecretTable.entry(of: $0, in: db).id }
        let pending = try Int64.fetchOne(db, sql: "SELECT min(first) FROM toJudge")
        let tried = min(last, pending.map { $0 - 1 } ?? last)
        for id in before.subtracting(now) {
            try db.execute(sql: "UPDATE secret SET triedThrough = ? WHERE id = ?", arguments: [tried, id])
        }
        var first = last + 1
        var isOther = change != nil
        for (secret, id) in zip(secrets, now) {
            if let tried = try Int64.fetchOne(
                db, sql: "SELECT triedThrough FROM secret WHERE id = ?", arguments: [id])
            {
                first = min(first, tried + 1)
            }
            try db.execute(
                sql: "UPDATE secret SET triedThrough = NULL WHERE id = ?", arguments: [id])
            try db.execute(
                sql: "UPDATE secret SET label = ?1 WHERE id = ?2 AND label <> ?1", arguments: [secret.label, id])
            if db.changesCount > 0 { isOther = true }
        }
        if case .entered(let secret) = change { try SecretTable.clearLeaked(secret, in: db) }
        if first <= last { try judgeAgain(from: first, through: last, in: db) }
        return (generation, isOther)
    }

    /// Notes that some secret is to be tried on these, the last of which is the newest there is.
    private static func judgeAgain(from first: Int64, through last: Int64, in db: Database) throws {
        let start = try Int64.fetchOne(
            db, sql: "SELECT min(first) FROM toJudge WHERE last >= ?", arguments: [first - 1])
        try db.execute(sql: "DELETE FROM toJudge WHERE last >= ?", arguments: [first - 1])
        try judgeAgain(min(first, start ?? first)...last, in: db)
    }

    /// Notes that an older keyring has judged these.
    static func judgeAgain(_ deliveries: ClosedRange<Int64>, in db: Database) throws {
        try db.cachedStatement(sql: "REPLACE INTO toJudge VALUES (?, ?)")
            .execute(arguments: [deliveries.lowerBound, deliveries.upperBound])
    }

    /// Notes that all current secrets were tried on these. They end where a range ends, or hold all of it.
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
