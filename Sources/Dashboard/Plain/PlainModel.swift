import Base
import History
import Notifications
import Receiving
import Sending
internal import Settings
import Terminal

/// The dashboard in plain mode. It drives the same model as the screen does, but reads typed lines instead of keys and
/// prints sentences about changes instead of drawing them.
///
/// It is a value: `update` and `enter` return the effects to carry out, and the lines to print collect in `said`.
struct PlainModel {
    var model: DashboardModel
    /// The lines to print, in order.
    private(set) var said: [SafeText] = []
    /// The questions that commands have put.
    var questions = Questions<PlainModel>()
    var news: PlainNews
    /// The form that receives the next line as its secret; nil if the next line is a command.
    var secret: SecretForm?
    /// Whether a person types. The lines of a pipe wait until the lines before them are answered; a person may type
    /// ahead and gets each answer at once.
    let isInteractive: Bool
    /// Whether the output cannot keep up. New events then wait, and are announced together.
    var isBackedUp = false
    /// Whether to print the row that is selected next.
    var isToTellRow = false
    /// The effects that `update` or `enter` returns next.
    private var effects: [Effect] = []
    /// The generation of the list that a command has asked for; nil once it has been found.
    private var awaitedListing: Int?

    private var waiting: ArraySlice<[UInt8]> = []
    private var hasInputEnded = false
    /// The newest row when the last command ended. The list must include it before the next command runs.
    private var brought: Int64 = 0
    /// The time of the last progress line.
    private var lastProgress: ContinuousClock.Instant?
    /// The generation of the list whose emptiness was explained last.
    private var explained: Int?
    /// The order saved for the screen, which plain mode does not change.
    private let order: RowOrder

    /// The time between two progress lines.
    private static let progressPause = Duration.seconds(5)

    init(_ session: Session, isInteractive: Bool) {
        var session = session
        order = session.viewState.preferences.order
        session.viewState.preferences.order = .arrival
        model = DashboardModel(session)
        model.bindings = Bindings(isTyped: true)
        // The list has no detail pane here: a document is laid out only when a command asks for it.
        model.view = .table
        news = PlainNews(from: session.change.latestRow)
        self.isInteractive = isInteractive
        greet()
    }

    /// Updates the model after an event, and returns the effects to carry out.
    mutating func update(_ event: DashboardEvent, at now: ContinuousClock.Instant) -> [Effect] {
        if case .answered(let answered) = event, answered.slot.opening == Self.opening {
            questions.settle(answered)?(&self)
            return step(at: now)
        }
        let asked = model.context.questions.count(on: [.listener])
        if case .signal(.interrupt) = event, leaveAsked() { return step(at: now) }
        let before = PlainState(model)
        effects += model.update(event, at: now)
        if case .answered = event, model.context.questions.count(on: [.listener]) < asked {
            brought = model.shown.latestRow
        }
        if case .signal(.interrupt) = event, before.isAsking, model.question == nil { say("Nothing was done.") }
        said += PlainState(model).changes(since: before)
        tellPage()
        explainEmptyList()
        tellProgress(event, at: now)
        return step(at: now)
    }

    /// Handles a typed line.
    mutating func enter(_ line: [UInt8], at now: ContinuousClock.Instant) -> [Effect] {
        waiting.append(line)
        return step(at: now)
    }

    /// Handles the end of the input. For a person it means quit; a pipe first gets the answers to all its lines.
    mutating func endInput(at now: ContinuousClock.Instant) -> [Effect] {
        guard isInteractive else {
            hasInputEnded = true
            return step(at: now)
        }
        _ = leaveAsked()
        return model.question == nil ? enter(Array("quit".utf8), at: now) : [.end(.quit)]
    }

    /// The next time at which something must be printed or changes by itself; nil if nothing will.
    var deadline: ContinuousClock.Instant? {
        [model.deadline, canTellNews ? news.deadline(latest: model.shown.latestRow) : nil].compactMap(\.self).min()
    }

