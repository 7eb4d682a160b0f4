import GRDB
import Notifications

/// Reads rows of the event list by their ids, never by their number.
enum RowQuery {
    /// The newest rows before an id, in the order of arrival.
    static func older(than id: Int64, limit: Int, _ db: Database) throws -> [EventRow] {
        try rows("event.id < ? ORDER BY event.id DESC LIMIT ?", [id, limit], db).reversed()
    }

    /// The oldest rows behind an id, in the order of arrival.
    static func newer(than id: Int64, limit: Int, _ db: Database) throws -> [EventRow] {
        try rows("event.id > ? ORDER BY event.id LIMIT ?", [id, limit], db)
    }

    /// Whether an earlier event has the same id, in a delivery of equal or higher trust. Each trust is looked up by
    /// itself, so that a flood of forgeries under one id makes it no slower.
    static let isDuplicate = """
        (event.eventId IS NOT NULL AND EXISTS (
            SELECT 1 FROM event AS earlier
            WHERE earlier.eventId = event.eventId AND earlier.trust IN (0, 1, 2) AND earlier.trust >= event.trust
                AND earlier.id < delivery.firstRow))
        """

    private static func rows(_ condition: String, _ arguments: StatementArguments, _ db: Database) throws -> [EventRow]
    {
        let statement = try db.cachedStatement(
            sql: """
                SELECT event.*, \(isDuplicate) AS isDuplicate, receivedAt, method, target, bodyLength, verdict, secret,
                    status, eventCount
                FROM event JOIN delivery ON delivery.id = event.delivery WHERE \(condition)
                """)
        return try Row.fetchAll(statement, arguments: arguments).map(row)
    }

    private static func row(_ row: Row) -> EventRow {
        var event = NotificationEvent()
        event.eventId = FieldValue(row["eventId"])
        event.eventTimestamp = FieldValue(row["eventTimestamp"])
        event.eventType = FieldValue(row["eventType"])
        event.objectName = FieldValue(row["objectName"])
        event.objectSize = FieldValue(row["objectSize"])
        event.objectVersionId = FieldValue(row["objectVersionId"])
        event.bucketName = FieldValue(row["bucketName"])
        event.matchedRuleName = FieldValue(row["matchedRuleName"])
        return EventRow(
            id: row["id"], deliveryID: row["delivery"], position: row["position"], eventCount: row["eventCount"],
            receivedAt: Timestamp(milliseconds: row["receivedAt"]), method: row["method"],
            target: FieldValue(row["target"]).text, bodyLength: row["bodyLength"],
            verdict: SignatureVerdict(rawValue: row["verdict"]) ?? .unjudged, secret: row["secret"],
            status: row["status"], isDuplicate: row["isDuplicate"], event: event)
    }
}
