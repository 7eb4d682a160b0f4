public import Notifications

/// What is to be done for which event, kept beside the events so that a crash repeats or loses nothing.
///
/// Its calls block, and write in short transactions between the deliveries'. They throw what SQLite says, or
/// `WriteFailure`. There is one entry at most for an action and an event: events are told apart by `eventId`, or where
/// there is none by delivery and position.
public struct Outbox: Sendable {
    /// The most rows or entries of one call, where a call names them: so many are written while deliveries wait.
    public static let most = 1_000

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

    /// A failure that another action is to be done for.
    public struct FailureReport: Sendable, Hashable {
        /// The action that is to be done.
        public var action: Int64
        /// The row of an event that failed.
        public var row: Int64
        /// The body of the made-up delivery that describes it.
        public var note: [UInt8]

        public init(action: Int64, row: Int64, note: [UInt8]) {
            self.action = action
            self.row = row
            self.note = note
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

        public static func += (sum: inout Addition, other: Addition) {
            sum.added += other.added
            sum.again += other.again
            sum.there += other.there
            sum.unfit += other.unfit
        }
    }
}

extension History {
    /// What is to be done for which event.
    public var outbox: Outbox { Outbox(writer: writer, changes: changes) }
}