    /// Whether more lines may be read. While lines wait for the answers to those before, the sender must wait too.
    var takesLines: Bool { waiting.isEmpty }

    /// Whether an answer to a typed line is still due.
    var isAnswering: Bool {
        isAwaiting || isToTellRow
            || (awaitedListing == model.events.listing.generation && model.events.listing.isRunning)
    }

    /// Whether the answer to a command's question is still due.
    private var isAwaiting: Bool {
        questions.isWaiting(besides: Self.newest)
            || model.context.questions.count(on: [.listener, .actions, .patient, .acting]) > 0
    }

    mutating func takeSaid() -> [SafeText] {
        defer { said = [] }
        return said
    }

    mutating func say(_ text: SafeText) {
        said.append(text)
    }

    /// Changes the model as a command would, and prints the result.
    mutating func change(_ body: (inout DashboardModel) -> Void) {
        let before = PlainState(model)
        body(&model)
        let generation = model.events.listing.generation
        effects += model.update(.tick, at: model.session.now)
        if model.events.listing.generation != generation { awaitedListing = model.events.listing.generation }
        said += PlainState(model).changes(since: before)
    }

    /// The opening that the questions of plain mode belong to. No view has this number.
    private static let opening = -1
    /// The slot of the question for the newest rows, which no command puts.
    private static let newest = "newest"

    /// Puts a question whose answer will be printed.
    mutating func ask<Answer: Sendable>(
        _ name: String? = nil, on lane: Lane,
        _ work: @escaping @Sendable (any Outside, Asking<Answer>) throws -> Answer,
        then: @escaping @Sendable (inout PlainModel, Result<Answer, EffectFailure>) -> Void
    ) {
        questions.ask(name, of: Self.opening, on: lane, work, then: then)
    }

    // MARK: - Steps

    /// Continues as far as possible: runs the waiting lines and announces new events.
    ///
    /// - Returns: The effects to carry out.
    private mutating func step(at now: ContinuousClock.Instant) -> [Effect] {
        tellRow()
        while isInteractive ? !isBetweenLists : !isBusy, let line = waiting.popFirst() {
            model.session.now = now
            model.session.dropNotices()
            obey(line)
            tellRow()
        }
        if canTellNews, news.ask(latest: model.shown.latestRow, at: now) {
            if model.events.rows.isSorted {
                // The newest rows may be anywhere in a sorted list, so only their number is printed.
                say(news.takeCount(latest: model.shown.latestRow))
                return finished()
            }
            let request = WindowRequest<Int64>(.newest, before: PlainNews.lookedAt - 1, after: 0)
            let latest = model.shown.latestRow
            ask(Self.newest, on: .rows) { outside, _ in
                try outside.rows(request)
            } then: {
                $0.tellNews($1, latest: latest)
            }
        }
        return finished()
    }

    /// Returns the effects with those of the questions and, once the last line of a pipe is answered, the end. An order
    /// chosen here is not saved: the screen's stays.
    private mutating func finished() -> [Effect] {
        let isOver = hasInputEnded && waiting.isEmpty && !isBusy
        defer { effects = [] }
        return (effects + questions.dequeue() + (isOver ? [.end(.quit)] : [])).map { effect in
            guard case .keepViewState(var state) = effect else { return effect }
            state.preferences.order = order
            return .keepViewState(state)
        }
    }

    /// Handles Ctrl-C while a secret is asked for: cancels that instead of ending b2watch. Returns whether it did.
    private mutating func leaveAsked() -> Bool {
        guard secret != nil else { return false }
        secret = nil
        say("No secret was entered.")
        return true
    }

    private var canTellNews: Bool { model.frozen == nil && !isBackedUp && !model.events.listing.isRunning }

