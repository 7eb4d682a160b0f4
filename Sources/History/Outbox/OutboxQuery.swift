public import Base
import Foundation
import GRDB
import Notifications

/// Reads entries by their ids and states, never by their number.
enum OutboxQuery {
    static func counts(_ action: Int64, _ db: Database) throws -> [EntryState: Int] {
        let statement = try db.cachedStatement(
            sql: "SELECT state, count FROM entryCount WHERE action = ? AND count > 0")
        let rows = try Row.fetchAll(statement, arguments: [action])
        return Dictionary(
            rows.compactMap { row in EntryState(rawValue: row[0]).map { ($0, row[1]) } }, uniquingKeysWith: +)
    }

    /// - Parameter rest: The SQL after the tables `entry` and `action`.
    static func entries(_ rest: String, _ arguments: StatementArguments, _ db: Database) throws -> [OutboxEntry] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT entry.id, action.name, entry.row, state, attempts, due, addedAt, since, changedAt, reason, batch,
                    heldUntil, note
                FROM entry JOIN action ON action.id = entry.action \(rest)
                """)
        return try Row.fetchAll(statement, arguments: arguments).map { row in
            OutboxEntry(
                id: row[0], action: row[1], row: row[2], state: EntryState(rawValue: row[3]) ?? .uncertain,
                attempts: row[4], due: (row[5] as Int64?).map(Timestamp.init(milliseconds:)),
                addedAt: Timestamp(milliseconds: row[6]), since: Timestamp(milliseconds: row[7]),
                changedAt: Timestamp(milliseconds: row[8]), reason: row[9], batch: row[10],
                heldUntil: (row[11] as Int64?).map(Timestamp.init(milliseconds:)),
                note: (row[12] as Data?).map(Array.init))
        }
    }

    /// Returns the entries with these ids and their events, in the order given.
    static func rows(_ ids: [Int64], _ db: Database) throws -> [OutboxRow] {
        try ids.compactMap { id in
            guard let entry = try entries("WHERE entry.id = ?", [id], db).first else { return nil }
            if let note = entry.note {
                return OutboxRow(entry: entry, event: EventRow(note: note, row: entry.row, at: entry.addedAt))
            }
            guard let event = try RowQuery.rows(ids: [entry.row], db).first
            else { return nil }
            return OutboxRow(entry: entry, event: event)
        }
    }

    static func window(_ request: OutboxRequest, _ db: Database) throws -> ListWindow<OutboxRow> {
        let lists = try lists(request, db)
        // One more on each side shows whether there are others.
        var older: [Int64] = []
        var (before, after) = (request.before + 1, request.after)
        switch request.anchor {
        case .newest: (older, after) = (try ids(lists, before: .max, before + 1, db), 0)
        case .oldest: (before, after) = (0, request.after + 1)
        case .row(let id): older = try ids(lists, before: id < .max ? id + 1 : id, before + 1, db)
        }
        let anchor: Int64 = if case .row(let id) = request.anchor { id } else { 0 }
        let newer = try ids(lists, behind: older.last ?? anchor, after + 1, db)
        return ListWindow<OutboxRow>(
            rows: try rows(Array(older.suffix(before)) + newer.prefix(after), db), hasOlder: older.count > before,
            hasNewer: newer.count > after)
    }

    /// Returns the lists that a window is merged from: each has one action and one state, so that a few dead entries
    /// are found among a million that are done.
    private static func lists(_ request: OutboxRequest, _ db: Database) throws -> [(Int64, EntryState)] {
        let actions = try Row.fetchAll(db, sql: "SELECT id, name FROM action")
            .filter { request.action == nil || request.action == $0[1] }.map { $0[0] as Int64 }
        let states = request.states ?? Set(EntryState.allCases)
        return actions.flatMap { action in states.map { (action, $0) } }
    }

    private static func ids(
        _ lists: [(Int64, EntryState)], before id: Int64, _ limit: Int, _ db: Database
    ) throws -> [Int64] {
        try merged(lists, "id < ? ORDER BY id DESC", id, limit, db).sorted().suffix(limit)
    }

    /// Returns the oldest entries of these actions and states after an id, in the order they were made.
    static func ids(
        _ lists: [(Int64, EntryState)], behind id: Int64, _ limit: Int, _ db: Database
    ) throws -> [Int64] {
        Array(try merged(lists, "id > ? ORDER BY id", id, limit, db).sorted().prefix(limit))
    }

    private static func merged(
        _ lists: [(Int64, EntryState)], _ condition: String, _ id: Int64, _ limit: Int, _ db: Database
    ) throws -> [Int64] {
        let statement = try db.cachedStatement(
            sql: "SELECT id FROM entry WHERE action = ? AND state = ? AND \(condition) LIMIT ?")
        return try lists.flatMap { action, state in
            try Int64.fetchAll(statement, arguments: [action, state.rawValue, id, limit])
        }
    }
}

// MARK: - Reader

extension HistoryReader {
    /// Returns all actions that are declared or have entries: the declared ones first, each group by name. The cost
    /// does not depend on the number of entries that are done.
    public func actions() throws -> [ActionStatus] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT id, name, kind, summary, isPaused, isDeclared, cursor, start,
                        (SELECT min(addedAt) FROM entry
                            WHERE entry.action = action.id AND state IN (\(OutboxSchema.waiting))),
                        (SELECT reason FROM entry WHERE entry.action = action.id AND reason IS NOT NULL
                            ORDER BY changedAt DESC LIMIT 1), heldUntil, holdKind, holdReason, holdSince
                    FROM action ORDER BY isDeclared DESC, name
                    """
            ).map { row in
                ActionStatus(
                    id: row[0], name: row[1], kind: row[2], summary: row[3], isPaused: row[4], isDeclared: row[5],
                    counts: try OutboxQuery.counts(row[0], db),
                    oldestWaiting: (row[8] as Int64?).map(Timestamp.init(milliseconds:)), lastReason: row[9],
                    hold: Self.hold(row), cursor: row[6], start: row[7])
            }.filter { $0.isDeclared || !$0.counts.isEmpty }
        }
    }

    private static func hold(_ row: Row) -> ActionHold? {
        (row[10] as Int64?).map { until in
            ActionHold(
                (row[11] as Int?).flatMap(ActionHold.Kind.init(rawValue:)) ?? .failing,
                until: Timestamp(milliseconds: until), reason: row[12],
                since: (row[13] as Int64?).map(Timestamp.init(milliseconds:)))
        }
    }

    /// Returns entries to list.
    public func outbox(_ request: OutboxRequest) throws -> ListWindow<OutboxRow> {
        try read { db in try OutboxQuery.window(request, db) }
    }

    /// Returns one entry with its event and its last exchange; nil if it does not exist.
    public func outboxEntry(_ id: Int64) throws -> (row: OutboxRow, exchange: OutboxExchange?)? {
        try read { db in
            guard let row = try OutboxQuery.rows([id], db).first else { return nil }
            let exchange =
                try Int64?.fetchOne(db, sql: "SELECT exchange FROM entry WHERE id = ?", arguments: [id]) ?? nil
            return (row, try exchange.flatMap { try OutboxExchanges.read($0, db) })
        }
    }

    /// Returns the entries of the event in a row of the event list, by action. A duplicate has those of the original.
    public func outboxEntries(ofRow row: Int64) throws -> [OutboxEntry] {
        try read { db in
            try OutboxQuery.entries(
                """
                JOIN event ON entry.identity = \(EventIdentity.sql())
                WHERE event.id = ? AND event.position IS NOT NULL ORDER BY action.name
                """, [row], db)
        }
    }

    /// Returns entries of an action that are queued, or failed and due, in the order they were made.
    public func outboxDue(_ action: Int64, at time: Timestamp, limit: Int) throws -> [OutboxEntry] {
        try read { db in
            let queued = try OutboxQuery.entries(
                "WHERE entry.action = ? AND state = \(EntryState.queued.rawValue) ORDER BY entry.id LIMIT ?",
                [action, limit], db)
            let due = try OutboxQuery.entries(
                """
                WHERE entry.action = ? AND state = \(EntryState.failed.rawValue) AND due <= ?
                ORDER BY due LIMIT ?
                """, [action, time.milliseconds, limit], db)
            return Array((queued + due).sorted { $0.id < $1.id }.prefix(limit))
        }
    }

    /// Returns the time when the next failed entry of an action is due.
    public func outboxNextDue(_ action: Int64) throws -> Timestamp? {
        let sql = "SELECT min(due) FROM entry WHERE action = ? AND state = \(EntryState.failed.rawValue)"
        return try read { db in try Int64?.fetchOne(db, sql: sql, arguments: [action]) ?? nil }
            .map(Timestamp.init(milliseconds:))
    }

    /// Returns the times, after one moment and up to another, when entries of an action were done, or may have been:
    /// the newest of these times, in ascending order.
    public func outboxSpent(
        _ action: Int64, after start: Timestamp, through end: Timestamp, limit: Int
    ) throws -> [Timestamp] {
        let sql = """
            SELECT changedAt FROM entry
            WHERE action = ? AND state IN (\(OutboxSchema.spent)) AND changedAt > ? AND changedAt <= ?
            ORDER BY changedAt DESC LIMIT ?
            """
        return try read { db in
            try Int64.fetchAll(
                db, sql: sql, arguments: [action, start.milliseconds, end.milliseconds, limit]
            ).reversed().map(Timestamp.init(milliseconds:))
        }
    }

    /// Returns entries that were begun and have no result: a process ended while they ran.
    public func outboxRunning(_ action: Int64) throws -> [OutboxEntry] {
        try read { db in
            try OutboxQuery.entries(
                "WHERE entry.action = ? AND state = \(EntryState.running.rawValue) ORDER BY entry.id", [action], db)
        }
    }
}

