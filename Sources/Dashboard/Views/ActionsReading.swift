import Base
import History
import Notifications

/// An action with when it goes on.
struct ListedAction: Sendable, Hashable {
    var status: ActionStatus
    /// When its next failed entry is tried again; nil where none is.
    var nextDue: Timestamp?

    /// When something of it is begun at the earliest; nil where that is now, or nothing waits.
    var goesOn: Timestamp? {
        guard status.waiting > 0 else { return nil }
        return [status.heldUntil, status[.queued] == 0 ? nextDue : nil].compactMap(\.self).max()
    }
}

/// The rhythm of reading how the actions stand: one question at a time, no more of them than frames where they are
/// seen, and one a second where they are not.
struct ActionsReading {
    private static let pause = Duration.seconds(1)

    private(set) var actions: [ListedAction] = []
    private(set) var hasBeenRead = false
    /// When a postponed question will be asked.
    private(set) var deadline: ContinuousClock.Instant?

    private var isOutdated = true
    private var known: Int64?
    private var lastRead: ContinuousClock.Instant?

    /// They may stand otherwise by now.
    mutating func outdate() { isOutdated = true }

    /// Returns whether to ask now.
    mutating func isDue(
        _ change: HistoryChange, isSeen: Bool, isWaiting: Bool, at now: ContinuousClock.Instant
    ) -> Bool {
        deadline = nil
        if known != change.outbox { isOutdated = true }
        guard isOutdated, !isWaiting else { return false }
        let next = lastRead.map { $0 + (isSeen ? ListPace.frame : Self.pause) }
        if let next, now < next {
            deadline = next
            return false
        }
        (isOutdated, known, lastRead) = (false, change.outbox, now)
        return true
    }

    mutating func apply(_ actions: [ListedAction]) { (self.actions, hasBeenRead) = (actions, true) }
}

extension HistoryReader {
    /// How the actions stand.
    func listedActions() throws -> [ListedAction] {
        try actions().map { status in
            ListedAction(status: status, nextDue: status[.failed] > 0 ? try outboxNextDue(status.id) : nil)
        }
    }
}

// MARK: - What is queued

/// Which entries of an action are listed.
enum EntryChoice: Int, Sendable, Hashable, CaseIterable {
    case all, waiting, troubled, uncertain, done, skipped

    var title: String {
        switch self {
        case .all: "all"
        case .waiting: "waiting"
        case .troubled: "failed"
        case .uncertain: "uncertain"
        case .done: "done"
        case .skipped: "skipped"
        }
    }

    /// The states; nil for any.
    var states: Set<EntryState>? {
        switch self {
        case .all: nil
        case .waiting: [.queued, .running, .failed]
        case .troubled: [.failed, .dead, .uncertain, .onHold]
        case .uncertain: [.uncertain]
        case .done: [.done]
        case .skipped: [.skipped]
        }
    }

    /// Returns the choice so many places further.
    func moved(by distance: Int) -> EntryChoice {
        Self.allCases[(rawValue + distance + Self.allCases.count) % Self.allCases.count]
    }
}

/// What entries are listed: of an action, in some states.
struct EntryScope: Sendable, Hashable {
    var action: String?
    var states: Set<EntryState>?
}

extension OutboxRow: WindowedRow {
    var moment: Timestamp? { entry.addedAt }
    var number: Int64 { 0 }
}

extension HistoryReader {
    /// The entries of an action, as a list reads them. An entry matches where its event does.
    func entrySource(_ scope: EntryScope) -> ListSource<OutboxRow> {
        ListSource { request in
            let anchor: OutboxRequest.Anchor =
                switch request.anchor {
                case .newest: .newest
                case .oldest: .oldest
                case .row(let id): .entry(id)
                }
            let window = try outbox(
                OutboxRequest(
                    action: scope.action, states: scope.states, anchor, before: request.before, after: request.after))
            return WindowAnswer(rows: window.rows, hasOlder: window.hasOlder, hasNewer: window.hasNewer)
        } keep: { predicate, rows in
            let events = Set(rows.map(\.event.id))
            guard let first = events.min(), let last = events.max() else { return [] }
            let found = Set(try ids(matching: .all([.rows(events), predicate]), in: first...last))
            return rows.filter { found.contains($0.event.id) }
        }
    }
}
