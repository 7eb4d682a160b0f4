/// What an older keyring than the one held now may have judged.
public struct ToJudge: Sendable, Hashable {
    /// The ids of the newest of it.
    public let newest: ClosedRange<Int64>
    /// How many deliveries there are at most, older ones included.
    public let count: Int

    public init(newest: ClosedRange<Int64>, count: Int) {
        self.newest = newest
        self.count = count
    }
}
