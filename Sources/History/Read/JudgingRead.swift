import GRDB
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
        let (outcome, delivery) = (
            StatementRow(statement: outcomes.sqliteStatement), StatementRow(statement: requests.sqliteStatement)
        )

        var rejudgement = Rejudgement(of: deliveries, generation: generation, at: time)
        var bytes = 0
        while try recorded.next() != nil {
            let id = try outcome.integer(0)
            let before = Rejudgement.Recorded(
                SignatureVerdict(rawValue: Int(try outcome.integer(1))) ?? .unjudged,
                secret: try outcome.integerOrNil(2))
            var found: Int64
            repeat {
                guard try rows.next() != nil else { return rejudgement }
                found = try delivery.integer(0)
            } while found > id
            guard found == id else { continue }
            let request = RecordedRequest(headers: try delivery.lent(1), body: try delivery.lent(2))
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
}
