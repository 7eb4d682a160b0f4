import GRDB
public import Notifications

/// What became of one delivery of an event that may have come several times.
public struct EventDelivery: Sendable, Hashable, Identifiable {
    /// The delivery's.
    public var id: Int64
    public var receivedAt: Timestamp
    public var verdict: SignatureVerdict
    /// The HTTP status as sent.
    public var status: Int

    public init(id: Int64, receivedAt: Timestamp, verdict: SignatureVerdict, status: Int) {
        self.id = id
        self.receivedAt = receivedAt
        self.verdict = verdict
        self.status = status
    }
}

extension HistoryReader {
    /// The deliveries that hold an event with this id, in the order of arrival, the first `limit` of them.
    ///
    /// - Parameter id: None where the event has no id.
    public func deliveries(ofEvent id: FieldValue, limit: Int) throws -> [EventDelivery] {
        guard !id.isEmpty else { return [] }
        return try gate.read {
            try database.read { db in
                // As many rows of the index as could hold them, where no delivery holds the event twice.
                let statement = try db.cachedStatement(
                    sql: """
                        SELECT DISTINCT outcome.delivery, receivedAt, \(SecretTable.verdict()) AS verdict, status FROM event
                            JOIN outcome ON outcome.delivery = event.delivery
                        WHERE eventId = ? ORDER BY event.id LIMIT ?
                        """)
                let arguments: StatementArguments = [id.databaseValue, limit]
                return try Row.fetchAll(statement, arguments: arguments).map { row in
                    EventDelivery(
                        id: row["delivery"], receivedAt: Timestamp(milliseconds: row["receivedAt"]),
                        verdict: SignatureVerdict(rawValue: row["verdict"]) ?? .unjudged, status: row["status"])
                }
            }
        }
    }
}
