import Base
import History
import Synchronization
import Terminal

/// Does what the model asks for, off the screen's thread, and posts what becomes of it.
///
/// Rows, documents and the listener have a worker each: a body of a mebibyte that is being laid out keeps no row
/// waiting.
struct EffectRunner: Sendable {
    private let browser: Browser
    private let reader: HistoryReader
    private let seeker: RowSeeker
    /// What the browser told last.
    let progress = LatestProgress()
    private let readSettings: @Sendable () throws -> DashboardSettings
    private let keepViewState: @Sendable (ViewState) -> Void
    private let keepMarked: @Sendable (Set<Int64>) -> Void
    private let control: any ListenerControl
    private let documents: DocumentBuilder
    private let copier: Copier
    private let exporter: Exporter
    private let acts: ActRunner
    private let mailbox: Mailbox<DashboardMessage>
    private let countTurns = Turns()
    private let countWorker = Worker("b2watch-count")
    private let pulseTurns = Turns()
    private let pulseWorker = Worker("b2watch-pulse")
    private let log: (any LogReading)?
    private let logFollowing = LogFollowing()
    private let logWorker = Worker("b2watch-logview")
    private let rowWorker = Worker("b2watch-rows")
    private let documentTurns = Turns()
    private let documentWorker = Worker("b2watch-detail")
    private let controlWorker = Worker("b2watch-control")

    init(_ environment: DashboardEnvironment, mailbox: Mailbox<DashboardMessage>) {
        let progress = progress
        reader = environment.reader
        browser = Browser(environment.reader) { report in
            if progress.put(report) { mailbox.post(DashboardMessage(.browseMoved)) }
        }
        seeker = RowSeeker(browser)
        keepViewState = environment.keepViewState
        keepMarked = environment.keepMarked
        readSettings = environment.reloadSettings
        control = environment.control
        log = environment.log
        documents = DocumentBuilder(
            reader: environment.reader, control: environment.control, clock: environment.clock)
        copier = Copier(
            reader: environment.reader, control: environment.control, folder: environment.copiesFolder)
        exporter = Exporter(environment.reader)
        acts = ActRunner(environment.reader, environment.actions, note: environment.note)
        self.mailbox = mailbox
    }

    func read(_ ticket: WindowTicket<Int64>) {
        rowWorker.async {
            let result = Result { () throws -> WindowAnswer<EventRow> in
                var answer = WindowAnswer(try browser.rows(RowRequest(ticket.request)))
                answer.first = answer.rows.first.flatMap { browser.position(of: $0.id) }
                return answer
            }.mapError(EffectFailure.init)
            post(.rowsRead(result, generation: ticket.generation))
        }
    }

    func read(_ ticket: PulseReading.Ticket, adding previous: Pulse?) {
        let turn = pulseTurns.next()
        pulseWorker.async {
            guard turn.isCurrent else { return }
            do {
                let pulse = try reader.pulse(
                    ticket.request, through: ticket.through, adding: previous,
                    partial: { post(.pulseRead(.success($0), for: ticket)) }, isCancelled: { !turn.isCurrent })
                if let pulse { post(.pulseRead(.success(pulse), for: ticket)) }
            } catch {
                post(.pulseRead(.failure(EffectFailure(error)), for: ticket))
            }
        }
    }

    func browse(_ query: BrowseQuery, generation: Int, _ change: HistoryChange) {
        browser.show(query, generation: generation, change)
    }

    func follow(_ change: HistoryChange) {
        browser.follow(change)
    }

    func seek(_ request: SeekRequest) {
        seeker.seek(request) { post(.sought($0, generation: request.generation)) }
    }

    func find(_ question: TimeQuestion) {
        logWorker.async {
            post(.timeFound(Result { try question.answer(reader, log) }.mapError(EffectFailure.init), of: question))
        }
    }

    /// Counts, and tells of each count when it is known. Another question ends this one.
    func count(_ question: MatchCounts.Question) {
        let turn = countTurns.next()
        countWorker.async {
            for item in question.items {
                guard turn.isCurrent else { return }
                do {
                    let found = try browser.count(item.predicate, in: item.first...question.through) { !turn.isCurrent }
                    guard let found else { return }
                    post(
                        .counted(
                            .success(MatchCounts.Answer(item: item, found: found)), generation: question.generation))
                } catch {
                    post(.counted(.failure(EffectFailure(error)), generation: question.generation))
                    return
                }
            }
        }
    }

    func cancelSeeking() {
        seeker.cancel()
    }

    func keep(_ state: ViewState) {
        // In line, so that the last one stays.
        controlWorker.async { keepViewState(state) }
    }

    func ask(_ asked: Asked) {
        let worker = asked.lane == .log ? logWorker : rowWorker
        worker.async { post(.answered(asked.view, asked.work(self))) }
    }

