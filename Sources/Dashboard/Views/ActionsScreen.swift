public import History
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

    // MARK: - What the user does

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

    // MARK: - What is read and seen

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

    // MARK: - Drawing

    func draw(_ model: DashboardModel, on surface: inout Surface) {
        guard !actions.isEmpty else {
            if reading.hasBeenRead { drawNothing(on: &surface) }
            return
        }
        let (clock, now) = (model.session.clock, model.session.wallTime)
        surface.draw(in: parts.actions) { drawActions(clock, now, on: &$0) }
        surface.draw(in: parts.about) { part in
            part.rule(row: 0)
            let columns = part.size.columns
            part.put(heading.line.clipped(to: columns - 1), at: Point(column: 1, row: 0))
            for (row, line) in about(columns: columns - 3, most: part.size.rows - 1, clock, now).enumerated() {
                part.put(line, at: Point(column: ListRow.margin, row: row + 1))
            }
        }
        surface.draw(in: parts.entries) { drawEntries(model.session, on: &$0) }
    }

    private func drawActions(_ clock: WallClock, _ now: Timestamp, on surface: inout Surface) {
        let lines = actions.map { ActionLine(action: $0, clock: clock, now: now) }
        let widths = TextWidths(lines, titles: ActionColumn.allCases.map(\.title)) { $0.texts }
        let gap = surface.size.columns < 100 ? 1 : 2
        var columns = ActionColumn.allCases.map { column in
            column.column(holding: widths, saysNothing: lines.allSatisfy { $0.saysNothing(in: column) })
        }
        if surface.size.columns >= 100 {
            // When an action goes on is told whole: columns that say nothing leave for it, then KIND.
            let state = ActionColumn.state.rawValue
            let needed = lines.filter { $0.action.goesOn != nil }.map { $0.state.text.width }.max() ?? 0
            columns[state].minimum = max(columns[state].minimum, min(needed, columns[state].ideal))
        }
        let places = Columns(columns, gap: gap)
            .fitted(to: surface.size.columns - ListRow.margin)
        ListRow.drawTitles(places, on: &surface)
        let state = places.first { $0.index == ActionColumn.state.rawValue }
        for (row, line) in lines.dropFirst(top).prefix(max(0, surface.size.rows - 1)).enumerated() {
            line.draw(places, at: row + 1, on: &surface)
            if row + top == selectedIndex {
                ListRow.mark(row: row + 1, hasKeys: !isInEntries, emphasis: state, on: &surface)
            }
        }
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

    private func drawEntries(_ session: Session, on surface: inout Surface) {
        let (clock, now) = (session.rowClock, session.wallTime)
        let columns = Columns(
            EntryColumn.allCases.map { column in
                column == .time
                    ? clock.column(session.timeTitle, holding: list.held.rows.lazy.map(\.entry.addedAt))
                    : column.column(holding: widths)
            })
        let places = columns.fitted(to: surface.size.columns - ListRow.margin)
        ListRow.drawTitles(places, on: &surface)
        if list.visible.isEmpty {
            let text: SafeText = choice == .all ? "No entry yet." : "No such entry; f lists others."
            surface.put(text, at: Point(column: ListRow.margin, row: 1), style: Style(.secondary))
        }
        let state = places.first { $0.index == EntryColumn.state.rawValue }
        for (index, line) in list.visible.enumerated() {
            switch line {
            case .day(let day): DayRule.draw(day, row: index + 1, on: &surface)
            case .row(let row):
                EntryLine(row: row, clock: clock, now: now).draw(places, at: index + 1, on: &surface)
                if isInEntries, row.id == list.selection {
                    ListRow.mark(row: index + 1, hasKeys: true, emphasis: state, on: &surface)
                }
            }
        }
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

    mutating func performOnActions(_ command: Command) -> [Effect] {
        switch command {
        case .pauseAction:
            return actions.selected.map { [.callAction(.setPaused($0.name, !$0.isPaused))] } ?? []
        case .cycleEntries: actions.cycle()
        case .retryEntries: return retry()
        case .skipEntry: return skip()
        case .dryRun: return dryRun()
        case .testAction:
            guard let status = actions.selected else { break }
            session.tell("Testing “\(status.name)”…", .secondary)
            return [.callAction(.test(status.name))]
        case .addMissed:
            guard let status = actions.selected else { break }
            session.tell("Looking for events that “\(status.name)” missed…", .secondary)
            return ask(.missed(status.name, .asked))
        default: break
        }
        return []
    }

    /// Tries the entry again that the keys are on; of an action, after a question, all that failed or are on hold.
    private mutating func retry() -> [Effect] {
        if let entry = page?.entry ?? actions.selectedEntry?.entry { return [.callAction(.retryEntry(entry.id))] }
        guard let status = actions.selected else { return [] }
        let count = status.count(of: EntryState.retriedTogether)
        // What only waits is tried at once; nobody need be asked.
        guard count > 0 else { return [.callAction(.retryAll(status.name, EntryState.retriedTogether))] }
        question = .retryAll(status.name, count, onHold: status[.onHold])
        return []
    }

    /// Skips the entry that the keys are on; of an action, after a question, all that wait or are dead.
    private mutating func skip() -> [Effect] {
        if let entry = page?.entry ?? actions.selectedEntry?.entry { return [.callAction(.skipEntry(entry.id))] }
        guard let status = actions.selected else { return [] }
        question = .skipAll(status.name, status.count(of: EntryState.skippedTogether))
        return []
    }

    private mutating func dryRun() -> [Effect] {
        guard let status = actions.selected else { return [] }
        guard let row = actions.selectedEntry?.event ?? rows.selectedRow else {
            session.tell("There is no event to show it for yet.", .notice)
            return []
        }
        return preview(status.name, .current(row))
    }

    mutating func preview(_ action: String, _ rows: ActedRows) -> [Effect] {
        session.tell("Making what “\(action)” would send…", .secondary)
        return ask(.preview(action, rows))
    }

    /// Asks for what is then shown, or asked about: what was asked for before is no longer awaited.
    mutating func ask(_ call: ActionCall) -> [Effect] {
        awaited = (call, session.now)
        return [.callAction(call)]
    }

    /// Opens the selected entry.
    mutating func openEntry() {
        if !actions.isInEntries {
            actions.focusEntries(true)
        } else if let row = actions.list.selectedRow {
            page = TextPage(.entry(row.id))
        }
    }

    /// After verdicts have changed there may be events that an action would take up now.
    func offers() -> [Effect] {
        guard session.canAct, session.absence == nil else { return [] }
        return actions.declared.map { .callAction(.missed($0.name, .judged)) }
    }

    // MARK: - What is read, and what was answered

    mutating func readsOfActions() -> [Effect] {
        var effects: [Effect] = []
        let isSeen = view == .actions
        if !isSeen || frozen == nil,
            let generation = actions.reading.request(session.change, isSeen: isSeen, at: session.now)
        {
            effects.append(.readActions(generation: generation))
        }
        let change = shown
        if session.canAct, session.absence == nil, let name = actions.toLookAt(isSeen: isSeen) {
            effects.append(.callAction(.missed(name, .seen)))
        }
        if let id = page?.request(change) { effects.append(.readEntry(id)) }
        return effects
    }

    mutating func takeActions(_ result: Result<[ListedAction], EffectFailure>, _ generation: Int) {
        switch result {
        case .success(let listed):
            _ = actions.take(listed, generation: generation)
        case .failure(let failure):
            guard actions.take(nil, generation: generation) else { return }
            session.tell("The actions could not be read: \(failure.sentence)", .bad)
        }
    }

    mutating func takeEntries(_ result: Result<WindowAnswer<OutboxRow>, EffectFailure>, _ generation: Int) {
        switch result {
        case .success(let answer): actions.take(answer, generation: generation)
        case .failure(let failure):
            actions.readingFailed(generation: generation)
            session.tell("The entries could not be read: \(failure.sentence)", .bad)
        }
    }

    mutating func takeEntry(_ result: Result<TextPage.Content, EffectFailure>, _ id: Int64) {
        guard page?.kind == .entry(id) else { return }
        switch result {
        case .success(let content): page?.take(content)
        case .failure(let failure): page?.take(.nothing("The entry could not be read: \(failure.sentence)"))
        }
    }

    mutating func take(_ result: Result<ActionAnswer, EffectFailure>, of call: ActionCall) {
        // To look changes nothing.
        if case .missed = call {} else { actions.reading.outdate() }
        var since = session.now
        if call.isAwaited {
            guard let awaited, awaited.call == call else { return }
            since = awaited.since
            self.awaited = nil
        }
        switch (call, result) {
        // Nobody has asked.
        case (.missed(_, .judged), .failure), (.missed(_, .seen), .failure): break
        case (_, .failure(let failure)): session.tell("\(failure.sentence)", .bad)
        case (.setPaused(let name, let isPaused), _):
            session.tell(
                isPaused ? "“\(name)” is paused: its entries wait." : "“\(name)” goes on.", .good)
        case (.retryEntry, .success(.count(let count))):
            session.tell(count > 0 ? "The entry is tried again." : "The entry is done, or waits anyway.", .good)
        case (.skipEntry, .success(.count(let count))):
            session.tell(count > 0 ? "The entry is skipped." : "The entry cannot be skipped any more.", .good)
        case (.retryAll(let name, _), .success(.count(0))): session.tell("“\(name)” is tried now.", .good)
        case (.skipAll(let name, _), .success(.count(let count))):
            session.tell("“\(name)”: \(Wording.count(count, "entry is", "entries are")) skipped.", .good)
        case (.retryAll(let name, _), .success(.count(let count))):
            session.tell("“\(name)”: \(Wording.count(count, "entry is", "entries are")) tried again.", .good)
        case (.preview(let name, _), .success(.preview(let run))):
            session.dropNotices()
            page = TextPage(.preview(name), content: .preview(run))
        case (.test(let name), .success(.sentence(let sentence))):
            session.tell("“\(name)”: \(sentence)", .good)
        case (.missed(let name, let occasion), .success(.missed(let missed))):
            take(missed, of: name, occasion, since)
        default: break
        }
    }

    private mutating func take(
        _ missed: MissedRows, of name: String, _ occasion: MissedOccasion, _ since: ContinuousClock.Instant
    ) {
        actions.missed[name] = missed.count > 0 ? MissedRows(count: missed.count, isAll: missed.isAll) : nil
        switch (occasion, missed.count > 0) {
        case (.judged, true):
            let it = missed.count == 1 ? "it" : "them"
            session.announce(
                "“\(name)”: \(ActionsScreen.missedWords(missed)); \(bindings.name(of: .addMissed)) in Actions adds \(it)."
            )
        case (.asked, true): pose(.addMissed(name, missed), since: since)
        case (.asked, false): session.tell("“\(name)” has missed no event.", .good)
        case (.judged, false), (.seen, _): break
        }
    }

    /// Adds the events that an action missed.
    mutating func addMissed(_ name: String, _ missed: MissedRows) -> [Effect] {
        let rest = missed.count - missed.rows.count
        actions.missed[name] = rest > 0 ? MissedRows(count: rest) : nil
        guard !missed.rows.isEmpty else { return [] }
        return confirm(
            ActRequest(deed: .run(name), rows: .chosen(Set(missed.rows)), isCount: false, generation: 0))
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
