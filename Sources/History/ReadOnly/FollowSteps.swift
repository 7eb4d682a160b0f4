/// When to look at a history that another process writes.
///
/// A pure state machine. The log is written before its commit can be seen, by as long as the disk takes to confirm it:
/// so after the last write there are a few more looks, each as long after the one before as that was after the write, and
/// then none.
struct FollowSteps {
    /// Between two looks at least: about thirty a second.
    static let frame = Duration.milliseconds(33)
    /// The first look behind a write that is not seen yet, and the last.
    private static let first = Duration.milliseconds(2)
    private static let last = Duration.seconds(8)

    private var next: Duration?

    /// The log was written.
    mutating func wrote() {
        next = Self.first
    }

    /// A look is over.
    ///
    /// - Returns: How long to wait for writes before the next one; nil where only a write is worth another.
    mutating func looked() -> Duration? {
        guard let wait = next else { return nil }
        next = wait * 2 <= Self.last ? wait * 2 : nil
        return wait
    }
}
