public import Notifications

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

/// How many rows an action would have taken up had they been judged then as they are now.
public struct MissedRows: Sendable, Hashable {
    public var count: Int
    /// Some of them, the oldest first, 10,000 at most.
    public var rows: [Int64]

    public init(count: Int = 0, rows: [Int64] = []) {
        self.count = count
        self.rows = rows
    }
}

extension HistoryReader {
    /// All actions that there are entries for or that are declared, by name. Costs the same however many entries are
    /// done.
    public func actions() throws -> [ActionStatus] { fatalError("stub") }

    /// Entries to list.
    public func outbox(_ request: OutboxRequest) throws -> OutboxWindow { fatalError("stub") }

    /// One entry with its event and its last exchange; nil where there is none with this id.
    public func outboxEntry(_ id: Int64) throws -> (row: OutboxRow, exchange: OutboxExchange?)? { fatalError("stub") }

    /// The entries of the event in a row of the event list, by action. A duplicate's are the original's.
    public func outboxEntries(ofRow row: Int64) throws -> [OutboxEntry] { fatalError("stub") }

    /// Entries of an action that are queued, or failed and due, in the order they were made.
    public func outboxDue(_ action: Int64, at time: Timestamp, limit: Int) throws -> [OutboxEntry] {
        fatalError("stub")
    }

    /// When the next failed entry of an action is due.
    public func outboxNextDue(_ action: Int64) throws -> Timestamp? { fatalError("stub") }

    /// Entries that were begun and not settled: those of a process that ended meanwhile.
    public func outboxRunning(_ action: Int64) throws -> [OutboxEntry] { fatalError("stub") }

    /// Rows between an action's start and its cursor that match and whose events have no entry.
    ///
    /// - Throws: `ReadCancelled`, or what SQLite says.
    public func missed(
        _ action: Int64, matching predicate: RowPredicate, isCancelled: () -> Bool = { false }
    ) throws -> MissedRows { fatalError("stub") }
}
