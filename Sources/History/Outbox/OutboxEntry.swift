public import Base
import Notifications

/// An event that an action has to run for. There is at most one entry for an action and an event.
public struct OutboxEntry: Sendable, Hashable, Identifiable {
    /// The id. Ids rise in the order in which entries were made, and are never used again.
    public var id: Int64
    /// The name of its action.
    public var action: String
    /// The row of the event list that it was made for.
    public var row: Int64
    public var state: EntryState
    /// The number of attempts begun.
    public var attempts: Int
    /// The time of the next attempt; nil if unknown. The attempt is later while the action is on hold: see `nextTry`.
    public var due: Timestamp?
    /// The time until which nothing of its action is begun.
    public var heldUntil: Timestamp?
    public var addedAt: Timestamp
    /// The start of the time limit for attempts: the first attempt since the entry was made, a person retried it, or
    /// its action was on hold.
    public var since: Timestamp
    /// The time at which its state last changed.
    public var changedAt: Timestamp
    /// The reason for its state, in a sentence. It may contain text from outside: escape it before it is shown.
    public var reason: String?
    /// The body of the artificial delivery for an entry that describes a failure of another action; nil if the entry is
    /// for the event of its row.
    public var note: [UInt8]?
    /// The batch of its last attempt; nil before the first attempt.
    public var batch: Int64?

    public init(
        id: Int64, action: String, row: Int64, state: EntryState = .queued, attempts: Int = 0, due: Timestamp? = nil,
        addedAt: Timestamp, since: Timestamp? = nil, changedAt: Timestamp? = nil, reason: String? = nil,
        batch: Int64? = nil, heldUntil: Timestamp? = nil, note: [UInt8]? = nil
    ) {
        self.id = id
        self.action = action
        self.row = row
        self.state = state
        self.attempts = attempts
        self.due = due
        self.addedAt = addedAt
        self.since = since ?? addedAt
        self.changedAt = changedAt ?? addedAt
        self.reason = reason
        self.batch = batch
        self.heldUntil = heldUntil
        self.note = note
    }

    /// The earliest time at which a failed entry is tried again.
    public var nextTry: Timestamp? {
        guard state == .failed, let due else { return nil }
        return max(due, heldUntil ?? due)
    }
}

/// The request and the answer of the last attempt of an entry. It contains no secret.
public struct OutboxExchange: Sendable, Hashable {
    /// The longest request and the longest answer that are kept, in bytes.
    public static let longest = 64 << 10

    public var startedAt: Timestamp
    /// The duration in microseconds.
    public var duration: Int
    /// The request as readable text: an HTTP request with its secrets masked, or a command with its input.
    public var request: [UInt8]
    /// The result in a few words: `200 OK`, `exit status 0`, `no answer`.
    public var outcome: String
    /// The answer as it was received, cut to `longest`.
    public var answer: [UInt8]
    /// Whether the answer was longer.
    public var isCut: Bool

    public init(
        startedAt: Timestamp, duration: Int, request: [UInt8], outcome: String, answer: [UInt8] = [],
        isCut: Bool = false
    ) {
        self.startedAt = startedAt
        self.duration = duration
        self.request = Array(request.prefix(Self.longest))
        self.outcome = outcome
        self.answer = Array(answer.prefix(Self.longest))
        self.isCut = isCut || answer.count > Self.longest
    }
}

/// The state of an entry of the outbox: one event in the queue of one action.
public enum EntryState: Int, Codable, Sendable, Hashable, CaseIterable {
    /// The entry waits for its turn.
    case queued
    /// The action is running for it.
    case running
    case done
    /// The attempt failed, and is repeated when the entry is due.
    case failed
    /// The attempt failed, and is not repeated automatically.
    case dead
    /// A person has decided that the action does not run for it.
    case skipped
    /// The action may have run or not. A person decides.
    case uncertain
    /// The entry waits for a person, because the secret that verified its event was deleted as leaked.
    case onHold

    /// The state in one word.
    public var word: String {
        switch self {
        case .queued: "queued"
        case .running: "running"
        case .done: "done"
        case .failed: "failed"
        case .dead: "dead"
        case .skipped: "skipped"
        case .uncertain: "uncertain"
        case .onHold: "on hold"
        }
    }

    /// The states whose entries are retried when a whole action is.
    public static let retriedTogether: Set<EntryState> = [.failed, .dead, .onHold]

    /// The states whose entries are skipped when a whole action is.
    public static let skippedTogether: Set<EntryState> = [.queued, .failed, .dead, .onHold]

    /// Whether the state will change without a person.
    public var isWaiting: Bool { self == .queued || self == .running || self == .failed }

    /// Whether a person may retry it.
    public var canBeRetried: Bool {
        switch self {
        case .failed, .dead, .skipped, .uncertain, .onHold: true
        case .queued, .running, .done: false
        }
    }

    /// Whether a person may skip it.
    public var canBeSkipped: Bool {
        switch self {
        case .queued, .failed, .dead, .uncertain, .onHold: true
        case .running, .done, .skipped: false
        }
    }
}

// MARK: - Lists

/// The requested part of a list whose newest entry is last.
public struct OutboxRequest: Sendable, Hashable {
    /// The name of an action; nil for all.
    public var action: String?
    /// Only entries in these states; nil for any.
    public var states: Set<EntryState>?
    /// An entry that is not listed is replaced by the next older one.
    public var anchor: WindowRequest<Int64>.Anchor
    /// The number of entries before (older than) the anchor's.
    public var before: Int
    /// The number of entries after (newer than) the anchor's.
    public var after: Int

    public init(
        action: String? = nil, states: Set<EntryState>? = nil, _ anchor: WindowRequest<Int64>.Anchor, before: Int,
        after: Int
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
