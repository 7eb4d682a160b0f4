import Actions
import Base
import History
import Notifications
import Receiving
import Terminal

/// The tab `4 Actions`: the actions with their states and, below them, the entries of the selected action, the newest
/// last.
struct ActionsScreen: ListTab {
    static let facts = TabFacts(
        number: 4, word: "Actions", meaning: "the actions, and what became of each event",
        about: "What runs for each event, and what became of it",
        plain: .line(PlainWord("actions", "the actions and their states") { plain, _ in plain.readActions() }),
        symbols: { _ in HelpBrief.states })

    static let commands: [Command] = [
        .open.also(
            in: .actions, "to the action's entries; on one, its request and answer", footer: .narrow("open"),
            unavailable: hasNoEntry, run: { $0.openEntry() }),
        .focusDetail.also(
            in: .actions, "to the entries, and back", footer: .medium("entries"), unavailable: hasNoEntry,
            run: { $0.actions.focusEntries(!$0.actions.isInEntries) }),
        cycleEntries,
        Command(
            "cycle-entries-back", .left, "h", in: .actions, "entries of the previous states",
            plain: .hint("entries NAME waiting"), unavailable: hasNoAction
        ) { $0.actions.cycle(by: -1) },
        pauseAction, retryEntries, skipEntry, dryRun, testAction, addMissed,
    ]
    static let brief: [Command] = [
        .open, .focusDetail, .editFilter, .search, cycleEntries, pauseAction, retryEntries, skipEntry, dryRun,
        testAction, addMissed, .followOrNot, .toggleUtc, .typeCommand, .close,
    ]

    static let cycleEntries = Command(
        "cycle-entries", .right, "l", in: .actions, "entries of all states, waiting, failed, uncertain, …",
        footer: .medium("states"),
        plain: .hint(
            "entries NAME waiting",
            PlainWord(
                "entries", syntax: "NAME [all|waiting|failed|uncertain|done|skipped] [N]",
                "the last N entries of an action"
            ) { $0.readEntries($1) },
            PlainWord("entry", syntax: "ENTRY", "one of them, with the exact request and answer") {
                $0.readEntry($1)
            }), unavailable: hasNoAction
    ) { $0.actions.cycle(by: 1) }
    private static let pauseAction = Command(
        "pause-action", "p", in: .actions, "pause the action, or resume it",
        footer: .medium("pause") { $0.actions.selected?.isPaused == true ? "resume" : nil }, changesSelected: true,
        plain: .hint(
            "pause NAME, resume NAME",
            PlainWord("resume", syntax: "NAME", "resumes a paused action") { $0.setPaused(false, $1) }),
        unavailable: cannotAskAction,
        run: { model in
            if let status = model.actions.selected { model.setPaused(status.name, !status.isPaused) }
        })
    static let retryEntries = Command(
        "retry-entries", "R", in: .actions, "try the entry again; of an action, all that failed or are on hold",
        footer: .medium("retry"), changesSelected: true,
        plain: .hint(
            "retry NAME, retry ENTRY",
            PlainWord(
                "retry", syntax: "NAME|ENTRY",
                "tries an entry again, or what failed of the events selected; else all of it"
            ) { $0.retry($1) }), unavailable: cannotRetry
    ) { $0.retry() }
    static let skipEntry = Command(
        "skip-entry", "D", in: .actions,
        "skip the entry, so that it never runs; of an action, all that wait or are dead",
        footer: .medium("skip"), changesSelected: true,
        plain: .hint(
            "skip NAME, skip ENTRY",
            PlainWord("skip", syntax: "NAME|ENTRY", "skips an entry, or an action for the events selected") {
                $0.skip($1)
            }), unavailable: cannotSkip
    ) { $0.skip() }
    private static let dryRun = Command(
        "dry-run", "d", in: .actions, "dry run: what the action would send", footer: .medium("dry run"),
        plain: .hint(
            "preview NAME",
            PlainWord("preview", syntax: "NAME", "what an action would send for the current event; nothing is sent") {
                $0.preview($1)
            }), unavailable: cannotAskAction
    ) { $0.dryRun() }
    private static let testAction = Command(
        "test-action", "T", in: .actions, "find out whether the action would work", footer: .medium("try out"),
        plain: .hint("test NAME"), unavailable: cannotAskAction
    ) { $0.testAction() }
    static let addMissed = Command(
        "add-missed", "+", in: .actions, "add events that were missed before their verdict or “when” changed",
        footer: .medium("add missed"),
        plain: .hint(
            "missed NAME",
            PlainWord("missed", syntax: "NAME", "adds events missed before their verdict or “when” changed") {
                $0.addMissed($1)
            }), unavailable: cannotAskAction
    ) { $0.lookForMissed() }

