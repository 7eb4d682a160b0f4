public import History
public import Notifications
internal import SafeText

/// A delivery that a person should look at, as `RowPredicate.problem` has it: its signature is not what it should be, or
/// it was answered otherwise than with 200.
public struct Problem: Sendable, Hashable {
    /// The longest value that a program is told, in characters.
    static let longestValue = 1_000

    public var delivery: Int64
    public var verdict: SignatureVerdict
    /// Of the answer.
    public var status: Int
    public var type: String
    public var object: String
    public var bucket: String
    public var rule: String

    /// The problem that a row of the event list tells of.
    public init(_ row: EventRow) {
        delivery = row.deliveryID
        verdict = row.verdict
        status = row.status
        type = row.eventType.text
        object = row.objectName.text
        bucket = row.bucketName.text
        rule = row.matchedRuleName.text
    }
}

/// Problems that are told of at once: how many, and the latest of them.
public struct ProblemReport: Sendable, Hashable {
    /// At least 1.
    public var count: Int
    public var latest: Problem

    /// A report.
    public init(count: Int, latest: Problem) {
        self.count = count
        self.latest = latest
    }

    /// Takes in what came later.
    mutating func add(_ later: ProblemReport) {
        self = ProblemReport(count: count + later.count, latest: later.latest)
    }

    /// All variables that a program is told, whatever the problem is.
    static let variables = [
        "B2WATCH_PROBLEM", "B2WATCH_PROBLEMS", "B2WATCH_VERDICT", "B2WATCH_STATUS", "B2WATCH_DELIVERY", "B2WATCH_TYPE",
        "B2WATCH_OBJECT", "B2WATCH_BUCKET", "B2WATCH_RULE", "B2WATCH_ACTION", "B2WATCH_ACTION_PROBLEM",
        "B2WATCH_REASON",
    ]

    /// What a program is told in its environment. What a stranger sent is escaped: no terminal obeys it.
    public var environment: [String: String] {
        func value(_ text: String) -> String {
            String(SafeText(String(text.prefix(Problem.longestValue))).string.prefix(Problem.longestValue))
        }
        return [
            "B2WATCH_PROBLEM": "delivery", "B2WATCH_ACTION": "", "B2WATCH_ACTION_PROBLEM": "", "B2WATCH_REASON": "",
            "B2WATCH_PROBLEMS": String(count), "B2WATCH_VERDICT": latest.verdict.word,
            "B2WATCH_STATUS": String(latest.status), "B2WATCH_DELIVERY": String(latest.delivery),
            "B2WATCH_TYPE": value(latest.type),
            "B2WATCH_OBJECT": value(latest.object), "B2WATCH_BUCKET": value(latest.bucket),
            "B2WATCH_RULE": value(latest.rule),
        ]
    }
}
