import GRDB

/// The rows whose event came before, in whatever delivery: the few among which duplicates are to be looked for. Whether
/// one is a duplicate depends on verdicts; this does not.
public struct RepeatedEvents: Sendable, Hashable {
    /// The last row whose key was entered when they were found; of those behind it nothing is known.
    public let through: Int64
    private let rows: RowSet

    /// Whether a row may hold a duplicate.
    public func mayHold(_ row: Int64) -> Bool { row > through || rows.contains(row) }

    /// Reads all keys of events in their order, where equal ones are next to each other. Of two ids with one key, the
    /// later row is found too: that costs one look more.
    init(_ isCancelled: () -> Bool, _ db: Database) throws {
        through = try EventKeyFilling.mark(db)
        rows = try db.cancellable(isCancelled) {
            let statement = try IDStatement("SELECT row, key FROM eventKey ORDER BY key, row", [], db)
            var rows = RowSet()
            var last: Int64?
            while let row = try statement.next() {
                let key = statement.integer(1)
                if key == last { rows.insert(row) }
                last = key
            }
            return rows
        }
    }
}

extension HistoryReader {
    /// Finds the rows whose event came before. Takes a third of a second for a million, and in memory the writer waits
    /// for as long.
    ///
    /// - Parameter isCancelled: Asked some thousand times a second.
    /// - Throws: `ReadCancelled`, or what SQLite says.
    public func repeatedEvents(isCancelled: () -> Bool = { false }) throws -> RepeatedEvents {
        try read { db in try RepeatedEvents(isCancelled, db) }
    }
}
