import Base
import History
import Notifications
import Receiving
import Terminal

/// The complete state of the dashboard, as a value.
///
/// Only `update(_:at:)` changes it, and returns the effects to carry out; `draw(on:)` draws it. Neither has side
/// effects, so a test can press keys and read text.
struct DashboardModel {
    var context: Context
    var session: Session {
        get { context.session }
        set { context.session = newValue }
    }
    /// The active keys.
    var bindings: Bindings {
        get { session.bindings }
        set { session.bindings = newValue }
    }
    var view = MainView.events
    /// The tabs with their states.
    var tabs: [MainView: any Tab] = Dictionary(
        uniqueKeysWithValues: MainView.all.map { (MainView(rawValue: $0.facts.number), $0.init()) })
    /// Whether the log reports the lines that other processes write.
    private var followsLog = false
    var detail = DetailPane()

    /// The text that is searched for, in whichever list or detail is shown.
    var pattern: SearchPattern?
    /// The overlays over the tab.
    var overlays = OverlayStack()
    /// A question that waits until no other is open.
    var waitingQuestion: Question?
    /// The time until which no key counts as a yes.
    var deafUntil: ContinuousClock.Instant?

    /// The lists that should not follow the newest row from the start, and have not been read yet.
    var unfollowed: Set<MainView> = []

    init(_ session: Session, settings: DashboardSettings = DashboardSettings()) {
        context = Context(session: session)
        begin(settings)
    }

    /// Updates the model after an event.
    ///
    /// - Returns: The effects to carry out.
    mutating func update(_ event: DashboardEvent, at now: ContinuousClock.Instant) -> [Effect] {
        session.now = now
        session.age()
        handle(event)
        relist()
        poseWaiting()
        session.troubles = actions.actions.flatMap { $0.status.troubles(at: session.wallTime) }
        settle()
        askForRest()
        followLog()
        return context.questions.dequeue()
    }

    /// Requests an effect. `update` returns it.
    mutating func request(_ effect: Effect) { context.questions.request(effect) }

    /// Follows the lines that other processes write to the log while the log is shown.
    private mutating func followLog() {
        guard followsLog != (view == .log) else { return }
        followsLog.toggle()
        request(.followLog(followsLog))
    }

    /// The next time at which the screen changes by itself; nil if it will not.
    var deadline: ContinuousClock.Instant? {
        [
            session.deadline, events.rows.reading.deadline, current.deadline(session), actions.reading.deadline,
            actions.nextLate(session.wallTime, session.now), overlays.all.compactMap(\.overlay.deadline).min(),
        ].compactMap(\.self).min()
    }

    /// Puts a question of the dashboard itself. Without a slot, no question may replace another.
    mutating func ask<Answer: Sendable>(
        _ name: String? = nil, on lane: Lane,
        _ work: @escaping @Sendable (any Outside, Asking<Answer>) throws -> Answer,
        then: @escaping @Sendable (inout DashboardModel, Result<Answer, EffectFailure>) -> Void
    ) {
        context.questions.ask(name, on: lane, work, then: then)
    }

    // MARK: - The screen's state

    /// The state of the history when the screen was frozen.
    var frozen: HistoryChange? { session.frozen }

    /// The state of the history that the screen shows.
    var shown: HistoryChange { session.shown }

    var layout: Layout { Layout(self) }

    var isTooSmall: Bool {
        session.size.columns < Layout.minimum.columns || session.size.rows < Layout.minimum.rows
    }

    /// Whether the checklist is shown where the list will be.
    var showsChecklist: Bool { self[Checklist.self] != nil || (session.isEmpty && view == .events) }

    var hasDetailPane: Bool { detail.isFullScreen || (view.hasDetailPane && !session.isEmpty) }

    /// The place that has the keyboard.
    var place: Place {
        if let overlay = overlays.innermost { return overlay.context.place }
        if showsChecklist { return BindingContext.checklist.place }
        guard detail.hasKeys else { return view.context.place }
        return view == .deliveries ? .deliveryDetail : BindingContext.detail.place
    }

    /// Whether `q` would close a view rather than end the dashboard.
    var hasViewToClose: Bool {
        overlays.all.contains { $0.overlay.layer.isView } || detail.hasKeys || current.isInside
    }

