import Base
import History
import Notifications
import Terminal

@testable import Dashboard

/// Somebody who types lines and hears what is said. What is recorded is a `User`'s.
struct Hearer {
    var plain: PlainModel
    var user: User
    private(set) var heard: [String] = []
    private(set) var calls: [ControlCall] = []
    private(set) var ending: DashboardEnding?
    private(set) var kept: [ViewState] = []
    /// Whether rows, or actions, are read only when `release` is called.
    var holdsReads = false
    private var holdsActions = false
    private var held: [Effect] = []

    init(
        _ count: Int64 = 0, isInteractive: Bool = true, holding secrets: [SecretSummary] = [.prod],
        viewState: ViewState = ViewState(), holdsActions: Bool = false
    ) {
        self.holdsActions = holdsActions
        user = User()
        user.history = (0..<count).map { Make.row($0 + 1) }
        user.change.latestRow = count
        user.change.latestDelivery = count
        user.change.tally.rows = Int(count)
        let session = Session(
            size: Size(columns: 160, rows: 48), now: user.now, change: user.change,
            keyring: KeyringSummary(secrets: secrets),
            listening: .listening(url: "http://127.0.0.1:8080/", isLoopback: true),
            secretsFile: "~/.config/b2watch/secrets", viewState: viewState,
            wallTime: Timestamp(milliseconds: Make.start))
        plain = PlainModel(session, isInteractive: isInteractive)
        tell(.tick)
        heard = []
    }

    /// What has been said since this was asked last.
    mutating func hear() -> [String] {
        defer { heard = [] }
        return heard
    }

    /// Types a line, and hears what is said at once.
    mutating func type(_ line: String) -> [String] {
        heard = []
        carryOut(plain.enter(Array(line.utf8), at: user.now))
        return hear()
    }

    /// Types lines one behind the other, as a pipe brings them.
    mutating func pipe(_ lines: String...) {
        for line in lines { carryOut(plain.enter(Array(line.utf8), at: user.now)) }
    }

    mutating func endInput() { carryOut(plain.endInput(at: user.now)) }

    mutating func wait(_ time: Duration) {
        user.now += time
        tell(.tick)
    }

    mutating func arrive(_ rows: [EventRow]) {
        user.now += .milliseconds(50)
        user.history += rows
        user.change.tally.rows = user.history.count
        user.change.latestRow = user.history.last?.id ?? 0
        user.change.latestDelivery = user.history.last?.deliveryID ?? 0
        tell(.historyChanged(user.change))
    }

    mutating func tell(_ event: DashboardEvent) { carryOut(plain.update(event, at: user.now)) }

    mutating func release() {
        (holdsReads, holdsActions) = (false, false)
        let effects = held
        held = []
        carryOut(effects)
    }

    private mutating func carryOut(_ effects: [Effect]) {
        heard += plain.takeSaid().map(\.string)
        for effect in effects {
            switch effect {
            case .readRows where holdsReads: held.append(effect)
            case .readActions where holdsActions: held.append(effect)
            case .readRows(let ticket):
                tell(.rowsRead(.success(user.window(RowRequest(ticket.request))), generation: ticket.generation))
            case .ask(let asked): tell(.answered(asked.view, asked.work(Store(user))))
            case .browse(let query, let generation, _):
                (user.query, user.queryGeneration) = (query, generation)
                report()
            case .follow: report()
            case .count(let question):
                for item in question.items {
                    let found = user.history.filter {
                        $0.id >= item.first && $0.id <= question.through && item.predicate.holds(for: $0)
                    }
                    let answer = MatchCounts.Answer(item: item, found: found.count)
                    tell(.counted(.success(answer), generation: question.generation))
                }
            case .seek(let request): seek(request)
            case .buildDocument(let request):
                guard let row = user.history.first(where: { $0.id == request.rowID }) else { continue }
                let content = DocumentBuilder.content(of: Make.record(for: row), for: request, clock: .utc) {
                    SignatureEvidence($0.delivery, keyring: Keyring())
                }
                tell(.documentBuilt(DetailDocument(content, for: request)))
            case .readActions, .readEntry, .callAction, .act, .cancelActing: act(effect)
            case .readKeyring: tell(.keyringRead(.success(plain.model.session.keyring)))
            case .export(let request): user.exports.append(request)
            case .findOtherDelivery(let id):
                tell(.otherDeliveryFound(.success(user.otherDelivery(than: id)), from: id))
            case .keepViewState(let state): kept.append(state)
            case .control(let call): calls.append(call)
            case .end(let ending): self.ending = ending
            case .reloadSettings: user.settingsReads += 1
            default: break
            }
        }
    }

    /// The outbox has changed.
    mutating func outboxMoves() {
        user.now += .seconds(2)
        user.change.outbox += 1
        heard = []
        tell(.historyChanged(user.change))
    }

    /// What a user's outbox answers is told.
    private mutating func act(_ effect: Effect) {
        switch effect {
        case .readActions(let generation): tell(.actionsRead(.success(user.actions), generation: generation))
        case .readEntry(let id):
            let content = user.entries.first { $0.id == id }.map { TextPage.Content.entry($0, user.exchanges[id]) }
            tell(.entryRead(.success(content ?? .nothing("This entry is no longer recorded.")), of: id))
        case .callAction(let call):
            if case .missed(_, .seen) = call {} else { user.actionCalls.append(call) }
            if let result = user.answer?(call) { tell(.actionAnswered(call, result)) }
        case .act(let request):
            user.acts.append(request)
            if let outcome = user.outcome { tell(.acted(request, .success(outcome(request)))) }
        default: break
        }
    }

    private var listed: [EventRow] { user.history.filter { user.query.predicate.holds(for: $0) } }

    private mutating func report() {
        guard !user.query.isPlain else { return }
        tell(
            .browsed(
                BrowseProgress(
                    generation: user.queryGeneration, matched: listed.count, scanned: user.history.count,
                    total: user.history.count)))
    }

    /// Looks for what is nearest to a time; for all else above the row, and then from the end.
    private mutating func seek(_ request: SeekRequest) {
        if case .time(let stretch) = request.way {
            let row = listed.min { stretch.distance(to: $0.receivedAt) < stretch.distance(to: $1.receivedAt) }
            return tell(.sought(.success(SeekOutcome(row: row?.id)), generation: request.generation))
        }
        let holds: (EventRow) -> Bool = { request.predicate.holds(for: $0) }
        let above = listed.last { $0.id < request.from && holds($0) }
        let row = above ?? listed.last(where: holds)
        tell(
            .sought(
                .success(SeekOutcome(row: row?.id, isWrapped: above == nil)), generation: request.generation))
    }
}
