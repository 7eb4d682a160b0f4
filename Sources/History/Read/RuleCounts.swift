public import Base
import GRDB
public import Notifications

/// The events that were received for one rule of one bucket, counted by verdict.
public struct RuleCount: Sendable, Hashable {
    public var bucket: String
    public var rule: String
    /// The number of events of each verdict.
    public var events: [SignatureVerdict: Int]
    /// The time at which the newest event was received.
    public var last: Timestamp
    /// The labels of the secrets that verified any.
    public var secrets: Set<String>

    public init(
        bucket: String, rule: String, events: [SignatureVerdict: Int] = [:], last: Timestamp, secrets: Set<String> = []
    ) {
        (self.bucket, self.rule, self.events, self.last, self.secrets) = (bucket, rule, events, last, secrets)
    }

    /// Adds another count of the same rule.
    public mutating func add(_ other: RuleCount) {
        events.merge(other.events, uniquingKeysWith: +)
        last = max(last, other.last)
        secrets.formUnion(other.secrets)
    }
}

/// The rules of a stretch of the events.
public struct RuleStretch: Sendable, Hashable {
    public var rules: [RuleCount]
    /// Every row up to this id was counted.
    public var through: Int64

    public init(rules: [RuleCount] = [], through: Int64) { (self.rules, self.through) = (rules, through) }
}

extension HistoryReader {
    /// The largest number of rules in a stretch. It limits the memory that a sender of ever new names can use.
    public static let mostRules = 500

    /// Counts the events after an id by bucket and rule. Names that are not texts count as empty. It reads a limited
    /// number of rows, so more may follow.
    public func rules(after id: Int64, through last: Int64) throws -> RuleStretch {
        guard id < last else { return RuleStretch(through: max(id, last)) }
        let end = min(last, id + MatchQuery.stretch)
        let name = { (column: String) in "iif(typeof(\(column)) = 'text', substr(\(column), 1, 256), '')" }
        let sql = """
            SELECT \(name("event.bucketName")), \(name("event.matchedRuleName")), \(SecretTable.verdict()),
                \(SecretTable.label), count(*), max(outcome.receivedAt)
            FROM event CROSS JOIN outcome ON outcome.delivery = event.delivery
            WHERE event.id > ? AND event.id <= ? AND event.position IS NOT NULL
            GROUP BY 1, 2, 3, 4 ORDER BY count(*) DESC LIMIT ?
            """
        let counts = try read { db in
            try Row.fetchAll(db, sql: sql, arguments: [id, end, Self.mostRules]).map { row -> RuleCount in
                let verdict = SignatureVerdict(rawValue: row[2]) ?? .unjudged
                let secret: String? = row[3]
                return RuleCount(
                    bucket: row[0], rule: row[1], events: [verdict: row[4]], last: Timestamp(milliseconds: row[5]),
                    secrets: verdict == .valid ? Set([secret].compactMap(\.self)) : [])
            }
        }
        var rules: [[String]: RuleCount] = [:]
        for count in counts {
            rules[
                [count.bucket, count.rule], default: RuleCount(bucket: count.bucket, rule: count.rule, last: count.last)
            ]
            .add(count)
        }
        return RuleStretch(rules: Array(rules.values), through: end)
    }
}
