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

    /// The rows with these ids, in the order given.
    static func rows(ids: [Int64], _ db: Database) throws -> [EventRow] {
        // Rows that follow each other, as most of an export do, are found once and not each for itself.
        if let first = ids.first, zip(ids, first...).allSatisfy({ $0 == $1 }) {
            return try rows(
                "event.id BETWEEN ? AND ? ORDER BY event.id", [first, first + Int64(ids.count) - 1], db)
        }
        return try ids.flatMap { id in try rows("event.id = ?", [id], db) }
    }

    /// Whether an earlier event has the same id, in a delivery of equal or higher trust. The earliest are looked at
    /// first, and the real one comes first: nobody can forge the id of an event that was not sent yet. The rows of a
    /// delivery follow each other, so that those before its first are of earlier ones.
    static let isDuplicate = """
        (event.eventId IS NOT NULL AND EXISTS (
            SELECT 1 FROM event AS earlier JOIN outcome AS first ON first.delivery = earlier.delivery
            WHERE earlier.eventId = event.eventId AND earlier.id < event.id - event.position
                AND \(trust("first")) >= \(trust("outcome"))))
        """

    /// The trust of a delivery's verdict.
    private static func trust(_ outcome: String) -> String {
        let others = SignatureVerdict.allCases.filter { $0.trust > 0 && $0 != .valid && $0 != .removed }
        let cases = others.map { "WHEN \($0.rawValue) THEN \($0.trust)" }.joined(separator: " ")
        let (valid, removed) = (SignatureVerdict.valid, SignatureVerdict.removed)
        return """
            CASE \(outcome).verdict
                WHEN \(valid.rawValue) THEN iif(\(SecretTable.isByLeaked(outcome)), \(removed.trust), \(valid.trust))
                \(cases) ELSE 0 END
            """
    }

    /// What `row(_:)` reads, of `event`, `delivery` and `outcome`.
    static let columns = """
        event.id, event.delivery, position, eventId, eventTimestamp, eventType, objectName, objectSize,
        objectVersionId, bucketName, matchedRuleName, delivery.receivedAt, method, target, bodyLength,
        \(SecretTable.verdict()), \(SecretTable.label), status, eventCount, \(isDuplicate), \(OutboxMarks.ofAll), \(OutboxMarks.ofSheets)
        """

    private static func rows(_ condition: String, _ arguments: StatementArguments, _ db: Database) throws -> [EventRow]
    {
        let statement = try db.cachedStatement(
            sql: """
                SELECT \(columns)
                FROM event JOIN delivery ON delivery.id = event.delivery
                    JOIN outcome ON outcome.delivery = event.delivery WHERE \(condition)
                """)
        let cursor = try Row.fetchCursor(statement, arguments: arguments)
        var rows: [EventRow] = []
        while let row = try cursor.next() { rows.append(try self.row(row)) }
        return rows
    }

    /// By number, for a name is looked up each time.
    static func row(_ row: Row) throws -> EventRow {
        try row.require(integers: [0, 1, 11, 14, 15, 17, 18, 19], integersOrNone: [2], texts: [12])
        var event = NotificationEvent()
        event.eventId = FieldValue(row[3])
        event.eventTimestamp = FieldValue(row[4])
        event.eventType = FieldValue(row[5])
        event.objectName = FieldValue(row[6])
        event.objectSize = FieldValue(row[7])
        event.objectVersionId = FieldValue(row[8])
        event.bucketName = FieldValue(row[9])
        event.matchedRuleName = FieldValue(row[10])
        var read = EventRow(
            id: row[0], deliveryID: row[1], position: row[2], eventCount: row[18],
            receivedAt: Timestamp(milliseconds: row[11]), method: row[12], target: FieldValue(row[13]).text,
            bodyLength: row[14], verdict: SignatureVerdict(rawValue: row[15]) ?? .unjudged, secret: row[16],
            status: row[17], isDuplicate: row[19], event: event)
        read.actions = OutboxMarks.state(row[20])
        read.sheet = OutboxMarks.state(row[21])
        return read
    }
}

extension Row {
    /// Looks whether columns have the kind of value that the tables give them. In a damaged page they may have another, and
    /// GRDB would end the process over it.
    ///
    /// - Throws: `DatabaseError` of damage.
    func require(integers: [Int], integersOrNone: [Int] = [], texts: [Int] = [], blobs: [Int] = []) throws {
        func storage(_ column: Int) -> DatabaseValue.Storage { (self[column] as DatabaseValue).storage }
        let isSound =
            integers.allSatisfy { if case .int64 = storage($0) { true } else { false } }
            && integersOrNone.allSatisfy {
                switch storage($0) {
                case .int64, .null: true
                default: false
                }
            }
            && texts.allSatisfy { if case .string = storage($0) { true } else { false } }
            && blobs.allSatisfy { !hasNull(atIndex: $0) }
        guard isSound else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a column has a value of another kind")
        }
    }
}
