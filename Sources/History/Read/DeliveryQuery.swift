import Foundation
import GRDB
import Notifications

/// Reads deliveries, whole.
enum DeliveryQuery {
    static let columns = """
        delivery.id, receivedAt, remoteAddress, method, target, httpVersion, headers, body, bodyLength, verdict, secret,
        status, answer
        """

    /// Deliveries in the order of arrival.
    static func records(
        _ condition: String, _ arguments: StatementArguments, limit: Int, _ db: Database
    ) throws -> [DeliveryRecord] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT \(columns), eventCount > 0 AND NOT EXISTS (
                    SELECT 1 FROM event
                    WHERE event.id >= firstRow AND event.id < firstRow + eventCount AND NOT \(RowQuery.isDuplicate)
                ) AS isDuplicate
                FROM delivery WHERE \(condition) ORDER BY delivery.id LIMIT ?
                """)
        return try Row.fetchAll(statement, arguments: arguments + [limit]).map { row in
            DeliveryRecord(
                id: row["id"], delivery: try delivery(row),
                judgement: Judgement(
                    SignatureVerdict(rawValue: row["verdict"]) ?? .unjudged, secret: row["secret"]),
                status: row["status"], answer: row["answer"], isDuplicate: row["isDuplicate"])
        }
    }

    static func delivery(_ row: Row) throws -> Delivery {
        let body: Data = row["body"]
        return Delivery(
            receivedAt: Timestamp(milliseconds: row["receivedAt"]), remoteAddress: row["remoteAddress"],
            method: row["method"], target: FieldValue(row["target"]).text, httpVersion: row["httpVersion"],
            headers: try HeaderField.fields(fromJSON: row["headers"]), body: Array(body), bodyLength: row["bodyLength"])
    }
}
