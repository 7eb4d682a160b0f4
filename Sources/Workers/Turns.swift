import Synchronization

/// Tells a piece of work whether a later one has taken its place.
public final class Turns: Sendable {
    private let latest = Atomic<Int>(0)

    public init() {}

    /// Begins a turn, which ends the one before.
    public func next() -> Turn {
        Turn(turns: self, number: latest.add(1, ordering: .relaxed).newValue)
    }

    /// One piece of work.
    public struct Turn: Sendable {
        fileprivate let turns: Turns
        fileprivate let number: Int

        /// Whether no later one has begun.
        public var isCurrent: Bool { turns.latest.load(ordering: .relaxed) == number }
    }
}
