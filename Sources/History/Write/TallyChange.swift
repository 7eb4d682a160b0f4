import GRDB
import Notifications

/// What a transaction changes in the counts by verdict, which are kept beside what they count: counting a million rows
/// would take most of a second.
struct TallyChange: Sendable {
    /// A verdict as it is recorded.
    struct Recorded: Sendable, Hashable {
        var verdict: SignatureVerdict
        /// The secret's number, 0 where it names none.
        var secret: Int64 = 0
    }

    private struct Count: Sendable {
        var deliveries = 0
        var rows = 0
    }

    private var counts: [Recorded: Count] = [:]
    /// The secrets whose verdicts read as removed.
    private let leaked: Set<Int64>

    init(leaked: Set<Int64>) {
        self.leaked = leaked
    }

    var isEmpty: Bool { counts.isEmpty }

    mutating func add(_ deliveries: Int, rows: Int, to recorded: Recorded) {
        counts[recorded, default: Count()].deliveries += deliveries
        counts[recorded, default: Count()].rows += rows
    }

    func apply(to tally: inout Tally) {
        for (recorded, count) in counts {
            tally[recorded.shown(leaked)] += count.deliveries
            tally.rows += count.rows
        }
    }

    /// Adds counts to the tally: of a verdict, a secret, so many deliveries and so many rows.
    static let sql = """
        INSERT INTO tally (verdict, secret, deliveries, rows) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (verdict, secret) DO UPDATE SET deliveries = deliveries + ?3, rows = rows + ?4
        """

    func apply(to db: Database) throws {
        let statement = try db.cachedStatement(sql: Self.sql)
        try forEach { recorded, deliveries, rows in
            try statement.execute(arguments: [recorded.verdict.rawValue, recorded.secret, deliveries, rows])
        }
    }

    /// Visits what is to be added to the tally.
    func forEach(_ visit: (Recorded, _ deliveries: Int, _ rows: Int) throws -> Void) rethrows {
        for (recorded, count) in counts { try visit(recorded, count.deliveries, count.rows) }
    }

    static func read(_ db: Database) throws -> Tally {
        var tally = Tally()
        let leaked = try SecretTable.leaked(db)
        for row in try Row.fetchAll(db, sql: "SELECT verdict, secret, deliveries, rows FROM tally") {
            guard let verdict = SignatureVerdict(rawValue: row[0]) else { continue }
            tally[Recorded(verdict: verdict, secret: row[1]).shown(leaked)] += row[2]
            tally.rows += row[3]
        }
        return tally
    }
}

extension TallyChange.Recorded {
    /// The verdict as it reads now.
    fileprivate func shown(_ leaked: Set<Int64>) -> SignatureVerdict {
        verdict == .valid && leaked.contains(secret) ? .removed : verdict
    }
}