    // MARK: - Reasons why a command is unavailable

    private static let hasNoEntry: @Sendable (DashboardModel) -> String? = {
        $0.actions.list.isEmpty ? "No entry here." : nil
    }

    private static let hasNoAction: @Sendable (DashboardModel) -> String? = { model in
        model.actions.selected == nil ? noActions : nil
    }

    private static let noActions = "No actions are declared."

    /// Returns the reason why the selected action cannot be controlled; nil if it can.
    private static let cannotAskAction: @Sendable (DashboardModel) -> String? = { model in
        if let reason = hasNoAction(model) ?? cannotAsk(model) { return reason }
        return model.actions.selected?.isDeclared == true ? nil : "config.yaml no longer has this action."
    }

    /// Returns the reason why actions cannot be controlled; nil if they can.
    static let cannotAsk: @Sendable (DashboardModel) -> String? = { model in
        model.session.absence?.reason ?? (model.session.canAct ? nil : NobodyActs().description)
    }

    private static let cannotRetry: @Sendable (DashboardModel) -> String? = { model in
        if let reason = cannotAsk(model) { return reason }
        if let entry = model.page?.entry ?? model.actions.selectedEntry?.entry {
            return entry.state.canBeRetried ? nil : "The entry is \(entry.state.word)."
        }
        if model.page != nil { return "Only an entry can be retried." }
        guard let status = model.actions.selected else { return noActions }
        return status.count(of: EntryState.retriedTogether) > 0 || (status.hold != nil && status.waiting > 0)
            ? nil : "No entry of this action has failed."
    }

    private static let cannotSkip: @Sendable (DashboardModel) -> String? = { model in
        if let reason = cannotAsk(model) { return reason }
        guard let entry = model.page?.entry ?? model.actions.selectedEntry?.entry else {
            if model.page != nil { return "Only an entry can be skipped." }
            guard let status = model.actions.selected else { return noActions }
            return status.count(of: EntryState.skippedTogether) > 0
                ? nil : "No entry of this action is waiting or dead."
        }
        return entry.state.canBeSkipped ? nil : "The entry is \(entry.state.word)."
    }

    /// The reason why there is nothing to filter, sort or search: no action exists.
    var hasNoList: String? { actions.isEmpty && reading.hasBeenRead ? Self.noActions : nil }

    var reading = ActionsReading()
    /// The list of the selected action's entries.
    var list = FoundList(Self.entryColumns, growth: .anew)
    /// The list of actions.
    private var names = WindowedList<ListedAction>()
    private(set) var choice = EntryChoice.all
    /// Whether the list of entries has the keyboard focus.
    private(set) var isInEntries = false
    /// The number of events that each action missed and that would match it with their present verdicts.
    private(set) var missed: [String: MissedRows] = [:]
    /// The actions that have been checked for missed events since the tab was opened.
    private var lookedAt: Set<String> = []

    private(set) var parts = ActionsLayout(size: Size(columns: 0, rows: 0), actions: 0, about: 0)

    var actions: [ListedAction] { reading.actions }

    /// The actions that are in the configuration and can run.
    var declared: [ActionStatus] { actions.map(\.status).filter(\.isDeclared) }

    /// The name of the selected action.
    var selection: String? { names.selection }

    var selectedIndex: Int? { names.selectedIndex }

