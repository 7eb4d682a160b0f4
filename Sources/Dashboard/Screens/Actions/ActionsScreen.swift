import History
import Notifications
import SafeText
import Terminal

/// `4 Actions`: the actions with how they stand, and below them the entries of the selected one, the newest last.
struct ActionsScreen {
    var reading = ActionsReading()
    private(set) var list = WindowedList<OutboxRow>()
    /// The name of the selected action.
    private(set) var selection: String?
    private(set) var choice = EntryChoice.all
    /// Whether the keys are in the entries.
    private(set) var isInEntries = false
    /// How many events each action would take up as they are judged now.
    var missed: [String: MissedRows] = [:]
    /// The actions that have been looked at for that since the view was opened.
    private var lookedAt: Set<String> = []

    /// How wide the texts of the entries held are.
    private(set) var widths = Self.widths(of: [])
    /// The first action in view.
    private(set) var top = 0
    private(set) var parts = ActionsLayout(size: Size(columns: 0, rows: 0), actions: 0, about: 0)
    /// The state of the outbox that the entries held were read from.
    private var known: Int64?

    private static func widths(of rows: [OutboxRow]) -> TextWidths {
        let now = Timestamp(milliseconds: 0)
        return TextWidths(rows, titles: EntryColumn.allCases.map(\.title)) {
            EntryLine(row: $0, clock: RowClock(.utc, now: now), now: now).texts
        }
    }

    var actions: [ListedAction] { reading.actions }

    /// Those that can be run.
    var declared: [ActionStatus] { actions.map(\.status).filter(\.isDeclared) }

    var selectedIndex: Int? { selection.flatMap { name in actions.firstIndex { $0.status.name == name } } }

    var selected: ActionStatus? { selectedIndex.map { actions[$0].status } }

    /// The entry that the keys are on.
    var selectedEntry: OutboxRow? { isInEntries ? list.selectedRow : nil }

    /// Whether any that can be run writes a sheet.
    var hasSheet: Bool { declared.contains(where: \.isSheet) }
}

// What the user does.
extension ActionsScreen {
    mutating func move(_ command: Command) {
        guard !isInEntries else { return list.move(command) }
        let page = max(1, parts.actions.rows - 2)
        switch command {
        case .up: moveAction(by: -1)
        case .down: moveAction(by: 1)
        case .pageUp, .halfPageUp: moveAction(by: -page)
        case .pageDown, .halfPageDown: moveAction(by: page)
        case .toStart: moveAction(by: -actions.count)
        case .toEnd: moveAction(by: actions.count)
        default: break
        }
    }

    mutating func moveAction(by distance: Int) {
        guard let index = selectedIndex else { return }
        select(min(max(0, index + distance), actions.count - 1))
    }

    /// Selects an action, and lists its entries.
    mutating func select(_ index: Int) {
        guard actions.indices.contains(index) else { return }
        select(name: actions[index].status.name)
    }

    private mutating func select(name: String?) {
        guard name != selection else { return }
        selection = name
        restart()
    }

    /// Takes the keys to the entries, or back.
    mutating func focusEntries(_ isInEntries: Bool) {
        self.isInEntries = isInEntries && !list.held.rows.isEmpty
    }

    mutating func select(entry id: Int64) {
        isInEntries = true
        if id != list.selection { list.jump(to: id) }
    }

    mutating func scroll(by lines: Int) { list.scroll(by: lines) }

    mutating func followOrNot() {
        if list.isFollowing { list.stopFollowing() } else { list.follow() }
    }

    /// Lists entries in other states.
    mutating func cycle() { list(choice.next) }

    mutating func list(_ choice: EntryChoice) {
        guard choice != self.choice else { return }
        self.choice = choice
        restart()
    }

    private mutating func restart() {
        list.restart()
        isInEntries = isInEntries && selection != nil
    }
}

