public import Notifications

/// What judging again has come to.
public struct RejudgeReport: Sendable, Hashable {
    /// How many deliveries were judged again, by their verdict now.
    public var deliveries: [SignatureVerdict: Int] = [:]
    /// How many are still to be judged, at most.
    public var remaining = 0
    /// Whether all that is recorded has been judged; else this is progress, or the end where it failed or was cancelled.
    public var isComplete = false
    /// Whether it was cancelled: what remains keeps its verdicts until the next change of the keyring, the next start, or
    /// until it is resumed.
    public var isCancelled = false
    /// Why it ended early, in a sentence; it goes on with the next change, or when the history can be written again.
    public var failure: String?

    /// How many deliveries were judged again.
    public var total: Int { deliveries.values.reduce(0, +) }

    public init() {}
}
