import GRDB
import Notifications

/// What a transaction changes in the counts by verdict, which are kept beside what they count: counting a million rows
/// would take most of a second.
struct TallyChange: Sendable {
    private struct Count: Sendable {
        var deliveries = 0
        var rows = 0
    }

    private var counts: [Judgement: Count] = [:]

    mutating func add(_ deliveries: Int, rows: Int, to judgement: Judgement) {
        counts[judgement, default: Count()].deliveries += deliveries
        counts[judgement, default: Count()].rows += rows
    }

    func apply(to tally: inout Tally) {
        for (judgement, count) in counts {
            tally[judgement.verdict] += count.deliveries
            tally.rows += count.rows
        }
    }

    func apply(to db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO tally (verdict, secret, deliveries, rows) VALUES (?1, ?2, ?3, ?4)
                ON CONFLICT (verdict, secret) DO UPDATE SET deliveries = deliveries + ?3, rows = rows + ?4
                """)
        for (judgement, count) in counts {
            try statement.execute(
                arguments: [judgement.verdict.rawValue, judgement.secret ?? "", count.deliveries, count.rows])
        }
    }

    static func read(_ db: Database) throws -> Tally {
        var tally = Tally()
        for row in try Row.fetchAll(db, sql: "SELECT verdict, deliveries, rows FROM tally") {
            guard let verdict = SignatureVerdict(rawValue: row[0]) else { continue }
            tally[verdict] += row[1]
            tally.rows += row[2]
        }
        return tally
    }
}
