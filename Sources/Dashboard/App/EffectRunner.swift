import Actions
import Base
import History
import Notifications
import Receiving
import Sending
import Synchronization
import Terminal

/// The runner of the model's effects. It works off the screen's thread and posts the answers.
///
/// Each lane has its own worker, so that laying out a body of one mebibyte does not delay the rows.
struct EffectRunner: Sendable {
    /// The latest progress report of the browser.
    let progress = LatestProgress()
    private let environment: DashboardEnvironment
    private let browser: Browser
    private let copier: Copier
    private let exporter: Exporter
    private let mailbox: Mailbox<DashboardMessage>
    private let workers = Dictionary(uniqueKeysWithValues: Lane.allCases.map { ($0, Worker($0.rawValue)) })
    private let running = Running()
    private let logFollowing = LogFollowing()

    private var reader: HistoryReader { environment.reader }

    init(_ environment: DashboardEnvironment, mailbox: Mailbox<DashboardMessage>) {
        let progress = progress
        self.environment = environment
        self.mailbox = mailbox
        browser = Browser(environment.reader) { report in
            if progress.put(report) { mailbox.post(DashboardMessage(.browseMoved)) }
        }
        copier = Copier(
            reader: environment.reader, listener: environment.listener, folder: environment.copiesFolder)
        exporter = Exporter(environment.reader)
    }

    /// Stops all work: removes an incomplete file, and does nothing more for rows.
    func end() {
        running.cancelAll()
        exporter.end()
    }

    // MARK: - Effects

    /// Carries out an effect that does not concern the terminal.
    ///
    /// - Returns: False if the owner of the terminal must carry it out.
    func carryOut(_ effect: Effect) -> Bool {
        switch effect {
        case .ask(let asked): ask(asked)
        case .cancel(let slot): running.cancel(slot)
        case .forget(let slot): running.forget(slot)
        case .browse(let query, let generation, let change): browser.show(query, generation: generation, change)
        case .follow(let change): browser.follow(change)
        // The writes share one lane, so that the last state wins.
        case .keepViewState(let state): workers[.listener]?.async { environment.keepViewState(state) }
        case .keepMarked(let rows): workers[.listener]?.async { environment.keepMarked(rows) }
        case .followLog(let isOn): followLog(isOn)
        case .sendToTerminal, .use, .ring, .end, .suspend, .redraw: return false
        }
        return true
    }

    /// Answers a question on the thread of its lane. An older question in the same slot is cancelled.
    private func ask(_ asked: Asked) {
        let cancellation = running.begin(asked)
        workers[asked.lane]?.async {
            guard running.isCurrent(asked) else { return }
            let asking = Asking<any Sendable>(cancellation) { part in
                post(Answered(slot: asked.slot, number: asked.number, answer: .success(part), isPart: true))
            }
            let answer = asked.work(self, asking)
            running.finish(asked)
            post(Answered(slot: asked.slot, number: asked.number, answer: answer))
        }
    }

    private func post(_ answered: Answered) { mailbox.post(DashboardMessage(.answered(answered))) }

    private func followLog(_ isOn: Bool) {
        let (log, mailbox) = (environment.log, mailbox)
        workers[.log]?.async { [logFollowing] in
            logFollowing.hold(isOn ? log?.follow { mailbox.post(DashboardMessage(.logMoved)) } : nil)
        }
    }
}

// MARK: - The outside world for questions

extension EffectRunner: Outside {
    func ask<Request: ListenerRequest<ReceiverDesk>>(_ request: Request) throws -> Request.Reply {
        try environment.listener.ask(request)
    }

    func ask<Request: ListenerRequest<ActionRunner>>(_ request: Request) throws -> Request.Reply {
        try requireActions().ask(request)
    }

    /// Returns the actions.
    ///
    /// - Throws: `NobodyActs` if no process runs them.
    private func requireActions() throws -> any ActionAsking {
        guard let actions = environment.actions else { throw NobodyActs() }
        return actions
    }

    func ask<Request: ListenerRequest<any AccountAnswering>>(_ request: Request) throws -> Request.Reply {
        guard let account = environment.account else { throw NoAccount() }
        return try account.ask(request)
    }

    /// No process can be asked about the account.
    private struct NoAccount: Error, CustomStringConvertible {
        let description = "Nobody has an application key here."
    }

    func settings() throws -> DashboardSettings { try environment.reloadSettings() }

    func rows(_ request: WindowRequest<Int64>) throws -> ListWindow<EventRow> {
        var answer = try browser.rows(request)
        answer.first = answer.rows.first.flatMap { browser.position(of: $0.id) }
        return answer
    }

    func deliveries(_ question: ListQuestion<DeliveryRow>) throws -> ListAnswer<DeliveryRow> {
        try reader.deliverySource.answer(question)
    }

    func entries(_ question: ListQuestion<OutboxRow>, _ scope: EntryScope) throws -> ListAnswer<OutboxRow> {
        try reader.entrySource(scope).answer(question)
    }

    func log(_ question: ListQuestion<LogEntry>) throws -> ListAnswer<LogEntry> {
        try environment.log?.source.answer(question) ?? .window(ListWindow())
    }