// What is read and seen.
extension ActionsScreen {
    /// Takes how the actions stand.
    mutating func take(_ actions: [ListedAction]?, generation: Int) -> Bool {
        guard reading.take(actions, generation: generation) else { return false }
        if selectedIndex == nil { select(name: self.actions.first?.status.name) }
        return true
    }

    mutating func request(_ change: HistoryChange, at now: ContinuousClock.Instant) -> EntriesTicket? {
        guard let selection else { return nil }
        if known != change.outbox {
            known = change.outbox
            list.outdate()
        }
        return list.request(at: now).map {
            EntriesTicket(action: selection, states: choice.states, window: $0)
        }
    }

    mutating func take(_ answer: WindowAnswer<OutboxRow>, generation: Int) {
        guard list.take(answer, generation: generation) else { return }
        widths = Self.widths(of: answer.rows)
        if answer.rows.isEmpty { isInEntries = false }
    }

    /// The action that is to be looked at for what it has missed: the selected one, once as long as it is seen.
    mutating func toLookAt(isSeen: Bool) -> String? {
        guard isSeen else {
            lookedAt = []
            return nil
        }
        guard let selected, selected.isDeclared, lookedAt.insert(selected.name).inserted else { return nil }
        return selected.name
    }

    mutating func readingFailed(generation: Int) { list.readingFailed(generation: generation) }

    mutating func settle(size: Size, clock: WallClock, now: Timestamp) {
        parts = ActionsLayout(
            size: size, actions: actions.count,
            about: about(columns: size.columns - 3, most: ActionsLayout.about(in: size.rows), clock, now).count)
        list.settle(height: max(0, parts.entries.rows - 1), days: clock)
        let height = max(1, parts.actions.rows - 1)
        if let index = selectedIndex { top = min(max(top, index - height + 1), index) }
        top = max(0, min(top, actions.count - height))
    }

    /// What is at a place of the view, for the mouse.
    func target(column: Int, row: Int) -> Target {
        if row < parts.actions.rows {
            let index = row - 1 + top
            return row > 0 && actions.indices.contains(index) ? .action(index) : .main
        }
        // The heading stands one column from the edge.
        if row == parts.about.row { return heading.action(at: column - 1).map(Target.entryChoice) ?? .main }
        return row > parts.entries.row ? .entry(row - parts.entries.row - 1) : .main
    }

    /// When an age on the screen changes by itself; nil where none is shown.
    func nextMinute(_ wallTime: Timestamp, _ now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        let ages = actions.compactMap(\.status.oldestWaiting).map { oldest in
            60_000 - max(0, wallTime.milliseconds - oldest.milliseconds) % 60_000
        }
        let waits = actions.compactMap(\.goesOn).filter { $0 > wallTime }.map {
            ($0.milliseconds - wallTime.milliseconds - 1) % 60_000 + 1
        }
        return (ages + waits).min().map { now + .milliseconds($0) }
    }

    /// When an action will be behind that is not yet; nil where none will.
    func nextLate(_ wallTime: Timestamp, _ now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        actions.compactMap(\.status.lateAt).filter { $0 > wallTime }.min().map {
            now + .milliseconds($0.milliseconds - wallTime.milliseconds)
        }
    }
}

/// Which part of the view shows what.
struct ActionsLayout: Hashable {
    /// The actions with their titles.
    let actions: Rect
    /// The rule with the selected action's name, and what is to be said of it.
    let about: Rect
    /// The entries with their titles.
    let entries: Rect

    /// How many lines are said of the selected action at most.
    static func about(in rows: Int) -> Int { rows < 12 ? 1 : rows < 18 ? 2 : 4 }

    init(size: Size, actions count: Int, about lines: Int) {
        let most = max(2, size.rows / 3)
        var rest = Rect(size)
        (actions, rest) = rest.splitTop(min(count + 1, most))
        (about, entries) = rest.splitTop(1 + lines)
    }
}
