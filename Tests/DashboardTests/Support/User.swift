import Base
import History
import Notifications
import Terminal
import TestSupport

@testable import Dashboard
@testable import Receiving

/// Somebody at the keyboard: presses keys, and reads what the screen says.
///
/// Effects are carried out at once upon an array of rows, or are held back for a test to answer.
struct User {
    var model: DashboardModel
    var now = ContinuousClock.now
    /// What is recorded.
    var history: [EventRow] = []
    /// What filters may be completed with, besides what the rows hold.
    var recorded = SeenValues()
    var bodies: [Int64: [UInt8]] = [:]
    var headers: [Int64: [HeaderField]] = [:]
    var keyring = Keyring()
    /// What the record shows of the first steps.
    var steps = FirstSteps()
    /// What the keyring answers when it is asked; nil for what the dashboard knows already.
    var summary: KeyringSummary?
    var keyringReads = 0
    var change = HistoryChange()
    /// What is known of a delivery beside its rows.
    var answerTimes: [Int64: Int] = [:]
    var sharing: [Int64: [Int64]] = [:]
    var addresses: [Int64: String] = [:]
    /// What b2watch has said of itself.
    var log: [LogEntry] = []
    var logFailure: EffectFailure?
    /// Whether effects wait in `held` instead of being carried out.
    var holdsEffects = false
    var held: [Effect] = []
    /// What the dashboard asked for and a test is to see.
    var calls: [Call] = []
    var ending: DashboardEnding?
    var suspensions = 0
    /// What was asked of the terminal.
    var theme: Theme?
    var rings = 0
    var followsLog = false
    var exports: [ExportRequest] = []
    var settingsReads = 0
    /// What the terminal was last asked to keep.
    var clipboard: [UInt8]?
    /// Where copies go that are too large for a terminal.
    var copiesFolder = "/nowhere"
    /// The actions, their entries, and what was asked and answered.
    var actions: [ListedAction] = []
    var entries: [OutboxRow] = []
    var exchanges: [Int64: OutboxExchange] = [:]
    var actionCalls: [Call] = []
    var previews: [Preview] = []
    /// The actions that were looked at for what they have missed.
    var glances: [String] = []
    /// What is answered to requests, and to dry runs; without it nothing is.
    private(set) var replies: [(any ListenerRequest) -> (any Sendable)?] = []
    var preview: ((Preview) -> DryRun)?
    var acts: [ActRequest] = []
    /// What becomes of a request; without it nothing does.
    var outcome: ((ActRequest) -> ActOutcome)?
    var cancelledActs: Int { cancelled.count { $0 == "act" } }
    /// The account, which has no key at first.
    var account = AccountScript()
    /// The other deliveries of every event.
    var others: [EventDelivery] = []
    var reads: [WindowRequest<Int64>] = []
    /// The tabs that asked something.
    var asked: [MainView] = []
    var pulseReads: [PulseReading.Ticket] = []
    /// What the history counts; without it nothing answers.
    var pulse: ((PulseRequest) -> Pulse)?
    /// The query that is shown, and how many of the newest rows have been looked at for it; nil for all.
    var query = BrowseQuery()
    var queryGeneration = 0
    var lookedAt: Int?
    /// What was kept for the next run, and what waits to be found.
    var kept: [ViewState] = []
    var isSeekingHeld = false
    /// What was to be counted, from which row on, and whether no answer comes.
    var counted: [[MatchCounts.Item]] = []
    var holdsCounts = false
    /// The questions that the store has no answer to yet, and the slots of those that were cancelled or given up.
    var waiting: [Asked] = []
    var cancelled: [String] = []
    var forgotten: [String] = []

    init(
        columns: Int = 80, rows: Int = 24, holding secrets: [SecretSummary] = [], clock: WallClock = .utc,
        isLoopback: Bool = true, viewState: ViewState = ViewState(),
        settings: DashboardSettings = DashboardSettings()
    ) {
        model = DashboardModel(
            Session(
                size: Size(columns: columns, rows: rows), now: now, keyring: KeyringSummary(secrets: secrets),
                listening: .listening(url: "http://127.0.0.1:8080/", isLoopback: isLoopback),
                secretsFile: "~/.config/b2watch/secrets", clock: clock, viewState: viewState,
                wallTime: Timestamp(milliseconds: Make.start)), settings: settings)
        tell(.tick)
    }

    /// Somebody who holds the secret `prod`, with so many events on the screen.
    static func watching(_ count: Int64, columns: Int = 80, rows: Int = 24) -> User {
        var user = User(columns: columns, rows: rows, holding: [.prod])
        user.arrive((0..<count).map { Make.row($0 + 1) })
        return user
    }

