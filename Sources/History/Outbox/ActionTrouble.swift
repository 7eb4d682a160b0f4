public import Notifications

/// Something about an action that a person should see to.
public struct ActionTrouble: Sendable, Hashable {
    public enum Kind: String, Codable, Sendable, Hashable, CaseIterable {
        /// It waits for somebody to change something.
        case onHold = "on-hold"
        /// Entries wait for a person, because the secret that verified their events was deleted as leaked.
        case heldEntries = "entries-on-hold"
        /// Entries were refused, and are not tried again by themselves.
        case dead
        /// Entries may have been done or not.
        case uncertain
        /// Entries wait for longer than `ActionStatus.lateness`.
        case backlog
    }

    public var action: String
    public var kind: Kind
    /// How many entries it concerns.
    public var count: Int
    /// Why, in a sentence; it may contain words from outside.
    public var reason: String?

    public init(action: String, kind: Kind, count: Int, reason: String? = nil) {
        self.action = action
        self.kind = kind
        self.count = count
        self.reason = reason
    }

    /// Such as `rows is on hold` and `rows: 3 dead`.
    public var words: String {
        switch kind {
        case .onHold: "\(action) is on hold"
        case .heldEntries: "\(action): \(count == 1 ? "1 entry" : "\(count) entries") on hold"
        case .dead: "\(action): \(count) dead"
        case .uncertain: "\(action): \(count) uncertain"
        case .backlog: "\(action): \(count) waiting for more than \(ActionStatus.lateness.components.seconds / 60) min"
        }
    }
}

extension ActionStatus {
    /// How long an entry may wait before its action is behind.
    public static let lateness = Duration.seconds(600)

    /// When its oldest entry will have waited for too long; nil where none waits, or a person has paused the action.
    public var lateAt: Timestamp? {
        guard isDeclared, !isPaused, waiting > 0 else { return nil }
        return oldestWaiting.map {
            Timestamp(milliseconds: $0.milliseconds + Int64(Self.lateness / .milliseconds(1)))
        }
    }

    /// What a person should see to, the worst first. Nothing of an action that the configuration no longer has.
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