    func rules(after id: Int64, through last: Int64) throws -> RuleStretch {
        try reader.rules(after: id, through: last)
    }

    func listedActions() throws -> [ListedAction] { try reader.listedActions() }

    func entry(_ id: Int64) throws -> TextPage.Content {
        guard let (row, exchange) = try reader.outboxEntry(id) else {
            return .nothing("This entry is no longer recorded.")
        }
        return .entry(row, exchange)
    }

    func seek(_ request: SeekRequest, isCancelled: @Sendable () -> Bool) throws -> SeekOutcome {
        try request.outcome(browser, isCancelled)
    }

    func delivery(nearestTo stretch: Range<Timestamp>) throws -> Int64? { try reader.delivery(nearestTo: stretch) }

    func logPlace(nearestTo stretch: Range<Timestamp>) throws -> LogPlace? {
        try environment.log?.place(nearestTo: stretch)
    }

    func nextDelivery(sharingEventWith id: Int64) throws -> Int64? { try reader.nextDelivery(sharingEventWith: id) }

    func firstSteps(after id: Int64) throws -> FirstSteps { try reader.firstSteps(after: id) }

    func values() throws -> SeenValues { try SeenValues(reader) }

    func count(
        _ predicate: RowPredicate, in rows: ClosedRange<Int64>, isCancelled: @Sendable () -> Bool
    ) throws -> Int? {
        try browser.count(predicate, in: rows, isCancelled: isCancelled)
    }

    func pulse(_ ticket: PulseReading.Ticket, adding: Pulse?, _ asking: Asking<Pulse?>) throws -> Pulse? {
        try reader.pulse(
            ticket.request, through: ticket.through, adding: adding, partial: { asking.report($0) },
            isCancelled: { asking.isCancelled })
    }

    func document(_ request: DocumentRequest, isCancelled: @escaping @Sendable () -> Bool) -> DetailDocument {
        DocumentBuilder(reader: reader, listener: environment.listener, clock: environment.clock)
            .build(request, isCancelled: isCancelled)
    }

    func copy(_ request: CopyRequest) throws -> Copied { try copier.copy(request) }

    func export(_ request: ExportRequest, _ asking: Asking<ExportOutcome>) throws -> ExportOutcome {
        try exporter.export(request, asking)
    }

    func act(_ request: ActRequest, _ asking: Asking<ActOutcome>) throws -> ActOutcome {
        try request.act(
            reader, try requireActions(), replay: replay(_:to:while:), note: environment.note, asking)
    }

    /// Sends recorded deliveries again, unchanged.
    ///
    /// - Parameters:
    ///   - url: The URL of the receiver; nil for the listener.
    ///   - goesOn: Called after each delivery with the results so far; returns whether to continue.
    private func replay(
        _ deliveries: [Int64], to url: String?, while goesOn: (ReplayCount) -> Bool
    ) throws -> ReplayCount {
        guard let http = environment.http else { throw NobodyActs() }
        let target = try WebhookURL(url ?? ask(ReadHook()))
        return try Replay(reader: reader, http: http, url: target, allowsPlainHTTP: url == nil)
            .counted(deliveries, while: goesOn)
    }

    func preview(_ action: String, _ rows: ActedRows) throws -> DryRun {
        try DryRun(of: action, for: rows, reader, try requireActions())
    }
}

/// The questions in progress.
private final class Running: Sendable {
    private let questions = Mutex<[Slot: (number: Int, cancellation: Cancellation)]>([:])

    /// Records a question, and cancels the older one in its slot.
    func begin(_ asked: Asked) -> Cancellation {
        let cancellation = Cancellation()
        questions.withLock { $0.updateValue((asked.number, cancellation), forKey: asked.slot) }?.cancellation.cancel()
        return cancellation
    }

    func finish(_ asked: Asked) {
        questions.withLock { if $0[asked.slot]?.number == asked.number { $0[asked.slot] = nil } }
    }

    /// Returns whether the answer is still wanted.
    func isCurrent(_ asked: Asked) -> Bool { questions.withLock { $0[asked.slot]?.number == asked.number } }

    /// Cancels the work of a question whose answer is no longer wanted.
    func forget(_ slot: Slot) { questions.withLock { $0.removeValue(forKey: slot) }?.cancellation.cancel() }

    func cancel(_ slot: Slot) { questions.withLock { $0[slot] }?.cancellation.cancel() }

    func cancelAll() { questions.withLock { for question in $0.values { question.cancellation.cancel() } } }
}

// MARK: - Progress of a search

/// The latest progress report of the list's query. At most one message waits in the mailbox, however often it changes.
final class LatestProgress: Sendable {
    private let waiting = Mutex<BrowseProgress?>(nil)

    /// Stores a report. Returns whether no report was waiting.
    func put(_ progress: BrowseProgress) -> Bool {
        waiting.withLock { waiting in
            defer { waiting = progress }
            return waiting == nil
        }
    }

    /// Returns the waiting report, and removes it.
    func take() -> BrowseProgress? {
        waiting.withLock { waiting in
            defer { waiting = nil }
            return waiting
        }
    }
}
