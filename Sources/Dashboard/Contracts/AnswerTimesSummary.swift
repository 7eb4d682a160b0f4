/// How long answers took in the last five minutes.
public struct AnswerTimesSummary: Sendable, Hashable {
    /// How many answers.
    public var count: Int
    /// In microseconds.
    public var median: Int
    /// The 99th percentile, in microseconds.
    public var p99: Int
    /// When this changes without another answer: the moment the oldest ages out.
    public var until: ContinuousClock.Instant?

    /// A summary.
    public init(count: Int = 0, median: Int = 0, p99: Int = 0, until: ContinuousClock.Instant? = nil) {
        self.count = count
        self.median = median
        self.p99 = p99
        self.until = until
    }
}
