import Base
import GRDB
import Notifications

/// The statements that write deliveries, prepared once and kept between transactions.
///
/// Sendable because only `HistoryWriter` uses it, while it has the connection, on one thread at a time.
final class DeliveryStatements: @unchecked Sendable {
    fileprivate let delivery: WriteStatement
    fileprivate let outcome: WriteStatement
    fileprivate let event: WriteStatement
    fileprivate let generation: WriteStatement
    private let lastDelivery: WriteStatement
    private let lastRow: WriteStatement
    fileprivate let leaked: WriteStatement
    fileprivate let answerTime: WriteStatement
    fileprivate let tally: WriteStatement
    private let beginning: WriteStatement
    private let committing: WriteStatement
    /// The committed numbers of secrets.
    fileprivate private(set) var secrets: [SecretIdentity: Int64] = [:]
    /// The last ids that are committed; nil before the first transaction.
    private var last: (delivery: Int64, row: Int64)?

    /// - Throws: `DatabaseError`.
    init(_ db: Database) throws {
        delivery = try WriteStatement(
            """
            INSERT INTO delivery (receivedAt, remoteAddress, method, target, httpVersion, headers, body, bodyLength,
                answer, eventCount, firstRow, rowCount, id)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, db)
        outcome = try WriteStatement(
            """
            INSERT INTO outcome (delivery, receivedAt, verdict, secret, status, rows, share, size)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """, db)
        event = try WriteStatement(
            """
            INSERT INTO event (id, delivery, position, eventId, eventTimestamp, eventType, objectName, objectSize,
                objectVersionId, bucketName, matchedRuleName)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, db)
        generation = try WriteStatement(HeldKeyring.generationSQL, db)
        let last = "SELECT max(ifnull((SELECT max(id) FROM"
        lastDelivery = try WriteStatement("\(last) delivery), 0), lastDelivery) FROM retention", db)
        lastRow = try WriteStatement("\(last) event), 0), lastRow) FROM retention", db)
        leaked = try WriteStatement(SecretTable.leakedIDs, db)
        answerTime = try WriteStatement("UPDATE outcome SET answerTime = ? WHERE delivery = ?", db)
        tally = try WriteStatement(TallyChange.sql, db)
        beginning = try WriteStatement("BEGIN IMMEDIATE", db)
        committing = try WriteStatement("COMMIT", db)
    }

    /// Begins a transaction.
    ///
    /// - Throws: `DatabaseError`.
    func begin() throws {
        try beginning.run()
    }

    /// Commits a transaction.
    ///
    /// - Throws: `DatabaseError`.
    func commit() throws {
        try committing.run()
    }

    /// Keeps the ids and the numbers of secrets that a committed transaction has used.
    fileprivate func keep(_ insert: DeliveryInsert) {
        secrets = insert.secrets
        last = (insert.nextDelivery - 1, insert.nextRow - 1)
    }

    /// Looks the last ids up again: what seemed to fail may be there after all.
    func forgetIDs() {
        last = nil
    }

    /// Returns the last ids that were ever used.
    ///
    /// - Throws: `DatabaseError`.
    fileprivate func lastIDs() throws -> (delivery: Int64, row: Int64) {
        try last ?? (lastDelivery.integer() ?? 0, lastRow.integer() ?? 0)
    }

    /// Writes the answer times of deliveries, inside a transaction.
    ///
    /// - Throws: `DatabaseError`.
    func write(_ times: [AnswerTimeLog.Entry]) throws {
        for time in times {
            answerTime.bind(1, time.microseconds)
            answerTime.bind(2, time.delivery)
            try answerTime.run()
        }
    }
}

/// Writes deliveries with their rows inside one transaction, and counts them for the tally.
struct DeliveryInsert {
    private let statements: DeliveryStatements
    private var counts: TallyChange
    /// The numbers of the secrets used so far.
    fileprivate private(set) var secrets: [SecretIdentity: Int64]
    /// The secret used last.
    private var last: (secret: SecretIdentity, number: Int64)?
    private let leaked: Set<Int64>
    /// The generation of the current secrets, and the deliveries that older secrets have verified.
    private let generation: Int64
    private var stale: ClosedRange<Int64>?
    fileprivate private(set) var nextDelivery: Int64
    fileprivate private(set) var nextRow: Int64

    /// - Throws: `DatabaseError`.
    init(_ statements: DeliveryStatements) throws {
        self.statements = statements
        secrets = statements.secrets
        var leaked: Set<Int64> = []
        try statements.leaked.integers { leaked.insert($0) }
        self.leaked = leaked
        counts = TallyChange(leaked: leaked)
        generation = try statements.generation.integer() ?? 0
        let last = try statements.lastIDs()
        (nextDelivery, nextRow) = (last.delivery + 1, last.row + 1)
    }

    /// Gives the next delivery and its first row the ids that they have in another record.
    mutating func number(from delivery: Int64, row: Int64) {
        (nextDelivery, nextRow) = (delivery, row)
    }

