/// Buckets for amounts of time, in whatever unit, whose width grows with the amount: eight for each doubling, so that a
/// bucket's middle is within a sixteenth of what it holds.
public enum TimeBuckets {
    private static let steps = 8
    /// How many there are; the last one holds all that is more.
    public static let count = steps * 30

    /// The bucket of an amount; what is less than 0 is in the first.
    public static func bucket(of amount: Int) -> Int {
        guard amount >= steps else { return max(0, amount) }
        let doublings = Int.bitWidth - 1 - amount.leadingZeroBitCount - 3
        let step = amount >> doublings & (steps - 1)
        return min(steps * (doublings + 1) + step, count - 1)
    }

    /// The amount in the middle of a bucket.
    public static func middle(of bucket: Int) -> Int {
        guard bucket >= steps else { return bucket }
        let doublings = bucket / steps - 1
        let low = (steps + bucket % steps) << doublings
        return low + (1 << doublings) / 2
    }

    /// The amount of the `rank`th smallest, ranks counting from 1, where so many are in each bucket.
    public static func amount(at rank: Int, in counts: [some BinaryInteger]) -> Int {
        var seen = 0
        for (bucket, count) in counts.enumerated() {
            seen += Int(count)
            if seen >= rank { return middle(of: bucket) }
        }
        return 0
    }
}