    var selected: ActionStatus? { selectedIndex.map { actions[$0].status } }

    /// The selected entry, if the list of entries has the keyboard focus.
    var selectedEntry: OutboxRow? { isInEntries ? list.list.selectedRow : nil }

    /// Whether an action that can run writes a sheet.
    var hasSheet: Bool { declared.contains(where: \.isSheet) }

    // MARK: - Commands of the user

    var isInside: Bool { isInEntries }

    mutating func leaveInside() { isInEntries = false }

    mutating func ask(_ reading: TabReading, _ context: inout Context) {
        guard context.session.frozen == nil, selection != nil else { return }
        let scope = scope
        askForRows(reading, on: .rows, &context) {
            try $0.entries($1, scope)
        } then: { tab, context, failure in
            if tab.list.isEmpty { tab.isInEntries = false }
            if let failure { context.session.tell("The entries could not be read: \(failure.sentence)", .bad) }
        }
    }

    func deadline(_ session: Session) -> ContinuousClock.Instant? {
        [list.deadline, nextMinute(session.wallTime, session.now)].compactMap(\.self).min()
    }

    /// Returns the extent of all entries. They may change with every change of the outbox.
    func extent(_ change: HistoryChange) -> ListExtent { ListExtent(latest: nil, marks: change.outbox) }

    mutating func move(_ motion: Motion, _ change: HistoryChange) {
        guard !isInEntries else { return list.change(extent(change)) { $0.move(motion, in: $1) } }
        changeAction { $0.move(motion, in: ListExtent()) }
    }

    mutating func moveAction(by distance: Int) {
        guard let index = selectedIndex else { return }
        select(min(max(0, index + distance), actions.count - 1))
    }

    /// Selects an action and lists its entries.
    mutating func select(_ index: Int) {
        guard actions.indices.contains(index) else { return }
        let id = actions[index].id
        changeAction { $0.go(to: id, in: ListExtent()) }
    }

    private mutating func changeAction(_ change: (inout WindowedList<ListedAction>) -> Void) {
        let before = selection
        change(&names)
        if selection != before { restart() }
    }

    /// Moves the keyboard focus to the entries, or back.
    mutating func focusEntries(_ isInEntries: Bool) {
        self.isInEntries = isInEntries && !list.isEmpty
    }

    mutating func select(entry id: Int64, _ change: HistoryChange) {
        isInEntries = true
        if id != list.selection { list.change(extent(change)) { $0.go(to: id, in: $1) } }
    }

    /// Lists the entries of the next or previous choice of states.
    mutating func cycle(by distance: Int) { list(choice.moved(by: distance)) }

    mutating func list(_ choice: EntryChoice) {
        guard choice != self.choice else { return }
        self.choice = choice
        restart()
    }

    private mutating func restart() {
        list.startAnew()
        isInEntries = isInEntries && selection != nil
    }

    // MARK: - State

    /// Sets the actions and their states.
    mutating func apply(_ actions: [ListedAction]) {
        reading.apply(actions)
        changeAction { $0.show(all: actions) }
    }

    var scope: EntryScope { EntryScope(action: selection, states: choice.states) }

    /// Stores the number of events that an action has missed.
    mutating func note(_ missed: MissedRows, of name: String) {
        self.missed[name] = missed.count > 0 ? MissedRows(count: missed.count, isAll: missed.isAll) : nil
    }

    /// Returns the action to check for missed events: the selected one, but only once while the tab is shown.
    mutating func toLookAt(isSeen: Bool) -> String? {
        guard isSeen else {
            lookedAt = []
            return nil
        }
        guard let selected, selected.isDeclared, lookedAt.insert(selected.name).inserted else { return nil }
        return selected.name
    }

    mutating func settle(_ layout: Layout, _ session: Session) {
        let (size, clock, now) = (layout.list.size, session.clock, session.wallTime)
        parts = ActionsLayout(
            size: size, actions: actions.count,
            about: about(columns: size.columns - 3, most: ActionsLayout.about(in: size.rows), clock, now).count)
        list.settle(height: max(0, parts.entries.rows - 1), days: clock)
        names.settle(height: max(1, parts.actions.rows - 1), days: nil)
    }