    var screen: String { surface.text }

    var surface: Surface {
        var surface = Surface(size: model.session.size)
        _ = model.draw(on: &surface)
        return surface
    }

    var lines: [String] { screen.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }

    /// What is listed and whether it is followed: the end of the tab line, or a line of its own below it.
    var marks: String { lines[tabLines] }

    /// How many lines the tabs have, with what is told of the list.
    var tabLines: Int { TabLine(model, columns: model.session.size.columns).height }

    /// The line of the selected row.
    var selected: String? { lines.first { $0.hasPrefix("▌") } }

    /// Returns whether a row on the screen has all these texts in their order, and is the selected one if that is asked for.
    func hasRow(_ texts: String..., selected isSelected: Bool = false) -> Bool {
        lines.contains { line in
            guard !isSelected || line.hasPrefix("▌") else { return false }
            var rest = line[...]
            return texts.allSatisfy { text in
                guard let range = rest.firstRange(of: text) else { return false }
                rest = rest[range.upperBound...]
                return true
            }
        }
    }

    mutating func press(_ keys: Key...) {
        for key in keys { tell(.input(.key(key))) }
    }

    /// Types characters.
    mutating func type(_ text: String) {
        for character in text { press(.character(character)) }
    }

    mutating func paste(_ text: String) { tell(.input(.paste(Array(text.utf8)))) }

    mutating func resize(_ columns: Int, _ rows: Int) {
        tell(.input(.resized(Size(columns: columns, rows: rows))))
    }

    mutating func wait(_ time: Duration) {
        now += time
        tell(.tick)
    }

    /// Lets rows arrive, one commit each unless all at once, a frame apart from what was before.
    mutating func arrive(_ rows: [EventRow]) {
        now += .milliseconds(50)
        history += rows
        for row in rows { change.tally[row.verdict] += 1 }
        change.tally.rows = history.count
        change.latestRow = history.last?.id ?? 0
        change.latestDelivery = history.last?.deliveryID ?? 0
        tell(.historyChanged(change))
    }

    mutating func tell(_ event: DashboardEvent) {
        let effects = model.update(event, at: now)
        if holdsEffects { held += effects } else { carryOut(effects) }
    }

    /// Carries out what was held back.
    mutating func release() {
        holdsEffects = false
        let effects = held
        held = []
        carryOut(effects)
    }

    mutating func carryOut(_ effects: [Effect]) {
        for effect in effects {
            switch effect {
            case .browse(let query, let generation, _):
                self.query = query
                queryGeneration = generation
                reportProgress()
            case .follow: reportProgress()
            case .ask(let asked):
                if asked.slot.opening > 0 { self.asked.append(MainView(rawValue: asked.slot.opening)) }
                let answers = answers(to: asked)
                let isHeld = isSeekingHeld && asked.slot.name == "seek" || holdsCounts && asked.slot.name == "counts"
                if answers.isEmpty || isHeld { waiting.append(asked) }
                if !isHeld { for answer in answers { tell(.answered(answer)) } }
            case .cancel(let slot):
                cancelled.append(slot.name)
                if slot.name == "export" { finishExport(.success(.cancelled)) }
            case .forget(let slot): forgotten.append(slot.name)
            case .keepViewState(let state): kept.append(state)
            case .keepMarked: break
            case .followLog(let isOn): followsLog = isOn
            case .sendToTerminal(let bytes): clipboard = bytes
            case .end(let ending): self.ending = ending
            case .suspend: suspensions += 1
            case .use(let theme): self.theme = theme
            case .ring: rings += 1
            case .redraw: break
            }
        }
    }

    // MARK: - Questions

    /// Returns the answers of the store to a question, in parts and at its end, and takes note of what was asked; none
    /// where the store has no answer yet.
    mutating func answers(
        to asked: Asked, keyring: KeyringSummary? = nil, changing change: (inout Store) -> Void = { _ in }
    ) -> [Answered] {
        var store = Store(self, keyring: summary ?? keyring ?? model.session.keyring)
        change(&store)
        let answers = store.answers(to: asked)
        store.notes.withLock { notes in
            calls += notes.calls
            actionCalls += notes.actionCalls
            previews += notes.previews
            glances += notes.glances
            acts += notes.acts
            exports += notes.exports
            reads += notes.reads
            pulseReads += notes.pulseReads
            keyringReads += notes.keyringReads
            settingsReads += notes.settingsReads
            if !notes.counted.isEmpty { counted.append(notes.counted) }
        }
        return answers
    }

