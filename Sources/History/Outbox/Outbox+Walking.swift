import GRDB
public import Notifications

extension Outbox {
    /// How many rows one step of a walk looks at, at most: a few milliseconds, in which deliveries wait. Fewer where it
    /// searches what was received, which may be long.
    private static func stretch(_ predicate: RowPredicate) -> Int64 {
        PredicateSQL(predicate).tables.contains(.delivery) ? 500 : 4_000
    }

    /// Takes note of the actions of the configuration. One that was not known begins behind the latest row; one that is
    /// no longer there keeps its entries and its cursor, and is not run. Where it comes back it goes on from there. What
    /// held one up no longer does.
    ///
    /// - Returns: Their ids by name.
    public func declare(_ actions: [Declaration]) throws -> [String: Int64] {
        try change { db in
            try db.execute(sql: "UPDATE action SET isDeclared = 0, \(Self.noHold)")
            let latest = try Int64.fetchOne(db, sql: "SELECT max(id) FROM event") ?? 0
            var ids: [String: Int64] = [:]
            for action in actions {
                try db.execute(
                    sql: """
                        INSERT INTO action (name, kind, summary, start, cursor) VALUES (?1, ?2, ?3, ?4, ?4)
                        ON CONFLICT (name) DO UPDATE SET kind = ?2, summary = ?3, isDeclared = 1
                        """, arguments: [action.name, action.kind, action.summary, latest])
                ids[action.name] = try Int64.fetchOne(
                    db, sql: "SELECT id FROM action WHERE name = ?", arguments: [action.name])
            }
            return ids
        }
    }

    /// Looks at the next rows behind an action's cursor: in one transaction it writes the entries of those that match
    /// and have none, and moves the cursor. What a power cut loses of it is walked again. The rows of one delivery are
    /// looked at together, whatever the limit, for an action may do something once for all of them.
    ///
    /// - Parameters:
    ///   - last: The last row to look at.
    ///   - limit: With how many entries it stops; at least 1.
    public func walk(
        _ action: Int64, through last: Int64, matching predicate: RowPredicate, at time: Timestamp, limit: Int = 200
    ) throws -> Walk {
        try change(isDurable: false) { db in
            let cursor = try Int64.fetchOne(db, sql: "SELECT cursor FROM action WHERE id = ?", arguments: [action])
            guard let cursor, cursor < last else { return (Walk(cursor: cursor ?? last, added: 0), false) }
            func matching(_ range: ClosedRange<Int64>, limit: Int = .max) throws -> [Int64] {
                try MatchQuery.ids(
                    matching: .all([.event, predicate]), in: range, by: "event.id", limit: limit, { false }, db)
            }
            let end = try Self.lastRow(ofDeliveryWith: min(last, cursor + Self.stretch(predicate)), atMost: last, db)
            var through = end
            var rows = try matching(cursor + 1...end, limit: max(1, limit))
            if rows.count >= limit, let latest = rows.last {
                through = try Self.lastRow(ofDeliveryWith: latest, atMost: end, db)
                if latest < through { rows += try matching(latest + 1...through) }
            }
            let added = try rows.reduce(0) { try $0 + (OutboxEntries.add(action, row: $1, at: time, db) ? 1 : 0) }
            try db.cachedStatement(sql: "UPDATE action SET cursor = ? WHERE id = ?")
                .execute(arguments: [through, action])
            return (Walk(cursor: through, added: added), added > 0)
        }
    }

    /// The last row of the delivery that a row is of.
    private static func lastRow(ofDeliveryWith row: Int64, atMost last: Int64, _ db: Database) throws -> Int64 {
        let statement = try db.cachedStatement(
            sql: """
                SELECT id - 1 FROM event
                WHERE id > ?1
                    AND delivery > coalesce((SELECT delivery FROM event WHERE id <= ?1 ORDER BY id DESC LIMIT 1), 0)
                ORDER BY id LIMIT 1
                """)
        return min(last, try Int64.fetchOne(statement, arguments: [row]) ?? last)
    }

    /// Makes entries for rows, whatever the cursor and whatever the filter; `most` of them. Entries of theirs that can
    /// be retried wait again.
    public func add(_ action: Int64, rows: [Int64], at time: Timestamp) throws -> Addition {
        try change(isDurable: true) { db in
            var addition = Addition()
            for row in rows {
                let entry = try OutboxEntries.find(action, row: row, db)
                switch entry {
                case .unfit: addition.unfit += 1
                case .missing:
                    if try OutboxEntries.add(action, row: row, at: time, db) { addition.added += 1 }
                case .there(let id):
                    if try OutboxEntries.retry(id, at: time, db) { addition.again += 1 } else { addition.there += 1 }
                }
            }
            return (addition, addition.added + addition.again > 0)
        }
    }

    /// Ends or begins the work of an action; entries are made meanwhile.
    public func setPaused(_ action: Int64, _ isPaused: Bool) throws {
        try change { db in
            try db.execute(sql: "UPDATE action SET isPaused = ? WHERE id = ?", arguments: [isPaused, action])
        }
    }

    private static let noHold = "heldUntil = NULL, holdKind = NULL, holdReason = NULL, holdSince = NULL"

    /// Writes why nothing of an action is begun; nil where it may go on. A power cut may lose it.
    public func hold(_ action: Int64, _ hold: ActionHold?) throws {
        try change(isDurable: false) { db in
            try db.execute(
                sql: "UPDATE action SET heldUntil = ?, holdKind = ?, holdReason = ?, holdSince = ? WHERE id = ?",
                arguments: [
                    hold?.until.milliseconds, hold?.kind.rawValue, hold?.reason, hold?.since?.milliseconds, action,
                ])
            return ((), true)
        }
    }

    /// Writes in a transaction, and tells that the outbox has changed.
    func change<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) throws -> Value {
        try change(isDurable: true) { db in (try body(db), true) }
    }

    /// - Parameter body: Returns also whether it has changed what anybody sees.
    func change<Value: Sendable>(
        isDurable: Bool, _ body: @escaping @Sendable (Database) throws -> (Value, Bool)
    ) throws -> Value {
        let (value, _) = try writer.write(
            isDurable: isDurable,
            { db -> (Value, Int64?) in
                let (value, isSeen) = try body(db)
                guard isSeen else { return (value, nil) }
                try db.cachedStatement(sql: "UPDATE outboxRevision SET revision = revision + 1").execute()
                return (value, try Int64.fetchOne(db, sql: "SELECT revision FROM outboxRevision"))
            },
            committed: { [changes] in if let revision = $0.1 { changes.outboxChanged(to: revision) } })
        return value
    }
}
