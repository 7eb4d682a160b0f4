import GRDB

/// What it would come to if an action were run for rows: which of them it would be done for, as `Outbox.add` decides it.
public struct OutboxPlan: Sendable {
    /// The first rows that it would be done for.
    public private(set) var rows: [Int64] = []
    /// How many rows it would be done for.
    public private(set) var count = 0
    /// Events for which it is done, or waits anyway.
    public private(set) var there = 0
    /// Rows whose event is that of a row before.
    public private(set) var repeated = 0
    /// Rows without an event, or that do not exist.
    public private(set) var unfit = 0

    private let most: Int
    private var seen: Set<String> = []

    /// - Parameter most: How many rows are named at most.
    public init(most: Int) {
        self.most = most
    }

    fileprivate mutating func take(_ row: Int64, _ found: Found?) {
        guard let found else {
            unfit += 1
            return
        }
        guard seen.insert(found.identity).inserted else {
            repeated += 1
            return
        }
        guard found.state?.canBeRetried ?? true else {
            there += 1
            return
        }
        count += 1
        if rows.count < most { rows.append(row) }
    }

    /// A row with an event.
    fileprivate struct Found: Sendable {
        var identity: String
        /// Of its entry; nil where it has none.
        var state: EntryState?
    }
}

extension HistoryReader {
    /// Takes more rows into a plan, in this order.
    ///
    /// - Parameter action: Its name.
    public func plan(_ action: String, for rows: [Int64], into plan: inout OutboxPlan) throws {
        let found = try read { db in
            let id = try Int64.fetchOne(db, sql: "SELECT id FROM action WHERE name = ?", arguments: [action])
            let statement = try db.cachedStatement(
                sql: """
                    SELECT \(EventIdentity.sql()), entry.state FROM event
                    LEFT JOIN entry ON entry.identity = \(EventIdentity.sql()) AND entry.action = ?
                    WHERE event.id = ? AND event.position IS NOT NULL
                    """)
            return try rows.map { row in
                try Row.fetchOne(statement, arguments: [id, row]).map {
                    OutboxPlan.Found(identity: $0[0], state: ($0[1] as Int?).flatMap(EntryState.init(rawValue:)))
                }
            }
        }
        for (row, found) in zip(rows, found) { plan.take(row, found) }
    }
}
