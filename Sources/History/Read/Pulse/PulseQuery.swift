import GRDB
import GRDBSQLite
import Notifications

/// Counts deliveries and events for a `Pulse`, row by row: a million rows in SQLite's own sorter would take seconds.
struct PulseQuery {
    /// How often it is asked whether to go on, in rows.
    private static let stride = 4_096

    let database: Database
    let isCancelled: () -> Bool

    /// Counts the deliveries behind the last one that was counted, up to the newest that is wanted.
    ///
    /// - Returns: The ids of the first and last one within the stretch, or nil where there is none.
    /// - Throws: `Cancelled`, or what SQLite says.
    func countDeliveries(through newest: Int64, in pulse: inout Pulse) throws -> ClosedRange<Int64>? {
        var found: ClosedRange<Int64>?
        let verdict = try SecretTable.leaked(database).isEmpty ? "verdict" : SecretTable.verdict()
        let sql = """
            SELECT delivery, receivedAt, \(verdict), answerTime FROM outcome
            WHERE delivery > \(pulse.lastDelivery) AND delivery <= \(newest)
            """
        try step(sql) { row in
            let id = sqlite3_column_int64(row, 0)
            pulse.lastDelivery = id
            guard let bar = pulse.bar(at: Timestamp(milliseconds: sqlite3_column_int64(row, 1))) else { return }
            found = (found?.lowerBound ?? id)...id
            let verdict = Int(sqlite3_column_int64(row, 2))
            if pulse.bars[bar].indices.contains(verdict) { pulse.bars[bar][verdict] += 1 }
            if sqlite3_column_type(row, 3) == SQLITE_INTEGER { pulse.answers.add(Int(sqlite3_column_int64(row, 3))) }
        }
        return found
    }

    /// Counts the events of these deliveries, of which some may be outside the stretch.
    ///
    /// - Throws: `Cancelled`, or what SQLite says.
    func countEvents(of deliveries: ClosedRange<Int64>, in pulse: inout Pulse) throws {
        let rows = try Row.fetchOne(
            database,
            sql: """
                SELECT (SELECT firstRow FROM delivery WHERE id = ?), (SELECT firstRow + rowCount FROM delivery WHERE id = ?)
                """, arguments: [deliveries.lowerBound, deliveries.upperBound])
        guard let first = rows?[0] as Int64?, let end = rows?[1] as Int64? else { return }
        let sql = """
            SELECT receivedAt, eventTimestamp, eventType, bucketName
            FROM event JOIN outcome ON outcome.delivery = event.delivery
            WHERE event.id >= \(first) AND event.id < \(end) AND position IS NOT NULL
            """
        try step(sql) { row in
            let received = sqlite3_column_int64(row, 0)
            guard pulse.bar(at: Timestamp(milliseconds: received)) != nil else { return }
            if sqlite3_column_type(row, 1) == SQLITE_INTEGER {
                let delay = received.subtractingReportingOverflow(sqlite3_column_int64(row, 1))
                if !delay.overflow { pulse.delays.add(Int(delay.partialValue)) }
            }
            pulse.types.count(Self.text(row, 2))
            pulse.buckets.count(Self.text(row, 3))
        }
    }

    private static func text(_ row: OpaquePointer, _ column: Int32) -> String {
        guard let bytes = sqlite3_column_blob(row, column) else { return "" }
        let count = min(Int(sqlite3_column_bytes(row, column)), PulseShares.longestName + 1)
        return String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    private func step(_ sql: String, _ body: (OpaquePointer) throws -> Void) throws {
        let statement = try database.makeStatement(sql: sql)
        let pointer = statement.sqliteStatement
        defer { sqlite3_reset(pointer) }
        var count = 0
        while true {
            switch sqlite3_step(pointer) {
            case SQLITE_ROW: try body(pointer)
            case SQLITE_DONE: return
            case let code: throw DatabaseError(resultCode: ResultCode(rawValue: code), sql: sql)
            }
            count += 1
            if count % Self.stride == 0, isCancelled() { throw Cancelled() }
        }
    }

    struct Cancelled: Error {}
}
