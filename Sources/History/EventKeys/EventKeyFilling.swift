import GRDB
import GRDBSQLite
import Synchronization

/// Enters the keys of recorded events into `eventKey` after their commits, many at a time and sorted, so that each page
/// of the table is written once for many keys.
///
/// It works in slices of a few milliseconds, between which deliveries are written. The last slice moves the mark. If
/// the process ends before that, the entries are made again.
struct EventKeyFilling {
    private enum Phase {
        case resting
        /// Reads the keys of rows.
        case reading
        /// Writes the sorted entries from this one on.
        case writing(Int)
    }

    /// The largest number of rows after the mark before a filling begins, while the table is small.
    private static let fewest: Int64 = 8_192
    /// The same for a large table: each row of a slice then needs nearly a page of its own, so larger slices cost less.
    private static let most: Int64 = 65_536
    private static let rowsRead: Int64 = 4_096
    private static let rowsWritten = 1_024

    private var phase = Phase.resting
    private var entries: [(key: Int64, row: Int64)] = []
    private var mark: Int64
    /// The last row that was read.
    private var last: Int64
    /// The last row to be entered.
    private var end: Int64 = 0

    /// - Parameter mark: The last row whose key is entered.
    init(mark: Int64) {
        (self.mark, last) = (mark, mark)
    }

    static func mark(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db, sql: "SELECT row FROM eventKeyMark") ?? 0
    }

    /// Begins a filling if enough rows are after the mark and none is going on.
    ///
    /// - Parameter latest: The last row that is recorded.
    /// - Returns: Whether a slice is to be written.
    mutating func begin(_ latest: Int64) -> Bool {
        guard case .resting = phase, latest - mark >= min(Self.most, max(Self.fewest, mark / 64)) else { return false }
        (phase, end, last) = (.reading, latest, mark)
        entries.removeAll(keepingCapacity: true)
        return true
    }

    /// Does one slice, inside a transaction.
    ///
    /// - Throws: SQLite's error.
    mutating func advance(_ db: Database) throws {
        switch phase {
        case .resting: return
        case .reading:
            try read(db)
            guard last >= end else { return }
            entries.sort { ($0.key, $0.row) < ($1.key, $1.row) }
            phase = .writing(0)
        case .writing(let first):
            let next = min(first + Self.rowsWritten, entries.count)
            // Leave out rows that were removed since they were read.
            let insert = try WriteStatement(
                """
                INSERT OR IGNORE INTO eventKey SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM event WHERE id = ?2)
                """, db)
            for entry in entries[first..<next] {
                insert.bind(1, entry.key)
                insert.bind(2, entry.row)
                try insert.run()
            }
            if next == entries.count {
                try db.execute(sql: "UPDATE eventKeyMark SET row = ?", arguments: [end])
            }
            phase = .writing(next)
        }
    }

    /// Records whether a slice was committed.
    ///
    /// - Returns: Whether another slice is to be written.
    mutating func finish(isCommitted: Bool) -> Bool {
        switch phase {
        case .writing(let next) where isCommitted && next < entries.count: return true
        case .writing where isCommitted:
            mark = end
            phase = .resting
        case .reading where isCommitted: return true
        // The slice is repeated after a later commit.
        default: phase = .resting
        }
        entries = []
        return false
    }

    private mutating func read(_ db: Database) throws {
        let through = min(end, last + Self.rowsRead)
        let statement = try IDStatement(
            "SELECT id, eventId FROM event WHERE id > ? AND id <= ? AND eventId IS NOT NULL ORDER BY id",
            [.integer(last), .integer(through)], db)
        while let row = try statement.next() {
            statement.withBytes(of: 1) { entries.append((EventKeys.key(of: $0), row)) }
        }
        last = through
    }
}
