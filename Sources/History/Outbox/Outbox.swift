public import Base
import GRDB
public import Notifications

/// The queues of all actions. They are in the same file as the events, so that a crash repeats or loses nothing.
///
/// Its calls block, and write in short transactions between those of deliveries. They throw SQLite's errors, or
/// `WriteFailure`. There is at most one entry for an action and an event. Events are distinguished by `eventId`, or
/// without one by delivery and position.
public struct Outbox: Sendable {
    /// The most rows or entries that one call may name: they are written while deliveries wait.
    public static let most = 1_000

    let writer: HistoryWriter
    let changes: ChangeFeed

    /// An action to keep entries for.
    public struct Declaration: Sendable, Hashable {
        public var name: String
        public var kind: String
        /// A line without secrets that describes the action.
        public var summary: String

        public init(name: String, kind: String, summary: String) {
            self.name = name
            self.kind = kind
            self.summary = summary
        }
    }

    /// The result of an entry that ran.
    public struct Settlement: Sendable, Hashable {
        public var entry: Int64
        public var state: EntryState
        public var due: Timestamp?
        public var reason: String?

        public init(_ entry: Int64, _ state: EntryState, due: Timestamp? = nil, reason: String? = nil) {
            self.entry = entry
            self.state = state
            self.due = due
            self.reason = reason
        }
    }

    /// A failure that another action is to be done for.
    public struct FailureReport: Sendable, Hashable {
        /// The action that is to be done.
        public var action: Int64
        /// The row of an event that failed.
        public var row: Int64
        /// The body of the made-up delivery that describes it.
        public var note: [UInt8]

        public init(action: Int64, row: Int64, note: [UInt8]) {
            self.action = action
            self.row = row
            self.note = note
        }
    }

    /// The progress of an action through the rows.
    public struct Walk: Sendable, Hashable {
        /// The last row passed.
        public var cursor: Int64
        /// The number of entries that were made.
        public var added: Int
    }

    /// The result of adding rows to an action's queue.
    public struct Addition: Codable, Sendable, Hashable {
        /// Entries that were made.
        public var added: Int
        /// Entries that failed or were skipped before and wait again now.
        public var again: Int
        /// Events whose entry exists and is done or waits anyway.
        public var there: Int
        /// Rows without an event, or that do not exist.
        public var unfit: Int

        public init(added: Int = 0, again: Int = 0, there: Int = 0, unfit: Int = 0) {
            self.added = added
            self.again = again
            self.there = there
            self.unfit = unfit
        }

        public static func += (sum: inout Addition, other: Addition) {
            sum.added += other.added
            sum.again += other.again
            sum.there += other.there
            sum.unfit += other.unfit
        }
    }
}

// MARK: - Walking the rows

extension Outbox {
    /// Returns the most rows that one step of a walk reads: a few milliseconds, in which deliveries wait. Fewer if it
    /// searches received text, which may be long.
    private static func stretch(_ predicate: RowPredicate) -> Int64 {
        PredicateSQL(predicate).tables.contains(.delivery) ? 500 : 4_000
    }

    /// Records the actions of the configuration. A new action begins after the latest row. An action that is no longer
    /// configured keeps its entries and its cursor, and does not run; if it returns, it continues from there. Ends all
    /// holds.
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

    /// Reads the next rows after an action's cursor. One transaction writes the entries of those that match and have
    /// none, and moves the cursor. Reconciled events are passed over: they are queued for the action that was named. If a power cut loses it, the rows are read again. The rows of one delivery are read
    /// together, whatever the limit, because an action may do something once for all of them.
    ///
    /// - Parameters:
    ///   - last: The last row to read.
    ///   - limit: The number of entries after which it stops; at least 1.
    public func walk(
        _ action: Int64, through last: Int64, matching predicate: RowPredicate, at time: Timestamp, limit: Int = 200
    ) throws -> Walk {
        try change(isDurable: false) { db in
            let cursor = try Int64.fetchOne(db, sql: "SELECT cursor FROM action WHERE id = ?", arguments: [action])
            guard let cursor, cursor < last else { return (Walk(cursor: cursor ?? last, added: 0), false) }
            func matching(_ range: ClosedRange<Int64>, limit: Int = .max) throws -> [Int64] {
                try MatchQuery.ids(
                    matching: .all([.event, .received, predicate]), in: range, by: "event.id", limit: limit, { false },
                    db)
            }
            let end = try Self.lastRow(ofDeliveryWith: min(last, cursor + Self.stretch(predicate)), atMost: last, db)
            var through = end
            var rows = try matching(cursor + 1...end, limit: max(1, limit))
            if rows.count >= limit, let latest = rows.last {
                through = try Self.lastRow(ofDeliveryWith: latest, atMost: end, db)
                if latest < through { rows += try matching(latest + 1...through) }
            }
            let added = try rows.reduce(0) {
                try $0 + (OutboxEntries.add(action, row: $1, isAsked: false, at: time, db) ? 1 : 0)
            }
            try db.cachedStatement(sql: "UPDATE action SET cursor = ? WHERE id = ?")
                .execute(arguments: [through, action])
            return (Walk(cursor: through, added: added), added > 0)
        }
    }