    func findOtherDelivery(_ id: Int64) {
        rowWorker.async {
            let result = Result { try reader.nextDelivery(sharingEventWith: id) }.mapError(EffectFailure.init)
            post(.otherDeliveryFound(result, from: id))
        }
    }

    func readValues() {
        // What cannot be read is not offered.
        rowWorker.async { if let values = try? SeenValues(reader) { post(.valuesRead(values)) } }
    }

    func followLog(_ isOn: Bool) {
        let log = log
        let mailbox = mailbox
        logWorker.async { [logFollowing] in
            logFollowing.hold(isOn ? log?.follow { mailbox.post(DashboardMessage(.logMoved)) } : nil)
        }
    }

    func readActions(generation: Int) {
        rowWorker.async {
            let result = Result { try reader.listedActions() }.mapError(EffectFailure.init)
            post(.actionsRead(result, generation: generation))
        }
    }

    func readEntry(_ id: Int64) {
        documentWorker.async {
            let result = Result { () throws -> TextPage.Content in
                guard let (row, exchange) = try reader.outboxEntry(id) else {
                    return .nothing("This entry is no longer recorded.")
                }
                return .entry(row, exchange)
            }
            post(.entryRead(result.mapError(EffectFailure.init), of: id))
        }
    }

    func call(_ call: ActionCall) {
        acts.call(call) { post(.actionAnswered(call, $0)) }
    }

    func act(_ request: ActRequest) {
        acts.act(
            request, progress: { post(.actMoved(request, $0)) }, then: { post(.acted(request, $0)) })
    }

    func cancelActing() {
        acts.cancel()
    }

    func build(_ request: DocumentRequest) {
        // Whoever moves on to another row does not wait for what is found out about this one.
        let turn = documentTurns.next()
        documentWorker.async {
            post(.documentBuilt(documents.build(request, isCancelled: { !turn.isCurrent })))
        }
    }

    func copy(_ request: CopyRequest) {
        documentWorker.async {
            post(.copied(Result { try copier.copy(request) }.mapError(EffectFailure.init)))
        }
    }

    func readFirstSteps(after id: Int64, through last: Int64) {
        rowWorker.async {
            let result = Result { try reader.firstSteps(after: id) }.mapError(EffectFailure.init)
            post(.firstStepsRead(result, through: last))
        }
    }

    func readKeyring() {
        // In one line with the changes of the keyring, so that no old answer comes after a newer one.
        controlWorker.async { post(.keyringRead(Result { try control.keyring() }.mapError(EffectFailure.init))) }
    }

    func export(_ request: ExportRequest) {
        exporter.export(request, progress: { post(.exportMoved($0)) }, then: { post(.exported($0)) })
    }

    func cancelExport() {
        exporter.cancel()
    }

    /// Nothing more is carried out: a file that is not whole is none, and no more is acted on.
    func end() {
        _ = countTurns.next()
        exporter.end()
        acts.cancel()
    }

    func reloadSettings() {
        controlWorker.async { post(.settingsRead(Result { try readSettings() }.mapError(EffectFailure.init))) }
    }

    func call(_ call: ControlCall) {
        controlWorker.async {
            let result = Result { try answer(to: call) }.mapError(EffectFailure.init)
            post(.controlEnded(call, result))
        }
    }

    private func answer(to call: ControlCall) throws -> ControlOutcome {
        switch call {
        case .cancelJudging:
            try control.cancelJudging()
            return .done
        case .resumeJudging:
            try control.resumeJudging()
            return .done
        case .addSecret(let draft): return .keyring(try control.addSecret(draft))
        case .replaceSecret(let label, let draft): return .keyring(try control.replaceSecret(label, with: draft))
        case .forgetSecret(let label, let wasLeaked):
            return .keyring(try control.forgetSecret(label, wasLeaked: wasLeaked))
        case .markLeaked(let secret): return .keyring(try control.markLeaked(secret))
        case .rememberSecret(let label): return .said(try control.rememberSecret(label))
        case .sendTestEvent: return .said(try control.sendTestEvent())
        case .reloadSecrets: return .keyring(try control.reloadSecrets())
        }
    }

    private func post(_ event: DashboardEvent) {
        mailbox.post(DashboardMessage(event))
    }

    // MARK: - Effects

