import GRDB
import GRDBSQLite
import Notifications

/// Reads what judging needs of deliveries, and lends it where SQLite holds it: half of judging a million of them would be
/// to copy them.
enum JudgingRead {
    /// What is judged: whatever is not valid, and what is valid by a secret that is known by its label alone.
    private static let candidates = """
        verdict NOT IN (\(SignatureVerdict.valid.rawValue), \(SignatureVerdict.unjudged.rawValue))
            OR secret IN (\(SecretTable.unnamed))
        """

    static func run(
        _ deliveries: ClosedRange<Int64>, _ generation: Int64, _ time: Timestamp, _ maximumBytes: Int,
        _ judge: (RecordedRequest) throws -> Judgement, _ db: Database
    ) throws -> Rejudgement {
        // Two walks side by side. The wide rows are passed over where there is nothing to judge, and none is looked up.
        let secrets = try SecretTable.all(db)
        let outcomes = try db.cachedStatement(
            sql: """
                SELECT delivery, verdict, secret FROM outcome
                WHERE delivery BETWEEN ? AND ? AND (\(candidates)) ORDER BY delivery DESC
                """)
        let requests = try db.cachedStatement(
            sql: "SELECT id, headers, body FROM delivery WHERE id BETWEEN ? AND ? ORDER BY id DESC")
        let recorded = try Row.fetchCursor(outcomes, arguments: [deliveries.lowerBound, deliveries.upperBound])
        let rows = try Row.fetchCursor(requests, arguments: [deliveries.lowerBound, deliveries.upperBound])
        let statement = requests.sqliteStatement

        var rejudgement = Rejudgement(of: deliveries, generation: generation, at: time)
        var bytes = 0
        while let row = try recorded.next() {
            let id: Int64 = row[0]
            let before = Rejudgement.Recorded(SignatureVerdict(rawValue: row[1]) ?? .unjudged, secret: row[2])
            repeat {
                guard try rows.next() != nil else { return rejudgement }
            } while sqlite3_column_int64(statement, 0) > id
            guard sqlite3_column_int64(statement, 0) == id else { continue }
            let request = RecordedRequest(headers: Self.bytes(statement, 1), body: Self.bytes(statement, 2))
            let judgement = try judge(request)
            // Of a delivery that was lost but for its events there is nothing to verify.
            let isLost = request.body.isEmpty && request.headers.count <= 2
            let known = Judgement(before.verdict, secret: before.secret.flatMap { secrets[$0] })
            let isNew = !isLost && judgement.replaces(known)
            rejudgement.add(isNew ? judgement : nil, of: id, recorded: before)
            bytes += request.body.count
            if bytes >= maximumBytes {
                rejudgement.end(at: id)
                return rejudgement
            }
        }
        return rejudgement
    }

    private static func bytes(_ statement: SQLiteStatement, _ column: Int32) -> UnsafeRawBufferPointer {
        // The length after the pointer: it is that of what the pointer points to.
        let start = sqlite3_column_blob(statement, column)
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column)))
    }
}
