public import Base
import GRDB
public import Notifications

/// Reads deliveries, whole.
enum DeliveryQuery {
    private static let columns = """
        delivery.id, delivery.receivedAt, remoteAddress, method, target, httpVersion, headers, body, bodyLength, answer,
        verdict, outcome.secret, judgedAt, status, answerTime, eventCount, firstRow, rowCount
        """

    /// Returns deliveries in the order of arrival, until there are no more, or their bodies reach this total size.
    static func records(
        _ condition: String, _ arguments: StatementArguments, limit: Int, bytes: Int, _ db: Database
    ) throws -> [DeliveryRecord] {
        guard limit > 0, bytes > 0 else { return [] }
        var records: [DeliveryRecord] = []
        var size = 0
        try Reading(db, duplicates: .asked(nil)).visit("\(condition) ORDER BY delivery.id LIMIT ?", arguments + [limit])
        {
            delivery in
            records.append(try delivery.record())
            size += delivery.body.count
            return size < bytes
        }
        return records
    }

    /// Lends deliveries, in the order in which their ids are given.
    ///
    /// - Parameter visit: Receives each id, with nil if the delivery does not exist; returns whether to go on.
    static func visit(
        _ ids: ArraySlice<Int64>, duplicates: DuplicateReading, _ db: Database,
        _ visit: (Int64, LentDelivery?) throws -> Bool
    ) throws {
        let reading = try Reading(db, duplicates: duplicates)
        var rest = ids
        while let first = rest.first {
            // Consecutive ids are found by one query.
            let run = zip(rest, first...).prefix { $0 == $1 }.count
            var (next, end) = (first, first + Int64(run))
            var goesOn = true
            try reading.visit("delivery.id BETWEEN ? AND ? ORDER BY delivery.id", [first, end - 1]) { delivery in
                while goesOn, next < delivery.rest.id {
                    goesOn = try visit(next, nil)
                    next += 1
                }
                if goesOn { goesOn = try visit(next, delivery) }
                next += 1
                if !goesOn { end = next }
                return goesOn
            }
            while goesOn, next < end {
                goesOn = try visit(next, nil)
                next += 1
            }
            if !goesOn { return }
            rest = rest.dropFirst(run)
        }
    }

    /// Returns the deliveries among these rows of which every event was seen before.
    static func duplicates(among rows: ClosedRange<Int64>, _ db: Database) throws -> Set<Int64> {
        let statement = try db.cachedStatement(
            sql: """
                SELECT event.delivery FROM event JOIN outcome ON outcome.delivery = event.delivery
                WHERE event.id BETWEEN ? AND ?
                GROUP BY event.delivery HAVING min(position IS NOT NULL AND \(RowQuery.isDuplicate))
                """)
        return try Int64.fetchSet(statement, arguments: [rows.lowerBound, rows.upperBound])
    }

    /// Reads deliveries on one connection.
    private struct Reading {
        private let db: Database
        private let secrets: [Int64: SecretIdentity]
        private let leaked: Set<Int64>
        private let duplicates: Duplicates?

        init(_ db: Database, duplicates: DuplicateReading) throws {
            self.db = db
            secrets = try SecretTable.all(db)
            leaked = try SecretTable.leaked(db)
            self.duplicates =
                switch duplicates {
                case .none: nil
                case .asked(let repeated): try Duplicates(db, among: repeated)
                }
        }

        func visit(
            _ condition: String, _ arguments: StatementArguments, _ visit: (LentDelivery) throws -> Bool
        ) throws {
            let statement = try db.cachedStatement(
                sql: """
                    SELECT \(columns) FROM delivery JOIN outcome ON outcome.delivery = delivery.id WHERE \(condition)
                    """)
            try statement.forEachRow(arguments) { row in
                try visit(
                    LentDelivery(rest: try rest(row), headers: try row.lent(6), body: try row.lent(7)))
            }
        }

