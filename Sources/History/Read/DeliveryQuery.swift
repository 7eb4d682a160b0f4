import GRDB
import Notifications

/// Reads deliveries, whole.
enum DeliveryQuery {
    private static let columns = """
        delivery.id, delivery.receivedAt, remoteAddress, method, target, httpVersion, headers, body, bodyLength, answer,
        verdict, outcome.secret, judgedAt, status, answerTime, eventCount, firstRow, rowCount
        """

    /// Deliveries in the order of arrival, until there are no more, or their bodies come to so many bytes.
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
    /// - Parameter visit: Is given each id, with nil where there is no such delivery; returns whether to go on.
    static func visit(
        _ ids: ArraySlice<Int64>, duplicates: DuplicateReading, _ db: Database,
        _ visit: (Int64, LentDelivery?) throws -> Bool
    ) throws {
        let reading = try Reading(db, duplicates: duplicates)
        var rest = ids
        while let first = rest.first {
            // Ids that follow each other are found once and not each for itself.
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

    /// The deliveries among these rows of which each event was seen before.
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

        /// When the verdict was given: on arrival where no time is recorded, and nobody knows when where that is 0.
        private static func judgedAt(_ time: Int64?, _ delivery: Delivery) -> Timestamp? {
            guard let time else { return delivery.receivedAt }
            return time == 0 ? nil : Timestamp(milliseconds: time)
        }
    }

    /// Tells whether the events of a delivery are duplicates.
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
            // In a damaged row these may be anything.
            let (end, overflows) = first.addingReportingOverflow(count)
            guard count > 0, !overflows else { return true }
            if let repeated, !repeated.mayHold(first) { return false }
            var areAll = true
            try statement.forEachRow([first, end]) { _ in
                areAll = false
                return false
            }
            return areAll
        }
    }
}

/// Whether it is read if deliveries are duplicates.
enum DuplicateReading {
    case none
    /// It is; among these events only, where they are known.
    case asked(RepeatedEvents?)
}
