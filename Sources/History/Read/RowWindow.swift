/// Which rows of the event list are wanted.
public struct RowRequest: Sendable, Hashable {
    /// A place in the list.
    public enum Anchor: Sendable, Hashable {
        case newest
        case oldest
        /// The row with this id, or where it is not there the next older one.
        case row(Int64)
    }

    public var anchor: Anchor
    /// How many rows before (older than) the anchor's.
    public var before: Int
    /// How many rows behind (newer than) the anchor's.
    public var after: Int

    public init(_ anchor: Anchor, before: Int, after: Int) {
        self.anchor = anchor
        self.before = before
        self.after = after
    }
}

/// A stretch of the event list, the oldest row first.
public struct RowWindow: Sendable, Hashable {
    public var rows: [EventRow]
    /// Whether there are older rows than these.
    public var hasOlder: Bool
    /// Whether there are newer rows than these.
    public var hasNewer: Bool

    public init(rows: [EventRow] = [], hasOlder: Bool = false, hasNewer: Bool = false) {
        self.rows = rows
        self.hasOlder = hasOlder
        self.hasNewer = hasNewer
    }
}
