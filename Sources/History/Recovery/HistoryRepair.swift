import Foundation
import GRDB
import Notifications

/// Makes a whole history of recovered rows: each delivery has its outcome and its rows in the event list, and the counts
/// are those of what is there.
struct HistoryRepair {
    private let db: Database

    init(_ db: Database) {
        self.db = db
    }

    /// Repairs all.
    ///
    /// - Parameter sequences: The highest numbers that were given to rows, by table.
    /// - Returns: How many deliveries were put in the place of those that are lost but for a part, and the highest number of
    ///   a delivery.
    func run(_ sequences: [String: Int64]) throws -> (parts: Int, last: Int64) {
        try db.execute(sql: "CREATE INDEX eventByDelivery ON event(delivery)")
        let parts = try addLostDeliveries()
        try addMissingOutcomes()
        try addMissingEvents()
        try db.execute(sql: EventKeys.fill)
        let count = "(SELECT count(*) FROM event WHERE event.delivery = outcome.delivery)"
        try db.execute(sql: "UPDATE outcome SET rows = \(count) WHERE rows <> \(count); DROP INDEX eventByDelivery")
        try removeStrayEntries()
        try addLostSecrets()
        try db.execute(
            sql: """
                DELETE FROM tally;
                INSERT INTO tally (verdict, secret, deliveries, rows)
                    SELECT verdict, coalesce(secret, 0), count(*), sum(rows) FROM outcome GROUP BY 1, 2;
                """)
        try setSequences(sequences)
        let last = try Int64.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'delivery'") ?? 0
        return (parts, last)
    }

    /// Adds a delivery without a body where one is lost, but its events or its verdict are not.
    private func addLostDeliveries() throws -> Int {
        let lost = try Int64.fetchAll(
            db, sql: "SELECT delivery FROM event UNION SELECT delivery FROM outcome EXCEPT SELECT id FROM delivery")
        for id in lost {
            let outcome = try Row.fetchOne(
                db, sql: "SELECT receivedAt, rows, status FROM outcome WHERE delivery = ?", arguments: [id])
            let events = try Row.fetchAll(
                db, sql: "SELECT id, position FROM event WHERE delivery = ? ORDER BY id", arguments: [id])
            let before = try Row.fetchOne(
                db,
                sql: "SELECT receivedAt, firstRow + rowCount FROM delivery WHERE id < ? ORDER BY id DESC LIMIT 1",
                arguments: [id])
            let receivedAt: Int64 = outcome?[0] ?? before?[0] ?? 0
            let first: Int64 = events.first.map { $0[0] - ($0[1] as Int64? ?? 0) } ?? before?[1] ?? 1
            let last: Int64 = events.last?[0] ?? first
            let count = max(last - first + 1, events.isEmpty ? 1 : outcome?[1] ?? 1)
            let hasEvents = events.contains { ($0[1] as Int64?) != nil }
            // As received so far as it is known. Without headers and a body nothing verifies it again.
            try db.execute(
                sql: """
                    INSERT INTO delivery (id, receivedAt, remoteAddress, method, target, httpVersion, headers, body,
                        bodyLength, answer, eventCount, firstRow, rowCount)
                    VALUES (?, ?, 'unknown', 'POST', '/', 'HTTP/1.1', '[]', x'', 0, ?, ?, ?, ?)
                    """,
                arguments: [
                    id, receivedAt, Self.answer(to: outcome?[2])?.text ?? Answer.accepted.text,
                    hasEvents ? count : 0, first, count,
                ])
            if outcome == nil { try addOutcome(id, receivedAt, .unjudged, Answer.accepted.status, rows: count) }
        }
        return lost.count
    }

