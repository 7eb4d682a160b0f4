import Base
import Foundation
import GRDB
import Notifications

/// Writes single entries, in the writer's transactions.
enum OutboxEntries {
    /// The result of looking for a row's entry.
    enum Found {
        case there(Int64)
        case missing
        /// The row does not exist, or has no event.
        case unfit
    }

    static func find(_ action: Int64, row: Int64, _ db: Database) throws -> Found {
        let statement = try db.cachedStatement(
            sql: """
                SELECT event.id, entry.id FROM event
                LEFT JOIN entry ON entry.id = \(ReconciledIdentity.entry(action: "?1"))
                WHERE event.id = ?2 AND event.position IS NOT NULL
                """)
        guard let found = try Row.fetchOne(statement, arguments: [action, row]) else { return .unfit }
        return (found[1] as Int64?).map(Found.there) ?? .missing
    }

    /// - Returns: False if the event already has an entry, or its version has one by a reconciled event.
    ///
    /// - Parameter isAsked: Whether a person asks for it: then also for an event that was removed and arrived again.
    static func add(
        _ action: Int64, row: Int64, isAsked: Bool, at time: Timestamp, _ db: Database
    ) throws -> Bool {
        let statement = try db.cachedStatement(
            sql: """
                INSERT OR IGNORE INTO entry (action, identity, row, state, addedAt, since, changedAt)
                SELECT ?1, \(EventIdentity.sql()), event.id, \(EntryState.queued.rawValue), ?2, ?2, ?2
                FROM event WHERE event.id = ?3 AND event.position IS NOT NULL
                    \(isAsked ? "" : "AND NOT \(Tombstones.forbid(action: "?1"))")
                    AND NOT \(ReconciledIdentity.forbid(action: "?1"))
                """)
        try statement.execute(arguments: [action, time.milliseconds, row])
        return db.changesCount > 0
    }

    /// The entries that describe failures and are kept for one action.
    static let mostNotes = 1_000

    /// Adds an entry that describes a failure: always a new one. Above a bound the oldest are removed: first those that
    /// are done with.
    static func add(_ report: Outbox.FailureReport, at time: Timestamp, _ db: Database) throws {
        try makeRoomForNote(of: report.action, at: time, db)
        try db.cachedStatement(
            sql: """
                INSERT INTO entry (action, identity, row, state, addedAt, since, changedAt, note)
                VALUES (?1, 'f' || lower(hex(randomblob(16))), ?2, \(EntryState.queued.rawValue), ?3, ?3, ?3, ?4)
                """
        ).execute(arguments: [report.action, report.row, time.milliseconds, Data(report.note)])
    }

    private static func makeRoomForNote(of action: Int64, at time: Timestamp, _ db: Database) throws {
        let notes = "identity >= 'f' AND identity < 'g' AND action = ?1"
        let count = try Int.fetchOne(
            db.cachedStatement(sql: "SELECT count(*) FROM entry WHERE \(notes)"), arguments: [action])
        guard let count, count >= mostNotes else { return }
        // Those of the last day count against a daily limit, as long as they are not far too many.
        let most = count < 2 * mostNotes ? "(state NOT IN (\(OutboxSchema.spent)) OR changedAt < ?2)" : "?2 = ?2"
        let oldest = try Row.fetchAll(
            db,
            sql: """
                SELECT id, exchange FROM entry
                WHERE \(notes) AND state <> \(EntryState.running.rawValue) AND \(most)
                ORDER BY state NOT IN (\(OutboxSchema.list([.done, .skipped]))), id LIMIT ?3
                """, arguments: [action, time.milliseconds - 86_400_000, count - mostNotes + 1])
        for entry in oldest {
            try db.cachedStatement(sql: "DELETE FROM entry WHERE id = ?").execute(arguments: [entry[0] as Int64])
        }
        try OutboxExchanges.drop(Set(oldest.compactMap { $0[1] as Int64? }), db)
    }

    /// - Returns: Whether it waits again.
    static func retry(_ entry: Int64, at time: Timestamp, _ db: Database) throws -> Bool {
        let statement = try db.cachedStatement(
            sql: """
                UPDATE entry SET state = \(EntryState.queued.rawValue), attempts = 0, due = NULL, reason = NULL,
                    since = ?1, changedAt = ?1
                WHERE id = ?2 AND state IN (\(OutboxSchema.list(EntryState.allCases.filter(\.canBeRetried))))
                """)
        try statement.execute(arguments: [time.milliseconds, entry])
        return db.changesCount > 0
    }

