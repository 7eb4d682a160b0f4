import Foundation
import GRDB
import Notifications

/// Reads deliveries, whole.
enum DeliveryQuery {
    static let columns = """
        delivery.id, delivery.receivedAt, remoteAddress, method, target, httpVersion, headers, body, bodyLength, answer
        """

    /// Deliveries in the order of arrival.
    static func records(
        _ condition: String, _ arguments: StatementArguments, limit: Int, bytes: Int, _ db: Database
    ) throws -> [DeliveryRecord] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT \(columns), \(SecretTable.verdict()) AS shownVerdict, outcome.judgedAt, status, answerTime,
                    eventCount > 0 AND NOT EXISTS (
                        SELECT 1 FROM event
                        WHERE event.id >= firstRow AND event.id < firstRow + rowCount AND NOT \(RowQuery.isDuplicate)
                    ) AS isDuplicate,
                    secret.label, secret.binding, secret.fingerprint
                FROM delivery JOIN outcome ON outcome.delivery = delivery.id
                    LEFT JOIN secret ON secret.id = outcome.secret
                WHERE \(condition) ORDER BY delivery.id LIMIT ?
                """)
        return try read(try Row.fetchCursor(statement, arguments: arguments + [limit]), bytes: bytes) { row, delivery in
            try row.require(integers: [10, 12, 14], integersOrNone: [11, 13], texts: [9])
            let verdict = SignatureVerdict(rawValue: row["shownVerdict"]) ?? .unjudged
            return DeliveryRecord(
                id: row["id"], delivery: delivery,
                judgement: Judgement(verdict, secret: SecretTable.identity(row, from: row.count - 3)),
                judgedAt: verdict == .unjudged ? nil : judgedAt(row, delivery), status: row["status"],
                answer: row["answer"], isDuplicate: row["isDuplicate"],
                answerTime: (row["answerTime"] as Int64?).map(Duration.microseconds))
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

    /// When the verdict was given: on arrival where no time is recorded, and nobody knows when where that is 0.
    private static func judgedAt(_ row: Row, _ delivery: Delivery) -> Timestamp? {
        guard let time = row["judgedAt"] as Int64? else { return delivery.receivedAt }
        return time == 0 ? nil : Timestamp(milliseconds: time)
    }

    /// Reads deliveries until there are no more, or their bodies come to so many bytes.
    static func read<Element>(
        _ rows: RowCursor, bytes: Int, _ element: (Row, Delivery) throws -> Element
    ) throws -> [Element] {
        var elements: [Element] = []
        var size = 0
        while size < bytes, let row = try rows.next() {
            let delivery = try delivery(row)
            elements.append(try element(row, delivery))
            size += delivery.body.count
        }
        return elements
    }

    private static func delivery(_ row: Row) throws -> Delivery {
        try row.require(integers: [0, 1, 8], texts: [2, 3, 5, 6], blobs: [7])
        let body: Data = row["body"]
        return Delivery(
            receivedAt: Timestamp(milliseconds: row["receivedAt"]), remoteAddress: row["remoteAddress"],
            method: row["method"], target: FieldValue(row["target"]).text, httpVersion: row["httpVersion"],
            headers: try HeaderField.fields(fromJSON: row["headers"]), body: Array(body), bodyLength: row["bodyLength"])
    }
}
