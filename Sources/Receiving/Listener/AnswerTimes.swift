internal import Base
public import Notifications
internal import Synchronization

/// A record of how long answers took in the last five minutes: from the last byte of a notification to the writing of
/// its answer. Safe to use from any thread.
public final class AnswerTimes: Sendable {
    private static let sliceSeconds: Int64 = 10

    private let origin: ContinuousClock.Instant
    private let histogram = Mutex(AnswerHistogram())

    /// - Parameter origin: A moment before everything that will be recorded.
    public init(origin: ContinuousClock.Instant = .now) {
        self.origin = origin
    }

    /// Counts an answer.
    ///
    /// - Parameter end: When the answer was written.
    public func record(_ duration: Duration, at end: ContinuousClock.Instant) {
        let (seconds, attoseconds) = duration.components
        let microseconds = Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000)
        let slice = slice(at: end)
        histogram.withLock { $0.record(microseconds: microseconds, in: slice) }
    }

    /// Returns the answers of the five minutes before `now`, to within ten seconds.
    public func summary(at now: ContinuousClock.Instant) -> AnswerTimesSummary {
        let slice = slice(at: now)
        let summary = histogram.withLock { $0.summary(in: slice) }
        return AnswerTimesSummary(
            count: summary.count, median: summary.median, p99: summary.p99,
            until: summary.until.map { origin + .seconds(Int64($0) * Self.sliceSeconds) })
    }

    private func slice(at instant: ContinuousClock.Instant) -> Int {
        max(0, Int((instant - origin).components.seconds / Self.sliceSeconds))
    }
}

/// Counts answer times in `TimeBuckets`, in each of the last 30 slices of time.
///
/// A pure value of fixed size: the caller passes the time as the number of a slice.
struct AnswerHistogram {
    static let slices = 30

    private struct Slice {
        var number = Int.min
        var counts: [UInt32] = []
    }

    private var ring = [Slice](repeating: Slice(), count: slices)

    /// Counts an answer.
    ///
    /// - Parameter slice: The number of the slice it falls in; it must not be negative.
    mutating func record(microseconds: Int, in slice: Int) {
        let place = slice % Self.slices
        if ring[place].number != slice {
            guard ring[place].number < slice else { return }
            ring[place].number = slice
            ring[place].counts = [UInt32](repeating: 0, count: TimeBuckets.count)
        }
        ring[place].counts[TimeBuckets.bucket(of: microseconds)] &+= 1
    }

    /// Returns the answers of the 30 slices that end with `slice`, and the first slice in which that will be less.
    func summary(in slice: Int) -> (count: Int, median: Int, p99: Int, until: Int?) {
        let live = ring.filter { $0.number > slice - Self.slices && $0.number <= slice }
        guard let oldest = live.map(\.number).min() else { return (0, 0, 0, nil) }
        var totals = [Int](repeating: 0, count: TimeBuckets.count)
        for slice in live {
            for (bucket, count) in slice.counts.enumerated() { totals[bucket] += Int(count) }
        }
        let count = totals.reduce(0, +)
        return (
            count,
            TimeBuckets.amount(at: (count + 1) / 2, in: totals),
            TimeBuckets.amount(at: count - count / 100, in: totals),
            oldest + Self.slices
        )
    }
}
