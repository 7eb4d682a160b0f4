import Base
import History
import Notifications
import Terminal

/// All that the dashboard knows, as a value.
///
/// It changes by `update(_:at:)` alone, which says what has to happen outside; `draw(on:)` shows it. Neither touches
/// anything else, so a test presses keys and reads text.
struct DashboardModel {
    var context: Context
    var session: Session {
        get { context.session }
        set { context.session = newValue }
    }
    /// The keys in force.
    var bindings: Bindings {
        get { session.bindings }
        set { session.bindings = newValue }
    }
    var rows = WindowedList<EventRow>()
    private(set) var eventTable = ListTable(EventsScreen.usualColumns)
    private(set) var sheetTable = ListTable(TableScreen.usualColumns)
    var view = MainView.events
    /// The tabs, with their states.
    var tabs: [MainView: any Tab] = Dictionary(
        uniqueKeysWithValues: MainView.all.map { (MainView(rawValue: $0.facts.number), $0.init()) })
    /// Whether lines of the log are told that others write.
    private var followsLog = false
    /// What filters may be completed with, of all that is recorded.
    var recordedValues = SeenValues()
    var detail = DetailPane()
    var keyringReading = KeyringReading()

    // Which rows are listed, found and chosen.
    /// The filter of the lists of events.
    var rowFilter = RowFilter()
    var listing = Listing()
    var pattern: SearchPattern?
    /// What is looked for in the list right now.
    var seeking: SeekAim?
    var counts = MatchCounts()
    var marks: Set<Int64> = []
    var selection = RowSelection()
    /// Whether the list is to begin at its start when it is next listed anew.
    var isToShowStart = false

    // What lies over the view, the innermost last.
    var isChecklistOpen = false
    var keyring: KeyringScreen?
    var help: HelpScreen?
    var chooser: ColumnChooser?
    var prompt: Prompt?
    var question: Question?
    /// The secrets that are being saved before the end.
    var savingToQuit: Set<String> = []
    var copying: CopyMenu?
    var acting: ActMenu?
    var page: TextPage?
    /// What is asked once nothing else is.
    var waitingQuestion: Question?
    /// Until then no key is a yes.
    var deafUntil: ContinuousClock.Instant?
    /// What was chosen last, to begin with the next time.
    var lastAction: String?
    /// What was typed behind `:`, the newest first.
    var pastCommands: [String] = []

    /// The lists that are not to follow from the start, and have not been read yet.
    var unfollowed: Set<MainView> = []

    init(_ session: Session, settings: DashboardSettings = DashboardSettings()) {
        context = Context(session: session)
        begin(settings)
    }

    /// Tells the model what happened.
    ///
    /// - Returns: What has to be done now.
    mutating func update(_ event: DashboardEvent, at now: ContinuousClock.Instant) -> [Effect] {
        session.now = now
        session.age()
        let effects = handle(event) + relist()
        poseWaiting()
        session.troubles = actions.actions.flatMap { $0.status.troubles(at: session.wallTime) }
        settle()
        askForRest()
        return effects + context.questions.dequeue() + followLog()
    }

    /// What others write in the log is followed while the log is shown.
    private mutating func followLog() -> [Effect] {
        guard followsLog != (view == .log) else { return [] }
        followsLog.toggle()
        return [.followLog(followsLog)]
    }

    /// When something on the screen changes by itself; nil as long as nothing will.
    var deadline: ContinuousClock.Instant? {
        [
            session.deadline, rows.reading.deadline, keyringReading.deadline, current.deadline(session),
            actions.reading.deadline, actions.nextLate(session.wallTime, session.now),
        ].compactMap(\.self).min()
    }

    /// Puts a question of the dashboard itself; nil for a slot where no question may replace another.
    mutating func ask<Answer: Sendable>(
        _ name: String? = nil, on lane: Lane,
        _ work: @escaping @Sendable (any Outside, Asking<Answer>) throws -> Answer,
        then: @escaping @Sendable (inout DashboardModel, Result<Answer, EffectFailure>) -> Void
    ) {
        context.questions.ask(name, on: lane, work, then: then)
    }

    // MARK: - What is on the screen

    /// The state of the history when the screen was frozen.
    var frozen: HistoryChange? { session.frozen }

    /// The state of the history that the screen shows.
    var shown: HistoryChange { session.shown }

    var layout: Layout { Layout(self) }