        private func rest(_ row: StatementRow) throws -> DeliveryRecord {
            let delivery = Delivery(
                receivedAt: Timestamp(milliseconds: try row.integer(1)), remoteAddress: try row.text(2),
                method: try row.text(3), target: row.field(4).text, httpVersion: try row.text(5), headers: [], body: [],
                bodyLength: Int(try row.integer(8)))
            let secret = try row.integerOrNil(11)
            var verdict = SignatureVerdict(rawValue: Int(try row.integer(10))) ?? .unjudged
            if verdict == .valid, let secret, leaked.contains(secret) { verdict = .removed }
            var record = DeliveryRecord(
                id: try row.integer(0), delivery: delivery,
                judgement: Judgement(verdict, secret: secret.flatMap { secrets[$0] }),
                judgedAt: verdict == .unjudged ? nil : Self.judgedAt(try row.integerOrNil(12), delivery),
                status: Int(try row.integer(13)), answer: try row.text(9),
                answerTime: try row.integerOrNil(14).map(Duration.microseconds))
            if let duplicates, row.isTrue(15) {
                record.isDuplicate = try duplicates.areAll(from: try row.integer(16), count: try row.integer(17))
            }
            return record
        }

        /// Returns the time of the verdict: the arrival if no time is recorded; nil if the time is recorded as 0, which
        /// means unknown.
        private static func judgedAt(_ time: Int64?, _ delivery: Delivery) -> Timestamp? {
            guard let time else { return delivery.receivedAt }
            return time == 0 ? nil : Timestamp(milliseconds: time)
        }
    }

    /// Finds out whether the events of a delivery are duplicates.
    private struct Duplicates {
        private let statement: Statement
        private let repeated: RepeatedEvents?

        init(_ db: Database, among repeated: RepeatedEvents?) throws {
            self.repeated = repeated
            statement = try db.cachedStatement(
                sql: """
                    SELECT 1 FROM event JOIN outcome ON outcome.delivery = event.delivery
                    WHERE event.id >= ? AND event.id < ? AND NOT \(RowQuery.isDuplicate) LIMIT 1
                    """)
        }

        func areAll(from first: Int64, count: Int64) throws -> Bool {
            // A damaged row may contain any values here.
            let (end, overflows) = first.addingReportingOverflow(count)
            guard count > 0, !overflows else { return true }
            if let repeated, !repeated.mayContain(first) { return false }
            var areAll = true
            try statement.forEachRow([first, end]) { _ in
                areAll = false
                return false
            }
            return areAll
        }
    }
}

/// Whether reading finds out if deliveries are duplicates.
enum DuplicateReading {
    case none
    /// Find out; only among these events, if they are known.
    case asked(RepeatedEvents?)
}

// MARK: - Rows of the delivery list

/// Reads rows of the delivery list by their ids, never by their number.
enum DeliveryRowQuery {
    static let before = "\(rows) WHERE delivery.id < ? ORDER BY delivery.id DESC LIMIT ?"
    static let behind = "\(rows) WHERE delivery.id > ? ORDER BY delivery.id LIMIT ?"

    /// Returns the newest deliveries before an id, in the order of arrival.
    static func older(than id: Int64, limit: Int, _ db: Database) throws -> [DeliveryRow] {
        try read(before, [id, limit], db).reversed()
    }

    /// Returns the oldest deliveries after an id, in the order of arrival.
    static func newer(than id: Int64, limit: Int, _ db: Database) throws -> [DeliveryRow] {
        try read(behind, [id, limit], db)
    }

    /// Returns the next delivery that contains the first event of this one: after the newest of them follows the
    /// oldest.
    static func next(sharingEventWith id: Int64, _ db: Database) throws -> Int64? {
        for range in [(isLater, last), (first, isEarlier)] {
            let rows = EventKeys.rows("own.eventId", from: range.0, to: range.1, limit: 1)
            let sql = """
                SELECT (SELECT delivery FROM (\(rows)) ORDER BY id LIMIT 1)
                FROM delivery JOIN event AS own ON own.id = firstRow WHERE delivery.id = ?
                """
            if let next = try Int64.fetchOne(db, sql: sql, arguments: [id]) { return next }
        }
        return nil
    }

