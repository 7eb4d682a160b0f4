/// A request for consecutive rows of a list, around an anchor.
public struct WindowRequest<ID: Hashable & Sendable>: Hashable, Sendable {
    /// A place in the list.
    public enum Anchor: Hashable, Sendable {
        case newest
        case oldest
        /// The row with this id, or a row near it if it does not exist.
        case row(ID)
    }

    public var anchor: Anchor
    /// The number of rows before (older than) the anchor's.
    public var before: Int
    /// The number of rows after (newer than) the anchor's.
    public var after: Int

    public init(_ anchor: Anchor, before: Int, after: Int) {
        self.anchor = anchor
        self.before = before
        self.after = after
    }
}

/// Consecutive rows of a list, the oldest first.
public struct ListWindow<Row: Hashable & Sendable>: Hashable, Sendable {
    public var rows: [Row]
    /// Whether there are older rows than these.
    public var hasOlder: Bool
    /// Whether there are newer rows than these.
    public var hasNewer: Bool
    /// The number of the first row among all listed rows, counted from 1; nil if unknown.
    public var first: Int?

    public init(rows: [Row] = [], hasOlder: Bool = false, hasNewer: Bool = false, first: Int? = nil) {
        self.rows = rows
        self.hasOlder = hasOlder
        self.hasNewer = hasNewer
        self.first = first
    }
}