    /// Returns the answers to the first waiting question that a changed store has one for; it waits no longer.
    mutating func resolve(_ change: (inout Store) -> Void) -> [Answered] {
        for (index, asked) in waiting.enumerated() {
            var store = Store(self, keyring: model.session.keyring)
            change(&store)
            let answers = store.answers(to: asked)
            guard !answers.isEmpty else { continue }
            waiting.remove(at: index)
            return answers
        }
        return []
    }

    /// The requests of a type that were asked of the listener.
    func asked<Request: ListenerRequest>(_ type: Request.Type) -> [Request] {
        calls.compactMap { $0.request as? Request }
    }

    /// Asks the account again what it has not answered yet.
    mutating func answerAccount() {
        for answer in resolve({ _ in }) { tell(.answered(answer)) }
    }

    /// Answers all requests of a type from now on, where a closure gives a reply.
    mutating func reply<Request: ListenerRequest>(
        to type: Request.Type, _ reply: @escaping (Request) -> Request.Reply?
    ) {
        replies.append { ($0 as? Request).flatMap(reply) }
    }

    /// Answers a request that waits.
    mutating func answer<Request: ListenerRequest>(_ request: Request, _ reply: Request.Reply) {
        answer(Call(request), .success(reply))
    }

    mutating func answer(_ call: Call, _ result: Result<any Sendable, EffectFailure>) {
        for answer in resolve({ $0.reply = { Call($0) == call ? result : nil } }) { tell(.answered(answer)) }
    }

    /// Answers a dry run that waits.
    mutating func finishPreview(_ preview: Preview, _ text: String) {
        for answer in resolve({ $0.preview = { $0 == preview ? DryRun(text: Array(text.utf8)) : nil } }) {
            tell(.answered(answer))
        }
    }

    mutating func finishExport(_ result: Result<ExportOutcome, EffectFailure>) {
        for answer in resolve({ $0.export = { _ in result } }) { tell(.answered(answer)) }
    }

    mutating func finishAct(_ outcome: ActOutcome) {
        for answer in resolve({ $0.outcome = { _ in outcome } }) { tell(.answered(answer)) }
    }

    mutating func readSettings(_ result: Result<DashboardSettings, EffectFailure>) {
        for answer in resolve({ $0.read = { result } }) { tell(.answered(answer)) }
    }

    /// The documents that questions held back are about.
    var documentsHeld: [DocumentRequest] {
        held.compactMap(\.asked).filter { $0.slot.name == "document" }.compactMap { asked in
            let answers = Store(self, keyring: model.session.keyring).answers(to: asked)
            return (try? answers.last?.answer.get() as? DetailDocument)?.request
        }
    }

    /// Hands in a part of the answer to a question.
    mutating func report(_ part: any Sendable, of asked: Asked) {
        tell(.answered(Answered(slot: asked.slot, number: asked.number, answer: .success(part), isPart: true)))
    }

    /// Answers what was held back with a failure.
    mutating func fail(_ name: String, _ error: any Error) {
        guard let asked = held.lazy.compactMap(\.asked).first(where: { $0.slot.name == name }) else { return }
        held = []
        tell(.answered(Answered(slot: asked.slot, number: asked.number, answer: .failure(EffectFailure(error)))))
    }

    func window(_ request: WindowRequest<Int64>) -> ListWindow<EventRow> {
        let history = listed
        guard !history.isEmpty else { return ListWindow() }
        let anchor =
            switch request.anchor {
            case .newest: history.count - 1
            case .oldest: 0
            case .row(let id):
                // In another order than that of arrival there is no older row to stand in.
                history.firstIndex { $0.id == id }
                    ?? (query.order == .arrival ? history.lastIndex { $0.id < id } : nil) ?? 0
            }
        let first = max(0, anchor - request.before)
        let last = min(history.count - 1, anchor + request.after)
        return ListWindow(
            rows: Array(history[first...last]), hasOlder: first > 0, hasNewer: last < history.count - 1,
            first: first + 1)
    }

    /// The rows of the query, of those looked at, in its order.
    private var listed: [EventRow] {
        let rows = lookedAt.map { history.suffix($0) } ?? history[...]
        return query.order.sorted(rows.filter { query.predicate.holds(for: $0) })
    }

    /// Tells how far the query has come, as the browser does.
    mutating func reportProgress() {
        guard !query.isPlain else { return }
        tell(
            .browsed(
                BrowseProgress(
                    generation: queryGeneration, matched: listed.count,
                    scanned: min(lookedAt ?? .max, history.count), total: history.count)))
    }

