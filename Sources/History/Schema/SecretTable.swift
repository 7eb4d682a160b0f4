public import Base
import Foundation
import GRDB
public import Notifications

/// The signing secrets that verdicts name, each by a small number, so that the rows of a million verdicts stay narrow.
///
/// A secret is known by fingerprint and binding; a secret from an older version only by its label, without a
/// fingerprint. `triedThrough` is nil while a secret is current: it then verifies new deliveries, and `toJudge` has the
/// deliveries on which it is still to be tried. Otherwise it is the last delivery on which it was tried.
enum SecretTable {
    /// A condition on a row of `secret`.
    private static let isLeaked = "leakedAt IS NOT NULL"

    /// The migration from labels to fingerprints.
    ///
    /// An old row has only the label of its secret, and not the time of its verdict. So its verdict stays, its secret
    /// becomes one with that label without a fingerprint, and the time is 0, which means unknown. If a current secret
    /// gives the digest of such a delivery, `Rejudger` confirms the verdict: it then names that secret, with its
    /// fingerprint, and that time. All others keep the label.
    ///
    /// `judgedAt` is NULL if a verdict was given on arrival, which needs no byte. No secret counts as tried, because
    /// their fingerprints are unknown: the identity of the keyring is emptied, so that the next start tries all its
    /// secrets on deliveries that are not valid. The keyring that gave a verdict no longer matters, so `generation` is
    /// removed.
    static let migration = """
        CREATE TABLE secret (
            id INTEGER PRIMARY KEY,
            label TEXT NOT NULL,
            binding TEXT NOT NULL,
            fingerprint BLOB,
            triedThrough INTEGER,
            leakedAt INTEGER
        );
        CREATE UNIQUE INDEX secretByFingerprint ON secret(fingerprint, binding) WHERE fingerprint IS NOT NULL;
        INSERT INTO secret (label, binding, triedThrough)
            SELECT secret, 'any', 0 FROM (SELECT secret FROM tally UNION SELECT secret FROM outcome)
            WHERE secret <> '' ORDER BY secret;

        CREATE TABLE verdict (
            delivery INTEGER PRIMARY KEY,
            receivedAt INTEGER NOT NULL,
            verdict INTEGER NOT NULL,
            secret INTEGER,
            judgedAt INTEGER,
            status INTEGER NOT NULL,
            answerTime INTEGER,
            rows INTEGER NOT NULL DEFAULT 1
        );
        INSERT INTO verdict
            SELECT delivery, receivedAt, verdict, (SELECT id FROM secret WHERE label = outcome.secret),
                iif(generation IS NULL, NULL, 0), status, answerTime, rows
            FROM outcome ORDER BY delivery;
        DROP TABLE outcome;
        ALTER TABLE verdict RENAME TO outcome;

        CREATE TABLE count (
            verdict INTEGER NOT NULL,
            secret INTEGER NOT NULL,
            deliveries INTEGER NOT NULL,
            rows INTEGER NOT NULL,
            PRIMARY KEY (verdict, secret)
        ) WITHOUT ROWID;
        INSERT INTO count
            SELECT verdict, coalesce((SELECT id FROM secret WHERE label = tally.secret), 0), deliveries, rows FROM tally;
        DROP TABLE tally;
        ALTER TABLE count RENAME TO tally;

        UPDATE keyring SET identity = '';
        """

    // MARK: - In SQL

    /// Returns SQL for whether a leaked secret gave the verdict of a row of `outcome`, under this alias; 0 or 1.
    static func isByLeaked(_ outcome: String = "outcome") -> String {
        "ifnull(\(outcome).secret IN (\(leakedIDs)), 0)"
    }

    /// Returns SQL for the current verdict of a row of `outcome`, as a raw value.
    static func verdict(_ outcome: String = "outcome") -> String {
        """
        iif(\(outcome).verdict = \(SignatureVerdict.valid.rawValue) AND \(isByLeaked(outcome)),
            \(SignatureVerdict.removed.rawValue), \(outcome).verdict)
        """
    }

    /// The label of the secret of a row of `outcome`; NULL without a secret.
    static let label = "(SELECT label FROM secret WHERE secret.id = outcome.secret)"

    /// The leaked secrets.
    static let leakedIDs = "SELECT id FROM secret WHERE \(isLeaked)"

    /// The secrets known by label alone.
    static let unnamed = "SELECT id FROM secret WHERE fingerprint IS NULL"

    // MARK: - Reading

    /// A secret with its number.
    struct Entry {
        var id: Int64
        var isLeaked: Bool
    }

    /// Returns the identity in three columns, from `first` on.
    static func identity(_ row: Row, from first: Int) -> SecretIdentity? {
        guard let label = row[first] as String? else { return nil }
        let fingerprint = (row[first + 2] as Data?).flatMap { SecretFingerprint($0) }
        return SecretIdentity(
            label: label, fingerprint: fingerprint, binding: SecretBinding(row[first + 1] as String) ?? .any)
    }

    /// Returns all secrets by their numbers.
    static func all(_ db: Database) throws -> [Int64: SecretIdentity] {
        let rows = try Row.fetchAll(db.cachedStatement(sql: "SELECT id, label, binding, fingerprint FROM secret"))
        return Dictionary(rows.compactMap { row in identity(row, from: 1).map { (row[0], $0) } }) { one, _ in one }
    }

