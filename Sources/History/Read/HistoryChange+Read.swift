import GRDB

extension HistoryChange {
    /// What is recorded, as the file itself says.
    static func read(_ db: Database) throws -> HistoryChange {
        var change = HistoryChange(
            latestRow: try Int64.fetchOne(db, sql: "SELECT max(id) FROM event") ?? 0,
            latestDelivery: try Int64.fetchOne(db, sql: "SELECT max(id) FROM delivery") ?? 0,
            tally: try TallyChange.read(db))
        change.outbox = try Int64.fetchOne(db, sql: "SELECT revision FROM outboxRevision") ?? 0
        return change
    }
}