    /// Returns the target of a mouse click at a position in the tab.
    func target(column: Int, row: Int, _ model: DashboardModel, _ size: Size) -> Target? {
        if row < parts.actions.rows {
            guard row > 0, let index = names.id(atLine: row - 1).flatMap(names.index(of:)) else { return .main }
            return .action(index)
        }
        // The heading begins one column from the edge.
        if row == parts.about.row { return heading.action(at: column - 1).map(Target.entryChoice) ?? .main }
        return row > parts.entries.row ? .entry(row - parts.entries.row - 1) : .entryHeading(column)
    }

    /// Returns the time at which a displayed age or delay changes next; nil if none is displayed.
    func nextMinute(_ wallTime: Timestamp, _ now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        let ages = actions.compactMap(\.status.oldestWaiting).map { oldest in
            60_000 - max(0, wallTime.milliseconds - oldest.milliseconds) % 60_000
        }
        let waits = actions.compactMap(\.goesOn).filter { $0 > wallTime }.map {
            ($0.milliseconds - wallTime.milliseconds - 1) % 60_000 + 1
        }
        return (ages + waits).min().map { now + .milliseconds($0) }
    }

    /// Returns the time at which the next action becomes late; nil if none will.
    func nextLate(_ wallTime: Timestamp, _ now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        actions.compactMap(\.status.lateAt).filter { $0 > wallTime }.min().map {
            now + .milliseconds($0.milliseconds - wallTime.milliseconds)
        }
    }

    // MARK: - Drawing

    func draw(_ model: DashboardModel, on surface: inout Surface) {
        guard !actions.isEmpty else {
            if reading.hasBeenRead { drawNothing(on: &surface) }
            return
        }
        let (clock, now) = (model.session.clock, model.session.wallTime)
        surface.draw(in: parts.actions) { drawActions(ListContext(model.session), on: &$0) }
        surface.draw(in: parts.about) { part in
            part.rule(row: 0)
            let columns = part.size.columns
            part.put(heading.line.clipped(to: columns - 1), at: Point(column: 1, row: 0))
            for (row, line) in about(columns: columns - 3, most: part.size.rows - 1, clock, now).enumerated() {
                part.put(line, at: Point(column: ListRow.margin, row: row + 1))
            }
        }
        surface.draw(in: parts.entries) { drawEntries(model, on: &$0) }
    }

    private func drawActions(_ context: ListContext, on surface: inout Surface) {
        let table = ListTable(Self.actionColumns, rows: actions, context)
        var columns = table.laidOut(context)
        for (index, column) in Self.actionColumns.enumerated() where Self.isSilent(column, actions, context) {
            columns[index].leaveOrder = columns.count - index
        }
        if surface.size.columns >= 100, let state = Self.actionColumns.firstIndex(where: { $0.name == "state" }) {
            // Show the time of the next try in full: columns without information give way to it, then KIND.
            let needed = actions.filter { $0.goesOn != nil }.map { ActionLine($0, context).state.text.width }.max() ?? 0
            columns[state].minimum = max(columns[state].minimum, min(needed, columns[state].ideal))
        }
        let places = Columns(columns, gap: surface.size.columns < 100 ? 1 : 2)
            .fitted(to: surface.size.columns - ListRow.margin)
        var drawing = ListDrawing<ListedAction>(places: places, context: context)
        (drawing.hasKeys, drawing.emphasis, drawing.extent) = (!isInEntries, "state", (1, actions.count))
        table.draw(names, drawing, on: &surface)
    }

    /// The text of the rule, with the states as buttons. It begins one column from the edge.
    var heading: ButtonLine<EntryChoice> {
        var line = ButtonLine<EntryChoice>(StyledLine("─ ", Style(.secondary)))
        line.append(StyledLine(SafeText(cell: selected?.name ?? "").clipped(to: 30), Style(.plain, bold: true)))
        line.append(StyledLine(" ── ", Style(.secondary)))
        for each in EntryChoice.allCases {
            let isChosen = each == choice
            line.append(
                StyledLine(
                    isChosen ? "[\(each.title)]" : " \(each.title) ",
                    isChosen ? Style(.accent, bold: true) : Style(.secondary)), each)
        }
        line.append(StyledLine(" "))
        return line
    }

