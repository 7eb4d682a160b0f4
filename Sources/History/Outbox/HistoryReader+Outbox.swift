import GRDB
public import Notifications

extension HistoryReader {
    /// All actions that there are entries for or that are declared: the declared ones first, each by name. Costs the same
    /// however many entries are done.
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

    /// Entries to list.
    public func outbox(_ request: OutboxRequest) throws -> OutboxWindow {
        try read { db in try OutboxQuery.window(request, db) }
    }

    /// One entry with its event and its last exchange; nil where there is none with this id.
    public func outboxEntry(_ id: Int64) throws -> (row: OutboxRow, exchange: OutboxExchange?)? {
        try read { db in
            guard let row = try OutboxQuery.rows([id], db).first else { return nil }
            let exchange =
                try Int64?.fetchOne(db, sql: "SELECT exchange FROM entry WHERE id = ?", arguments: [id]) ?? nil
            return (row, try exchange.flatMap { try OutboxExchanges.read($0, db) })
        }
    }

    /// The entries of the event in a row of the event list, by action. A duplicate's are the original's.
    public func outboxEntries(ofRow row: Int64) throws -> [OutboxEntry] {
        try read { db in
            try OutboxQuery.entries(
                """
                JOIN event ON entry.identity = \(EventIdentity.sql())
                WHERE event.id = ? AND event.position IS NOT NULL ORDER BY action.name
                """, [row], db)
        }
    }

    /// Entries of an action that are queued, or failed and due, in the order they were made.
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

    /// When the next failed entry of an action is due.
    public func outboxNextDue(_ action: Int64) throws -> Timestamp? {
        let sql = "SELECT min(due) FROM entry WHERE action = ? AND state = \(EntryState.failed.rawValue)"
        return try read { db in try Int64?.fetchOne(db, sql: sql, arguments: [action]) ?? nil }
            .map(Timestamp.init(milliseconds:))
    }

    /// When entries of an action were done, or may have been, behind one moment and up to another: the newest of these
    /// moments, in their order.
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

    /// Entries that were begun and not settled: those of a process that ended meanwhile.
    public func outboxRunning(_ action: Int64) throws -> [OutboxEntry] {
        try read { db in
            try OutboxQuery.entries(
                "WHERE entry.action = ? AND state = \(EntryState.running.rawValue) ORDER BY entry.id", [action], db)
        }
    }
}