    /// Looks for a row of the list.
    func seek(_ request: SeekRequest) -> SeekOutcome {
        let rows = listed
        let place = rows.firstIndex { $0.id == request.from }
        let holds: (EventRow) -> Bool = { request.predicate.holds(for: $0) }
        let rest = request.from == .min ? rows[...] : place.map { rows[($0 + 1)...] }
        let below = rest?.first(where: holds)?.id
        let above = place.map { rows[..<$0] }?.last(where: holds)?.id
        return switch request.way {
        case .time(let stretch):
            SeekOutcome(
                row: rows.min { stretch.distance(to: $0.receivedAt) < stretch.distance(to: $1.receivedAt) }?.id)
        case .nearest: SeekOutcome(row: below ?? above)
        case .next:
            below.map { SeekOutcome(row: $0) } ?? SeekOutcome(row: rows.first(where: holds)?.id, isWrapped: true)
        case .previous:
            above.map { SeekOutcome(row: $0) } ?? SeekOutcome(row: rows.last(where: holds)?.id, isWrapped: true)
        }
    }

    func document(_ request: DocumentRequest) -> DocumentContent {
        guard let record = record(request.rowID) else { return DocumentContent() }
        return DocumentBuilder.content(
            of: record, for: request, clock: .utc, others: others, actions: actionsSource(request)
        ) {
            SignatureEvidence($0.delivery, keyring: keyring, recorded: $0.judgement)
        }
    }

    func copy(_ request: CopyRequest) throws -> Copied {
        let holdsSecret: ([UInt8]) -> Bool = { bytes in keyring.secrets.contains { $0.occurs(in: bytes) } }
        if let rows = request.rows {
            return try Copier.copyAll(request, folder: copiesFolder) { pieces in
                for row in history where rows.holds(row) {
                    if let record = record(row.id) { try pieces.add(row, of: record, holdsSecret: holdsSecret) }
                }
            }
        }
        guard let row = history.first(where: { $0.deliveryID == request.deliveryID }), let record = record(row.id)
        else { throw CopyFailure.gone }
        return try Copier.copy(request, of: record, folder: copiesFolder, holdsSecret: holdsSecret)
    }

    private func record(_ rowID: Int64) -> DeliveryRecord? {
        guard let row = history.first(where: { $0.id == rowID }) else { return nil }
        return Make.record(for: row, body: bodies[row.id], headers: headers[row.id])
    }

    // MARK: - Lists

    /// The deliveries of the rows.
    var deliveries: [DeliveryRow] {
        var last: Int64?
        return history.filter { row in
            defer { last = row.deliveryID }
            return row.deliveryID != last
        }
        .map { row in
            DeliveryRow(
                first: row, remoteAddress: addresses[row.deliveryID] ?? "203.0.113.9",
                answerTime: answerTimes[row.deliveryID], others: sharing[row.deliveryID]?.count ?? 0)
        }
    }

    func otherDelivery(than id: Int64) -> Int64? {
        let others = sharing[id] ?? []
        return others.first { $0 > id } ?? others.first
    }

    /// Lets b2watch say something of itself.
    mutating func say(_ text: String, _ level: LogLevel = .info, source: String = "watch[4711]") {
        now += .milliseconds(50)
        let place = LogPlace(inode: 1, offset: log.count * 100)
        let time = Timestamp(milliseconds: Make.start + Int64(log.count) * 1_000)
        log.append(LogEntry(id: place, time: time, level: level, source: source, text: text))
        tell(.logMoved)
    }

    // MARK: - Actions

    /// Somebody who looks at a history with actions.
    static func acting(
        _ rows: [EventRow] = (1...20).map { Make.row($0) }, size: Size = Size(columns: 100, rows: 30),
        actions: [ListedAction] = [Make.action("rows", [.done: 3, .queued: 1])], entries: [OutboxRow] = []
    ) -> User {
        var user = User(columns: size.columns, rows: size.rows, holding: [.prod])
        user.model.session.canAct = true
        user.actions = actions
        user.entries = entries
        // As if they had been so from the start.
        user.model.actions = ActionsScreen()
        user.arrive(rows)
        user.outboxMoves()
        return user
    }

    /// The outbox has changed.
    mutating func outboxMoves() {
        now += .seconds(2)
        change.outbox += 1
        tell(.historyChanged(change))
    }

    func actionsSource(_ request: DocumentRequest) -> ActionsDocument.Source {
        ActionsDocument.Source(
            entries: entries.filter { $0.event.id == request.rowID }.map(\.entry), actions: actions.map(\.status))
    }

    // MARK: - The mouse