    /// The title of the overlay over the view.
    var overlayTitle: String? { overlays.all.last { $0.overlay.tabTitle != nil }?.overlay.tabTitle }

    // MARK: - Keeping the state consistent

    /// Updates all state that depends on the size or on other state.
    private mutating func settle() {
        if detail.isFullScreen, selectedRow == nil { detail.isFullScreen = false }
        if layout.detail == nil { detail.isFocused = false }
        closeInvalidOverlays()
        let layout = layout
        detail.offersActions = showsActionMarks
        measure()
        if layout.list.rows > 0 {
            events.rows.settle(height: layout.listHeight, days: view == .events ? session.clock : nil)
        }
        if layout.list.rows > 0 { current.settle(layout, session) }
        if let pane = layout.detail { detail.settle(height: max(0, pane.rows - 1)) }
        settleOverlays(layout)
    }

    /// Asks for data that the screen needs and does not have.
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
        askForOverlays()
    }

    private mutating func askForDocument() {
        let isWaiting = context.questions.isWaiting("document")
        guard !overlays.contains(.help, .screen), let request = detail.request(wantedDocument, isWaiting: isWaiting)
        else { return }
        ask("document", on: .documents) { outside, asking in
            outside.document(request) { asking.isCancelled }
        } then: { model, result in
            if case .success(let document) = result { model.detail.apply(document) }
        }
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

    // MARK: - Handling events

    /// Handles an event of any kind.
    mutating func handle(_ event: DashboardEvent) {
        switch event {
        case .input(.key(let key)): press(key)
        case .input(.paste(let bytes)): paste(bytes)
        case .input(.mouse(let event)): take(event)
        case .input(.overlongPaste): refuseOverlongPaste()
        case .input(.resized(let size)): session.size = size
        case .tick, .historyMoved, .browseMoved: break
        case .historyChanged(let change):
            session.change = change
            if frozen == nil { request(.follow(change)) }
        case .keyringChanged(let summary): session.hold(summary)
        case .secretsFile(let path): session.secretsFile = path
        case .rejudged(let summary):
            session.take(summary)
            keyring?.reading.invalidate()
            if summary.stage == .finished { announceMissed() }
        case .listening(let state): session.listening = state
        case .warning(let text): session.warning = text
        case .notice(let text): session.announce("\(text)")
        case .quiet(let text): session.quiet = text
        case .bell: request(.ring)
        case .signal(let signal): obey(signal)
        case .measured(let answers, let isFromElsewhere):
            session.measured(answers, hasReceivedFromElsewhere: isFromElsewhere)
        case .browsed(let progress): apply(progress)
        case .answered(let answered):
            context.questions.settle(answered)?(&self)
            tellSearchNews()
            stayAtStart()
        case .logMoved: log.outdate()
        }
    }

    private mutating func press(_ key: Key) {
        session.dropNotices()
        guard let command = bindings.binding(for: key, in: place) else {
            if changeInnermost({ $0.type(key, &$1) }) == true { return }
            if let sentence = bindings.whereabouts(of: key, outside: place) { session.tell("\(sentence)", .notice) }
            return
        }
        if let reason = command.unavailable(self) { return session.tell("\(reason)", .notice) }
        perform(command)
    }

    /// Handles a paste. It is always text, never keys: outside a field it is dropped, unless it looks like a signing
    /// secret.
    private mutating func paste(_ bytes: [UInt8]) {
        guard question == nil else { return }
        session.dropNotices()
        if changeInnermost({ $0.paste(bytes, &$1) }) == true { return }
        if let absence = session.absence { return session.tell("The paste was dropped. \(absence.reason)", .notice) }
        // On the Secrets screen a paste can only be meant as a secret.
        guard place.nearest == .keyring || PastedText(bytes).looksLikeSecret && !overlays.contains(.prompt) else {
            return session.tell("The paste was dropped: outside a field, pasted text is not used as keys.", .notice)
        }
        help = nil
        var screen = keyring ?? KeyringScreen()
        screen.add(to: session.keyring)
        screen.form?.paste(bytes)
        keyring = screen
    }

    private mutating func refuseOverlongPaste() {
        guard question == nil else { return }
        session.dropNotices()
        session.tell("The paste was dropped: it is longer than a mebibyte.", .notice)
    }

    private mutating func obey(_ signal: DashboardSignal) {
        switch signal {
        case .terminate: request(.end(.terminated))
        case .hangUp: request(.end(.hangUp))
        case .interrupt: perform(.interrupt)
        }
    }

    // MARK: - The current list

    /// The row that the detail pane shows.
    var selectedRow: EventRow? {
        view.showsRows ? events.rows.selectedRow : current.event
    }

    /// Changes the current list if it is not one of events.
    @discardableResult
    mutating func changeFound<T>(_ body: (inout any FoundListing, ListExtent) -> T) -> T? {
        let extent = foundExtent
        guard var list = found else { return nil }
        defer { found = list }
        return body(&list, extent)
    }

    /// The filter of the current list.
    var filter: RowFilter {
        get { found?.filter ?? events.filter }
        set { if found != nil { found?.filter = newValue } else { events.filter = newValue } }
    }

    /// The order of the current list.
    var order: ListOrder? { if let found { found.order } else { session.viewState.preferences.order.listOrder } }

    /// Moves in the list of the current tab.
    mutating func moveInList(_ motion: Motion) {
        if view.showsRows { events.rows.move(motion, in: extent) } else { current.move(motion, shown) }
    }

    /// Starts or stops following the newest row.
    mutating func followOrNot() {
        if view.showsRows { events.rows.followOrNot(extent) } else { changeFound { $0.followOrNot($1) } }
    }

    /// The number of the selected row, counted from 1, and the number of listed rows; nil if they are unknown.
    var placeInList: (place: Int?, total: Int)? {
        if found != nil { return found?.place(foundExtent) }
        return rowExtent.map { first, total in (events.rows.selectedIndex.map { first + $0 }, total) }
    }

    /// Shows the result of a search in a list that is not one of events.
    mutating func tellSearchNews() {
        guard let pattern, let news = found?.takeNews() else { return }
        let aim = SeekAim.match(pattern)
        session.tell(news == .absent ? aim.absence : aim.wrapping, news == .absent ? .notice : .secondary)
    }

    // MARK: - The user's settings

    /// Applies the settings for the start.
    mutating func begin(_ settings: DashboardSettings) {
        session.showsUTC = settings.showsUTC
        if settings.showsEpoch { table.timestamps = .epochMilliseconds }
        view = MainView(name: settings.startView.rawValue) ?? .events
        events.isToShowStart = session.viewState.preferences.order != .arrival
        if !settings.follows { unfollowed = [.events, .deliveries, .log] }
    }

    /// Keeps a list at the row that was the newest when it was first read, if the settings turn following off at
    /// the start.
    mutating func stayAtStart() {
        guard !unfollowed.isEmpty else { return }
        if events.rows.selection != nil, unfollowed.remove(.events) != nil { events.rows.stopFollowing(extent) }
        if found?.hasSelection == true, unfollowed.remove(view) != nil { changeFound { $0.stopFollowing($1) } }
    }

    // MARK: - Drawing

    /// Draws the whole screen, and returns the cursor's position if the cursor is visible.
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
        var cursor = drawMain(layout, on: &surface)
        if let prompt = overlays.prompt, layout.prompt.rows > 0 {
            cursor = draw(prompt, in: layout.prompt, on: &surface)
        }
        return question == nil ? cursor : nil
    }

    private func draw(_ overlay: any Overlay, in rect: Rect, on surface: inout Surface) -> Point? {
        let cursor = surface.draw(in: rect) { overlay.draw(self, on: &$0) }
        return cursor.map { Point(column: $0.column + rect.column, row: $0.row + rect.row) }
    }

    private func drawMain(_ layout: Layout, on surface: inout Surface) -> Point? {
        if let overlay = overlays.filling ?? (showsChecklist ? Checklist() : nil) {
            return draw(overlay, in: layout.main, on: &surface)
        }
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
        for box in overlays.all.map(\.overlay) where box.layer == .box {
            _ = draw(box, in: box.rectangle(in: layout.main), on: &surface)
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
