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
                        // It may hold the event twice.
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
