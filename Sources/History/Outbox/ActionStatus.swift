public import Base
import Notifications

/// An action and the state of its outbox.
public struct ActionStatus: Sendable, Hashable, Identifiable {
    public var id: Int64
    public var name: String
    /// The kind, such as `google-sheet`.
    public var kind: String
    /// A line that describes the action; it contains no secret.
    public var summary: String
    public var isPaused: Bool
    /// Whether the configuration still contains the action.
    public var isDeclared: Bool
    /// The number of entries in each state; states without entries are left out.
    public var counts: [EntryState: Int]
    /// The time at which the oldest waiting entry was added.
    public var oldestWaiting: Timestamp?
    /// The reason of the entry that failed last.
    public var lastReason: String?
    /// The reason why nothing is begun; nil if nothing delays the action. A hold other than `onHold` ends when its time
    /// has passed.
    public var hold: ActionHold?
    /// The last row that the action has passed.
    public var cursor: Int64
    /// The row after which the action began.
    public var start: Int64

    public init(
        id: Int64, name: String, kind: String, summary: String, isPaused: Bool = false, isDeclared: Bool = true,
        counts: [EntryState: Int] = [:], oldestWaiting: Timestamp? = nil, lastReason: String? = nil,
        hold: ActionHold? = nil, cursor: Int64 = 0, start: Int64 = 0
    ) {
        self.id = id
        self.name = name
        self.kind = kind
        self.summary = summary
        self.isPaused = isPaused
        self.isDeclared = isDeclared
        self.counts = counts
        self.oldestWaiting = oldestWaiting
        self.lastReason = lastReason
        self.hold = hold
        self.cursor = cursor
        self.start = start
    }

    /// The kinds of actions that write a sheet: an entry that is done means that its event is in the sheet.
    public static let sheetKinds = ["google-sheet", "csv"]

    /// The time until which nothing is begun; nil or past if nothing delays the action.
    public var heldUntil: Timestamp? { hold?.until }

    /// Whether the action waits for a person to change something.
    public var isOnHold: Bool { hold?.kind == .onHold }

    /// Returns the hold in effect at a time. A hold that is over, or that no entry waits for, is left out.
    public func currentHold(at now: Timestamp) -> ActionHold? {
        hold.flatMap { $0.kind == .onHold || waiting > 0 && $0.until > now ? $0 : nil }
    }

    /// The number of entries that will be done without a person.
    public var waiting: Int { self[.queued] + self[.running] + self[.failed] }

    /// Whether the action writes a sheet.
    public var isSheet: Bool { Self.sheetKinds.contains(kind) }

    /// The number of entries in this state.
    public subscript(state: EntryState) -> Int { counts[state] ?? 0 }

    /// Returns how many entries are in one of these states.
    public func count(of states: Set<EntryState>) -> Int { states.reduce(0) { $0 + self[$1] } }
}

// MARK: - Holds

/// The reason why nothing of an action is begun for now.
public struct ActionHold: Sendable, Hashable {
    public enum Kind: Int, Codable, Sendable, Hashable {
        /// The action does not work for now, or an outcome is still unknown. It continues by itself.
        case failing = 1
        /// The action has reached its limit of a minute or of a day.
        case limit
        /// An entry that failed delays those after it, because the action keeps the order.
        case order
        /// The action will not work until a person changes something: access was withdrawn, a file cannot be written.
        /// Its entries wait in their order, and one of them is tried at intervals.
        case onHold
    }

    public var kind: Kind
    /// The earliest time at which the next entry is begun.
    public var until: Timestamp
    /// The reason and a remedy, in a sentence. It may contain text from outside: escape it before it is shown.
    public var reason: String?
    /// The time at which the hold began.
    public var since: Timestamp?

    public init(_ kind: Kind, until: Timestamp, reason: String? = nil, since: Timestamp? = nil) {
        self.kind = kind
        self.until = until
        self.reason = reason
        self.since = since
    }
}

// MARK: - Trouble

/// A condition of an action that needs a person's attention.
public struct ActionTrouble: Sendable, Hashable {
    public enum Kind: String, Codable, Sendable, Hashable, CaseIterable {
        /// The action waits for a person to change something.
        case onHold = "on-hold"
        /// Entries wait for a person, because the secret that verified their events was deleted as leaked.
        case heldEntries = "entries-on-hold"
        /// Entries were refused, and are not retried automatically.
        case dead
        /// Entries may have been done or not.
        case uncertain
        /// Entries wait for longer than `ActionStatus.lateness`.
        case backlog
    }

    public var action: String
    public var kind: Kind
    /// The number of entries concerned.
    public var count: Int
    /// The reason, in a sentence; it may contain text from outside.
    public var reason: String?

    public init(action: String, kind: Kind, count: Int, reason: String? = nil) {
        self.action = action
        self.kind = kind
        self.count = count
        self.reason = reason
    }
}

extension ActionStatus {
    /// The time that an entry may wait before its action counts as late.
    public static let lateness = Duration.seconds(600)

    /// The time when its oldest entry will have waited for too long; nil without waiting entries, or if a person has
    /// paused the action.
    public var lateAt: Timestamp? {
        guard isDeclared, !isPaused, waiting > 0 else { return nil }
        return oldestWaiting.map {
            Timestamp(milliseconds: $0.milliseconds + Int64(Self.lateness / .milliseconds(1)))
        }
    }

    /// Returns what needs a person's attention, the worst first. Leaves out actions that the configuration no longer
    /// has.
    public func troubles(at now: Timestamp) -> [ActionTrouble] {
        guard isDeclared else { return [] }
        var troubles: [ActionTrouble] = []
        if isOnHold {
            troubles.append(ActionTrouble(action: name, kind: .onHold, count: waiting, reason: hold?.reason))
        }
        for (kind, state) in [
            (ActionTrouble.Kind.dead, EntryState.dead), (.uncertain, .uncertain), (.heldEntries, .onHold),
        ]
        where self[state] > 0 {
            troubles.append(ActionTrouble(action: name, kind: kind, count: self[state], reason: lastReason))
        }
        if let lateAt, lateAt <= now {
            troubles.append(
                ActionTrouble(action: name, kind: .backlog, count: waiting, reason: hold?.reason ?? lastReason))
        }
        return troubles
    }
}
