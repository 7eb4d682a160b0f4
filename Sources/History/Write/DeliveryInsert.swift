import Foundation
import GRDB
import Notifications

/// Writes deliveries with their rows, inside one transaction, and keeps the tally of it.
struct DeliveryInsert {
    private let delivery: Statement
    private let outcome: Statement
    private let event: Statement
    private var counts: TallyChange
    /// The numbers of the secrets that were met in this transaction.
    private var secrets: [SecretIdentity: Int64] = [:]
    private var lastDelivery: Int64 = 0
    /// The keyring held now, and the deliveries that an older one has judged.
    private let generation: Int64
    private var stale: ClosedRange<Int64>?
    private var nextRow: Int64

    init(_ db: Database) throws {
        delivery = try db.cachedStatement(
            sql: """
                INSERT INTO delivery (receivedAt, remoteAddress, method, target, httpVersion, headers, body, bodyLength,
                    answer, eventCount, firstRow, rowCount)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        outcome = try db.cachedStatement(
            sql: """
                INSERT INTO outcome (delivery, receivedAt, verdict, secret, status, rows) VALUES (?, ?, ?, ?, ?, ?)
                """)
        event = try db.cachedStatement(
            sql: """
                INSERT INTO event (id, delivery, position, eventId, eventTimestamp, eventType, objectName, objectSize,
                    objectVersionId, bucketName, matchedRuleName)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        counts = TallyChange(leaked: try SecretTable.leaked(db))
        generation = try HeldKeyring.generation(db)
        nextRow = 1 + (try Int64.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'event'") ?? 0)
    }

    /// - Returns: The delivery's id.
    mutating func insert(_ judged: JudgedDelivery, into db: Database) throws -> Int64 {
        let it = judged.delivery
        delivery.setUncheckedArguments([
            it.receivedAt.milliseconds, it.remoteAddress, it.method, FieldValue.string(it.target).databaseValue,
            it.httpVersion, HeaderField.json(it.headers), Data(it.body), it.bodyLength, judged.answer.text,
            judged.eventCount, nextRow, max(1, judged.events.count),
        ])
        try delivery.execute()
        let id = db.lastInsertedRowID
        let secret = try judged.judgement.secret.map { try number(of: $0, in: db) }
        outcome.setUncheckedArguments([
            id, it.receivedAt.milliseconds, judged.judgement.verdict.rawValue, secret, judged.answer.status,
            max(1, judged.events.count),
        ])
        try outcome.execute()
        lastDelivery = id
        if let judgedBy = judged.generation, judgedBy < generation { stale = (stale?.lowerBound ?? id)...id }
        if judged.events.isEmpty {
            try insert(NotificationEvent(), at: nil, of: id)
        }
        for (position, event) in judged.events.enumerated() {
            try insert(event, at: position, of: id)
        }
        counts.add(
            1, rows: max(1, judged.events.count),
            to: TallyChange.Recorded(verdict: judged.judgement.verdict, secret: secret ?? 0))
        return id
    }

    private mutating func number(of secret: SecretIdentity, in db: Database) throws -> Int64 {
        if let known = secrets[secret] { return known }
        let number = try SecretTable.entry(of: secret, in: db).id
        secrets[secret] = number
        return number
    }

    private mutating func insert(_ it: NotificationEvent, at position: Int?, of delivery: Int64) throws {
        // An event without an id is never a duplicate, nor is an empty id one.
        let eventId = it.eventId.isEmpty ? FieldValue.absent : it.eventId
        event.setUncheckedArguments([
            nextRow, delivery, position, eventId.databaseValue, it.eventTimestamp.databaseValue,
            it.eventType.databaseValue, it.objectName.databaseValue, it.objectSize.databaseValue,
            it.objectVersionId.databaseValue, it.bucketName.databaseValue, it.matchedRuleName.databaseValue,
        ])
        try event.execute()
        nextRow += 1
    }

    /// Adds what was inserted to the tally, and what is stale to what is to be judged; the last thing in the transaction.
    func finish(in db: Database) throws {
        try counts.apply(to: db)
        if let stale { try HeldKeyring.judgeAgain(stale, in: db) }
    }

    /// What was inserted, for those who are told of it.
    var summary: Insertion {
        Insertion(
            latestRow: nextRow - 1, latestDelivery: lastDelivery,
            counts: counts, isStale: stale != nil)
    }
}

/// What one transaction has added.
struct Insertion: Sendable {
    let latestRow: Int64
    let latestDelivery: Int64
    let counts: TallyChange
    /// Whether an older keyring than the one held now has judged one of them.
    let isStale: Bool
}