// MARK: - Events that were missed

/// The number of rows that an action would have queued if their verdicts at that time had been those of today.
public struct MissedRows: Codable, Sendable, Hashable {
    public var count: Int
    /// Some of them, the oldest first, 10,000 at most.
    public var rows: [Int64]
    /// Whether all rows that the action has passed were searched.
    public var isAll: Bool

    public init(count: Int = 0, rows: [Int64] = [], isAll: Bool = true) {
        self.count = count
        self.rows = rows
        self.isAll = isAll
    }
}

/// The range in which missed rows are searched.
public enum MissedReach: String, Codable, Sendable, Hashable {
    /// In all that the action has passed; a long history takes its time.
    case all
    /// The newest rows, so that it takes a moment however long the history is.
    case newest
}

extension HistoryReader {
    /// Returns the number of the newest rows to search; fewer if received text is searched, which may be long.
    private static func newest(_ predicate: RowPredicate) -> Int64 {
        PredicateSQL(predicate).tables.contains(.delivery) ? 2_000 : 50_000
    }

    /// Returns the rows between an action's start and its cursor that match and whose events have no entry.
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
            let matching = PredicateSQL(.all([.event, .received, predicate]))
            // A duplicate has the identity of the first, and is not counted again.
            let statement = try IDStatement(
                """
                SELECT min(event.id) FROM \(PredicateSQL.source(matching.tables))
                WHERE event.id > ? AND event.id <= ? AND \(matching.condition) AND NOT EXISTS
                    (SELECT 1 FROM entry WHERE entry.identity = \(EventIdentity.sql()) AND entry.action = ?)
                    AND NOT \(Tombstones.forbid(action: String(action)))
                    AND NOT \(ReconciledIdentity.forbid(action: String(action)))
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

// MARK: - Plan of a run

/// The effect of running an action for rows: the rows for which it would run, as `Outbox.add` decides it.
public struct OutboxPlan: Sendable {
    /// The first rows for which it would run.
    public private(set) var rows: [Int64] = []
    /// The number of rows for which it would run.
    public private(set) var count = 0
    /// The number of events for which it is done, or queued anyway.
    public private(set) var there = 0
    /// The number of rows with the same event as an earlier row.
    public private(set) var repeated = 0
    /// The number of rows without an event, or that do not exist.
    public private(set) var unfit = 0

    private let most: Int
    private var seen: Set<String> = []

    /// - Parameter most: The largest number of rows to name.
    public init(most: Int) {
        self.most = most
    }

    fileprivate mutating func add(_ row: Int64, _ found: Found?) {
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
        /// The state of its entry; nil without an entry.
        var state: EntryState?
    }
}

extension HistoryReader {
    /// Adds more rows to a plan, in this order.
    ///
    /// - Parameter action: The action's name.
    public func plan(_ action: String, for rows: [Int64], into plan: inout OutboxPlan) throws {
        let found = try read { db in
            let id = try Int64.fetchOne(db, sql: "SELECT id FROM action WHERE name = ?", arguments: [action])
            let statement = try db.cachedStatement(
                sql: """
                    SELECT \(EventIdentity.sql()), entry.state FROM event
                    LEFT JOIN entry ON entry.id = \(ReconciledIdentity.entry(action: "?1"))
                    WHERE event.id = ?2 AND event.position IS NOT NULL
                    """)
            return try rows.map { row in
                try Row.fetchOne(statement, arguments: [id, row]).map {
                    OutboxPlan.Found(identity: $0[0], state: ($0[1] as Int?).flatMap(EntryState.init(rawValue:)))
                }
            }
        }
        for (row, found) in zip(rows, found) { plan.add(row, found) }
    }
}
