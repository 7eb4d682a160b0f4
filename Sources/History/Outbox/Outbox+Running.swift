import GRDB
public import Notifications

extension Outbox {
    /// Marks entries as running, durably: what is done next may be noticed by others. Counts an attempt.
    ///
    /// - Parameter batch: What to know the attempt by after a crash.
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

    /// Lets the entries of a batch that was begun and never sent wait again, as if it had not been begun.
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

    /// Writes what has become of entries that ran, with what was asked and answered. One that failed without a time to
    /// try it again is due at once. For one that is queued again it counts from now how long it is tried.
    ///
    /// - Parameters:
    ///   - exchange: Kept once for all of them. Where it is nil they keep that of their attempt before.
    ///   - reports: Failures that other actions are to be done for, in the same transaction.
    public func settle(
        _ settlements: [Settlement], exchange: OutboxExchange?, reports: [FailureReport] = [], at time: Timestamp
    ) throws {
        // What has only failed waits for no disk: after a power cut it is found as running, and is asked after.
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

    /// Lets entries wait again, at once, as if they had never been tried.
    ///
    /// - Returns: How many; those that are done, run or wait anyway are left.
    public func retry(_ entries: [Int64], at time: Timestamp) throws -> Int {
        try change(isDurable: true) { db in
            let count = try entries.count { try OutboxEntries.retry($0, at: time, db) }
            return (count, count > 0)
        }
    }

    /// Lets all entries of an action in these states wait again, `most` in a transaction; each once, however soon it
    /// fails again.
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

    /// Puts whatever waits for events that a secret has verified on hold, for a person to retry or to skip; `most` entries
    /// are looked at in a transaction.
    ///
    /// - Returns: How many.
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

    /// Decides that all entries of an action in these states are not to be done, `most` in a transaction.
    ///
    /// - Returns: How many; those that are done or run are left.
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

    /// Decides that entries are not to be done.
    ///
    /// - Returns: How many; those that are done or run are left.
    public func skip(_ entries: [Int64], at time: Timestamp) throws -> Int {
        try change(isDurable: true) { db in
            let count = try entries.count { try OutboxEntries.skip($0, at: time, db) }
            return (count, count > 0)
        }
    }
}
