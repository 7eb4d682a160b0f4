public import Notifications

/// How far the recorded deliveries have been judged again after a change of the keyring.
public struct RejudgeSummary: Sendable, Hashable {
    /// Those judged so far, by the verdict they have now.
    public var deliveries: [SignatureVerdict: Int]
    /// Whether all are done.
    public var isFinished: Bool

    /// A summary.
    public init(deliveries: [SignatureVerdict: Int], isFinished: Bool = true) {
        self.deliveries = deliveries
        self.isFinished = isFinished
    }

    /// Such as `37 deliveries judged again: 35 valid, 2 invalid`.
    var sentence: String {
        let count = deliveries.values.reduce(0, +)
        let what = Wording.count(count, "delivery", "deliveries")
        let verdicts = SignatureVerdict.allCases
            .compactMap { verdict in deliveries[verdict].map { (verdict, $0) } }
            .filter { $0.1 > 0 }
            .map { "\(Wording.grouped($0.1)) \($0.0.word)" }
            .joined(separator: ", ")
        guard count > 0 else { return isFinished ? "No recorded delivery to judge again" : "Judging again…" }
        return "\(what) judged again\(isFinished ? "" : " so far"): \(verdicts)"
    }
}
