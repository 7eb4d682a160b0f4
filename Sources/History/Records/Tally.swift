public import Notifications

/// How many deliveries are recorded, by verdict, and how many rows they make.
public struct Tally: Sendable, Hashable {
    public private(set) var deliveries: [SignatureVerdict: Int]
    /// Rows of the event list, those of unjudged requests included.
    public var rows: Int

    public init(deliveries: [SignatureVerdict: Int] = [:], rows: Int = 0) {
        self.deliveries = deliveries
        self.rows = rows
    }

    /// The deliveries with this verdict.
    public subscript(verdict: SignatureVerdict) -> Int {
        get { deliveries[verdict] ?? 0 }
        set { deliveries[verdict] = newValue }
    }

    /// All notifications; what is unjudged does not count.
    public var notifications: Int {
        SignatureVerdict.counted.reduce(0) { $0 + self[$1] }
    }
}