    /// Gives each delivery whose outcome is lost one that is to be verified again.
    private func addMissingOutcomes() throws {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT id, receivedAt, answer, rowCount FROM delivery
                WHERE id NOT IN (SELECT delivery FROM outcome)
                """)
        var range: ClosedRange<Int64>?
        for row in rows {
            let text: String = row[2]
            let answer = Answer.allCases.first { $0.text == text } ?? .accepted
            let isNotification = answer != .notFound && answer != .methodNotAllowed
            try addOutcome(row[0], row[1], isNotification ? .unverified : .unjudged, answer.status, rows: row[3])
            let id: Int64 = row[0]
            range = min(range?.lowerBound ?? id, id)...max(range?.upperBound ?? id, id)
        }
        guard let range else { return }
        // One range holds all, for ranges lie apart from each other.
        let first = try Int64.fetchOne(db, sql: "SELECT min(first) FROM toJudge") ?? range.lowerBound
        let last = try Int64.fetchOne(db, sql: "SELECT max(last) FROM toJudge") ?? range.upperBound
        try db.execute(
            sql: "DELETE FROM toJudge; INSERT INTO toJudge (first, last) VALUES (?, ?)",
            arguments: [min(first, range.lowerBound), max(last, range.upperBound)])
    }

    private func addOutcome(
        _ delivery: Int64, _ receivedAt: Int64, _ verdict: SignatureVerdict, _ status: Int, rows: Int64
    ) throws {
        try db.execute(
            sql: "INSERT INTO outcome (delivery, receivedAt, verdict, status, rows) VALUES (?, ?, ?, ?, ?)",
            arguments: [delivery, receivedAt, verdict.rawValue, status, rows])
    }

    /// Reads the rows of the event list that are lost from the bodies again.
    private func addMissingEvents() throws {
        let deliveries = try Int64.fetchAll(
            db,
            sql: """
                SELECT id FROM delivery WHERE rowCount <>
                    (SELECT count(*) FROM event WHERE event.id BETWEEN firstRow AND firstRow + rowCount - 1)
                """)
        for id in deliveries {
            guard
                let row = try Row.fetchOne(
                    db, sql: "SELECT firstRow, rowCount, eventCount, body FROM delivery WHERE id = ?", arguments: [id])
            else { continue }
            let (first, count, eventCount): (Int64, Int64, Int) = (row[0], row[1], row[2])
            let events = eventCount == 0 ? [] : Payload(scanning: Array(row[3] as Data)).events
            if events.isEmpty {
                if eventCount == 0 { try add(NotificationEvent(), nil, first, id) }
                continue
            }
            for (position, event) in events.enumerated() where position < count {
                try add(event, position, first + Int64(position), id)
            }
        }
    }

    private func add(_ event: NotificationEvent, _ position: Int?, _ row: Int64, _ delivery: Int64) throws {
        let eventId = event.eventId.isEmpty ? FieldValue.absent : event.eventId
        try db.execute(
            sql: """
                INSERT OR IGNORE INTO event (id, delivery, position, eventId, eventTimestamp, eventType, objectName,
                    objectSize, objectVersionId, bucketName, matchedRuleName)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                row, delivery, position, eventId.databaseValue, event.eventTimestamp.databaseValue,
                event.eventType.databaseValue, event.objectName.databaseValue, event.objectSize.databaseValue,
                event.objectVersionId.databaseValue, event.bucketName.databaseValue,
                event.matchedRuleName.databaseValue,
            ])
    }

    /// Keeps the number of a secret that verdicts name and that is lost: another one must not be given it.
    private func addLostSecrets() throws {
        try db.execute(
            sql: """
                INSERT INTO secret (id, label, binding, triedThrough)
                SELECT DISTINCT secret, 'lost', 'any', 0 FROM outcome
                WHERE secret IS NOT NULL AND secret NOT IN (SELECT id FROM secret)
                """)
    }

    /// Removes what refers to an action that is lost.
    private func removeStrayEntries() throws {
        try db.execute(sql: "DELETE FROM entry WHERE action NOT IN (SELECT id FROM action)")
    }

    /// Gives no number twice, and none that an action has gone past.
    private func setSequences(_ sequences: [String: Int64]) throws {
        let highest = [
            "delivery": "SELECT max(id) FROM delivery",
            "event": "SELECT max(id) FROM (SELECT max(id) AS id FROM event UNION ALL SELECT max(cursor) FROM action)",
            "entry": "SELECT max(id) FROM entry", "exchange": "SELECT max(id) FROM exchange",
            "action": "SELECT max(id) FROM action",
        ]
        for (table, sql) in highest {
            let last = max(sequences[table] ?? 0, try Int64.fetchOne(db, sql: sql) ?? 0)
            try db.execute(sql: "DELETE FROM sqlite_sequence WHERE name = ?", arguments: [table])
            try db.execute(sql: "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", arguments: [table, last])
        }
    }

    private static func answer(to status: Int?) -> Answer? {
        status.flatMap { status in Answer.allCases.first { $0.status == status } }
    }
}