    var isTooSmall: Bool {
        session.size.columns < Layout.minimum.columns || session.size.rows < Layout.minimum.rows
    }

    /// Whether the checklist stands where the list will be.
    var showsChecklist: Bool { isChecklistOpen || (session.isEmpty && view == .events) }

    var hasDetailPane: Bool { detail.isFullScreen || (view.hasDetailPane && !session.isEmpty) }

    /// Where the keyboard is.
    var place: Place {
        if let question { return question.place }
        if copying != nil { return .copying }
        if acting != nil { return .acting }
        if let help { return help.isSearching ? .helpSearch : .help }
        switch prompt {
        case .filter: return .filter
        case .search: return .search
        case .export: return .export
        case .replay: return .replay
        case .command: return .palette
        case nil: break
        }
        if let keyring { return keyring.form == nil ? .keyring : .form }
        if page != nil { return .page }
        if showsChecklist { return .checklist }
        if chooser != nil { return .columns }
        if detail.hasKeys { return view == .deliveries ? .deliveryDetail : .detail }
        return view.place
    }

    /// Whether there is a view that `q` would close before it ends anything.
    var hasViewToClose: Bool {
        help != nil || chooser != nil || keyring != nil || isChecklistOpen || page != nil || detail.hasKeys
            || current.isInside
    }

    /// What lies over the view.
    var overlayTitle: String? {
        if let help { return help.title }
        if keyring != nil { return "Secrets" }
        if let page { return page.title }
        return isChecklistOpen ? "First steps" : nil
    }

    // MARK: - What is shown and read

    /// Brings into line what depends on the size and on each other.
    private mutating func settle() {
        if detail.isFullScreen, selectedRow == nil { detail.isFullScreen = false }
        if layout.detail == nil { detail.isFocused = false }
        if selectedRow == nil { copying = nil }
        let layout = layout
        if acting != nil, actedOn == nil { acting = nil }
        detail.offersActions = showsActionMarks
        measure()
        if layout.list.rows > 0 {
            rows.settle(height: layout.listHeight, days: view == .events ? session.clock : nil)
        }
        if layout.list.rows > 0 { current.settle(layout, session) }
        if let pane = layout.detail { detail.settle(height: max(0, pane.rows - 1)) }
        if var page {
            page.settle(size: layout.main.size, clock: session.clock, isUTC: session.showsUTC)
            self.page = page
        }
        if var help {
            help.settle(self, size: layout.main.size)
            self.help = help
        }
    }

    /// Asks for what the screen shows now and is missing.
    private mutating func askForRest() {
        askForRows()
        askForTab()
        countMatches()
        askForActions()
        askForDocument()
        if showsChecklist || bindings.isTyped,
            let id = session.firstSteps.request(latest: session.change.latestDelivery)
        {
            askForFirstSteps(after: id, through: session.change.latestDelivery)
        }
        askForKeyring()
    }

    private mutating func askForRows() {
        guard let ticket = rows.request(extent, at: session.now) else { return }
        ask("rows", on: .rows) { outside, _ in
            try outside.rows(ticket.request)
        } then: { model, result in
            switch result {
            case .success(let window):
                if model.rows.apply(window, generation: ticket.generation) { model.measure(isNew: true) }
            case .failure(let failure):
                model.rows.readingFailed(generation: ticket.generation)
                model.session.tell("The history could not be read: \(failure.sentence)", .bad)
            }
        }
    }

    private mutating func askForDocument() {
        let isWaiting = context.questions.isWaiting("document")
        guard help == nil, keyring == nil, let request = detail.request(wantedDocument, isWaiting: isWaiting) else {
            return
        }
        ask("document", on: .documents) { outside, asking in
            outside.document(request) { asking.isCancelled }
        } then: { model, result in
            if case .success(let document) = result { model.detail.apply(document) }
        }
    }

    /// Applies the columns chosen, and those that are there as long as there are actions.
    private mutating func measure(isNew: Bool = false) {
        var choice = session.viewState.preferences.columns
        if showsActionMarks {
            let place =
                choice.events.firstIndex { $0.name == "signature" }.map { $0 + 1 } ?? min(1, choice.events.count)
            choice.events.insert(contentsOf: EventsScreen.actionsColumn, at: place)
        }
        if actions.hasSheet { choice.table = TableScreen.sheetColumn + choice.table }
        if isNew || choice.events != eventTable.columns {
            eventTable = ListTable(choice.events, rows: rows.window.rows)
        }
        if isNew || choice.table != sheetTable.columns { sheetTable = ListTable(choice.table, rows: rows.window.rows) }
    }