    /// Does what is done off the screen.
    ///
    /// - Returns: False where it is for whoever owns the terminal.
    func carryOut(_ effect: Effect) -> Bool {
        switch effect {
        case .readRows(let ticket): read(ticket)
        case .readPulse(let ticket, let previous): read(ticket, adding: previous)
        case .browse(let query, let generation, let change): browse(query, generation: generation, change)
        case .follow(let change): follow(change)
        case .seek(let request): seek(request)
        case .cancelSeeking: cancelSeeking()
        case .findTime(let question): find(question)
        case .count(let question): count(question)
        case .keepViewState(let state): keep(state)
        case .keepMarked(let rows): controlWorker.async { [keepMarked] in keepMarked(rows) }
        case .readValues: readValues()
        case .ask(let asked): ask(asked)
        case .findOtherDelivery(let id): findOtherDelivery(id)
        case .followLog(let isOn): followLog(isOn)
        case .readActions(let generation): readActions(generation: generation)
        case .readEntry(let id): readEntry(id)
        case .callAction(let call): self.call(call)
        case .act(let request): act(request)
        case .cancelActing: cancelActing()
        case .buildDocument(let request): build(request)
        case .readFirstSteps(let id, let last): readFirstSteps(after: id, through: last)
        case .readKeyring: readKeyring()
        case .control(let call): self.call(call)
        case .copy(let request): copy(request)
        case .export(let request): export(request)
        case .cancelExport: cancelExport()
        case .sendToTerminal, .reloadSettings, .use, .ring, .end, .suspend, .redraw: return false
        }
        return true
    }
}

// MARK: - What tabs ask

extension EffectRunner: Outside {
    func deliveries(_ question: ListQuestion<DeliveryRow>) -> ListAnswer<DeliveryRow> {
        reader.deliverySource.answer(question)
    }

    func entries(_ question: ListQuestion<OutboxRow>, _ scope: EntryScope) -> ListAnswer<OutboxRow> {
        reader.entrySource(scope).answer(question)
    }

    func log(_ question: ListQuestion<LogEntry>) -> ListAnswer<LogEntry> {
        (log?.source
            ?? ListSource { _ in
                WindowAnswer()
            } keep: { _, _ in
                []
            }).answer(question)
    }

    func rules(after id: Int64, through last: Int64) -> Result<RuleStretch, EffectFailure> {
        Result { try reader.rules(after: id, through: last) }.mapError(EffectFailure.init)
    }
}

// MARK: - Progress of a search

/// How far the list's query has come, as last told: however often that is, one message waits in the mailbox.
final class LatestProgress: Sendable {
    private let waiting = Mutex<BrowseProgress?>(nil)

    /// Takes note. Says whether nothing was waiting.
    func put(_ progress: BrowseProgress) -> Bool {
        waiting.withLock { waiting in
            defer { waiting = progress }
            return waiting == nil
        }
    }

    /// What waits, which then waits no more.
    func take() -> BrowseProgress? {
        waiting.withLock { waiting in
            defer { waiting = nil }
            return waiting
        }
    }
}

// MARK: - Seeking a row

/// Looks for rows of the list, one search at a time, on a thread of its own.
final class RowSeeker: Sendable {
    private let browser: Browser
    private let worker = Worker("b2watch-seek")
    /// Of the search that is wanted; any other gives up.
    private let wanted = Atomic<Int>(0)

    init(_ browser: Browser) {
        self.browser = browser
    }

    func cancel() {
        wanted.store(0, ordering: .relaxed)
    }

    /// Begins a search. What comes of it is told from the seeker's thread, unless another one began meanwhile.
    func seek(_ request: SeekRequest, then tell: @escaping @Sendable (Result<SeekOutcome, EffectFailure>) -> Void) {
        wanted.store(request.generation, ordering: .relaxed)
        worker.async { [self] in
            guard isWanted(request) else { return }
            let result = Result { try outcome(of: request) }.mapError(EffectFailure.init)
            if isWanted(request) { tell(result) }
        }
    }

    private func outcome(of request: SeekRequest) throws -> SeekOutcome {
        if case .time(let stretch) = request.way {
            return SeekOutcome(row: try browser.nearest(to: stretch) { !isWanted(request) })
        }
        let isNewer = request.way != .previous
        if let row = try find(request, from: request.from, isNewer: isNewer) { return SeekOutcome(row: row) }
        switch request.way {
        case .nearest: return SeekOutcome(row: try find(request, from: request.from, isNewer: false))
        case .next: return SeekOutcome(row: try find(request, from: .min, isNewer: true), isWrapped: true)
        case .previous: return SeekOutcome(row: try find(request, from: .max, isNewer: false), isWrapped: true)
        case .time: return SeekOutcome()
        }
    }

    private func find(_ request: SeekRequest, from row: Int64, isNewer: Bool) throws -> Int64? {
        try browser.find(request.predicate, from: row, isNewer: isNewer) { !isWanted(request) }
    }

    private func isWanted(_ request: SeekRequest) -> Bool {
        wanted.load(ordering: .relaxed) == request.generation
    }
}
