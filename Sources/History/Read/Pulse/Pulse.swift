public import Notifications

/// What a stretch of time was like: deliveries by verdict over time, events by type and by bucket, how late they came and
/// how fast they were answered.
public struct Pulse: Sendable, Hashable {
    /// What was asked for.
    public let request: PulseRequest
    /// When the first bar begins.
    public let start: Timestamp
    /// Deliveries by the raw value of their verdict, for each bar.
    public internal(set) var bars: [[Int]]
    /// Events by the name of their type.
    public internal(set) var types = PulseShares()
    /// Events by the name of their bucket.
    public internal(set) var buckets = PulseShares()
    /// From an event's timestamp to its arrival, in milliseconds.
    public internal(set) var delays = TimeHistogram()
    /// From the last byte of a request to its answer, in microseconds.
    public internal(set) var answers = TimeHistogram()
    /// The arrival of the first and of the latest delivery of the whole history; nil where there is none.
    public internal(set) var earliest: Timestamp?
    public internal(set) var latest: Timestamp?
    /// The last delivery that was counted, or was found to be outside of the stretch.
    var lastDelivery: Int64 = 0
    /// Whether events have been counted too.
    public internal(set) var isComplete = false

    init(_ request: PulseRequest, endingAt end: Timestamp) {
        self.request = request
        start = Timestamp(milliseconds: request.start(endingAt: end))
        bars = Array(repeating: Array(repeating: 0, count: SignatureVerdict.allCases.count), count: request.barCount)
    }

    /// The end of the last bar.
    public var end: Timestamp {
        Timestamp(milliseconds: start.milliseconds + request.barWidth * Int64(request.barCount))
    }

    /// The bar of a moment; nil outside of the stretch.
    public func bar(at moment: Timestamp) -> Int? {
        let offset = moment.milliseconds - start.milliseconds
        guard offset >= 0, offset < request.barWidth * Int64(request.barCount) else { return nil }
        return Int(offset / request.barWidth)
    }

    /// The deliveries of a bar that were so judged.
    public subscript(bar: Int, verdict: SignatureVerdict) -> Int { bars[bar][verdict.rawValue] }

    /// All deliveries of the stretch.
    public var deliveries: Int { bars.reduce(0) { $0 + $1.reduce(0, +) } }
}

/// How often each of many names was counted.
public struct PulseShares: Sendable, Hashable {
    /// Names come from outside, so no more than this many are told apart, and none that is longer.
    static let mostNames = 10_000
    static let longestName = 1_024

    private var counts: [String: Int] = [:]
    /// How many were counted.
    public private(set) var total = 0

    mutating func count(_ name: String) {
        total += 1
        guard name.utf8.count <= Self.longestName else { return }
        if counts[name] != nil || counts.count < Self.mostNames { counts[name, default: 0] += 1 }
    }

    /// The names that were counted most often, the first one most; those with equal counts by name.
    public func largest(_ limit: Int) -> [(name: String, count: Int)] {
        counts.sorted { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }
            .prefix(limit).map { (name: $0.key, count: $0.value) }
    }
}

/// Amounts of time in `TimeBuckets`.
public struct TimeHistogram: Sendable, Hashable {
    /// By bucket.
    public private(set) var counts = [Int](repeating: 0, count: TimeBuckets.count)
    /// How many were counted.
    public private(set) var count = 0
    /// The largest amount; 0 where there is none.
    public private(set) var largest = 0
    /// How many were less than 0: an event whose timestamp lies after its arrival.
    public private(set) var negative = 0

    mutating func add(_ amount: Int) {
        counts[TimeBuckets.bucket(of: amount)] += 1
        count += 1
        largest = max(largest, amount)
        if amount < 0 { negative += 1 }
    }

    /// The amount that so many percent do not exceed, from 1 to 100; within a sixteenth.
    public func percentile(_ percent: Int) -> Int {
        guard count > 0 else { return 0 }
        return min(largest, TimeBuckets.amount(at: max(1, (count * percent + 99) / 100), in: counts))
    }

    /// How many are in a bucket whose middle is more than an amount.
    public func countAbove(_ amount: Int) -> Int {
        counts.enumerated().reduce(0) { TimeBuckets.middle(of: $1.offset) > amount ? $0 + $1.element : $0 }
    }
}