    /// Returns the last row of the delivery that a row belongs to.
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

    /// Queues rows, whatever the cursor and the filter; `most` of them. Their existing entries are queued again if they
    /// can be retried.
    ///
    /// - Parameter findDone: Returns the rows for which the action has run or is queued, although they have no entry.
    func add(
        _ action: Int64, rows: [Int64], at time: Timestamp,
        findDone: @escaping @Sendable (Database) throws -> Set<Int64> = { _ in [] }
    ) throws -> Addition {
        try change(isDurable: true) { db in
            let done = try findDone(db)
            var addition = Addition()
            for row in rows {
                let entry = try OutboxEntries.find(action, row: row, db)
                switch entry {
                case .unfit: addition.unfit += 1
                case .missing where done.contains(row): addition.there += 1
                case .missing:
                    if try OutboxEntries.add(action, row: row, isAsked: true, at: time, db) { addition.added += 1 }
                case .there(let id):
                    if try OutboxEntries.retry(id, at: time, db) { addition.again += 1 } else { addition.there += 1 }
                }
            }
            return (addition, addition.added + addition.again > 0)
        }
    }

    /// Pauses or resumes an action; entries are still made while it is paused.
    public func setPaused(_ action: Int64, _ isPaused: Bool) throws {
        try change { db in
            try db.execute(sql: "UPDATE action SET isPaused = ? WHERE id = ?", arguments: [isPaused, action])
        }
    }

    private static let noHold = "heldUntil = NULL, holdKind = NULL, holdReason = NULL, holdSince = NULL"

    /// Writes the reason why nothing of an action is begun; nil if it may continue. A power cut may lose it.
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

    /// Writes in a transaction, and reports that the outbox has changed.
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

// MARK: - Attempts

extension Outbox {
    /// Marks entries as running, durably, because the next step may be visible outside. Counts an attempt.
    ///
    /// - Parameter batch: The number that identifies the attempt after a crash.
    /// - Returns: Those that were still queued or failed, and now run.
    public func begin(_ entries: [Int64], batch: Int64, at time: Timestamp) throws -> [Int64] {
        try change(isDurable: true) { db in
            let statement = try db.cachedStatement(
                sql: """
                    UPDATE entry SET state = \(EntryState.running.rawValue), attempts = attempts + 1, batch = ?1,
                        due = NULL, changedAt = ?2, since = CASE attempts WHEN 0 THEN ?2 ELSE since END
                    WHERE id = ?3 AND state IN (\(OutboxSchema.list([.queued, .failed])))
                    """)
            let begun = try entries.filter { entry in
                try statement.execute(arguments: [batch, time.milliseconds, entry])
                return db.changesCount > 0
            }
            return (begun, !begun.isEmpty)
        }
    }

    /// Queues the entries of a batch that was begun and never sent again, as if it had not been begun.
    public func takeBack(_ action: Int64, batch: Int64, at time: Timestamp) throws {
        try change(isDurable: true) { db in
            try db.cachedStatement(
                sql: """
                    UPDATE entry SET state = \(EntryState.queued.rawValue), attempts = attempts - 1, batch = NULL,
                        changedAt = ?
                    WHERE action = ? AND state = \(EntryState.running.rawValue) AND batch = ?
                    """
            ).execute(arguments: [time.milliseconds, action, batch])
            return ((), db.changesCount > 0)
        }
    }

