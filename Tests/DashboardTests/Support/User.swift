import History
import Notifications
import SafeText
import Terminal

@testable import Dashboard

/// Somebody at the keyboard: presses keys, and reads what the screen says.
///
/// Effects are carried out at once upon an array of rows, or are held back for a test to answer.
struct User {
    var model: DashboardModel
    var now = ContinuousClock.now
    /// What is recorded.
    var history: [EventRow] = []
    var bodies: [Int64: [UInt8]] = [:]
    var headers: [Int64: [HeaderField]] = [:]
    var keyring = Keyring()
    /// What the keyring answers when it is asked; nil for what the dashboard knows already.
    var summary: KeyringSummary?
    var keyringReads = 0
    var change = HistoryChange()
    /// Whether effects wait in `held` instead of being carried out.
    var holdsEffects = false
    var held: [Effect] = []
    /// What the dashboard asked for and a test is to see.
    var calls: [ControlCall] = []
    var ending: DashboardEnding?
    var suspensions = 0
    var reads: [RowRequest] = []

    init(
        columns: Int = 80, rows: Int = 24, holding secrets: [SecretSummary] = [], clock: WallClock = .utc,
        isLoopback: Bool = true
    ) {
        model = DashboardModel(
            Session(
                size: Size(columns: columns, rows: rows), now: now, keyring: KeyringSummary(secrets: secrets),
                listening: .listening(url: "http://127.0.0.1:8080/", isLoopback: isLoopback),
                secretsFile: "~/.config/b2watch/secrets", clock: clock))
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

    /// The line of the selected row.
    var selected: String? { lines.first { $0.hasPrefix("▌") } }

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
            case .readRows(let ticket):
                reads.append(ticket.request)
                tell(.rowsRead(.success(window(ticket.request)), generation: ticket.generation))
            case .buildDocument(let request):
                tell(.documentBuilt(DetailDocument(request: request, lines: document(request))))
            case .readKeyring:
                keyringReads += 1
                tell(.keyringRead(.success(summary ?? model.session.keyring)))
            case .control(let call): calls.append(call)
            case .end(let ending): self.ending = ending
            case .suspend: suspensions += 1
            case .redraw: break
            }
        }
    }

    func window(_ request: RowRequest) -> RowWindow {
        guard !history.isEmpty else { return RowWindow() }
        let anchor =
            switch request.anchor {
            case .newest: history.count - 1
            case .oldest: 0
            case .row(let id): history.lastIndex { $0.id <= id } ?? 0
            }
        let first = max(0, anchor - request.before)
        let last = min(history.count - 1, anchor + request.after)
        return RowWindow(
            rows: Array(history[first...last]), hasOlder: first > 0, hasNewer: last < history.count - 1)
    }

    private func document(_ request: DocumentRequest) -> [StyledLine] {
        guard let row = history.first(where: { $0.id == request.rowID }) else { return [] }
        let record = Make.record(for: row, body: bodies[row.id], headers: headers[row.id])
        return DocumentBuilder.lines(of: record, for: request, clock: .utc) {
            SignatureEvidence($0, keyring: keyring)
        }
    }
}

extension SecretSummary {
    static let prod = SecretSummary(label: "prod", fingerprint: "3f9a", source: "screen", matches: 124)
}