    private var wantedDocument: DocumentRequest? {
        guard let pane = layout.detail, let row = selectedRow else { return nil }
        return DocumentRequest(
            rowID: row.id, deliveryID: row.deliveryID, position: row.position, eventCount: row.eventCount,
            isDuplicate: row.isDuplicate, tab: detail.tab, form: detail.form,
            columns: max(8, pane.columns - DocumentLines.margin - 1),
            showsUTC: session.showsUTC, revision: shown.revision, keyringRevision: session.keyringRevision,
            wraps: detail.wraps, showsNumbers: detail.showsNumbers,
            isAnswered: shown.latestAnswered >= row.deliveryID, actions: row.actions,
            outbox: detail.tab == .actions ? shown.outbox : 0)
    }

    // MARK: - What happens

    /// Takes an event, whatever it is.
    mutating func handle(_ event: DashboardEvent) -> [Effect] {
        switch event {
        case .input(.key(let key)): return press(key)
        case .input(.paste(let bytes)): return paste(bytes)
        case .input(.mouse(let event)): return take(event)
        case .input(.overlongPaste): refuseOverlongPaste()
        case .input(.resized(let size)): session.size = size
        case .tick, .historyMoved, .browseMoved: break
        case .historyChanged(let change):
            session.change = change
            if frozen == nil { return [.follow(change)] }
        case .keyringChanged(let summary): session.hold(summary)
        case .secretsFile(let path): session.secretsFile = path
        case .rejudged(let summary):
            session.take(summary)
            keyringReading.invalidate()
            if summary.stage == .finished { announceMissed() }
        case .listening(let state): session.listening = state
        case .warning(let text): session.warning = text
        case .notice(let text): session.announce("\(text)")
        case .quiet(let text): session.quiet = text
        case .bell: return [.ring]
        case .signal(let signal): return obey(signal)
        case .measured(let answers, let isFromElsewhere):
            session.measured(answers, hasReceivedFromElsewhere: isFromElsewhere)
        case .browsed(let progress): take(progress)
        case .answered(let answered):
            context.questions.settle(answered)?(&self)
            tellSearchNews()
            stayAtStart()
        case .logMoved: log.outdate()
        }
        return []
    }

    private mutating func press(_ key: Key) -> [Effect] {
        session.dropNotices()
        guard let command = bindings.binding(for: key, in: place) else {
            if place == .form { keyring?.form?.type(key) }
            if place == .helpSearch { help?.type(key) }
            if help != nil { return [] }
            if prompt != nil { return typeIntoPrompt(key) }
            if let sentence = bindings.whereabouts(of: key, outside: place) { session.tell("\(sentence)", .notice) }
            return []
        }
        if let reason = command.unavailable(self) {
            session.tell("\(reason)", .notice)
            return []
        }
        return perform(command)
    }

