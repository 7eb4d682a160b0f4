import GRDB
public import Notifications

extension Outbox {
    /// Marks entries as running, durably: what is done next may be noticed by others. Counts an attempt.
    ///
    /// - Parameter batch: What to know the attempt by after a crash.
    /// - Returns: Those that were still queued or failed, and now run.
    public func begin(_ entries: [Int64], batch: Int64, at time: Timestamp) throws -> [Int64] {
        try change { db in
            let statement = try db.cachedStatement(
                sql: """
                    UPDATE entry SET state = \(EntryState.running.rawValue), attempts = attempts + 1, batch = ?,
                        due = NULL, changedAt = ?
                    WHERE id = ? AND state IN (\(OutboxSchema.list([.queued, .failed])))
                    """)
            return try entries.filter { entry in
                try statement.execute(arguments: [batch, time.milliseconds, entry])
                return db.changesCount > 0
            }
        }
    }

    /// Writes what has become of entries that ran, with what was asked and answered.
    public func settle(_ settlements: [Settlement], exchange: OutboxExchange?, at time: Timestamp) throws {
        try change { db in
            let number = try exchange.map { try OutboxExchanges.add($0, db) }
            let before = try db.cachedStatement(sql: "SELECT exchange FROM entry WHERE id = ?")
            let update = try db.cachedStatement(
                sql: """
                    UPDATE entry SET state = ?, due = ?, reason = ?, changedAt = ?, exchange = coalesce(?, exchange)
                    WHERE id = ? AND state = \(EntryState.running.rawValue)
                    """)
            var replaced: Set<Int64> = []
            for settlement in settlements {
                if let old = try Int64?.fetchOne(before, arguments: [settlement.entry]) ?? nil { replaced.insert(old) }
                try update.execute(arguments: [
                    settlement.state.rawValue, settlement.due?.milliseconds, settlement.reason, time.milliseconds,
                    number, settlement.entry,
                ])
            }
            try OutboxExchanges.drop(replaced.union(number.map { [$0] } ?? []), db)
        }
    }

    /// Lets entries wait again, at once, as if they had never been tried.
    ///
    /// - Returns: How many; those that are done, run or wait anyway are left.
    public func retry(_ entries: [Int64], at time: Timestamp) throws -> Int {
        try change { db in try entries.count { try OutboxEntries.retry($0, at: time, db) } }
    }

    /// Lets all entries of an action in these states wait again, some thousand in a transaction.
    public func retryAll(_ action: Int64, in states: Set<EntryState>, at time: Timestamp) throws -> Int {
        let states = states.filter(\.canBeRetried)
        var count = 0
        while case let more = try retrySome(action, in: states, at: time), more > 0 { count += more }
        return count
    }

    private func retrySome(_ action: Int64, in states: Set<EntryState>, at time: Timestamp) throws -> Int {
        try change { db in
            let ids = try Int64.fetchAll(
                db,
                sql: "SELECT id FROM entry WHERE action = ? AND state IN (\(OutboxSchema.list(states))) LIMIT 1000",
                arguments: [action])
            return try ids.count { try OutboxEntries.retry($0, at: time, db) }
        }
    }

    /// Decides that entries are not to be done.
    ///
    /// - Returns: How many; those that are done or run are left.
    public func skip(_ entries: [Int64], at time: Timestamp) throws -> Int {
        try change { db in
            let statement = try db.cachedStatement(
                sql: """
                    UPDATE entry SET state = \(EntryState.skipped.rawValue), due = NULL, changedAt = ?
                    WHERE id = ? AND state IN (\(OutboxSchema.list(EntryState.allCases.filter(\.canBeSkipped))))
                    """)
            return try entries.count { entry in
                try statement.execute(arguments: [time.milliseconds, entry])
                return db.changesCount > 0
            }
        }
    }
}
