import Browsing
import Export
import History
import SafeText
import Terminal

/// The dashboard by lines: the same model as the screen's, told by typed lines instead of keys, and telling what changes
/// in sentences instead of drawing it.
///
/// As a value: `update` and `enter` say what has to happen outside, and what is to be printed waits in `said`.
struct PlainModel {
    var model: DashboardModel
    /// The lines to print, in order.
    private(set) var said: [SafeText] = []
    var requests = PlainRequests()
    var news: PlainNews
    /// The secret that the next line is taken for.
    var secret: SecretForm?
    /// Whether lines wait for what came of those before. A person types ahead and is answered at once.
    let isInteractive: Bool
    /// Whether the output takes less than there is to say: what arrives waits, and is told together.
    var isBackedUp = false
    /// Whether the row that is selected next is to be told.
    var isToTellRow = false
    /// What an answer to one of its own requests calls for.
    var later: [Effect] = []
    /// The list that a command has asked for, until it is found: its generation.
    private var awaitedListing: Int?

    private var waiting: ArraySlice<[UInt8]> = []
    private var hasInputEnded = false
    /// The newest row there was when a command had ended: what it brought is to be there for the next one.
    private var brought: Int64 = 0
    /// When what takes long was told of last.
    private var lastProgress: ContinuousClock.Instant?
    /// The list of which it was said why it is empty: its generation.
    private var explained: Int?
    /// The order kept for the screen, which this leaves alone.
    private let order: RowOrder

    /// How often one is told of what takes long.
    static let progressPause = Duration.seconds(5)

    init(_ session: Session, isInteractive: Bool) {
        var session = session
        order = session.viewState.preferences.order
        session.viewState.preferences.order = .arrival
        model = DashboardModel(session)
        model.bindings = Bindings(isTyped: true)
        // The list without a detail pane: a document is built when one is asked for.
        model.view = .table
        news = PlainNews(from: session.change.latestRow)
        self.isInteractive = isInteractive
        greet()
    }

    /// Tells the model what happened.
    mutating func update(_ event: DashboardEvent, at now: ContinuousClock.Instant) -> [Effect] {
        if takeOwn(event) {
            defer { later = [] }
            return step(later, at: now)
        }
        switch event {
        case .controlEnded:
            requests.controlEnded()
            brought = model.shown.latestRow
        case .actionAnswered(.missed(let name, .seen), .success(.missed(let missed))):
            requests.controlEnded()
            tellMissed(name, missed)
        case .actionAnswered, .acted, .settingsRead: requests.controlEnded()
        default: break
        }
        if case .signal(.interrupt) = event, leaveAsked() { return step([], at: now) }
        let before = PlainState(model)
        let effects = model.update(event, at: now)
        if case .signal(.interrupt) = event, before.isAsking, model.question == nil { say("Nothing was done.") }
        said += PlainState(model).changes(since: before)
        tellPage()
        explainEmptyList()
        tellProgress(event, at: now)
        return step(effects, at: now)
    }

    /// Takes a line that was typed.
    mutating func enter(_ line: [UInt8], at now: ContinuousClock.Instant) -> [Effect] {
        waiting.append(line)
        return step([], at: now)
    }

    /// There will be no more lines. Who typed them asks to quit by that; a pipe is answered to its last line first.
    mutating func endInput(at now: ContinuousClock.Instant) -> [Effect] {
        guard isInteractive else {
            hasInputEnded = true
            return step([], at: now)
        }
        _ = leaveAsked()
        return model.question == nil ? enter(Array("quit".utf8), at: now) : [.end(.quit)]
    }

    /// When something is to be told, or changes, by itself; nil as long as nothing will.
    var deadline: ContinuousClock.Instant? {
        [model.deadline, canTellNews ? news.deadline(latest: model.shown.latestRow) : nil].compactMap(\.self).min()
    }

    /// Whether lines are to be read: while some wait for what came of those before, whoever writes them waits too.
    var takesLines: Bool { waiting.isEmpty }

    /// Whether an answer to what was typed is still to come.
    var isAnswering: Bool {
        requests.isWaiting || isToTellRow || (awaitedListing == model.listing.generation && model.listing.isRunning)
    }

    mutating func takeSaid() -> [SafeText] {
        defer { said = [] }
        return said
    }

    mutating func say(_ text: SafeText) {
        said.append(text)
    }

    /// Changes the model as a command does; what comes of it is said.
    mutating func change(_ body: (inout DashboardModel) -> [Effect]) -> [Effect] {
        let before = PlainState(model)
        var effects = body(&model)
        let generation = model.listing.generation
        effects += model.update(.tick, at: model.session.now)
        if model.listing.generation != generation { awaitedListing = model.listing.generation }
        said += PlainState(model).changes(since: before)
        return effects
    }
}

