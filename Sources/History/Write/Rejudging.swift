import GRDB
public import Notifications

/// A delivery's new verdict.
public struct Rejudgement: Sendable {
    public let delivery: Int64
    public let judgement: Judgement

    public init(delivery: Int64, judgement: Judgement) {
        self.delivery = delivery
        self.judgement = judgement
    }
}

extension Rejudgement {
    /// Writes new verdicts, but for those that a later keyring has given meanwhile.
    ///
    /// - Returns: What changes in the counts.
    static func write(_ all: [Rejudgement], generation: Int64, to db: Database) throws -> TallyChange {
        let old = try db.cachedStatement(
            sql: """
                SELECT verdict, secret, rowCount, firstRow FROM delivery WHERE id = ? AND generation < ?
                """)
        let update = try db.cachedStatement(
            sql: "UPDATE delivery SET verdict = ?, secret = ?, generation = ? WHERE id = ?")
        let trust = try db.cachedStatement(sql: "UPDATE event SET trust = ? WHERE id >= ? AND id < ?")

        var counts = TallyChange()
        for new in all {
            guard let row = try Row.fetchOne(old, arguments: [new.delivery, generation]) else { continue }
            let before = Judgement(SignatureVerdict(rawValue: row[0]) ?? .unjudged, secret: row[1])
            let rows: Int = row[2]
            let firstRow: Int64 = row[3]
            let verdict = new.judgement.verdict
            try update.execute(arguments: [verdict.rawValue, new.judgement.secret, generation, new.delivery])
            if verdict.trust != before.verdict.trust {
                try trust.execute(arguments: [verdict.trust, firstRow, firstRow + Int64(rows)])
            }
            counts.add(-1, rows: -rows, to: before)
            counts.add(1, rows: rows, to: new.judgement)
        }
        try counts.apply(to: db)
        return counts
    }
}
