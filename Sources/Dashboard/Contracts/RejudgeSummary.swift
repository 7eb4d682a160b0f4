public import Notifications

/// How far the recorded deliveries have been judged again after a change of the keyring.
public struct RejudgeSummary: Codable, Sendable, Hashable {
    /// What becomes of it.
    public enum Stage: Codable, Sendable, Hashable {
        case running, finished
        /// By the user: what remains keeps its verdicts until it is resumed.
        case cancelled
        /// The history could not be written, as a warning of its own says.
        case failed
    }

    /// Those judged so far, by the verdict they have now.
    public var deliveries: [SignatureVerdict: Int]
    /// How many are still to be judged, at most.
    public var remaining: Int
    public var stage: Stage

    /// A summary.
    public init(deliveries: [SignatureVerdict: Int], remaining: Int = 0, stage: Stage = .finished) {
        self.deliveries = deliveries
        self.remaining = remaining
        self.stage = stage
    }

    /// Such as `37 deliveries verified again: 35 valid, 2 invalid`.
    func sentence(_ bindings: Bindings) -> String {
        let count = deliveries.values.reduce(0, +)
        let progress = "\(Wording.grouped(count)) of \(Wording.grouped(count + remaining))"
        switch stage {
        case .running: return "Verifying again: \(progress) … \(bindings.name(of: .cancelJudging)) cancels"
        case .cancelled:
            return "Verifying again was cancelled at \(progress): the others keep their verdicts. "
                + "\(bindings.name(of: .cancelJudging)) resumes"
        case .failed: return "Verifying again has stopped at \(progress)"
        case .finished:
            guard count > 0 else { return "No recorded delivery to verify again" }
            let verdicts = SignatureVerdict.allCases
                .compactMap { verdict in deliveries[verdict].map { (verdict, $0) } }
                .filter { $0.1 > 0 }
                .map { "\(Wording.grouped($0.1)) \($0.0.title)" }
                .joined(separator: ", ")
            return "\(Wording.count(count, "delivery", "deliveries")) verified again: \(verdicts)"
        }
    }
}
