public import Notifications

/// What came of trying secrets on the deliveries of a range of ids: the verdicts that change.
public struct Rejudgement: Sendable {
    /// A recorded verdict.
    public struct Recorded: Sendable, Hashable {
        public var verdict: SignatureVerdict
        /// The number of its secret.
        var secret: Int64?

        public init(_ verdict: SignatureVerdict) {
            self.verdict = verdict
        }

        init(_ verdict: SignatureVerdict, secret: Int64?) {
            self.verdict = verdict
            self.secret = secret
        }
    }

    /// Deliveries with one verdict before and one after. What lies between them has another verdict before.
    struct Run: Sendable {
        var deliveries: ClosedRange<Int64>
        let before: Recorded
        /// Nil where the verdict stays.
        let after: Judgement?
        var count: Int
    }

    /// All current secrets were tried on these.
    public private(set) var deliveries: ClosedRange<Int64>
    /// The keyring that has judged.
    public let generation: Int64
    /// When it did.
    public let time: Timestamp
    /// The newest first.
    private(set) var runs: [Run] = []

    /// With no verdicts yet.
    public init(of deliveries: ClosedRange<Int64>, generation: Int64, at time: Timestamp) {
        self.deliveries = deliveries
        self.generation = generation
        self.time = time
    }

    /// Adds a delivery of the range that is older than those added before.
    ///
    /// - Parameters:
    ///   - judgement: Its verdict from now on; nil where the recorded one stays.
    ///   - recorded: Its verdict so far.
    public mutating func add(_ judgement: Judgement?, of delivery: Int64, recorded: Recorded) {
        if let last = runs.indices.last, runs[last].after == judgement, runs[last].before == recorded {
            runs[last].deliveries = delivery...runs[last].deliveries.upperBound
            runs[last].count += 1
        } else {
            runs.append(Run(deliveries: delivery...delivery, before: recorded, after: judgement, count: 1))
        }
    }

    /// Notes that what is older than this delivery was not reached.
    mutating func end(at delivery: Int64) {
        deliveries = delivery...deliveries.upperBound
    }

    /// How many of the deliveries have which verdict now.
    public var counts: [SignatureVerdict: Int] {
        runs.reduce(into: [:]) { $0[$1.after?.verdict ?? $1.before.verdict, default: 0] += $1.count }
    }

    /// Whether there is anything to write.
    var changesAny: Bool { runs.contains { $0.after != nil } }

    /// What becomes of most of those that could not be checked before; nil where some of them stay so.
    var prevailing: Judgement? {
        var counts: [Judgement: Int] = [:]
        for run in runs where run.before == Recorded(.unverified) {
            guard let after = run.after else { return nil }
            counts[after, default: 0] += run.count
        }
        return counts.max { $0.value < $1.value }?.key
    }
}
