import Base
import History
import Notifications

/// An action and the time at which it continues.
struct ListedAction: Sendable, Hashable {
    var status: ActionStatus
    /// The time at which the next failed entry is retried; nil if no entry has failed.
    var nextDue: Timestamp?

    /// The earliest time at which the next entry can start; nil if one can start now or none is waiting.
    var goesOn: Timestamp? {
        guard status.waiting > 0 else { return nil }
        return [status.heldUntil, status[.queued] == 0 ? nextDue : nil].compactMap(\.self).max()
    }
}

/// The states of the actions, and the pace at which they are read. Only one question is outstanding at a time.
/// Questions are asked at most once a frame while the actions are displayed, and else at most once a second.
struct ActionsReading {
    private static let pause = Duration.seconds(1)

    private(set) var actions: [ListedAction] = []
    private(set) var hasBeenRead = false
    /// The time at which a postponed question is due.
    private(set) var deadline: ContinuousClock.Instant?

    private var isOutdated = true
    private var known: Int64?
    private var lastRead: ContinuousClock.Instant?

    /// Records that the states of the actions may have changed.
    mutating func outdate() { isOutdated = true }

    /// Returns whether to ask now, and if so records the question.
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
    /// Returns the actions and their states.
    func listedActions() throws -> [ListedAction] {
        try actions().map { status in
            ListedAction(status: status, nextDue: status[.failed] > 0 ? try outboxNextDue(status.id) : nil)
        }
    }
}

// MARK: - Entries

/// A choice of entries to list.
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

    /// The states of the listed entries; nil for all states.
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

    /// Returns the choice that is `distance` steps further. Wraps around at the ends.
    func moved(by distance: Int) -> EntryChoice {
        Self.allCases[(rawValue + distance + Self.allCases.count) % Self.allCases.count]
    }
}

/// The entries to list: those of an action that are in certain states.
struct EntryScope: Sendable, Hashable {
    var action: String?
    var states: Set<EntryState>?
}

extension OutboxRow: WindowedRow {
    var moment: Timestamp? { entry.addedAt }
    var number: Int64 { 0 }
}

extension HistoryReader {
    /// Returns the entries of an action as the source of a list. An entry matches a filter if its event does.
    func entrySource(_ scope: EntryScope) -> ListSource<OutboxRow> {
        ListSource { request in
            try outbox(
                OutboxRequest(
                    action: scope.action, states: scope.states, request.anchor, before: request.before,
                    after: request.after))
        } keep: { predicate, rows in
            let events = Set(rows.map(\.event.id))
            guard let first = events.min(), let last = events.max() else { return [] }
            let found = Set(try ids(matching: .all([.rows(events), predicate]), in: first...last))
            return rows.filter { found.contains($0.event.id) }
        }
    }
}