    /// Returns the lines about the selected action: missed events, the last error, and a summary of the action.
    func about(columns: Int, most: Int, _ clock: WallClock, _ now: Timestamp) -> [StyledLine] {
        guard let status = selected, let listed = selectedIndex.map({ actions[$0] }) else { return [] }
        var lines: [StyledLine] = []
        if let missed = missed[status.name], missed.count > 0 {
            let words = Self.missedWords(missed)
            let text = "\(words.prefix(1).uppercased())\(words.dropFirst()): can be added."
            lines += Prose.lines(text, columns: columns, style: Style(.notice)).prefix(1)
        }
        if let text = Self.obstacle(listed, clock, now) {
            // A longer text is cut here. The page of an entry shows it in full.
            let room = max(1, most - lines.count - 1)
            let style = Style(status.isOnHold ? .bad : .warning)
            let prose = Prose.lines(text, columns: columns, style: style)
            lines +=
                prose.count > 1 && room == 1
                ? [StyledLine(SafeText(cell: text), style).clipped(to: columns)]
                : Prose.shortened(prose, to: room, columns: columns, style: style)
        }
        lines.append(StyledLine(SafeText(cell: status.summary).clipped(to: columns), Style(.secondary)))
        return Array(lines.prefix(max(0, most)))
    }

    /// Returns the reason why an action starts nothing at present, with the time of the next try, or else its last
    /// error. Returns nil if nothing is wrong.
    private static func obstacle(_ action: ListedAction, _ clock: WallClock, _ now: Timestamp) -> String? {
        let status = action.status
        let next = action.goesOn.flatMap { $0 > now ? ActionLine.soon($0, now, clock).string : nil }
        if let hold = status.currentHold(at: now), let reason = hold.reason {
            let events = Wording.count(status.waiting, "event waits", "events wait")
            switch hold.kind {
            case .onHold where status.waiting == 0: return "On hold: \(reason)"
            case .onHold: return "On hold, \(events), next try \(next ?? "now"): \(reason)"
            case .limit:
                return "\(events.prefix(1).uppercased())\(events.dropFirst()), next \(next ?? "now"): \(reason)"
            case .failing, .order: return "Next try \(next ?? "now"), \(events): \(reason)"
            }
        }
        guard status[.failed] + status[.dead] + status[.uncertain] + status[.onHold] > 0,
            let reason = status.lastReason,
            !reason.isEmpty
        else { return nil }
        return "Last error: \(reason)"
    }

    /// Returns words such as `12 events were missed before their verdict or “when” changed`. The history does not
    /// show which of the two changed.
    static func missedWords(_ missed: MissedRows) -> String {
        let their = missed.count == 1 ? "its" : "their"
        let least = missed.isAll ? "" : "at least "
        let events = Wording.count(missed.count, "event was", "events were")
        return "\(least)\(events) missed before \(their) verdict or “when” changed"
    }

    /// Returns the positions of the entry columns in the given width.
    func entryPlaces(_ session: Session, columns: Int) -> [Columns.Place] {
        list.table.places(ListContext(session, order: list.order), width: list.width(in: columns))
    }

    private func drawEntries(_ model: DashboardModel, on surface: inout Surface) {
        let context = ListContext(model.session, order: list.order)
        var drawing = ListDrawing<OutboxRow>(
            places: entryPlaces(model.session, columns: surface.size.columns), context: context)
        (drawing.showsSelection, drawing.emphasis) = (isInEntries, "state")
        drawing.extent = list.extent(extent(model.shown))
        list.table.draw(list.list, drawing, on: &surface)
        guard list.isEmpty else { return }
        let left = model.bindings.name(of: Self.cycleEntries)
        model.drawNothing(
            choice == .all ? "No entry yet." : "No such entry; \(left) lists others.", row: 1, on: &surface)
    }

