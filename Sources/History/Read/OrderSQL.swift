import Notifications

/// An order of rows in SQL.
struct OrderSQL {
    /// What stands behind `ORDER BY`.
    let terms: String
    let tables: PredicateSQL.Tables

    init(_ order: RowOrder) {
        guard case .by(let column, let isDescending) = order else {
            (terms, tables) = ("event.id", [])
            return
        }
        let (key, tables) = Self.key(column)
        terms = "\(key) \(isDescending ? "DESC" : "ASC") NULLS LAST, event.id"
        self.tables = tables
    }

    /// What a column is sorted by, and the table that holds it. A number that came as anything else is none.
    private static func key(_ column: SortColumn) -> (String, PredicateSQL.Tables) {
        switch column {
        case .received: ("outcome.receivedAt", .outcome)
        case .signature: ("nullif(\(SecretTable.verdict()), \(SignatureVerdict.unjudged.rawValue))", .outcome)
        case .status: ("outcome.status", .outcome)
        case .type: ("event.eventType", [])
        case .object: ("event.objectName", [])
        case .bucket: ("event.bucketName", [])
        case .rule: ("event.matchedRuleName", [])
        case .size: ("iif(typeof(event.objectSize) = 'integer', event.objectSize, NULL)", [])
        case .eventTime: ("iif(typeof(event.eventTimestamp) = 'integer', event.eventTimestamp, NULL)", [])
        }
    }
}
