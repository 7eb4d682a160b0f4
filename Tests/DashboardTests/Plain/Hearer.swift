import Base
import History
import Notifications
import Terminal
import TestSupport

@testable import Dashboard
@testable import Receiving

/// Somebody who types lines and hears what is said. What is recorded is a `User`'s.
struct Hearer {
    var plain: PlainModel
    var user: User
    private(set) var heard: [String] = []
    var calls: [Call] { user.calls }
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
            case .ask(let asked) where isHeld(asked): held.append(effect)
            case .ask(let asked):
                let answers = user.answers(to: asked, keyring: plain.model.session.keyring)
                if answers.isEmpty { user.waiting.append(asked) }
                for answer in answers { tell(.answered(answer)) }
            case .browse(let query, let generation, _):
                (user.query, user.queryGeneration) = (query, generation)
                report()
            case .follow: report()
            case .keepViewState(let state): kept.append(state)
            case .end(let ending): self.ending = ending
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

    /// Whether rows, or the actions, are asked for that a test holds back.
    private func isHeld(_ asked: Asked) -> Bool {
        holdsActions && asked.slot.name == "actions"
            || holdsReads && asked.lane == .rows && (asked.slot.opening < 0 || asked.slot.name == "rows")
    }

    mutating func finishExport(_ result: Result<ExportOutcome, EffectFailure>) {
        for answer in user.resolve({ $0.export = { _ in result } }) { tell(.answered(answer)) }
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
}