    /// Writes the outcomes of entries that ran, with the request and the answer. One that failed without a time for the
    /// next attempt is due at once. The time limit of one that is queued again starts now.
    ///
    /// - Parameters:
    ///   - exchange: Stored once for all of them. If it is nil they keep the one of their previous attempt.
    ///   - reports: Failures that start other actions, in the same transaction.
    public func settle(
        _ settlements: [Settlement], exchange: OutboxExchange?, reports: [FailureReport] = [], at time: Timestamp
    ) throws {
        // An entry that has only failed does not wait for the disk: after a power cut it is found as running, and its
        // outcome is asked for.
        let isDurable = settlements.contains { $0.state != .failed }
        try change(isDurable: isDurable) { db in
            let number = try exchange.map { try OutboxExchanges.add($0, db) }
            let before = try db.cachedStatement(sql: "SELECT exchange FROM entry WHERE id = ?")
            let update = try db.cachedStatement(
                sql: """
                    UPDATE entry SET state = ?1, due = ?2, reason = ?3, changedAt = ?4,
                        exchange = coalesce(?5, exchange),
                        since = CASE ?1 WHEN \(EntryState.queued.rawValue) THEN ?4 ELSE since END
                    WHERE id = ?6 AND state = \(EntryState.running.rawValue)
                    """)
            var replaced: Set<Int64> = []
            var isAny = false
            for settlement in settlements {
                if let old = try Int64?.fetchOne(before, arguments: [settlement.entry]) ?? nil { replaced.insert(old) }
                let due = settlement.due ?? (settlement.state == .failed ? time : nil)
                try update.execute(arguments: [
                    settlement.state.rawValue, due?.milliseconds, settlement.reason, time.milliseconds,
                    number, settlement.entry,
                ])
                if db.changesCount > 0 { isAny = true }
            }
            try OutboxExchanges.drop(replaced.union(number.map { [$0] } ?? []), db)
            for report in reports where isAny { try OutboxEntries.add(report, at: time, db) }
            return ((), isAny)
        }
    }

    /// Queues entries again, at once, as if they had never been tried.
    ///
    /// - Returns: The number of entries. Those that are done, running or queued anyway are not counted.
    public func retry(_ entries: [Int64], at time: Timestamp) throws -> Int {
        try change(isDurable: true) { db in
            let count = try entries.count { try OutboxEntries.retry($0, at: time, db) }
            return (count, count > 0)
        }
    }

    /// Queues all entries of an action in these states again, `most` in a transaction. Each is queued once, even if it
    /// soon fails again.
    public func retryAll(_ action: Int64, in states: Set<EntryState>, at time: Timestamp) throws -> Int {
        let lists = states.filter(\.canBeRetried).map { (action, $0) }
        var count = 0
        var last: Int64? = 0
        while let behind = last {
            let retried = try change(isDurable: true) { db in
                let ids = try OutboxQuery.ids(lists, behind: behind, Self.most, db)
                for id in ids { _ = try OutboxEntries.retry(id, at: time, db) }
                return (ids, !ids.isEmpty)
            }
            count += retried.count
            last = retried.last
        }
        return count
    }

    /// Puts on hold the queued entries of events that a secret has verified, so that a person retries or skips them.
    /// Looks at `most` entries in a transaction.
    ///
    /// - Returns: The number of entries put on hold.
    public func hold(verifiedBy secret: SecretIdentity, because reason: String, at time: Timestamp) throws -> Int {
        var count = 0
        var last: Int64? = 0
        while let behind = last {
            let (held, end) = try change(isDurable: true) { db in
                let lists = try Int64.fetchAll(db, sql: "SELECT id FROM action").flatMap { action in
                    [EntryState.queued, .failed].map { (action, $0) }
                }
                let ids = try OutboxQuery.ids(lists, behind: behind, Self.most, db)
                let held = try ids.count {
                    try OutboxEntries.hold($0, verifiedBy: secret, reason, at: time, db)
                }
                return ((held, ids.last), held > 0)
            }
            count += held
            last = end
        }
        return count
    }

    /// Skips all entries of an action in these states, `most` in a transaction.
    ///
    /// - Returns: The number of entries. Those that are done or running are not counted.
    public func skipAll(_ action: Int64, in states: Set<EntryState>, at time: Timestamp) throws -> Int {
        let lists = states.filter(\.canBeSkipped).map { (action, $0) }
        var count = 0
        var last: Int64? = 0
        while let behind = last {
            let (skipped, end) = try change(isDurable: true) { db in
                let ids = try OutboxQuery.ids(lists, behind: behind, Self.most, db)
                let count = try ids.count { try OutboxEntries.skip($0, at: time, db) }
                return ((count, ids.last), count > 0)
            }
            count += skipped
            last = end
        }
        return count
    }

    /// Skips entries.
    ///
    /// - Returns: The number of entries. Those that are done or running are not counted.
    public func skip(_ entries: [Int64], at time: Timestamp) throws -> Int {
        try change(isDurable: true) { db in
            let count = try entries.count { try OutboxEntries.skip($0, at: time, db) }
            return (count, count > 0)
        }
    }
}
