import GRDB

/// How many rows an action would have taken up had they been judged then as they are now.
public struct MissedRows: Sendable, Hashable {
    public var count: Int
    /// Some of them, the oldest first, 10,000 at most.
    public var rows: [Int64]
    /// Whether all that the action has passed were looked at.
    public var isAll: Bool

    public init(count: Int = 0, rows: [Int64] = [], isAll: Bool = true) {
        self.count = count
        self.rows = rows
        self.isAll = isAll
    }
}

/// Where missed rows are looked for.
public enum MissedReach: String, Codable, Sendable, Hashable {
    /// In all that the action has passed; a long history takes its time.
    case all
    /// In the newest, so that it takes a moment however long the history is.
    case newest
}

extension HistoryReader {
    /// How many of the newest rows are looked at; fewer where what was received is searched, which may be long.
    private static func newest(_ predicate: RowPredicate) -> Int64 {
        PredicateSQL(predicate).tables.contains(.delivery) ? 2_000 : 50_000
    }

    /// Rows between an action's start and its cursor that match and whose events have no entry.
    public func missed(
        _ action: Int64, matching predicate: RowPredicate, in reach: MissedReach = .all
    ) throws -> MissedRows {
        try read { db in
            let sql = "SELECT start, cursor FROM action WHERE id = ?"
            guard
                let (start, cursor) = try Row.fetchOne(db, sql: sql, arguments: [action]).map({
                    ($0[0] as Int64, $0[1] as Int64)
                }),
                start < cursor
            else { return MissedRows() }
            let first = reach == .all ? start : max(start, cursor - Self.newest(predicate))
            let matching = PredicateSQL(.all([.event, predicate]))
            // A duplicate has the identity of the first, and is not counted again.
            let statement = try IDStatement(
                """
                SELECT min(event.id) FROM \(PredicateSQL.source(matching.tables))
                WHERE event.id > ? AND event.id <= ? AND \(matching.condition) AND NOT EXISTS
                    (SELECT 1 FROM entry WHERE entry.identity = \(EventIdentity.sql()) AND entry.action = ?)
                GROUP BY \(EventIdentity.sql()) ORDER BY 1
                """, [.integer(first), .integer(cursor)] + matching.bindings + [.integer(action)], db)
            var missed = MissedRows(isAll: first == start)
            while let id = try statement.next() {
                missed.count += 1
                if missed.rows.count < 10_000 { missed.rows.append(id) }
            }
            return missed
        }
    }
}
