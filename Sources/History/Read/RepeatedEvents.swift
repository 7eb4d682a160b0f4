import GRDB

/// The rows whose event came before, in whatever delivery: the few among which duplicates are to be looked for. Whether
/// one is a duplicate depends on verdicts; this does not.
public struct RepeatedEvents: Sendable, Hashable {
    /// The last row that was there when they were found; of those behind it nothing is known.
    public let through: Int64
    private let rows: RowSet

    /// Whether a row may hold a duplicate.
    public func mayHold(_ row: Int64) -> Bool { row > through || rows.contains(row) }

    /// Reads all ids of events in the order of their index, where equal ones stand side by side.
    init(_ isCancelled: () -> Bool, _ db: Database) throws {
        through = try Int64.fetchOne(db, sql: "SELECT max(id) FROM event") ?? 0
        rows = try db.cancellable(isCancelled) {
            let statement = try IDStatement(
                """
                SELECT id, eventId FROM event INDEXED BY eventByEventId WHERE eventId IS NOT NULL ORDER BY eventId, id
                """, [], db)
            var rows = RowSet()
            var last: [UInt8] = []
            while let id = try statement.next() {
                statement.withBytes(of: 1) { eventID in
                    if last.elementsEqual(eventID) {
                        rows.insert(id)
                    } else {
                        last.removeAll(keepingCapacity: true)
                        last.append(contentsOf: eventID)
                    }
                }
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