    // The ids of rows skip a delivery that repeats one event a thousand times, instead of walking through it.
    private static let isEarlier = "firstRow - 1"
    private static let isLater = "firstRow + rowCount"
    private static let (first, last) = ("0", "\(Int64.max)")

    /// Finds the nearest few deliveries on both sides.
    private static let others = """
        (SELECT count(DISTINCT delivery) FROM (
            \(EventKeys.rows("event.eventId", from: first, to: isEarlier, newestFirst: true, limit: most))
            UNION ALL
            \(EventKeys.rows("event.eventId", from: isLater, to: last, limit: most))))
        """
    private static let most = DeliveryRow.mostOthers + 1

    // The joins are crossed to be made in this order, whatever SQLite thinks of it: a page of deliveries, then what
    // belongs to each.
    private static let rows = """
        SELECT \(RowQuery.columns(.all)), remoteAddress, answerTime, \(others) AS others
        FROM delivery CROSS JOIN event ON event.id = firstRow CROSS JOIN outcome ON outcome.delivery = delivery.id
        """

    private static func read(
        _ sql: String, _ arguments: StatementArguments, _ db: Database
    ) throws -> [DeliveryRow] {
        let more = RowQuery.columnCount
        var rows: [DeliveryRow] = []
        try db.cachedStatement(sql: sql).forEachRow(arguments) { row in
            rows.append(
                DeliveryRow(
                    first: try RowQuery.row(row), remoteAddress: try row.text(more),
                    answerTime: try row.integerOrNil(more + 1).map(Int.init),
                    others: Int(try row.integer(more + 2))))
            return true
        }
        return rows
    }
}

extension HistoryReader {
    /// Returns rows of the delivery list; the anchor's id is the id of a delivery. The cost is the same anywhere in a
    /// history of any length.
    public func deliveryRows(_ request: WindowRequest<Int64>) throws -> ListWindow<DeliveryRow> {
        try gate.read {
            try database.read { db in
                try request.window {
                    try DeliveryRowQuery.older(than: $0, limit: $1, db)
                } newer: {
                    try DeliveryRowQuery.newer(than: $0, limit: $1, db)
                }
            }
        }
    }

    /// Returns the next delivery that contains the first event of this one; nil if it is the only one, or has no event.
    ///
    /// After the newest of them follows the oldest, so that repeated calls go round in a circle.
    public func nextDelivery(sharingEventWith id: Int64) throws -> Int64? {
        try gate.read { try database.read { db in try DeliveryRowQuery.next(sharingEventWith: id, db) } }
    }
}

// MARK: - Deliveries of one event

/// The result of one delivery of an event that may have arrived several times.
public struct EventDelivery: Sendable, Hashable, Identifiable {
    /// The id of the delivery.
    public var id: Int64
    public var receivedAt: Timestamp
    public var verdict: SignatureVerdict
    /// The HTTP status that was sent.
    public var status: Int

    public init(id: Int64, receivedAt: Timestamp, verdict: SignatureVerdict, status: Int) {
        self.id = id
        self.receivedAt = receivedAt
        self.verdict = verdict
        self.status = status
    }
}