    /// - Returns: False if it is done, running, or already skipped.
    static func skip(_ entry: Int64, at time: Timestamp, _ db: Database) throws -> Bool {
        let statement = try db.cachedStatement(
            sql: """
                UPDATE entry SET state = \(EntryState.skipped.rawValue), due = NULL, changedAt = ?
                WHERE id = ? AND state IN (\(OutboxSchema.list(EntryState.allCases.filter(\.canBeSkipped))))
                """)
        try statement.execute(arguments: [time.milliseconds, entry])
        return db.changesCount > 0
    }
}

extension OutboxEntries {
    /// - Returns: Whether the entry was queued for an event that the secret has verified, and is now on hold.
    static func hold(
        _ entry: Int64, verifiedBy secret: SecretIdentity, _ reason: String, at time: Timestamp, _ db: Database
    ) throws -> Bool {
        let statement = try db.cachedStatement(
            sql: """
                UPDATE entry SET state = \(EntryState.onHold.rawValue), due = NULL, reason = ?1, changedAt = ?2
                WHERE id = ?3 AND state IN (\(OutboxSchema.list([.queued, .failed]))) AND EXISTS (
                    SELECT 1 FROM event JOIN outcome ON outcome.delivery = event.delivery
                        JOIN secret ON secret.id = outcome.secret
                    WHERE event.id = entry.row AND outcome.verdict = \(SignatureVerdict.valid.rawValue)
                        AND (fingerprint = ?4 OR ?4 IS NULL AND fingerprint IS NULL AND label = ?5))
                """)
        try statement.execute(arguments: [
            reason, time.milliseconds, entry, secret.fingerprint.map { Data($0.bytes) }, secret.label,
        ])
        return db.changesCount > 0
    }
}

/// Writes requests and answers, in the writer's transactions.
enum OutboxExchanges {
    static func add(_ exchange: OutboxExchange, _ db: Database) throws -> Int64 {
        try db.cachedStatement(
            sql: """
                INSERT INTO exchange (startedAt, duration, request, outcome, answer, isCut) VALUES (?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            exchange.startedAt.milliseconds, exchange.duration, Data(exchange.request), exchange.outcome,
            Data(exchange.answer), exchange.isCut,
        ])
        return db.lastInsertedRowID
    }

    /// Deletes those of these exchanges that no entry refers to.
    static func drop(_ ids: Set<Int64>, _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: "DELETE FROM exchange WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM entry WHERE exchange = ?1)")
        for id in ids { try statement.execute(arguments: [id]) }
    }

    static func read(_ id: Int64, _ db: Database) throws -> OutboxExchange? {
        let sql = "SELECT startedAt, duration, request, outcome, answer, isCut FROM exchange WHERE id = ?"
        return try Row.fetchOne(db, sql: sql, arguments: [id]).map { row in
            OutboxExchange(
                startedAt: Timestamp(milliseconds: row[0]), duration: row[1], request: Array(row[2] as Data),
                outcome: row[3], answer: Array(row[4] as Data), isCut: row[5])
        }
    }
}

// MARK: - Marks of the event list

/// The mark of a row of the event list: the worst state of its entries. Only declared actions count: the entries of
/// others have no meaning for the current configuration.
enum OutboxMarks {
    /// The states, the worst first.
    private static let order: [EntryState] = [.dead, .uncertain, .onHold, .failed, .running, .queued, .skipped, .done]

    /// The mark of all actions. Reads nothing without actions.
    static let ofAll = worst(among: "")

    /// The mark of the actions that write a sheet.
    static let ofSheets = worst(among: "AND action.kind IN (\(sheets))")

    /// The kinds of actions that write a sheet.
    private static let sheets = ActionStatus.sheetKinds.map { "'\($0)'" }.joined(separator: ", ")

    /// - Parameter actions: The rest of a condition that selects actions.
    private static func worst(among actions: String) -> String {
        let places = order.enumerated().map { "WHEN \($1.rawValue) THEN \($0)" }.joined(separator: " ")
        return """
            CASE WHEN EXISTS (SELECT 1 FROM action) AND event.position IS NOT NULL
                THEN (SELECT min(CASE entry.state \(places) END)
                    FROM entry CROSS JOIN action ON action.id = entry.action
                    WHERE identity IN (\(EventIdentity.sql()), \(ReconciledIdentity.sql())) AND action.isDeclared \(actions)) END
            """
    }

    /// - Parameter place: The value read by `ofAll` or `ofSheets`.
    static func state(_ place: Int?) -> EntryState? {
        guard let place, order.indices.contains(place) else { return nil }
        return order[place]
    }
}