    /// Whether an answer, or the effects that follow from it, are still due.
    private var isBusy: Bool {
        let list = model.events.rows
        let latest = max(brought, model.shown.latestRow > 0 ? 1 : 0)
        let isBehind = list.isFollowing && model.events.listing.query.isPlain && list.window.rows.last?.id ?? 0 < latest
        let isUnread = (isBehind || !list.isRead(model.extent)) && list.awaits(model.extent)
        let isFirst = model.context.questions.isWaiting("actions") && !model.actions.reading.hasBeenRead
        return isAwaiting || isFirst || model.session.exporting != nil
            || model.events.seeking != nil
            || model.events.listing.isRunning || model.events.counts.isRunning || isUnread
            || list.reading.destination != nil || isToTellRow
    }

    /// Whether the loaded rows still belong to the previous list. No command may act on them.
    private var isBetweenLists: Bool { model.events.rows.isStale && model.events.rows.awaits(model.extent) }

    private mutating func tellRow() {
        guard isToTellRow, model.events.seeking == nil, model.events.rows.reading.destination == nil,
            let row = model.events.rows.selectedRow
        else {
            if isToTellRow, model.events.seeking == nil, !model.events.listing.isRunning,
                model.events.rows.window.rows.isEmpty
            {
                isToTellRow = model.shown.latestRow > 0 && model.events.listing.query.isPlain
            }
            return
        }
        isToTellRow = false
        say(PlainRow(row: row, clock: model.session.rowClock).announcement)
    }

    /// Prints how many events each term of a filter would match alone, if the filter matches nothing.
    private mutating func explainEmptyList() {
        let terms = model.emptyListTerms
        guard !terms.isEmpty, explained != model.events.listing.generation else { return }
        let counts = terms.compactMap { model.events.counts[$0.predicate] }
        guard counts.count == terms.count else { return }
        explained = model.events.listing.generation
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
        case .browsed(let progress) where model.events.listing.isRunning:
            text = """
                Looking: \(Wording.grouped(progress.matched)) found among \(Wording.grouped(progress.scanned)) of \
                \(Wording.grouped(progress.total)).
                """
        case .answered(let answered) where answered.isPart:
            switch answered.answer {
            case .success(is ActOutcome): text = model.session.acting
            case .success(ExportOutcome.moved(let progress)):
                text = "Exporting: \(progress.percent) percent, \(progress.unit.counted(progress.written))."
            default: return
            }
        default: return
        }
        guard let text else { return }
        guard let last = lastProgress else {
            // Work that ends within a moment needs no progress line.
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
        if model.session.isEmpty { say("Nothing has arrived yet: steps shows how to begin.") }
    }

    // MARK: - Words that belong to several commands or to none

    /// The words that have no command on the screen.
    static let words: [PlainWord] = [
        PlainWord(
            "open", also: ["go"], syntax: "NUMBER", "to that event: 126, or 126.2 for the second event of a delivery"
        ) { $0.open($1) },
        PlainWord("row", syntax: "N", "the same as goto row N") { $0.perform(.goTo, "row " + $1.text) },
        PlainWord("status", "the address, the secrets, the counts and what is listed") { model, _ in
            for line in model.statusLines { model.say(line) }
        },
    ]

