/// What has become of an entry of the outbox: one event that one action is to be done for.
public enum EntryState: Int, Codable, Sendable, Hashable, CaseIterable {
    /// Waits for its turn.
    case queued
    /// Under way.
    case running
    case done
    /// Did not work, and is tried again when it is due.
    case failed
    /// Did not work and is not tried again by itself.
    case dead
    /// A person has decided that it is not to be done.
    case skipped
    /// May have been done or not: a person decides.
    case uncertain
    /// Waits for a person: the secret that verified its event was deleted as leaked.
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

    /// The states whose entries are tried again where a whole action is.
    public static let retriedTogether: Set<EntryState> = [.failed, .dead, .onHold]

    /// The states whose entries are skipped where a whole action is.
    public static let skippedTogether: Set<EntryState> = [.queued, .failed, .dead, .onHold]

    /// Whether something is still to happen by itself.
    public var isWaiting: Bool { self == .queued || self == .running || self == .failed }

    /// Whether a person may have it tried again.
    public var canBeRetried: Bool {
        switch self {
        case .failed, .dead, .skipped, .uncertain, .onHold: true
        case .queued, .running, .done: false
        }
    }

    /// Whether a person may decide that it is not to be done.
    public var canBeSkipped: Bool {
        switch self {
        case .queued, .failed, .dead, .uncertain, .onHold: true
        case .running, .done, .skipped: false
        }
    }
}
