import Foundation
import GRDB
import Notifications

/// Writes deliveries with their rows, inside one transaction, and keeps the tally of it.
struct DeliveryInsert {
    private let delivery: Statement
    private let event: Statement
    private var counts = TallyChange()
    private var lastDelivery: Int64 = 0
    private var stalest: Int64?
    private var nextRow: Int64

    init(_ db: Database) throws {
        delivery = try db.cachedStatement(
            sql: """
                INSERT INTO delivery (receivedAt, remoteAddress, method, target, httpVersion, headers, body, bodyLength,
                    verdict, secret, generation, status, answer, eventCount, firstRow, rowCount)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        event = try db.cachedStatement(
            sql: """
                INSERT INTO event (id, delivery, position, trust, eventId, eventTimestamp, eventType, objectName,
                    objectSize, objectVersionId, bucketName, matchedRuleName)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        nextRow = 1 + (try Int64.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'event'") ?? 0)
    }

    mutating func insert(_ judged: JudgedDelivery, into db: Database) throws {
        let it = judged.delivery
        let verdict = judged.judgement.verdict
        delivery.setUncheckedArguments([
            it.receivedAt.milliseconds, it.remoteAddress, it.method, FieldValue.string(it.target).databaseValue,
            it.httpVersion, HeaderField.json(it.headers), Data(it.body), it.bodyLength, verdict.rawValue,
            judged.judgement.secret, judged.generation, judged.answer.status, judged.answer.text,
            judged.eventCount, nextRow, max(1, judged.events.count),
        ])
        try delivery.execute()
        let id = db.lastInsertedRowID
        lastDelivery = id
        if let generation = judged.generation { stalest = min(generation, stalest ?? generation) }
        if judged.events.isEmpty {
            try insert(NotificationEvent(), at: nil, of: id, verdict)
        }
        for (position, event) in judged.events.enumerated() {
            try insert(event, at: position, of: id, verdict)
        }
        counts.add(1, rows: max(1, judged.events.count), to: judged.judgement)
    }

    private mutating func insert(
        _ it: NotificationEvent, at position: Int?, of delivery: Int64, _ verdict: SignatureVerdict
    ) throws {
        // An event without an id is never a duplicate, nor is an empty id one.
        let eventId = it.eventId.isEmpty ? FieldValue.absent : it.eventId
        event.setUncheckedArguments([
            nextRow, delivery, position, verdict.trust, eventId.databaseValue, it.eventTimestamp.databaseValue,
            it.eventType.databaseValue, it.objectName.databaseValue, it.objectSize.databaseValue,
            it.objectVersionId.databaseValue, it.bucketName.databaseValue, it.matchedRuleName.databaseValue,
        ])
        try event.execute()
        nextRow += 1
    }

    /// Adds what was inserted to the tally; the last thing in the transaction.
    func count(in db: Database) throws {
        try counts.apply(to: db)
    }

    /// What was inserted, for those who are told of it.
    var summary: Insertion {
        Insertion(
            latestRow: nextRow - 1, latestDelivery: lastDelivery,
            counts: counts, stalestGeneration: stalest)
    }
}

/// What one transaction has added.
struct Insertion: Sendable {
    let latestRow: Int64
    let latestDelivery: Int64
    let counts: TallyChange
    /// The oldest keyring that judged one of them.
    let stalestGeneration: Int64?
}