extension PlainModel {
    /// Goes on as far as it can: lines that wait, and news.
    private mutating func step(_ effects: [Effect], at now: ContinuousClock.Instant) -> [Effect] {
        var effects = effects
        note(effects)
        tellRow()
        while isInteractive ? !isBetweenLists : !isBusy, let line = waiting.popFirst() {
            model.session.now = now
            model.session.dropNotices()
            let more = obey(line)
            note(more)
            tellRow()
            effects += more
        }
        if canTellNews, news.ask(latest: model.shown.latestRow, at: now) {
            if model.rows.isSorted {
                // The newest stand anywhere in it.
                say(news.takeCount(latest: model.shown.latestRow))
                return finished(effects)
            }
            let request = RowRequest(.newest, before: PlainNews.lookedAt - 1, after: 0)
            let generation = requests.next(.news(latest: model.shown.latestRow))
            effects.append(.readRows(RowReading.Ticket(request: request, generation: generation)))
        }
        return finished(effects)
    }

    /// The end, behind the answer to the last line of a pipe; and no order is kept but that of the screen.
    private func finished(_ effects: [Effect]) -> [Effect] {
        let isOver = hasInputEnded && waiting.isEmpty && !isBusy
        return (effects + (isOver ? [.end(.quit)] : [])).map { effect in
            guard case .keepViewState(var state) = effect else { return effect }
            state.preferences.order = order
            return .keepViewState(state)
        }
    }

    /// Ctrl-C leaves what was asked, rather than end anything. Says whether there was something.
    private mutating func leaveAsked() -> Bool {
        guard secret != nil else { return false }
        secret = nil
        say("No secret was taken.")
        return true
    }

    private mutating func note(_ effects: [Effect]) {
        for effect in effects {
            switch effect {
            case .control, .callAction, .act, .reloadSettings: requests.controlBegan()
            default: break
            }
        }
    }

    private var canTellNews: Bool { model.frozen == nil && !isBackedUp && !model.listing.isRunning }

    /// Whether something that was asked for is still to come, or what it leads to.
    private var isBusy: Bool {
        let list = model.rows
        let latest = max(brought, model.shown.latestRow > 0 ? 1 : 0)
        let isBehind = list.isFollowing && model.listing.query.isPlain && list.window.rows.last?.id ?? 0 < latest
        let isUnread = (isBehind || !list.isRead(model.extent)) && list.awaits(model.extent)
        return requests.isWaiting || model.actions.reading.isFirst || model.session.exporting != nil
            || model.seeking.isRunning
            || model.listing.isRunning || model.counts.isRunning || isUnread
            || list.reading.destination != nil || isToTellRow
    }

    /// Whether the rows held are still those of the list before, which no line is meant for.
    private var isBetweenLists: Bool { model.rows.isStale && model.rows.awaits(model.extent) }

    private mutating func tellRow() {
        guard isToTellRow, !model.seeking.isRunning, model.rows.reading.destination == nil,
            let row = model.rows.selectedRow
        else {
            if isToTellRow, !model.seeking.isRunning, !model.listing.isRunning, model.rows.window.rows.isEmpty {
                isToTellRow = model.shown.latestRow > 0 && model.listing.query.isPlain
            }
            return
        }
        isToTellRow = false
        say(PlainRow(row: row, clock: model.session.rowClock).announcement)
    }

    /// Says how many events each term of a filter that matches none matches alone.
    private mutating func explainEmptyList() {
        let terms = model.emptyListTerms
        guard !terms.isEmpty, explained != model.listing.generation else { return }
        let counts = terms.compactMap { model.counts[$0.predicate] }
        guard counts.count == terms.count else { return }
        explained = model.listing.generation
        let parts = zip(terms, counts).map { term, count -> SafeText in
            let known = count == 0 ? term.value.flatMap { model.seenValues.words($0.kind) } : nil
            let others: SafeText = known.map { " (" + $0 + ")" } ?? .empty
            return SafeText(cell: term.text) + " matches \(Wording.grouped(count))" + others
        }
        say("Alone, " + parts.joined(separator: "; ") + ". filter off lists every event again.")
    }

    private mutating func tellProgress(_ event: DashboardEvent, at now: ContinuousClock.Instant) {
        let text: SafeText?
        switch event {
        case .rejudged(let summary) where summary.stage == .running:
            let done = summary.deliveries.values.reduce(0, +)
            text =
                "Verifying again: \(Wording.grouped(done)) of \(Wording.grouped(done + summary.remaining)) deliveries."
        case .browsed(let progress) where model.listing.isRunning:
            text = """
                Looking: \(Wording.grouped(progress.matched)) found among \(Wording.grouped(progress.scanned)) of \
                \(Wording.grouped(progress.total)).
                """
        case .actMoved: text = model.session.acting
        case .exportMoved(let progress) where model.session.exporting != nil:
            text = "Exporting: \(progress.percent) percent, \(progress.unit.counted(progress.written))."
        default: return
        }
        guard let text else { return }
        guard let last = lastProgress else {
            // What is over in a moment is not worth a line.
            lastProgress = now
            return
        }
        guard now - last >= Self.progressPause else { return }
        lastProgress = now
        say(text)
    }

    private mutating func greet() {
        say("b2watch in plain mode. help lists the commands.")
        said += statusLines
        if model.session.isEmpty { say("Nothing has arrived yet: steps tells how to begin.") }
    }
}
