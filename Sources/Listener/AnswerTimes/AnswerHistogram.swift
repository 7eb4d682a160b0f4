/// Counts answer times in buckets whose width grows with the time, for each of the last 30 slices of time.
///
/// A pure value of fixed size: the time comes in as the number of a slice.
struct AnswerHistogram {
    static let slices = 30
    /// Eight buckets for each doubling: a bucket's middle is within a sixteenth of what it counts.
    private static let steps = 8
    private static let buckets = steps * 30

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
            ring[place].counts = [UInt32](repeating: 0, count: Self.buckets)
        }
        ring[place].counts[Self.bucket(of: microseconds)] &+= 1
    }

    /// The answers of the 30 slices that end with `slice`, and the first slice in which that will be less.
    func summary(in slice: Int) -> (count: Int, median: Int, p99: Int, until: Int?) {
        let live = ring.filter { $0.number > slice - Self.slices && $0.number <= slice }
        guard let oldest = live.map(\.number).min() else { return (0, 0, 0, nil) }
        var totals = [Int](repeating: 0, count: Self.buckets)
        for slice in live {
            for (bucket, count) in slice.counts.enumerated() { totals[bucket] += Int(count) }
        }
        let count = totals.reduce(0, +)
        return (
            count,
            Self.value(at: (count + 1) / 2, in: totals),
            Self.value(at: count - count / 100, in: totals),
            oldest + Self.slices
        )
    }

    /// The time that the `rank`th fastest answer took, ranks counting from 1.
    private static func value(at rank: Int, in totals: [Int]) -> Int {
        var seen = 0
        for (bucket, count) in totals.enumerated() {
            seen += count
            if seen >= rank { return middle(of: bucket) }
        }
        return 0
    }

    static func bucket(of microseconds: Int) -> Int {
        guard microseconds >= steps else { return max(0, microseconds) }
        let doublings = Int.bitWidth - 1 - microseconds.leadingZeroBitCount - 3
        let step = microseconds >> doublings & (steps - 1)
        return min(steps * (doublings + 1) + step, buckets - 1)
    }

    static func middle(of bucket: Int) -> Int {
        guard bucket >= steps else { return bucket }
        let doublings = bucket / steps - 1
        let low = (steps + bucket % steps) << doublings
        return low + (1 << doublings) / 2
    }
}