    /// A paste is text, and never keys: outside a field it is dropped, unless it can only be a signing secret.
    private mutating func paste(_ bytes: [UInt8]) -> [Effect] {
        guard question == nil else { return [] }
        session.dropNotices()
        if place == .helpSearch {
            help?.insert(
                String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init) ?? "")
            return []
        }
        if prompt != nil { return pasteIntoPrompt(bytes) }
        if place != .form {
            if let absence = session.absence {
                session.tell("The paste was dropped. \(absence.reason)", .notice)
                return []
            }
            // Among the secrets it can be meant for nothing else.
            guard place == .keyring || PastedText(bytes).looksLikeSecret else {
                session.tell("The paste was dropped: outside a field, text is not taken for keys.", .notice)
                return []
            }
            help = nil
            var screen = keyring ?? KeyringScreen()
            screen.add(to: session.keyring)
            keyring = screen
        }
        keyring?.form?.paste(bytes)
        return []
    }

    private mutating func refuseOverlongPaste() {
        guard question == nil else { return }
        session.dropNotices()
        session.tell("The paste was dropped: it is longer than a mebibyte.", .notice)
    }

    private mutating func obey(_ signal: DashboardSignal) -> [Effect] {
        switch signal {
        case .terminate: [.end(.terminated)]
        case .hangUp: [.end(.hangUp)]
        case .interrupt: perform(.interrupt)
        }
    }

    // MARK: - The lists beside that of rows: deliveries, and the log

    /// The row whose detail is shown.
    var selectedRow: EventRow? {
        view.showsRows ? rows.selectedRow : current.event
    }

    /// Changes that list.
    @discardableResult
    mutating func changeFound<T>(_ body: (inout any FoundListing, ListExtent) -> T) -> T? {
        let extent = foundExtent
        guard var list = found else { return nil }
        defer { found = list }
        return body(&list, extent)
    }

    /// The filter of the list that is shown.
    var filter: RowFilter {
        get { found?.filter ?? rowFilter }
        set { if found != nil { found?.filter = newValue } else { rowFilter = newValue } }
    }

    /// The order of the list that is shown.
    var order: ListOrder? { if let found { found.order } else { session.viewState.preferences.order.listOrder } }

    /// Moves in the list of the view.
    mutating func moveInList(_ motion: Motion) {
        if view.showsRows { rows.move(motion, in: extent) } else { current.move(motion, shown) }
    }

    /// Follows the newest row, or stops.
    mutating func followOrNot() {
        if view.showsRows { rows.followOrNot(extent) } else { changeFound { $0.followOrNot($1) } }
    }

    /// The number of the selected row, counted from 1, and the number of all that are listed; nil where it is not known.
    var placeInList: (place: Int?, total: Int)? {
        if found != nil { return found?.place(foundExtent) }
        return rowExtent.map { first, total in (rows.selectedIndex.map { first + $0 }, total) }
    }

    /// Whether the list of events is longer than the screen, so that a scroll bar has a column of its own.
    var hasScrollBar: Bool { rowExtent.map { ScrollBar.isNeeded(total: $0.total, height: rows.height) } ?? false }

    /// The number of the window's first row among the events listed, counted from 1, and their number.
    var rowExtent: (first: Int, total: Int)? {
        guard let first = rows.window.rows.first else { return nil }
        guard !listing.query.isPlain else {
            let total = shown.tally.rows
            return (max(1, total - Int(shown.latestRow - first.id)), total)
        }
        return rows.window.first.map { ($0, max(listing.progress?.matched ?? 0, $0 + rows.window.rows.count - 1)) }
    }

    /// Tells what came of a search in a list that is not one of events.
    mutating func tellSearchNews() {
        guard let pattern, let news = found?.takeNews() else { return }
        let aim = SeekAim.match(pattern)
        session.tell(news == .absent ? aim.absence : aim.wrapping, news == .absent ? .notice : .secondary)
    }

    // MARK: - What the user has set

    /// Begins as the user wants it.
    mutating func begin(_ settings: DashboardSettings) {
        session.showsUTC = settings.showsUTC
        if settings.showsEpoch { table.timestamps = .epochMilliseconds }
        view = MainView(name: settings.startView.rawValue) ?? .events
        isToShowStart = session.viewState.preferences.order != .arrival
        if !settings.follows { unfollowed = [.events, .deliveries, .log] }
    }

    /// Where nothing is to be followed from the start, a list stays at what was the newest row when it was read first.
    mutating func stayAtStart() {
        guard !unfollowed.isEmpty else { return }
        if rows.selection != nil, unfollowed.remove(.events) != nil { rows.stopFollowing(extent) }
        if found?.hasSelection == true, unfollowed.remove(view) != nil { changeFound { $0.stopFollowing($1) } }
    }

    /// Reads the configuration again, and the secrets where their holder can be asked.
    mutating func reload() {
        if session.absence == nil { reloadSecrets() }
        ask("settings", on: .listener) { outside, _ in
            try outside.settings()
        } then: { model, result in
            switch result {
            // How the dashboard begins is for the next start.
            case .success(let settings):
                model.bindings = Bindings(settings.keys, isTyped: model.bindings.isTyped)
                model.session.tell("The configuration was read again.", .good)
                if let theme = settings.theme { model.context.questions.request(.use(theme)) }
            case .failure(let failure):
                model.session.tell("The configuration stays as it was: \(failure.sentence)", .bad)
            }
        }
    }

    // MARK: - Drawing

    /// Draws the whole screen, and returns where the cursor is, if it is to be seen.
    func draw(on surface: inout Surface) -> Point? {
        guard !isTooSmall else {
            drawTooSmall(on: &surface)
            return nil
        }
        let layout = layout
        let lines = StatusLines(self, columns: layout.top.columns)
        let top = TopLine(session: session).line(columns: layout.top.columns)
        surface.put(top, at: Point(column: 0, row: layout.top.row))
        surface.draw(in: layout.tabs) { TabLine(self, columns: $0.size.columns).draw(on: &$0) }
        surface.draw(in: layout.warnings) { Self.draw(lines.warnings, on: &$0) }
        surface.draw(in: layout.notice) { Self.draw(lines.notice, on: &$0) }
        let footer = Footer.line(self, columns: layout.footer.columns).line
        surface.put(footer, at: Point(column: 0, row: layout.footer.row))
        let cursorOfMain = drawMain(layout, on: &surface)
        if let prompt, layout.prompt.rows > 0 {
            let cursor = surface.draw(in: layout.prompt) { part in
                switch prompt {
                case .filter(let line): line.draw(filterSurroundings, on: &part)
                case .search(let line): line.draw(on: &part)
                case .export(let line): line.draw(on: &part)
                case .replay(let line): line.draw(bindings, on: &part)
                case .command(let line): line.draw(on: &part)
                }
            }
            return question == nil ? cursor.map { Point(column: $0.column, row: $0.row + layout.prompt.row) } : nil
        }
        return question == nil ? cursorOfMain : nil
    }

    private func drawMain(_ layout: Layout, on surface: inout Surface) -> Point? {
        if let help {
            let cursor = surface.draw(in: layout.main) { help.draw(on: &$0) }
            return cursor.map { Point(column: $0.column + layout.main.column, row: $0.row + layout.main.row) }
        } else if let keyring {
            let cursor = surface.draw(in: layout.main) { keyring.draw(session.keyring, bindings, on: &$0) }
            return cursor.map { Point(column: $0.column + layout.main.column, row: $0.row + layout.main.row) }
        } else if let page {
            surface.draw(in: layout.main) { page.draw(on: &$0) }
        } else if showsChecklist {
            surface.draw(in: layout.main) { Checklist.draw(session, on: &$0) }
        } else {
            surface.draw(in: layout.list) { current.draw(self, on: &$0) }
            if let pane = layout.detail { surface.draw(in: pane) { detail.draw(on: &$0) } }
            if let pattern {
                for (rect, current) in [(layout.list, nil), (layout.detail, detail.rowOfMatch)] {
                    guard let rect else { continue }
                    let below = Rect(
                        column: rect.column, row: rect.row + 1, columns: rect.columns, rows: max(0, rect.rows - 1))
                    SearchHighlight.draw(pattern, in: below, current: current, on: &surface)
                }
            }
            if layout.isBeside, let pane = layout.detail {
                surface.draw(in: Rect(column: pane.column - 1, row: pane.row, columns: 1, rows: pane.rows)) {
                    $0.divider(column: 0)
                }
            }
            if let chooser {
                surface.draw(in: chooser.place(in: layout.main)) { chooser.draw(on: &$0) }
            }
        }
        return nil
    }

    private static func draw(_ lines: [StyledLine], on surface: inout Surface) {
        for (row, line) in lines.enumerated() { surface.put(line, at: Point(column: 0, row: row)) }
    }

    private func drawTooSmall(on surface: inout Surface) {
        let (needed, size) = (Layout.minimum, session.size)
        let text = "\(needed.columns)x\(needed.rows) at least, this is \(size.columns)x\(size.rows)"
        Self.draw(Prose.lines(text, columns: max(1, size.columns), style: .plain), on: &surface)
    }
}

extension RowRequest {
    init(_ request: WindowRequest<Int64>) {
        let anchor: Anchor =
            switch request.anchor {
            case .newest: .newest
            case .oldest: .oldest
            case .row(let id): .row(id)
            }
        self.init(anchor, before: request.before, after: request.after)
    }
}

extension WindowAnswer<DeliveryRow> {
    init(_ window: DeliveryRowWindow) {
        self.init(rows: window.rows, hasOlder: window.hasOlder, hasNewer: window.hasNewer)
    }
}

extension WindowAnswer<EventRow> {
    init(_ window: RowWindow) {
        self.init(rows: window.rows, hasOlder: window.hasOlder, hasNewer: window.hasNewer)
    }
}