    /// Draws an explanation of how to configure an action.
    private func drawNothing(on surface: inout Surface) {
        let columns = surface.size.columns - 3
        var lines = [StyledLine("No actions yet.", Style(.heading)), StyledLine()]
        lines += Prose.lines(
            """
            An action does something for each event, durably: it writes a row in a sheet, sends a message, runs a \
            command, forwards the delivery. Declare one in config.yaml, then type :reload.
            """,
            columns: columns, style: .plain)
        lines.append(StyledLine())
        lines += Self.example.map { StyledLine("  " + SafeText($0), Style(.accent)) }
        lines.append(StyledLine())
        lines += Prose.lines(
            "Kinds: google-sheet, csv, slack, twilio, command, forward. docs/actions.md shows each of them.",
            columns: columns, style: Style(.secondary))
        for (row, line) in lines.enumerated() { surface.put(line, at: Point(column: ListRow.margin, row: row + 1)) }
    }

    /// The smallest valid configuration of an action in config.yaml.
    static let example = ["actions:", "  rows:", "    kind: csv", "    file: ~/b2-events.csv"]
}

/// The layout of the tab.
struct ActionsLayout: Hashable {
    /// The list of actions with its headings.
    let actions: Rect
    /// The rule with the name of the selected action, and the lines about it.
    let about: Rect
    /// The list of entries with its headings.
    let entries: Rect

    /// Returns the maximum number of lines about the selected action.
    static func about(in rows: Int) -> Int { rows < 12 ? 1 : rows < 18 ? 2 : 4 }

    init(size: Size, actions count: Int, about lines: Int) {
        let most = max(2, size.rows / 3)
        var rest = Rect(size)
        (actions, rest) = rest.splitTop(min(count + 1, most))
        (about, entries) = rest.splitTop(1 + lines)
    }
}

// MARK: - Commands for actions

extension DashboardModel {
    /// Whether the list of events shows the states of actions.
    var showsActionMarks: Bool {
        !actions.actions.isEmpty || events.rows.window.rows.contains { $0.actions != nil }
    }

    fileprivate mutating func testAction() {
        guard let status = actions.selected else { return }
        session.tell("Testing “\(status.name)”…", .secondary)
        test(status.name)
    }

    fileprivate mutating func lookForMissed() {
        guard let status = actions.selected else { return }
        session.tell("Looking for events that “\(status.name)” missed…", .secondary)
        offerMissed(status.name)
    }

    /// Retries the selected entry. If an action is selected, asks whether to retry all its entries that failed or are
    /// on hold.
    fileprivate mutating func retry() {
        if let entry = page?.entry ?? actions.selectedEntry?.entry { return retryEntry(entry.id) }
        guard let status = actions.selected else { return }
        let count = status.count(of: EntryState.retriedTogether)
        // Entries that are only waiting are retried at once, without a question.
        guard count > 0 else { return retryAll(status.name) }
        question = .retryAll(status.name, count, onHold: status[.onHold])
    }

    /// Skips the selected entry. If an action is selected, asks whether to skip all its entries that are waiting or
    /// dead.
    fileprivate mutating func skip() {
        if let entry = page?.entry ?? actions.selectedEntry?.entry { return skipEntry(entry.id) }
        guard let status = actions.selected else { return }
        question = .skipAll(status.name, status.count(of: EntryState.skippedTogether))
    }

    fileprivate mutating func dryRun() {
        guard let status = actions.selected else { return }
        guard let row = actions.selectedEntry?.event ?? events.rows.selectedRow else {
            return session.tell("No event to show it for yet.", .notice)
        }
        preview(status.name, .current(row))
    }

    /// Moves to the entries or, if one is selected, opens it.
    mutating func openEntry() {
        if !actions.isInEntries {
            actions.focusEntries(true)
        } else if let row = actions.list.list.selectedRow {
            open(TextPage(.entry(row.id)))
        }
    }
}
