public import Notifications

/// What is to be done for which event, kept beside the events so that a crash repeats or loses nothing.
///
/// Its calls block, and write in short transactions between the deliveries'. They throw what SQLite says, or
/// `WriteFailure`. There is one entry at most for an action and an event: events are told apart by `eventId`, or where
/// there is none by delivery and position.
public struct Outbox: Sendable {
    let writer: HistoryWriter
    let changes: ChangeFeed

    /// An action to keep entries for.
    public struct Declaration: Sendable, Hashable {
        public var name: String
        public var kind: String
        /// What it does and for what, in a line without secrets.
        public var summary: String

        public init(name: String, kind: String, summary: String) {
            self.name = name
            self.kind = kind
            self.summary = summary
        }
    }

    /// What has become of an entry that ran.
    public struct Settlement: Sendable, Hashable {
        public var entry: Int64
        public var state: EntryState
        public var due: Timestamp?
        public var reason: String?

        public init(_ entry: Int64, _ state: EntryState, due: Timestamp? = nil, reason: String? = nil) {
            self.entry = entry
            self.state = state
            self.due = due
            self.reason = reason
        }
    }

    /// How far an action has come.
    public struct Walk: Sendable, Hashable {
        /// The last row looked at.
        public var cursor: Int64
        /// How many entries were made.
        public var added: Int
    }

    /// What became of rows that an action is to be run for.
    public struct Addition: Codable, Sendable, Hashable {
        /// Entries that were made.
        public var added: Int
        /// Entries that failed or were skipped before and wait again now.
        public var again: Int
        /// Events whose entry exists and is done or waits anyway.
        public var there: Int
        /// Rows without an event, or that do not exist.
        public var unfit: Int

        public init(added: Int = 0, again: Int = 0, there: Int = 0, unfit: Int = 0) {
            self.added = added
            self.again = again
            self.there = there
            self.unfit = unfit
        }
    }

    /// Takes note of the actions of the configuration. One that was not known begins behind the latest row; one that is
    /// no longer there keeps its entries and its cursor, and is not run. Where it comes back it goes on from there.
    ///
    /// - Returns: Their ids by name.
    public func declare(_ actions: [Declaration]) throws -> [String: Int64] { fatalError("stub") }

    /// Looks at the next rows behind an action's cursor: in one transaction it writes the entries of those that match
    /// and have none, and moves the cursor.
    ///
    /// - Parameter last: The last row to look at.
    public func walk(
        _ action: Int64, through last: Int64, matching predicate: RowPredicate, at time: Timestamp, limit: Int = 200
    ) throws -> Walk { fatalError("stub") }

    /// Makes entries for rows, whatever the cursor and whatever the filter; 1,000 at most. Entries of theirs that can
    /// be retried wait again.
    public func add(_ action: Int64, rows: [Int64], at time: Timestamp) throws -> Addition { fatalError("stub") }

    /// Marks entries as running, durably: what is done next may be noticed by others. Counts an attempt.
    ///
    /// - Parameter batch: What to know the attempt by after a crash.
    /// - Returns: Those that were still queued or failed, and now run.
    public func begin(_ entries: [Int64], batch: Int64, at time: Timestamp) throws -> [Int64] { fatalError("stub") }

    /// Writes what has become of entries that ran, with what was asked and answered.
    public func settle(
        _ settlements: [Settlement], exchange: OutboxExchange?, at time: Timestamp
    ) throws { fatalError("stub") }

    public func setPaused(_ action: Int64, _ isPaused: Bool) throws { fatalError("stub") }

    /// Lets entries wait again, at once, as if they had never been tried.
    ///
    /// - Returns: How many; those that are done, run or wait anyway are left.
    public func retry(_ entries: [Int64], at time: Timestamp) throws -> Int { fatalError("stub") }

    /// Lets all entries of an action in these states wait again.
    public func retryAll(_ action: Int64, in states: Set<EntryState>, at time: Timestamp) throws -> Int {
        fatalError("stub")
    }

    /// Decides that entries are not to be done.
    public func skip(_ entries: [Int64], at time: Timestamp) throws -> Int { fatalError("stub") }
}

extension History {
    /// What is to be done for which event.
    public var outbox: Outbox { Outbox(writer: writer, changes: changes) }
}
