/// How long the answers of the last five minutes took.
public struct AnswerTimesSummary: Sendable, Hashable {
    /// How many answers there were.
    public var count = 0
    /// The median, in microseconds, to within a sixteenth; 0 without answers.
    public var median = 0
    /// The 99th percentile, in microseconds, to within a sixteenth; 0 without answers.
    public var p99 = 0
    /// When it will change by ageing alone; nil without answers.
    public var until: ContinuousClock.Instant?

    public init(count: Int = 0, median: Int = 0, p99: Int = 0, until: ContinuousClock.Instant? = nil) {
        self.count = count
        self.median = median
        self.p99 = p99
        self.until = until
    }
}
