import Actions
import Base
import History
import Notifications
import Receiving

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

// MARK: - Asking for states

extension DashboardModel {
    /// Asks for the states of the actions, and for what the selected one has missed.
    mutating func askForActions() {
        let isSeen = view == .actions
        let isWaiting = context.questions.isWaiting("actions")
        if !isSeen || frozen == nil,
            actions.reading.isDue(session.change, isSeen: isSeen, isWaiting: isWaiting, at: session.now)
        {
            ask("actions", on: .rows) { outside, _ in
                try outside.listedActions()
            } then: { model, result in
                switch result {
                case .success(let listed): model.actions.apply(listed)
                // The states are read again after the next change.
                case .failure(let failure):
                    model.session.tell("The actions could not be read: \(failure.sentence)", .bad)
                }
            }
        }
        // This check is not requested by the user, so it is limited to the newest rows, which takes little time.
        if session.canAct, session.absence == nil, let name = actions.toLookAt(isSeen: isSeen) {
            lookForMissed(name, in: .newest) { _, _ in }
        }
    }

    // MARK: - Requests to the process that runs the actions

    /// Sends a request to the process that runs the actions. Shows an error if it fails.
    private mutating func askActions<Request: ListenerRequest<ActionRunner>>(
        _ request: Request, on lane: Lane = .actions,
        then: @escaping @Sendable (inout DashboardModel, Request.Reply) -> Void
    ) {
        ask(on: lane) { outside, _ in
            try outside.ask(request)
        } then: { model, result in
            model.actions.reading.outdate()
            switch result {
            case .success(let answer): then(&model, answer)
            case .failure(let failure): model.session.tell("\(failure.sentence)", .bad)
            }
        }
    }

    mutating func setPaused(_ name: String, _ isPaused: Bool) {
        askActions(PauseAction(name, isPaused: isPaused)) { model, _ in
            model.session.tell(isPaused ? "“\(name)” is paused: its entries wait." : "“\(name)” is resumed.", .good)
        }
    }

    mutating func retryEntry(_ id: Int64) {
        askActions(RetryEntries([id])) { model, count in
            model.session.tell(count > 0 ? "The entry is tried again." : "The entry is done or already waiting.", .good)
        }
    }

    mutating func skipEntry(_ id: Int64) {
        askActions(SkipEntries([id])) { model, count in
            model.session.tell(
                count > 0 ? "The entry is skipped." : "The entry cannot be skipped any more.", .good)
        }
    }

    /// Retries all entries of an action that failed or are on hold.
    mutating func retryAll(_ name: String) {
        askActions(RetryAction(name, in: EntryState.retriedTogether)) { model, count in
            let entries = Wording.count(count, "entry is", "entries are")
            model.session.tell(
                count == 0 ? "“\(name)” is tried now." : "“\(name)”: \(entries) tried again.", .good)
        }
    }

    /// Skips all entries of an action that are waiting or dead.
    mutating func skipAll(_ name: String) {
        askActions(SkipAction(name, in: EntryState.skippedTogether)) { model, count in
            model.session.tell("“\(name)”: \(Wording.count(count, "entry is", "entries are")) skipped.", .good)
        }
    }

    /// Tests whether an action would work.
    mutating func test(_ name: String) {
        askActions(TestAction(name), on: .patient) { model, sentence in
            model.session.tell("“\(name)”: \(sentence)", .good)
        }
    }

    /// The name shared by questions whose answers open a page or a dialog. A new question replaces the previous one.
    private static let awaited = "awaited"

    /// Shows the content that an action would send for the first of the given rows.
    mutating func preview(_ name: String, _ rows: ActedRows) {
        session.tell("Preparing the preview of “\(name)”…", .secondary)
        ask(Self.awaited, on: .actions) { outside, _ in
            try outside.preview(name, rows)
        } then: { model, result in
            model.actions.reading.outdate()
            switch result {
            case .success(let run):
                model.session.dropNotices()
                model.open(TextPage(.preview(name), content: .preview(run)))
            case .failure(let failure): model.session.tell("\(failure.sentence)", .bad)
            }
        }
    }

    /// Looks for events that an action missed, and asks the user whether to add them.
    mutating func offerMissed(_ name: String) {
        let since = session.now
        ask(Self.awaited, on: .patient) { outside, _ in
            try outside.ask(FindMissedRows(name, in: .all))
        } then: { model, result in
            switch result {
            case .success(let missed):
                model.actions.note(missed, of: name)
                if missed.count > 0 {
                    model.pose(.addMissed(name, missed), since: since)
                } else {
                    model.session.tell("“\(name)” has missed no event.", .good)
                }
            case .failure(let failure): model.session.tell("\(failure.sentence)", .bad)
            }
        }
    }

    /// Looks for events that an action missed, without a request of the user. Errors are therefore not shown.
    private mutating func lookForMissed(
        _ name: String, in reach: MissedReach, then: @escaping @Sendable (inout DashboardModel, MissedRows) -> Void
    ) {
        ask(on: .patient) { outside, _ in
            try outside.ask(FindMissedRows(name, in: reach))
        } then: { model, result in
            guard case .success(let missed) = result else { return }
            model.actions.note(missed, of: name)
            then(&model, missed)
        }
    }

    /// Announces events that actions have missed and would match now, after verdicts have changed.
    mutating func announceMissed() {
        guard session.canAct, session.absence == nil else { return }
        for name in actions.declared.map(\.name) {
            lookForMissed(name, in: .all) { model, missed in
                guard missed.count > 0 else { return }
                let (it, key) = (missed.count == 1 ? "it" : "them", model.bindings.name(of: ActionsScreen.addMissed))
                model.session.announce(
                    "“\(name)”: \(ActionsScreen.missedWords(missed)); \(key) in Actions adds \(it).")
            }
        }
    }

    /// Adds the events that an action missed.
    mutating func addMissed(_ name: String, _ missed: MissedRows) {
        actions.note(MissedRows(count: missed.count - missed.rows.count), of: name)
        guard !missed.rows.isEmpty else { return }
        confirm(ActRequest(deed: .run(name), rows: .chosen(Set(missed.rows)), isCount: false))
    }
}