    mutating func click(_ column: Int, _ row: Int) {
        tell(.input(.mouse(MouseEvent(.press, .left, at: Point(column: column, row: row)))))
        tell(.input(.mouse(MouseEvent(.release, .left, at: Point(column: column, row: row)))))
    }

    /// Clicks on the first place where a text stands.
    mutating func click(on text: String, behind skipped: Int = 0) {
        guard let point = place(of: text, from: skipped) else { return }
        click(point.column, point.row)
    }

    mutating func doubleClick(_ column: Int, _ row: Int) {
        click(column, row)
        tell(.input(.mouse(MouseEvent(.doublePress, .left, at: Point(column: column, row: row)))))
    }

    mutating func wheel(_ kind: MouseEvent.Kind, _ column: Int, _ row: Int) {
        tell(.input(.mouse(MouseEvent(kind, at: Point(column: column, row: row)))))
    }

    /// The first cell of a text on the screen, from a row on.
    func place(of text: String, from row: Int = 0) -> Point? {
        for (row, line) in lines.enumerated().dropFirst(row) {
            if let range = line.firstRange(of: text) {
                return Point(column: SafeText(String(line[..<range.lowerBound])).width, row: row)
            }
        }
        return nil
    }
}

extension Effect {
    var asked: Asked? { if case .ask(let asked) = self { asked } else { nil } }

    /// Whether it asks what has this slot.
    func asks(_ name: String) -> Bool { asked?.slot.name == name }
}

extension ExportRequest.Rows {
    fileprivate func holds(_ row: EventRow) -> Bool {
        switch self {
        case .chosen(let ids): ids.contains(row.id)
        case .matching(let predicate, let last): row.id <= last && predicate.holds(for: row)
        }
    }
}

extension Range<Timestamp> {
    /// How far a moment is from it, in milliseconds; none for what is in it.
    func distance(to moment: Timestamp) -> Int64 {
        if contains(moment) { return 0 }
        return moment < lowerBound
            ? lowerBound.milliseconds - moment.milliseconds : moment.milliseconds - upperBound.milliseconds + 1
    }
}

extension SecretSummary {
    static let prod = SecretSummary(label: "prod", fingerprint: "3f9a", source: "screen", matches: 124)
}

extension ListWindow where Row: WindowedRow {
    /// What a store of these rows answers.
    init(_ all: [Row], _ request: WindowRequest<Row.ID>) {
        self.init()
        guard !all.isEmpty else { return }
        let anchor =
            switch request.anchor {
            case .newest: all.count - 1
            case .oldest: 0
            case .row(let id): all.lastIndex { $0.id == id } ?? 0
            }
        let (first, last) = (max(0, anchor - request.before), min(all.count - 1, anchor + request.after))
        self.init(rows: Array(all[first...last]), hasOlder: first > 0, hasNewer: last < all.count - 1)
    }
}

extension Make {
    static func action(
        _ name: String, _ counts: [EntryState: Int] = [:], kind: String = "csv", isPaused: Bool = false,
        isDeclared: Bool = true, oldest: Int64? = nil, reason: String? = nil, due: Int64? = nil
    ) -> ListedAction {
        ListedAction(
            status: ActionStatus(
                id: Int64(name.utf8.reduce(0) { $0 + Int($1) }), name: name, kind: kind,
                summary: "events.csv, the sheet's five columns", isPaused: isPaused, isDeclared: isDeclared,
                counts: counts, oldestWaiting: oldest.map { Timestamp(milliseconds: start + $0) }, lastReason: reason),
            nextDue: due.map { Timestamp(milliseconds: start + $0) })
    }

    static func entry(
        _ id: Int64, of action: String = "rows", row: EventRow? = nil, _ state: EntryState = .done, attempts: Int = 1,
        due: Int64? = nil, reason: String? = nil
    ) -> OutboxRow {
        let event = row ?? Make.row(id)
        return OutboxRow(
            entry: OutboxEntry(
                id: id, action: action, row: event.id, state: state, attempts: attempts,
                due: due.map { Timestamp(milliseconds: start + $0) }, addedAt: event.receivedAt, reason: reason,
                batch: attempts > 0 ? 7 : nil),
            event: event)
    }

    static let exchange = OutboxExchange(
        startedAt: Timestamp(milliseconds: start + 61_000), duration: 184_000,
        request: Array(
            "POST /v4/spreadsheets/1AbC:batchUpdate HTTP/1.1\nAuthorization: ***\n\n{\"requests\": []}".utf8),
        outcome: "503 Service Unavailable", answer: Array("{\"error\": {\"code\": 503}}\u{1B}[31m".utf8))
}
