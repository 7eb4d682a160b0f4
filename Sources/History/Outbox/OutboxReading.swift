/// Which entries are wanted: a stretch of a list whose newest entry stands last.
public struct OutboxRequest: Sendable, Hashable {
    /// A place in the list.
    public enum Anchor: Sendable, Hashable {
        case newest
        case oldest
        /// The entry with this id, or where it is not listed the next older one.
        case entry(Int64)
    }

    /// The name of an action; nil for all.
    public var action: String?
    /// Only entries in these states; nil for any.
    public var states: Set<EntryState>?
    public var anchor: Anchor
    /// How many entries before (older than) the anchor's.
    public var before: Int
    /// How many entries behind (newer than) the anchor's.
    public var after: Int

    public init(
        action: String? = nil, states: Set<EntryState>? = nil, _ anchor: Anchor, before: Int, after: Int
    ) {
        self.action = action
        self.states = states
        self.anchor = anchor
        self.before = before
        self.after = after
    }
}

/// An entry with the event it is for.
public struct OutboxRow: Sendable, Hashable, Identifiable {
    public var entry: OutboxEntry
    public var event: EventRow

    public init(entry: OutboxEntry, event: EventRow) {
        self.entry = entry
        self.event = event
    }

    public var id: Int64 { entry.id }
}

/// A stretch of the entries, the oldest first.
public struct OutboxWindow: Sendable, Hashable {
    public var rows: [OutboxRow]
    public var hasOlder: Bool
    public var hasNewer: Bool

    public init(rows: [OutboxRow] = [], hasOlder: Bool = false, hasNewer: Bool = false) {
        self.rows = rows
        self.hasOlder = hasOlder
        self.hasNewer = hasNewer
    }
}
