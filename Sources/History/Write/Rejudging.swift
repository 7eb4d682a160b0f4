import GRDB
import Notifications

extension Rejudgement {
    /// Writes new verdicts, and that their range is judged.
    ///
    /// - Returns: What changes in the counts; nil, and nothing is written, where a later keyring is held.
    func write(to db: Database) throws -> TallyChange? {
        guard try HeldKeyring.generation(db) <= generation else { return nil }
        try HeldKeyring.judged(deliveries, in: db)
        guard let prevailing else { return TallyChange() }
        let counts = try changes(of: prevailing, db)
        // The exceptions first: with their new generation they are none of those that get what most of them get.
        for run in runs where run.judgement != prevailing { try update(run.deliveries, to: run.judgement, db) }
        try update(deliveries, to: prevailing, db)
        try counts.apply(to: db)
        return counts
    }

    private func update(_ deliveries: ClosedRange<Int64>, to judgement: Judgement, _ db: Database) throws {
        let update = try db.cachedStatement(
            sql: """
                UPDATE outcome SET verdict = ?, secret = ?, generation = ?3
                WHERE delivery BETWEEN ? AND ? AND generation < ?3
                """)
        try update.execute(
            arguments: [
                judgement.verdict.rawValue, judgement.secret, generation, deliveries.lowerBound, deliveries.upperBound,
            ])
    }

    /// What is to be added to the counts and taken from them.
    private func changes(of prevailing: Judgement, _ db: Database) throws -> TallyChange {
        let old = try db.cachedStatement(
            sql: """
                SELECT delivery, rows, verdict, secret FROM outcome
                WHERE delivery BETWEEN ? AND ? AND generation < ? ORDER BY delivery DESC
                """)
        let cursor = try Row.fetchCursor(
            old, arguments: [deliveries.lowerBound, deliveries.upperBound, generation])
        var counts = TallyChange()
        var run = 0
        // Neighbours are mostly alike: each streak of them is put down once.
        var streak: (before: Judgement, after: Judgement, deliveries: Int, rows: Int)?
        func putDown() {
            guard let streak else { return }
            counts.add(-streak.deliveries, rows: -streak.rows, to: streak.before)
            counts.add(streak.deliveries, rows: streak.rows, to: streak.after)
        }
        while let row = try cursor.next() {
            let delivery: Int64 = row[0]
            while run < runs.count, runs[run].deliveries.lowerBound > delivery { run += 1 }
            let isJudged = run < runs.count && runs[run].deliveries.contains(delivery)
            let before = Judgement(SignatureVerdict(rawValue: row[2]) ?? .unjudged, secret: row[3])
            let after = isJudged ? runs[run].judgement : prevailing
            if streak?.before != before || streak?.after != after {
                putDown()
                streak = (before, after, 0, 0)
            }
            streak?.deliveries += 1
            streak?.rows += row[1]
        }
        putDown()
        return counts
    }
}