    /// Returns the numbers of the leaked secrets.
    static func leaked(_ db: Database) throws -> Set<Int64> {
        try Int64.fetchSet(db.cachedStatement(sql: leakedIDs))
    }

    static func find(_ secret: SecretIdentity, _ db: Database) throws -> Entry? {
        let row =
            if let fingerprint = secret.fingerprint {
                try Row.fetchOne(
                    db.cachedStatement(
                        sql: "SELECT id, \(isLeaked) FROM secret WHERE fingerprint = ? AND binding = ?"),
                    arguments: [Data(fingerprint.bytes), secret.binding.description])
            } else {
                try Row.fetchOne(
                    db.cachedStatement(
                        sql: "SELECT id, \(isLeaked) FROM secret WHERE fingerprint IS NULL AND label = ?"),
                    arguments: [secret.label])
            }
        return row.map { Entry(id: $0[0], isLeaked: $0[1]) }
    }

    // MARK: - Writing

    /// Returns the entry of a secret. A new one gets a number, and counts as tried on nothing.
    static func entry(of secret: SecretIdentity, in db: Database) throws -> Entry {
        if let found = try find(secret, db) { return found }
        try db.cachedStatement(
            sql: "INSERT INTO secret (label, binding, fingerprint, triedThrough) VALUES (?, ?, ?, 0)"
        ).execute(arguments: [
            secret.label, secret.binding.description, secret.fingerprint.map { Data($0.bytes) },
        ])
        return Entry(id: db.lastInsertedRowID, isLeaked: false)
    }

    /// Marks a secret as leaked, with any binding. A secret known only by this label is marked too while it may be the
    /// same one: until all deliveries that it has verified were tried again.
    static func markLeaked(_ secret: SecretIdentity, at time: Timestamp, in db: Database) throws {
        try db.execute(
            sql: """
                UPDATE secret SET leakedAt = ?1 WHERE leakedAt IS NULL AND (fingerprint = ?2
                    OR fingerprint IS NULL AND label = ?3 AND (?2 IS NULL OR EXISTS (SELECT 1 FROM toJudge)))
                """, arguments: [time.milliseconds, secret.fingerprint.map { Data($0.bytes) }, secret.label])
    }

    /// Takes the mark from a secret.
    static func clearLeaked(_ secret: SecretIdentity, in db: Database) throws {
        try db.execute(
            sql: "UPDATE secret SET leakedAt = NULL WHERE fingerprint = ?",
            arguments: [secret.fingerprint.map { Data($0.bytes) }])
    }
}

// MARK: - Current secrets

/// A person's change of a secret that affects recorded verdicts.
public enum SecretChange: Sendable, Hashable {
    /// Typed or pasted it: it no longer counts as leaked.
    case entered(SecretIdentity)
    /// Deleted it as leaked: what it verified reads "valid, secret removed" from then on.
    case leaked(SecretIdentity, at: Timestamp)
}

/// The current secrets as the history knows them: by a number that grows with every change, and by the deliveries on
/// which some of them are still to be tried.
///
/// It is read and written only in the writer's transactions, so that every record is clearly before or after a change
/// of the keyring.
enum HeldKeyring {
    /// Returns the generation of the keyring; 0 if there never was one.
    static func generation(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db.cachedStatement(sql: generationSQL)) ?? 0
    }

    /// The generation, in a row if there ever was a keyring.
    static let generationSQL = "SELECT generation FROM keyring"

    /// Makes secrets the current ones. Those that were not tried on the whole history are queued to be tried on the
    /// rest of it; no verdict changes by this. The same keyring again writes nothing.
    ///
    /// - Parameter identity: `Keyring.identity`.
    /// - Returns: The generation, and whether older records read differently.
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
        if first <= last { try markToVerify(from: first, through: last, in: db) }
        return (generation, isOther)
    }

    /// Notes that some secret is to be tried on these, the last of which is the newest there is.
    private static func markToVerify(from first: Int64, through last: Int64, in db: Database) throws {
        let start = try Int64.fetchOne(
            db, sql: "SELECT min(first) FROM toJudge WHERE last >= ?", arguments: [first - 1])
        try db.execute(sql: "DELETE FROM toJudge WHERE last >= ?", arguments: [first - 1])
        try markToVerify(min(first, start ?? first)...last, in: db)
    }

    /// Notes that an older keyring has verified these.
    static func markToVerify(_ deliveries: ClosedRange<Int64>, in db: Database) throws {
        try db.cachedStatement(sql: "REPLACE INTO toJudge VALUES (?, ?)")
            .execute(arguments: [deliveries.lowerBound, deliveries.upperBound])
    }

    /// Notes that all current secrets were tried on these. They end where a range ends, or cover all of it.
    static func markVerified(_ deliveries: ClosedRange<Int64>, in db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM toJudge WHERE first >= ? AND last <= ?")
            .execute(arguments: [deliveries.lowerBound, deliveries.upperBound])
        try db.cachedStatement(sql: "UPDATE toJudge SET last = ?1 - 1 WHERE first < ?1 AND last BETWEEN ?1 AND ?2")
            .execute(arguments: [deliveries.lowerBound, deliveries.upperBound])
    }

    /// Returns the newest range to verify again, and the number of deliveries in all ranges.
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
