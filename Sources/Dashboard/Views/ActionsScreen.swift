import Base
public import History
import Notifications
import Terminal

/// `4 Actions`: the actions with how they stand, and below them the entries of the selected one, the newest last.
struct ActionsScreen: Tab {
    static let facts = TabFacts(
        number: 4, word: "Actions", meaning: "the actions, and what became of each event",
        about: "What runs for each event, and what became of it",
        plain: .line(PlainWord("actions", "the actions, and how they stand") { plain, _ in plain.readActions() }),
        symbols: { _ in HelpBrief.states })

    static let commands: [Command] = [
        .open.also(
            in: .actions, "to the action's entries; on one, its request and answer", footer: .narrow("open"),
            unavailable: hasNoEntry, change: { $0.openEntry() }),
        .focusDetail.also(
            in: .actions, "to the entries, and back", footer: .medium("entries"), unavailable: hasNoEntry,
            change: { $0.actions.focusEntries(!$0.actions.isInEntries) }),
        cycleEntries,
        Command(
            "cycle-entries-back", .left, "h", in: .actions, "entries of the states before",
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
                "the last N events that an action is done for"
            ) { $0.readEntries($1) },
            PlainWord("entry", syntax: "ENTRY", "one of them, with the exact request and answer") {
                $0.readEntry($1)
            }), unavailable: hasNoAction
    ) { $0.actions.cycle(by: 1) }
    private static let pauseAction = Command(
        "pause-action", "p", in: .actions, "pause the action, or let it go on",
        footer: .medium("pause") { $0.actions.selected?.isPaused == true ? "resume" : nil }, changesSelected: true,
        plain: .hint(
            "pause NAME, resume NAME",
            PlainWord("resume", syntax: "NAME", "lets a paused action go on") { $0.setPaused(false, $1) }),
        unavailable: cannotAskAction,
        change: { model in
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
        "skip the entry: it is not to be done; of an action, all that wait or are dead",
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

    // MARK: - Why a command does nothing now

    private static let hasNoEntry: @Sendable (DashboardModel) -> String? = {
        $0.actions.list.isEmpty ? "There is no entry here." : nil
    }

    private static let hasNoAction: @Sendable (DashboardModel) -> String? = { model in
        model.actions.selected == nil ? noActions : nil
    }

    private static let noActions = "No actions are declared."

    /// Whoever runs the actions cannot be asked about the selected one.
    private static let cannotAskAction: @Sendable (DashboardModel) -> String? = { model in
        if let reason = hasNoAction(model) ?? cannotAsk(model) { return reason }
        return model.actions.selected?.isDeclared == true ? nil : "config.yaml no longer has this action."
    }

    /// Whoever runs the actions cannot be asked.
    static let cannotAsk: @Sendable (DashboardModel) -> String? = { model in
        model.session.absence?.reason ?? (model.session.canAct ? nil : NobodyActs().description)
    }

    private static let cannotRetry: @Sendable (DashboardModel) -> String? = { model in
        if let reason = cannotAsk(model) { return reason }
        if let entry = model.page?.entry ?? model.actions.selectedEntry?.entry {
            return entry.state.canBeRetried ? nil : "The entry is \(entry.state.word)."
        }
        if model.page != nil { return "Only an entry is tried again." }
        guard let status = model.actions.selected else { return noActions }
        return status.count(of: EntryState.retriedTogether) > 0 || (status.hold != nil && status.waiting > 0)
            ? nil : "Nothing of this action has failed."
    }

    private static let cannotSkip: @Sendable (DashboardModel) -> String? = { model in
        if let reason = cannotAsk(model) { return reason }
        guard let entry = model.page?.entry ?? model.actions.selectedEntry?.entry else {
            if model.page != nil { return "Only an entry is skipped." }
            guard let status = model.actions.selected else { return noActions }
            return status.count(of: EntryState.skippedTogether) > 0
                ? nil : "Nothing of this action waits or is dead."
        }
        return entry.state.canBeSkipped ? nil : "The entry is \(entry.state.word)."
    }

    /// Without an action there is nothing to filter, to sort or to search.
    var hasNoList: String? { actions.isEmpty && reading.hasBeenRead ? Self.noActions : nil }

    var reading = ActionsReading()
    /// The entries of the selected action.
    var list = FoundList(Self.entryColumns, growth: .anew)
    /// The actions, as a list.
    private var names = WindowedList<ListedAction>()
    private(set) var choice = EntryChoice.all
    /// Whether the keys are in the entries.
    private(set) var isInEntries = false
    /// How many events each action would take up as they are judged now.
    private(set) var missed: [String: MissedRows] = [:]
    /// The actions that have been looked at for that since the view was opened.
    private var lookedAt: Set<String> = []

    private(set) var parts = ActionsLayout(size: Size(columns: 0, rows: 0), actions: 0, about: 0)

    var actions: [ListedAction] { reading.actions }

    /// Those that can be run.
    var declared: [ActionStatus] { actions.map(\.status).filter(\.isDeclared) }

    /// The name of the selected action.
    var selection: String? { names.selection }

    var selectedIndex: Int? { names.selectedIndex }

    var selected: ActionStatus? { selectedIndex.map { actions[$0].status } }

    /// The entry that the keys are on.
    var selectedEntry: OutboxRow? { isInEntries ? list.list.selectedRow : nil }

    /// Whether any that can be run writes a sheet.
    var hasSheet: Bool { declared.contains(where: \.isSheet) }

    // MARK: - What the user does

    var found: (any FoundListing)? {
        get { list }
        set { if let list = newValue as? FoundList<OutboxRow> { self.list = list } }
    }

    var isInside: Bool { isInEntries }

    mutating func leaveInside() { isInEntries = false }

    mutating func ask(_ reading: TabReading, _ context: inout Context) {
        guard context.session.frozen == nil, selection != nil else { return }
        let scope = scope
        for question in list.questions(extent(context.session.shown), reading, at: context.session.now) {
            context.ask(question.slot, of: Self.self, on: .rows) { outside, _ in
                outside.entries(question, scope)
            } then: { tab, context, result in
                guard let answer = try? result.get() else { return }
                let failure = tab.list.apply(answer, tab.extent(context.session.shown))
                if tab.list.isEmpty { tab.isInEntries = false }
                if let failure { context.session.tell("The entries could not be read: \(failure.sentence)", .bad) }
            }
        }
    }

    func deadline(_ session: Session) -> ContinuousClock.Instant? {
        [list.deadline, nextMinute(session.wallTime, session.now)].compactMap(\.self).min()
    }

    /// Returns the extent of all entries: they may change with every change of the outbox.
    func extent(_ change: HistoryChange) -> ListExtent { ListExtent(latest: nil, marks: change.outbox) }

    mutating func move(_ motion: Motion, _ change: HistoryChange) {
        guard !isInEntries else { return list.change(extent(change)) { $0.move(motion, in: $1) } }
        changeAction { $0.move(motion, in: ListExtent()) }
    }

    mutating func moveAction(by distance: Int) {
        guard let index = selectedIndex else { return }
        select(min(max(0, index + distance), actions.count - 1))
    }

    /// Selects an action, and lists its entries.
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

    /// Takes the keys to the entries, or back.
    mutating func focusEntries(_ isInEntries: Bool) {
        self.isInEntries = isInEntries && !list.isEmpty
    }

    mutating func select(entry id: Int64, _ change: HistoryChange) {
        isInEntries = true
        if id != list.selection { list.change(extent(change)) { $0.go(to: id, in: $1) } }
    }

    /// Lists entries in other states.
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

    // MARK: - What is read and seen

    /// Shows how the actions stand.
    mutating func apply(_ actions: [ListedAction]) {
        reading.apply(actions)
        changeAction { $0.show(all: actions) }
    }

    var scope: EntryScope { EntryScope(action: selection, states: choice.states) }

    /// Takes note of how many events an action has missed.
    mutating func note(_ missed: MissedRows, of name: String) {
        self.missed[name] = missed.count > 0 ? MissedRows(count: missed.count, isAll: missed.isAll) : nil
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

    mutating func settle(_ layout: Layout, _ session: Session) {
        let (size, clock, now) = (layout.list.size, session.clock, session.wallTime)
        parts = ActionsLayout(
            size: size, actions: actions.count,
            about: about(columns: size.columns - 3, most: ActionsLayout.about(in: size.rows), clock, now).count)
        list.settle(height: max(0, parts.entries.rows - 1), days: clock)
        names.settle(height: max(1, parts.actions.rows - 1), days: nil)
    }

    /// What is at a place of the view, for the mouse.
    func target(column: Int, row: Int, _ model: DashboardModel, _ size: Size) -> Target? {
        if row < parts.actions.rows {
            guard row > 0, let index = names.id(atLine: row - 1).flatMap(names.index(of:)) else { return .main }
            return .action(index)
        }
        // The heading stands one column from the edge.
        if row == parts.about.row { return heading.action(at: column - 1).map(Target.entryChoice) ?? .main }
        return row > parts.entries.row ? .entry(row - parts.entries.row - 1) : .entryHeading(column)
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
            // When an action goes on is told whole: columns that say nothing leave for it, then KIND.
            let needed = actions.filter { $0.goesOn != nil }.map { ActionLine($0, context).state.text.width }.max() ?? 0
            columns[state].minimum = max(columns[state].minimum, min(needed, columns[state].ideal))
        }
        let places = Columns(columns, gap: surface.size.columns < 100 ? 1 : 2)
            .fitted(to: surface.size.columns - ListRow.margin)
        var drawing = ListDrawing<ListedAction>(places: places, context: context)
        (drawing.hasKeys, drawing.emphasis, drawing.extent) = (!isInEntries, "state", (1, actions.count))
        table.draw(names, drawing, on: &surface)
    }

    /// The rule's text, in which the states are buttons; it begins one column from the edge.
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

    /// What is to be said of the selected action: what was missed, what went wrong last, what it does.
    func about(columns: Int, most: Int, _ clock: WallClock, _ now: Timestamp) -> [StyledLine] {
        guard let status = selected, let listed = selectedIndex.map({ actions[$0] }) else { return [] }
        var lines: [StyledLine] = []
        if let missed = missed[status.name], missed.count > 0 {
            let words = Self.missedWords(missed)
            let text = "\(words.prefix(1).uppercased())\(words.dropFirst()): can be added."
            lines += Prose.lines(text, columns: columns, style: Style(.notice)).prefix(1)
        }
        if let text = Self.obstacle(listed, clock, now) {
            // What is too long is cut here; an entry tells the whole of it.
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

    /// Why nothing of an action is begun and when it goes on, or what went wrong last; nil where nothing is wrong.
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

    /// Such as `12 events were missed before their verdict or “when” changed`: nothing recorded tells which of them did.
    static func missedWords(_ missed: MissedRows) -> String {
        let their = missed.count == 1 ? "its" : "their"
        let least = missed.isAll ? "" : "at least "
        let events = Wording.count(missed.count, "event was", "events were")
        return "\(least)\(events) missed before \(their) verdict or “when” changed"
    }

    /// Returns the places of the columns of entries in so many columns of the screen.
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

    /// How an action is declared.
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

    /// The least that an action takes in config.yaml.
    static let example = ["actions:", "  rows:", "    kind: csv", "    file: ~/b2-events.csv"]
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

// MARK: - How the actions stand, and what is asked of whoever runs them

extension DashboardModel {
    /// Whether the event list has a mark for what became of the actions.
    var showsActionMarks: Bool {
        !actions.actions.isEmpty || rows.window.rows.contains { $0.actions != nil }
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

    /// Tries the entry again that the keys are on; of an action, after a question, all that failed or are on hold.
    fileprivate mutating func retry() {
        if let entry = page?.entry ?? actions.selectedEntry?.entry { return retryEntry(entry.id) }
        guard let status = actions.selected else { return }
        let count = status.count(of: EntryState.retriedTogether)
        // What only waits is tried at once; nobody need be asked.
        guard count > 0 else { return retryAll(status.name) }
        question = .retryAll(status.name, count, onHold: status[.onHold])
    }

    /// Skips the entry that the keys are on; of an action, after a question, all that wait or are dead.
    fileprivate mutating func skip() {
        if let entry = page?.entry ?? actions.selectedEntry?.entry { return skipEntry(entry.id) }
        guard let status = actions.selected else { return }
        question = .skipAll(status.name, status.count(of: EntryState.skippedTogether))
    }

    fileprivate mutating func dryRun() {
        guard let status = actions.selected else { return }
        guard let row = actions.selectedEntry?.event ?? rows.selectedRow else {
            session.tell("There is no event to show it for yet.", .notice)
            return
        }
        preview(status.name, .current(row))
    }

    /// Opens the selected entry.
    mutating func openEntry() {
        if !actions.isInEntries {
            actions.focusEntries(true)
        } else if let row = actions.list.list.selectedRow {
            page = TextPage(.entry(row.id))
        }
    }

    // MARK: - What is asked of whoever runs them

    /// Asks whoever runs the actions for a change. What fails is told.
    private mutating func askActions<Answer: Sendable>(
        on lane: Lane = .actions, _ work: @escaping @Sendable (any ActionControl) throws -> Answer,
        then: @escaping @Sendable (inout DashboardModel, Answer) -> Void
    ) {
        ask(on: lane) { outside, _ in
            try work(outside.requireActions())
        } then: { model, result in
            model.actions.reading.outdate()
            switch result {
            case .success(let answer): then(&model, answer)
            case .failure(let failure): model.session.tell("\(failure.sentence)", .bad)
            }
        }
    }

    mutating func setPaused(_ name: String, _ isPaused: Bool) {
        askActions {
            try $0.setPaused(name, isPaused)
        } then: { model, _ in
            model.session.tell(isPaused ? "“\(name)” is paused: its entries wait." : "“\(name)” goes on.", .good)
        }
    }

    mutating func retryEntry(_ id: Int64) {
        askActions {
            try $0.retryEntries([id])
        } then: { model, count in
            model.session.tell(count > 0 ? "The entry is tried again." : "The entry is done, or waits anyway.", .good)
        }
    }

    mutating func skipEntry(_ id: Int64) {
        askActions {
            try $0.skipEntries([id])
        } then: { model, count in
            model.session.tell(
                count > 0 ? "The entry is skipped." : "The entry cannot be skipped any more.", .good)
        }
    }

    /// Tries all entries of an action again that failed or are on hold.
    mutating func retryAll(_ name: String) {
        askActions {
            try $0.retryAll(name, in: EntryState.retriedTogether)
        } then: { model, count in
            let entries = Wording.count(count, "entry is", "entries are")
            model.session.tell(
                count == 0 ? "“\(name)” is tried now." : "“\(name)”: \(entries) tried again.", .good)
        }
    }

    /// Skips all entries of an action that wait or are dead.
    mutating func skipAll(_ name: String) {
        askActions {
            try $0.skipAll(name, in: EntryState.skippedTogether)
        } then: { model, count in
            model.session.tell("“\(name)”: \(Wording.count(count, "entry is", "entries are")) skipped.", .good)
        }
    }

    /// Finds out whether an action would work.
    mutating func test(_ name: String) {
        askActions(on: .patient) {
            try $0.testAction(name)
        } then: { model, sentence in
            model.session.tell("“\(name)”: \(sentence)", .good)
        }
    }

    /// The slot of what is shown, or asked about, once it is answered: the last one asked for is.
    private static let awaited = "awaited"

    /// Shows what an action would send for the first of some rows.
    mutating func preview(_ name: String, _ rows: ActedRows) {
        session.tell("Making what “\(name)” would send…", .secondary)
        ask(Self.awaited, on: .actions) { outside, _ in
            try outside.preview(name, rows)
        } then: { model, result in
            model.actions.reading.outdate()
            switch result {
            case .success(let run):
                model.session.dropNotices()
                model.page = TextPage(.preview(name), content: .preview(run))
            case .failure(let failure): model.session.tell("\(failure.sentence)", .bad)
            }
        }
    }

    /// Looks for events that an action missed, and asks whether to add them.
    mutating func offerMissed(_ name: String) {
        let since = session.now
        ask(Self.awaited, on: .patient) { outside, _ in
            try outside.requireActions().missedRows(name, in: .all)
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

    /// Looks for events that an action missed, which nobody has asked for. What fails is not told.
    private mutating func lookForMissed(
        _ name: String, in reach: MissedReach, then: @escaping @Sendable (inout DashboardModel, MissedRows) -> Void
    ) {
        ask(on: .patient) { outside, _ in
            try outside.requireActions().missedRows(name, in: reach)
        } then: { model, result in
            guard case .success(let missed) = result else { return }
            model.actions.note(missed, of: name)
            then(&model, missed)
        }
    }

    /// After verdicts have changed there may be events that an action would take up now: that is announced.
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

    // MARK: - What is read

    /// Asks how the actions stand, and for what else is shown of them.
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
                // They are read again when something has changed.
                case .failure(let failure):
                    model.session.tell("The actions could not be read: \(failure.sentence)", .bad)
                }
            }
        }
        // What nobody has asked for is to take a moment only, however often it is looked at.
        if session.canAct, session.absence == nil, let name = actions.toLookAt(isSeen: isSeen) {
            lookForMissed(name, in: .newest) { _, _ in }
        }
        askForEntry()
    }

    private mutating func askForEntry() {
        let (change, isWaiting) = (shown, context.questions.isWaiting("entry"))
        guard let id = page?.request(change, isWaiting: isWaiting) else { return }
        ask("entry", on: .documents) { outside, _ in
            try outside.entry(id)
        } then: { model, result in
            guard model.page?.kind == .entry(id) else { return }
            switch result {
            case .success(let content): model.page?.apply(content)
            case .failure(let failure):
                model.page?.apply(.nothing("The entry could not be read: \(failure.sentence)"))
            }
        }
    }
}

// MARK: - Whoever runs them

/// What the dashboard asks of whoever runs the actions, in this process or in another one: implemented by the
/// executable.
///
/// The calls are made off the screen's thread, some at a time; they may block. What they throw is shown to the user:
/// errors whose text is a sentence.
public protocol ActionControl: Sendable {
    /// Ends or begins the work of an action; entries are made meanwhile.
    func setPaused(_ action: String, _ isPaused: Bool) throws

    /// Runs an action for rows of the event list, whatever its filter; 1,000 rows at most.
    func runAction(_ action: String, rows: [Int64]) throws -> Outbox.Addition

    /// Lets entries be tried again at once.
    ///
    /// - Returns: How many; those that are done or wait anyway are left.
    func retryEntries(_ entries: [Int64]) throws -> Int

    /// Lets all entries of an action in these states be tried again.
    func retryAll(_ action: String, in states: Set<EntryState>) throws -> Int

    /// Decides that entries are not to be done.
    func skipEntries(_ entries: [Int64]) throws -> Int

    /// Decides that all entries of an action in these states are not to be done.
    func skipAll(_ action: String, in states: Set<EntryState>) throws -> Int

    /// What an action would send for a row, as text to read, its secrets masked. Nothing is sent.
    func previewAction(_ action: String, rows: [Int64]) throws -> [UInt8]

    /// Finds out whether an action would work.
    ///
    /// - Returns: A sentence.
    func testAction(_ action: String) throws -> String

    /// How many rows an action would have taken up had they been judged then as they are now, and which.
    func missedRows(_ action: String, in reach: MissedReach) throws -> MissedRows

    /// Sends recorded deliveries again, as they were received.
    ///
    /// - Parameters:
    ///   - deliveries: Their ids.
    ///   - url: Where to; nil for the listener itself.
    ///   - goesOn: Is asked behind each, told what became of them so far.
    /// - Returns: What became of them.
    func replay(
        _ deliveries: [Int64], to url: String?, while goesOn: (ReplayCount) -> Bool
    ) throws -> ReplayCount

    /// The names of the declared actions, in the order of the configuration.
    func actionNames() throws -> [String]
}
