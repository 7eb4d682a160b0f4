import GRDB
import Notifications

/// Reads rows of the delivery list by their ids, never by their number.
enum DeliveryRowQuery {
    static let before = "\(rows) WHERE delivery.id < ? ORDER BY delivery.id DESC LIMIT ?"
    static let behind = "\(rows) WHERE delivery.id > ? ORDER BY delivery.id LIMIT ?"

    /// The newest deliveries before an id, in the order of arrival.
    static func older(than id: Int64, limit: Int, _ db: Database) throws -> [DeliveryRow] {
        try read(before, [id, limit], db).reversed()
    }

    /// The oldest deliveries behind an id, in the order of arrival.
    static func newer(than id: Int64, limit: Int, _ db: Database) throws -> [DeliveryRow] {
        try read(behind, [id, limit], db)
    }

    /// The next delivery that holds the first event of this one: behind the newest of them comes the oldest.
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

    // By ids of rows, so that a delivery that repeats one event a thousand times is stepped over and not walked through.
    private static let isEarlier = "firstRow - 1"
    private static let isLater = "firstRow + rowCount"
    private static let (first, last) = ("0", "\(Int64.max)")

    /// Looks at the nearest few on both sides.
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
    /// Rows of the delivery list; the anchor's id is a delivery's. Costs the same anywhere in a history of any length.
    public func deliveryRows(_ request: RowRequest) throws -> DeliveryRowWindow {
        try gate.read {
            try database.read { db in
                // One more on each side tells whether there are others.
                var older: [DeliveryRow] = []
                var (before, after) = (request.before + 1, request.after)
                switch request.anchor {
                case .newest: (older, after) = (try DeliveryRowQuery.older(than: .max, limit: before + 1, db), 0)
                case .oldest: (before, after) = (0, request.after + 1)
                case .row(let id):
                    older = try DeliveryRowQuery.older(than: id < .max ? id + 1 : id, limit: before + 1, db)
                }
                let last = older.last?.id ?? 0
                let newer = try DeliveryRowQuery.newer(than: last, limit: after + 1, db)
                return DeliveryRowWindow(
                    rows: Array(older.suffix(before)) + newer.prefix(after), hasOlder: older.count > before,
                    hasNewer: newer.count > after)
            }
        }
    }

    /// The next delivery that holds the first event of this one; nil where it is the only one, or has no event.
    ///
    /// Behind the newest of them comes the oldest, so that they are walked in a circle.
    public func nextDelivery(sharingEventWith id: Int64) throws -> Int64? {
        try gate.read { try database.read { db in try DeliveryRowQuery.next(sharingEventWith: id, db) } }
    }
}
