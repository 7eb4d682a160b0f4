public import Notifications

/// What a filter is read by, besides its text.
public struct FilterContext: Sendable {
    /// The moment from which times such as `10m` count back.
    public var now: Timestamp
    /// The offset of the zone that is shown at a moment, in seconds east of UTC.
    public var secondsFromUTC: @Sendable (Timestamp) -> Int
    /// Whether `~/…/` may be used: on the screen and in `export`.
    public var allowsRegularExpressions: Bool

    /// A context.
    public init(
        now: Timestamp, secondsFromUTC: @escaping @Sendable (Timestamp) -> Int = { _ in 0 },
        allowsRegularExpressions: Bool = true
    ) {
        self.now = now
        self.secondsFromUTC = secondsFromUTC
        self.allowsRegularExpressions = allowsRegularExpressions
    }
}
