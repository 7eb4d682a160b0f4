import GRDB
import Notifications

extension Rejudgement {
    /// Writes new verdicts, and that the current secrets were tried on the range.
    ///
    /// - Returns: What changes in the counts; nil, and nothing is written, where there is a later keyring.
    func write(to db: Database) throws -> TallyChange? {
        guard try HeldKeyring.generation(db) <= generation else { return nil }
        try HeldKeyring.judged(deliveries, in: db)
        var counts = TallyChange(leaked: try SecretTable.leaked(db))
        guard changesAny else { return counts }
        let numbers = try Self.numbers(of: runs.compactMap(\.after), in: db)
        try count(numbers, in: &counts, db)
        // The exceptions first: they are unverified no longer when the rest gets what most of them get.
        let prevailing = prevailing
        for run in runs {
            guard let after = run.after, after != prevailing || run.before != Recorded(.unverified) else { continue }
            try update(run.deliveries, from: run.before, to: after, numbers, db)
        }
        if let prevailing { try update(deliveries, from: Recorded(.unverified), to: prevailing, numbers, db) }
        try counts.apply(to: db)
        return counts
    }

    private func update(
        _ deliveries: ClosedRange<Int64>, from before: Recorded, to after: Judgement,
        _ numbers: [SecretIdentity: Int64], _ db: Database
    ) throws {
        let update = try db.cachedStatement(
            sql: """
                UPDATE outcome SET verdict = ?, secret = ?, judgedAt = ?
                WHERE delivery BETWEEN ? AND ? AND verdict = ? AND secret IS ?
                """)
        try update.execute(
            arguments: [
                after.verdict.rawValue, after.secret.flatMap { numbers[$0] }, time.milliseconds,
                deliveries.lowerBound, deliveries.upperBound, before.verdict.rawValue, before.secret,
            ])
    }

    private static func numbers(
        of judgements: [Judgement], in db: Database
    ) throws -> [SecretIdentity: Int64] {
        var numbers: [SecretIdentity: Int64] = [:]
        for secret in Set(judgements.compactMap(\.secret)) {
            numbers[secret] = try SecretTable.entry(of: secret, in: db).id
        }
        return numbers
    }

    /// Counts what is taken from the counts and added to them.
    private func count(
        _ numbers: [SecretIdentity: Int64], in counts: inout TallyChange, _ db: Database
    ) throws {
        let old = try db.cachedStatement(
            sql: """
                SELECT delivery, rows, verdict, secret FROM outcome
                WHERE delivery BETWEEN ? AND ? ORDER BY delivery DESC
                """)
        var run = 0
        // Neighbours are mostly alike: each streak of them is put down once.
        var streak: (run: Int, deliveries: Int, rows: Int)?
        func putDown() {
            guard let streak, let after = runs[streak.run].after else { return }
            let before = runs[streak.run].before
            counts.add(
                -streak.deliveries, rows: -streak.rows, to: .init(verdict: before.verdict, secret: before.secret ?? 0))
            let secret = after.secret.flatMap { numbers[$0] } ?? 0
            counts.add(streak.deliveries, rows: streak.rows, to: .init(verdict: after.verdict, secret: secret))
        }
        try old.forEachRow([deliveries.lowerBound, deliveries.upperBound]) { row in
            let delivery = try row.integer(0)
            while run < runs.count, runs[run].deliveries.lowerBound > delivery { run += 1 }
            guard run < runs.count else { return false }
            let before = runs[run].before
            guard runs[run].deliveries.contains(delivery), before.verdict.rawValue == Int(try row.integer(2)),
                before.secret == (try row.integerOrNil(3))
            else { return true }
            if streak?.run != run {
                putDown()
                streak = (run, 0, 0)
            }
            streak?.deliveries += 1
            streak?.rows += Int(try row.integer(1))
            return true
        }
        putDown()
    }
}