    /// The result of inserting one delivery.
    struct Inserted {
        let id: Int64
        /// The ids of its rows.
        let rows: ClosedRange<Int64>
        /// Whether the secret that verified it has been deleted as leaked since.
        let isByLeaked: Bool
    }

    /// - Throws: `DatabaseError`.
    mutating func insert(_ judged: JudgedDelivery, into db: Database) throws -> Inserted {
        let it = judged.delivery
        let id = nextDelivery
        let rows = nextRow...(nextRow + Int64(judged.rowCount) - 1)
        let headers = HeaderField.jsonBytes(it.headers)
        try headers.withUnsafeBytes { headers in
            try it.body.withUnsafeBytes { body in
                statements.delivery.bind(1, it.receivedAt.milliseconds)
                statements.delivery.bind(2, text: it.remoteAddress)
                statements.delivery.bind(3, text: it.method)
                statements.delivery.bind(4, .string(it.target))
                statements.delivery.bind(5, text: it.httpVersion)
                statements.delivery.bind(6, lentText: headers)
                statements.delivery.bind(7, lentBlob: body)
                statements.delivery.bind(8, Int64(it.bodyLength))
                statements.delivery.bind(9, text: judged.answer.text)
                statements.delivery.bind(10, Int64(judged.eventCount))
                statements.delivery.bind(11, rows.lowerBound)
                statements.delivery.bind(12, Int64(rows.count))
                statements.delivery.bind(13, id)
                try statements.delivery.run()
            }
        }
        nextDelivery += 1
        let secret = try judged.judgement.secret.map { try number(of: $0, in: db) }
        let verdict = judged.judgement.verdict
        statements.outcome.bind(1, id)
        statements.outcome.bind(2, it.receivedAt.milliseconds)
        statements.outcome.bind(3, Int64(verdict.rawValue))
        statements.outcome.bind(4, secret)
        statements.outcome.bind(5, Int64(judged.answer.status))
        statements.outcome.bind(6, Int64(rows.count))
        let (share, size) = (judged.share, judged.size(headers: headers.count))
        statements.outcome.bind(7, share.rawValue)
        statements.outcome.bind(8, Int64(size))
        try statements.outcome.run()
        if let judgedBy = judged.generation, judgedBy < generation { stale = (stale?.lowerBound ?? id)...id }
        if judged.events.isEmpty {
            try insert(NotificationEvent(), at: nil, of: id)
        }
        for position in judged.events.indices {
            try insert(judged.events[position], at: Int64(position), of: id)
        }
        counts.add(
            1, rows: rows.count, share: share, bytes: size,
            to: TallyChange.Recorded(verdict: verdict, secret: secret ?? 0))
        return Inserted(
            id: id, rows: rows, isByLeaked: verdict == .valid && secret.map { leaked.contains($0) } ?? false)
    }

    private mutating func number(of secret: SecretIdentity, in db: Database) throws -> Int64 {
        // Nearly all deliveries are verified by the same secret.
        if let last, last.secret == secret { return last.number }
        let number = try secrets[secret] ?? SecretTable.entry(of: secret, in: db).id
        secrets[secret] = number
        last = (secret, number)
        return number
    }

    private mutating func insert(_ it: NotificationEvent, at position: Int64?, of delivery: Int64) throws {
        statements.event.bind(1, nextRow)
        statements.event.bind(2, delivery)
        statements.event.bind(3, position)
        // An event without an id is never a duplicate; neither is one with an empty id.
        statements.event.bind(4, it.eventId.isEmpty ? .absent : it.eventId)
        statements.event.bind(5, it.eventTimestamp)
        statements.event.bind(6, it.eventType)
        statements.event.bind(7, it.objectName)
        statements.event.bind(8, it.objectSize)
        statements.event.bind(9, it.objectVersionId)
        statements.event.bind(10, it.bucketName)
        statements.event.bind(11, it.matchedRuleName)
        try statements.event.run()
        nextRow += 1
    }

    /// Keeps the ids and the numbers of secrets of a transaction that is committed.
    func keep() {
        statements.keep(self)
    }

    /// Adds the deliveries to the tally, and stale ones to those to verify again. The last step of a transaction.
    func finish(in db: Database) throws {
        try counts.forEach { recorded, count in
            statements.tally.bind(1, Int64(recorded.verdict.rawValue))
            statements.tally.bind(2, recorded.secret)
            for (index, value) in count.values.enumerated() { statements.tally.bind(Int32(3 + index), Int64(value)) }
            try statements.tally.run()
        }
        if let stale { try HeldKeyring.markToVerify(stale, in: db) }
    }

    /// A summary of the transaction for its observers.
    var summary: Insertion {
        Insertion(
            latestRow: nextRow - 1, latestDelivery: nextDelivery - 1,
            counts: counts, isStale: stale != nil)
    }
}

/// The deliveries that one transaction has added.
struct Insertion: Sendable {
    let latestRow: Int64
    let latestDelivery: Int64
    let counts: TallyChange
    /// Whether one of them was verified with a keyring that is no longer current.
    let isStale: Bool
}
