import Base
import GRDB
import Notifications

/// The parts of a row that are read, besides its ids, its position and the five fields of the sheet. The properties of
/// a part that is not read have the value that `EventRow.init` gives them.
public struct RowParts: OptionSet, Sendable, Hashable {
    public let rawValue: Int

    public init(rawValue: Int) {
        self.rawValue = rawValue
    }

    /// `eventId`, `bucketName`, `matchedRuleName`.
    public static let names = RowParts(rawValue: 1)
    /// `receivedAt`, `verdict`, `secret`, `status`.
    public static let outcome = RowParts(rawValue: 2)
    /// `method`, `target`, `bodyLength`, `eventCount`: of the wide rows; `flood` and `node`.
    public static let delivery = RowParts(rawValue: 4)
    /// `isDuplicate`, which looks up the key of the event.
    public static let duplicate = RowParts(rawValue: 8)
    /// `actions`, `sheet`.
    public static let actions = RowParts(rawValue: 16)

    public static let all: RowParts = [.names, .outcome, .delivery, .duplicate, .actions]
}

/// Reads rows of the event list by their ids, never by their number.
enum RowQuery {
    /// Returns the newest rows before an id, in the order of arrival.
    static func older(than id: Int64, limit: Int, _ db: Database) throws -> [EventRow] {
        try rows("event.id < ? ORDER BY event.id DESC LIMIT ?", [id, limit], .all, db).reversed()
    }

    /// Returns the oldest rows after an id, in the order of arrival.
    static func newer(than id: Int64, limit: Int, _ db: Database) throws -> [EventRow] {
        try rows("event.id > ? ORDER BY event.id LIMIT ?", [id, limit], .all, db)
    }

    /// Returns the rows with these ids, in the order given.
    static func rows(ids: [Int64], parts: RowParts = .all, _ db: Database) throws -> [EventRow] {
        // Consecutive rows, as in most exports, are found by one query.
        if let first = ids.first, zip(ids, first...).allSatisfy({ $0 == $1 }) {
            return try rows(
                "event.id BETWEEN ? AND ? ORDER BY event.id", [first, first + Int64(ids.count) - 1], parts, db)
        }
        return try ids.flatMap { id in try rows("event.id = ?", [id], parts, db) }
    }

    /// A condition that an earlier event has the same id, in a delivery of equal or higher trust.
    ///
    /// The earliest events are examined first, because the real one is the earliest: nobody can forge the id of an
    /// event that was not sent yet. The rows of a delivery are consecutive, so the rows before its first belong to
    /// earlier deliveries.
    static let isDuplicate: String = {
        let isEarlier = EventKeys.exists(
            "event.eventId", before: "event.id - event.position",
            joining: "CROSS JOIN outcome AS first ON first.delivery = same.delivery",
            where: "\(trust("first")) >= \(trust("outcome"))")
        let wasRemoved = Tombstones.exists(
            "event.eventId", before: "event.id - event.position", trust: trust("outcome"))
        return "(event.eventId IS NOT NULL AND (\(isEarlier) OR \(wasRemoved)))"
    }()

    /// Returns the trust of a delivery's verdict, in SQL.
    static func trust(_ outcome: String) -> String {
        let others = SignatureVerdict.allCases.filter { $0.trust > 0 && $0 != .valid && $0 != .removed }
        let cases = others.map { "WHEN \($0.rawValue) THEN \($0.trust)" }.joined(separator: " ")
        let (valid, removed) = (SignatureVerdict.valid, SignatureVerdict.removed)
        return """
            CASE \(outcome).verdict
                WHEN \(valid.rawValue) THEN iif(\(SecretTable.isByLeaked(outcome)), \(removed.trust), \(valid.trust))
                \(cases) ELSE 0 END
            """
    }

    /// How many columns `row(_:)` reads.
    static let columnCount: Int32 = 25

    /// Returns the columns that `row(_:)` reads: from `event`, and from `outcome` and `delivery` if a part needs them.
    static func columns(_ parts: RowParts) -> String {
        let names = ["event.eventId", "event.bucketName", "event.matchedRuleName"]
        let outcome = ["outcome.receivedAt", SecretTable.verdict(), SecretTable.label, "outcome.status"]
        let delivery = ["method", "target", "bodyLength", "eventCount"]
        let other = [
            (RowParts.names, names), (.outcome, outcome), (.delivery, delivery), (.duplicate, [isDuplicate]),
            (.actions, [OutboxMarks.ofAll, OutboxMarks.ofSheets]), (.delivery, FloodTable.columns),
            (.delivery, [CopySchema.node]),
        ].flatMap { part, columns in parts.contains(part) ? columns : columns.map { _ in "NULL" } }
        let own = [
            "event.id", "event.delivery", "event.position", "event.eventTimestamp", "event.eventType",
            "event.objectName",
            "event.objectSize", "event.objectVersionId",
        ]
        return (own + other).joined(separator: ", ")
    }

    private static func rows(
        _ condition: String, _ arguments: StatementArguments, _ parts: RowParts, _ db: Database
    ) throws -> [EventRow] {
        var tables = "event"
        if parts.contains(.delivery) { tables += " JOIN delivery ON delivery.id = event.delivery" }
        if !parts.isDisjoint(with: [.outcome, .duplicate]) {
            tables += " JOIN outcome ON outcome.delivery = event.delivery"
        }
        let statement = try db.cachedStatement(sql: "SELECT \(columns(parts)) FROM \(tables) WHERE \(condition)")
        var rows: [EventRow] = []
        try statement.forEachRow(arguments) { row in
            rows.append(try self.row(row, parts))
            return true
        }
        return rows
    }

    static func row(_ row: StatementRow, _ parts: RowParts = .all) throws -> EventRow {
        var read = EventRow(
            id: try row.integer(0), deliveryID: try row.integer(1), position: try row.integerOrNil(2).map(Int.init),
            eventCount: 0, receivedAt: Timestamp(milliseconds: 0), verdict: .unjudged)
        read.eventTimestamp = row.field(3)
        read.eventType = row.field(4)
        read.objectName = row.field(5)
        read.objectSize = row.field(6)
        read.objectVersionId = row.field(7)
        if parts.contains(.names) {
            read.eventId = row.field(8)
            read.bucketName = row.field(9)
            read.matchedRuleName = row.field(10)
        }
        if parts.contains(.outcome) {
            read.receivedAt = Timestamp(milliseconds: try row.integer(11))
            read.verdict = SignatureVerdict(rawValue: Int(try row.integer(12))) ?? .unjudged
            read.secret = row.textOrNil(13)
            read.status = Int(try row.integer(14))
        }
        if parts.contains(.delivery) {
            read.method = try row.text(15)
            read.target = row.field(16).text
            read.bodyLength = Int(try row.integer(17))
            read.eventCount = Int(try row.integer(18))
            if let address = row.textOrNil(22), let requests = try row.integerOrNil(23) {
                read.flood = Flood(address: address, requests: Int(requests))
            }
            read.node = row.textOrNil(24)
        }
        if parts.contains(.duplicate) { read.isDuplicate = row.isTrue(19) }
        if parts.contains(.actions) {
            read.actions = OutboxMarks.state(try row.integerOrNil(20).map(Int.init))
            read.sheet = OutboxMarks.state(try row.integerOrNil(21).map(Int.init))
        }
        return read
    }
}
