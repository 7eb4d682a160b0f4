public import Notifications

/// New verdicts of the deliveries of a range of ids.
public struct Rejudgement: Sendable {
    /// Deliveries with one verdict; what lies between them and was not judged keeps its own.
    struct Run: Sendable {
        var deliveries: ClosedRange<Int64>
        let judgement: Judgement
        var count: Int
    }

    /// All of these are judged: whatever of them an older keyring has judged has a new verdict here.
    public private(set) var deliveries: ClosedRange<Int64>
    /// The keyring that has judged.
    public let generation: Int64
    /// The newest first.
    private(set) var runs: [Run] = []

    /// With no verdicts yet.
    public init(of deliveries: ClosedRange<Int64>, generation: Int64) {
        self.deliveries = deliveries
        self.generation = generation
    }

    /// Adds the verdict of a delivery of the range that is older than those added before.
    public mutating func add(_ judgement: Judgement, of delivery: Int64) {
        if let last = runs.indices.last, runs[last].judgement == judgement {
            runs[last].deliveries = delivery...runs[last].deliveries.upperBound
            runs[last].count += 1
        } else {
            runs.append(Run(deliveries: delivery...delivery, judgement: judgement, count: 1))
        }
    }

    /// Says that what is older than this delivery was not come to.
    mutating func end(at delivery: Int64) {
        deliveries = delivery...deliveries.upperBound
    }

    /// How many deliveries have which verdict now.
    public var counts: [SignatureVerdict: Int] {
        runs.reduce(into: [:]) { $0[$1.judgement.verdict, default: 0] += $1.count }
    }

    /// What most of them have in common.
    var prevailing: Judgement? {
        let counts = runs.reduce(into: [Judgement: Int]()) { $0[$1.judgement, default: 0] += $1.count }
        return counts.max { $0.value < $1.value }?.key
    }
}