extension HistoryReader {
    /// Returns the deliveries that contain an event with this id, in the order of arrival, the first `limit` of them.
    ///
    /// - Parameter id: The event's id. An empty one has no deliveries.
    public func deliveries(ofEvent id: FieldValue, limit: Int) throws -> [EventDelivery] {
        guard !id.isEmpty else { return [] }
        return try gate.read {
            try database.read { db in
                // In two parts, each in its order: so it reads no more rows than it returns, however many there are.
                let columns = "outcome.delivery, receivedAt, \(SecretTable.verdict()) AS verdict, status"
                let parts = [
                    """
                    SELECT \(columns) FROM eventKey CROSS JOIN event AS same ON same.id = eventKey.row
                        CROSS JOIN outcome ON outcome.delivery = same.delivery
                    WHERE eventKey.key = \(EventKeys.key("?1")) AND eventKey.row <= \(EventKeys.mark)
                        AND same.eventId = ?1 ORDER BY eventKey.row
                    """,
                    """
                    SELECT \(columns) FROM json_each(b2_recent_rows(?1, 0, \(Int64.max), \(Int64.max))) AS recent
                        CROSS JOIN event AS same ON same.id = recent.value
                        CROSS JOIN outcome ON outcome.delivery = same.delivery
                    WHERE same.eventId = ?1
                    """,
                ]
                var deliveries: [EventDelivery] = []
                for part in parts where deliveries.count < limit {
                    let rows = try Row.fetchCursor(try db.cachedStatement(sql: part), arguments: [id.databaseValue])
                    while deliveries.count < limit, let row = try rows.next() {
                        let delivery: Int64 = row["delivery"]
                        // A delivery may contain the event twice.
                        guard deliveries.last?.id != delivery else { continue }
                        deliveries.append(
                            EventDelivery(
                                id: delivery, receivedAt: Timestamp(milliseconds: row["receivedAt"]),
                                verdict: SignatureVerdict(rawValue: row["verdict"]) ?? .unjudged,
                                status: row["status"]))
                    }
                }
                return deliveries
            }
        }
    }
}

// MARK: - Repeated events

/// The rows whose event arrived before, in any delivery: the few rows that may be duplicates. Whether one is a
/// duplicate depends on verdicts; this set does not.
public struct RepeatedEvents: Sendable, Hashable {
    /// The last row that existed when they were found; nothing is known about those after it.
    public let through: Int64
    private let rows: RowSet

    /// Returns whether a row may be a duplicate.
    public func mayContain(_ row: Int64) -> Bool { row > through || rows.contains(row) }

    /// Reads all keys of events in their order, in which equal ones are neighbours, and those after the mark. Of two
    /// ids with one key, the later row is found too, which costs one more look-up.
    init(_ isCancelled: () -> Bool, _ db: Database) throws {
        through = try Int64.fetchOne(db, sql: "SELECT max(id) FROM event") ?? 0
        rows = try db.cancellable(isCancelled) {
            var recent: [(row: Int64, key: Int64)] = []
            let behind = try IDStatement(
                """
                SELECT id, \(EventKeys.key("eventId")) FROM event
                WHERE id > \(EventKeys.mark) AND eventId IS NOT NULL ORDER BY id
                """, [], db)
            while let row = try behind.next() { recent.append((row, behind.integer(1))) }
            var isMet = Dictionary(recent.map { ($0.key, false) }, uniquingKeysWith: { first, _ in first })

            let entered = try IDStatement(
                """
                SELECT row, key FROM eventKey WHERE row <= \(EventKeys.mark) OR row IN (SELECT row FROM tombstone)
                ORDER BY key, row
                """, [], db)
            var rows = RowSet()
            var last: Int64?
            while let row = try entered.next() {
                let key = entered.integer(1)
                if key == last {
                    rows.insert(row)
                } else if isMet[key] != nil {
                    isMet[key] = true
                }
                last = key
            }
            for (row, key) in recent where isMet.updateValue(true, forKey: key) == true { rows.insert(row) }
            return rows
        }
    }
}

extension HistoryReader {
    /// Finds the rows whose event arrived before. Takes a third of a second for a million rows; the writer of a history
    /// in memory waits for that time.
    ///
    /// - Parameter isCancelled: Called some thousand times a second.
    /// - Throws: `ReadCancelled`, or SQLite's error.
    public func repeatedEvents(isCancelled: () -> Bool = { false }) throws -> RepeatedEvents {
        try read { db in try RepeatedEvents(isCancelled, db) }
    }
}