    /// Runs `goto N`, `goto row N` or `goto TIME`.
    mutating func goTo(_ arguments: PlainArguments) {
        // A number such as 126.2 names an event here.
        let number = arguments.text.hasPrefix("#") ? String(arguments.text.dropFirst()) : arguments.text
        if !number.isEmpty, number.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }) {
            return open(PlainArguments(number))
        }
        perform(.goTo, arguments.text)
    }

    /// Runs `view NAME`, which does the same as the view's name alone.
    mutating func view(_ arguments: PlainArguments) {
        do throws(Command.Fault) {
            perform(try MainView.named(arguments.text).command)
        } catch {
            say("\(error.sentence)")
        }
    }

    /// Runs `pause [NAME]`.
    mutating func pause(_ arguments: PlainArguments) {
        guard arguments.text.isEmpty else { return setPaused(true, arguments) }
        guard model.frozen == nil else { return say("New events are paused already: follow announces them again.") }
        perform(.pause)
    }

    /// Runs `follow`: announces new events in the order of arrival.
    mutating func follow() {
        let wasFrozen = model.frozen != nil
        change { $0.perform(.orderOfArrival) }
        change { model in
            if wasFrozen { model.perform(.pause) }
            model.events.rows.follow()
        }
        if !wasFrozen { say("Following the newest event.") }
    }

    // MARK: - Answers

    mutating func unreadable(_ failure: EffectFailure) {
        say("The history could not be read: \(failure.sentence)")
    }

    private mutating func tellNews(_ result: Result<ListWindow<EventRow>, EffectFailure>, latest: Int64) {
        switch result {
        case .failure(let failure):
            news.failed()
            unreadable(failure)
        case .success(let window):
            let (isFiltered, clock) = (!model.events.listing.query.isPlain, model.session.rowClock)
            for line in news.take(window, latest: latest, isFiltered: isFiltered, clock: clock) { say(line) }
        }
    }

    mutating func tell(_ result: Result<ListWindow<EventRow>, EffectFailure>, asTable isTable: Bool) {
        let clock = model.session.rowClock
        switch result {
        case .failure(let failure): unreadable(failure)
        case .success(let window) where window.rows.isEmpty: say("No event is listed.")
        case .success(let window) where isTable: window.rows.forEach { sayInTable($0) }
        case .success(let window):
            // While the list follows the newest row, these rows may be newer than the loaded ones.
            let selected = model.events.rows.isFollowing ? window.rows.last?.id : model.events.rows.selection
            for row in window.rows {
                var line = PlainRow(row: row, clock: clock).listed
                if model.events.marks.contains(row.id) { line += ", marked" }
                if !model.events.selection.isEmpty, model.events.selection.contains(row) { line += ", selected" }
                if row.id == selected { line += ", current" }
                say(line)
            }
        }
    }

    private mutating func sayInTable(_ row: EventRow) {
        let number = PlainRow.number(row)
        if let note = EventsScreen.note(row) { return say(number + ": " + note + ", not in the sheet") }
        var context = ListContext(model.session)
        context.timestamps = model.table.timestamps
        let cells = model.events.sheetTable.columns.map { column -> SafeText in
            let text = column.cell(row, context, .max)?.text ?? .empty
            return column.title + " " + (text.isEmpty ? "empty" : PlainRow.name(text.string))
        }
        say(number + ": " + cells.joined(separator: ", "))
    }

    mutating func tell(_ result: Result<[DeliveryRow], EffectFailure>) {
        switch result {
        case .failure(let failure): unreadable(failure)
        case .success(let rows):
            if rows.isEmpty { say("No delivery yet.") }
            for row in rows { say(Self.sentence(row, model.session.rowClock)) }
        }
    }

    private static func sentence(_ row: DeliveryRow, _ clock: RowClock) -> SafeText {
        func text(_ column: String) -> SafeText {
            DeliveriesScreen.columns.text(column, of: row, ListContext(clock: clock))
        }
        let answered: SafeText = row.answerTime == nil ? "" : " in " + text("answer")
        var parts: [SafeText] = [
            "\(row.id): " + text("time") + " \(row.first.verdict.title)", "answered " + text("status") + answered,
            text("bytes"), "from " + text("from"),
        ]
        if row.first.position == nil {
            parts.append(text("object"))
        } else {
            parts.append(
                "\(Wording.count(row.first.eventCount, "event", "events")): "
                    + PlainRow.name(row.first.objectName.text))
        }
        if row.others > 0 { parts.append(text("also") + " the same event elsewhere") }
        return parts.joined(separator: ", ")
    }

    mutating func tell(_ result: Result<[LogEntry], EffectFailure>) {
        switch result {
        case .failure(let failure): say("The log could not be read: \(failure.sentence)")
        case .success(let entries):
            if entries.isEmpty { say("Nothing is logged.") }
            let context = ListContext(model.session)
            for entry in entries {
                say(
                    LogScreen.columns.map { $0.cell(entry, context, .max)?.text }.compactMap(\.self).filter {
                        !$0.isEmpty
                    }.joined(separator: " "))
            }
        }
    }

    mutating func tell(_ document: DetailDocument) {
        let request = document.request
        let form: SafeText = request.tab == .body ? ", \(request.form.word)" : ""
        say("Delivery " + request.heading + ", \(request.tab.title)" + form + ":")
        for line in document.lines.indices { say(document.text(ofLine: line)) }
    }

    mutating func tell(_ result: Result<Copied, EffectFailure>) {
        switch result {
        case .failure(let failure): say("\(failure.sentence)")
        case .success(let copied):
            switch copied.place {
            case .file: say("\(copied.sentence(asReceived: "as-received"))")
            case .terminal(let bytes):
                say("\(Wording.count(copied.count, "byte", "bytes")) of \(copied.name):")
                for line in SafeText.lines(utf8: bytes) { say(line) }
                for remark in copied.remarks + copied.hidden(asReceived: "as-received") { say("\(remark)") }
            }
        }
    }

    // MARK: - Lines

    /// Runs a typed line.
    mutating func obey(_ bytes: [UInt8]) {
        if secret != nil { return takeSecret(bytes) }
        guard let line = String(validating: bytes, as: UTF8.self) else { return say("This line is not UTF-8.") }
        let (word, arguments) = PlainArguments(line).split
        guard !word.isEmpty else { return }
        if let question = model.question { return answer(word, to: question) }
        guard ["find", "filter"].contains(word.lowercased()) || !Self.holdsSecret(line) else {
            return say(
                "This looks like a signing secret and was not kept: type secret add LABEL, and it on the next line.")
        }
        if let (known, command) = PlainWord.named(word.lowercased()) {
            if let run = known.run { return run(&self, arguments) }
            if let command { perform(command, arguments.text) }
            return
        }
        if let command = Command(name: word.lowercased()) { return perform(command, arguments.text) }
        let near = Self.suggestion(for: word.lowercased())
        say(
            "Unknown command \(SafeText(word).clipped(to: 40)). "
                + (near.map { "Did you mean \($0)? " } ?? "") + "help lists the commands.")
    }

    /// Returns whether a word of the line looks like a signing secret of B2. An error message must not print it a
    /// second time.
    private static func holdsSecret(_ line: String) -> Bool {
        line.split(whereSeparator: \.isWhitespace).contains { SigningSecret.looksUsual(Array($0.utf8)) }
    }

    private mutating func answer(_ word: String, to question: Question) {
        let word = word.lowercased()
        let answers = model.bindings.bindings(in: question.context)
        guard let answer = answers.first(where: { $0.plain.answers.contains(word) || $0.name == word }) else {
            return say(PlainState.sentence(question))
        }
        if let reason = answer.unavailable(model) { return say("\(reason)") }
        if answer == .answerNo { say("Nothing was done.") }
        // A typed line is never a key press meant for something else.
        model.deafUntil = nil
        change { $0.perform(answer) }
    }

    /// Runs a command of the screen, or the line that replaces it in plain mode.
    mutating func perform(_ command: Command, _ arguments: String = "") {
        switch command.plain.way {
        case .same: break
        case .line(let line): return obey(Array(line.utf8))
        case .hint(let hint):
            say("In plain mode this is: \(hint)")
            return
        case .screen:
            return say("\(command.name) is for the screen: help lists what there is in plain mode.")
        }
        let here = model.bindings.binding(of: command, in: model.place)
        if let reason = here?.unavailable(model) { return say("\(reason)") }
        var there = model
        do throws(Command.Fault) {
            try (here ?? command).run(&there, arguments)
            if command.plain.movesRow { isToTellRow = true }
            change { $0 = there }
        } catch {
            say("\(error.sentence)")
        }
    }

    /// Returns the command with the name most similar to a word; nil if no name is similar.
    private static func suggestion(for word: String) -> String? {
        let names =
            PlainWord.all.flatMap(\.names) + Command.allCases.filter { $0.plain.way == .same }.map(\.name)
        return names.first { word.count > 1 && $0.hasPrefix(word) } ?? Suggestion.nearest(to: word, among: names)
    }
}
