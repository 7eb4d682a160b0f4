import Base
import Dashboard
import Foundation
import History
import Notifications
import Receiving
import Sending
import Synchronization
import Terminal

/// The connection of an attached dashboard to its listener: it connects again whenever the listener has ended and is
/// back.
///
/// Everything received goes through one worker, in the order of arrival.
final class ListenerLink: ListenerAsking {
    private struct State {
        var client: ControlClient?
        /// The number that distinguishes a connection from earlier ones.
        var generation = 0
        var wasThere = false
        var hasDrained = false
        /// Whether the listener exists but did not answer properly: it may answer once it records again.
        var isToRetry = false
        var listening = ListeningState.starting
        var keyring = KeyringSummary()
        var secretsFile: String?
        var health = HistoryHealth.recording
        var figures = AnswerTimesSummary()
        var hasReceivedFromElsewhere = false
        var isMeasuring = false
        /// The rows that are marked in the dashboard.
        var marked: Set<Int64> = []
        var dashboard: Dashboard?
        /// The messages for the dashboard that arrived before it was open.
        var waiting: [DashboardMessage] = []
    }

    /// The delay between a change of the history and the request for the figures, which change a moment later.
    private static let measuring: UInt32 = 150_000

    /// The time to wait for the listener's first answer, so that the first screen shows it.
    private static let patience = Duration.milliseconds(300)

    private let history: FollowedHistory
    private let advice: AttachAdvice
    private let state = Mutex(State())
    private let hasConnected = Monitor(false)
    private let worker = Worker("attach")
    private let measurer = Worker("attach figures")

    /// - Parameter isShared: Whether the history is the copy of a shared one.
    init(_ history: FollowedHistory, isShared: Bool = false) {
        self.history = history
        advice = AttachAdvice(history: history.path, owner: history.owner, isShared: isShared)
    }

    /// Follows the history, and begins to connect. Answers within a moment are known when this returns; a listener that
    /// does not answer delays nobody, and its later answer is reported then.
    ///
    /// - Throws: `ReadOnlyHistoryError` if the history cannot be followed.
    func start() throws {
        // Watch first and look then, so that a socket created in between is not missed.
        let socket = ControlPlace.socket(beside: PathParts(history.path).name)
        try history.follow(neighbour: socket) { [weak self] event in self?.apply(event) }
        worker.async { [self] in
            connect()
            hasConnected.change { $0 = true }
        }
        _ = hasConnected.wait(until: .now + Self.patience) { $0 ? true : nil }
    }

    /// Sends a dashboard the messages from now on, and those that arrived before.
    func open(_ dashboard: Dashboard) {
        let waiting = state.withLock { state in
            state.dashboard = dashboard
            defer { state.waiting = [] }
            return state.waiting
        }
        waiting.forEach(dashboard.mailbox.post)
        announce()
    }

    /// Ends the connection; the listener continues.
    func close() {
        state.withLock { $0.client }?.close()
        history.close()
    }

    // MARK: What is known

    var reader: HistoryReader { history.reader }
    /// A separate connection for slow requests.
    var call: ListenerCall { ListenerCall(history: history.path, owner: history.owner) }
    var listening: ListeningState { state.withLock { $0.listening } }
    var isAway: Bool {
        if case .away = listening { return true }
        return false
    }
    var keyring: KeyringSummary { state.withLock { $0.keyring } }
    var secretsFile: String? { state.withLock { $0.secretsFile } }

    /// The state of the history, and whether deliveries can be recorded.
    var change: HistoryChange {
        var change = history.current
        change.health = state.withLock { $0.health }
        return change
    }

    /// Whether a delivery has arrived from another machine, as far as is known.
    var hasReceivedFromElsewhere: Bool { state.withLock { $0.hasReceivedFromElsewhere } }

    /// The answer times as last received; if they have aged, they are requested again.
    var answerTimes: AnswerTimesSummary {
        var figures = state.withLock { $0.figures }
        if let until = figures.until, until <= .now {
            figures.until = nil
            measure()
        }
        return figures
    }

    /// Asks the listener. Blocks.
    ///
    /// - Throws: `AttachFailure`.
    func ask<Request: ListenerRequest<ReceiverDesk>>(_ request: Request) throws(AttachFailure) -> Request.Reply {
        let (client, listening) = state.withLock { ($0.client, $0.listening) }
        guard let client else {
            if case .away(let absence) = listening { throw AttachFailure(absence.reason) }
            throw AttachFailure("The listener cannot be reached.")
        }
        do throws(ControlFailure) {
            return try client.ask(request)
        } catch {
            if case .failed(let sentence) = error { throw AttachFailure(sentence) }
            throw AttachFailure(advice.absence(error, wasThere: true).reason)
        }
    }

    /// Keeps the marked rows in the record, also after the listener was started again. Blocks.
    func keep(marked rows: Set<Int64>) {
        let client = state.withLock { state in
            state.marked = rows
            return state.client
        }
        _ = try? client?.ask(KeepMarked(rows))
    }

    // MARK: Messages received

    private func apply(_ event: FollowEvent) {
        switch event {
        case .changed:
            announce()
            measure()
            retry()
        case .neighbour:
            worker.async { [self] in if state.withLock({ $0.client == nil }) { connect() } }
        case .replaced:
            let file = ShellWord.readable(history.path)
            post(
                .warning(
                    "\(history.path) was removed or replaced: this shows what was recorded in it. Quit, and run b2watch attach"
                        + " --history \(file) again."))
        }
    }

    /// Retries a listener that did not answer although it records. One call at a time, as long as it does not answer.
    private func retry() {
        let isToRetry = state.withLock { state in
            defer { state.isToRetry = false }
            return state.isToRetry && state.client == nil
        }
        if isToRetry { worker.async { [self] in if state.withLock({ $0.client == nil }) { connect() } } }
    }

    /// Connects. Runs on the worker.
    private func connect() {
        let generation = state.withLock { state in
            state.generation += 1
            return state.generation
        }
        do throws(ControlFailure) {
            let client = try ControlClient(
                beside: history.path, version: Version.number, owner: history.owner,
                told: { [weak self] (news: ListenerNews) in
                    self?.later { $0.apply(news) }
                },
                ended: { [weak self] failure in
                    self?.later { $0.ended(failure, generation) }
                })
            apply(try client.ask(Subscribe()), from: client)
        } catch {
            lose(error)
        }
    }

    private func later(_ body: @escaping @Sendable (ListenerLink) -> Void) {
        worker.async { [weak self] in
            if let self { body(self) }
        }
    }

    private func apply(_ status: Subscribe.Reply, from client: ControlClient) {
        let (isFirst, marked) = state.withLock { state in
            state.client = client
            state.hasDrained = false
            state.listening = .listening(url: status.url, isLoopback: status.isLoopback)
            state.keyring = status.keyring
            state.secretsFile = status.secretsFile
            state.health = status.health
            state.figures = status.figures.summary
            state.hasReceivedFromElsewhere = status.figures.hasReceivedFromElsewhere
            defer { state.wasThere = true }
            return (!state.wasThere, state.marked)
        }
        if !marked.isEmpty { _ = try? client.ask(KeepMarked(marked)) }
        if let file = status.secretsFile { post(.secretsFile(file)) }
        post(.keyring(status.keyring))
        post(.listening(listening))
        post(.warning(status.warning))
        if isFirst { status.notes.forEach { post(.notice($0)) } }
        if client.listener.b2watch != Version.number {
            post(.notice("The listener is b2watch \(client.listener.b2watch), and this is \(Version.number)."))
        }
        announce()
    }

    private func apply(_ news: ListenerNews) {
        state.withLock { state in
            switch news {
            case .keyring(let summary): state.keyring = summary
            case .health(let health): state.health = health
            case .draining: state.hasDrained = true
            case .rejudged, .warning, .notice: break
            }
        }
        if let message = DashboardMessage(news) { post(message) } else { announce() }
    }

    private func ended(_ failure: ControlFailure, _ generation: Int) {
        guard state.withLock({ $0.generation == generation && $0.client != nil }) else { return }
        lose(failure)
        post(.warning(nil))
        // It may be there again already.
        if FileManager.default.fileExists(atPath: ControlPlace.socket(beside: history.path)), failure == .ended {
            connect()
        }
    }

    private func lose(_ failure: ControlFailure) {
        state.withLock { state in
            state.client = nil
            state.health = .recording
            state.figures = AnswerTimesSummary()
            let absence = advice.absence(failure, wasThere: state.wasThere, hasDrained: state.hasDrained)
            state.isToRetry = absence.kind == .notAnswering
            state.listening = .away(absence)
        }
        post(.listening(listening))
        announce()
    }

    private func post(_ message: DashboardMessage) {
        let dashboard = state.withLock { state in
            if state.dashboard == nil { state.waiting.append(message) }
            return state.dashboard
        }
        dashboard?.mailbox.post(message)
    }

    private func announce() {
        state.withLock { $0.dashboard }?.announce(change)
    }

    /// Asks for the figures, a few times a second at most and only after a change.
    private func measure() {
        let isFirst = state.withLock { state in
            guard state.client != nil, !state.isMeasuring else { return false }
            state.isMeasuring = true
            return true
        }
        guard isFirst else { return }
        measurer.async { [weak self] in
            usleep(Self.measuring)
            guard let self else { return }
            state.withLock { $0.isMeasuring = false }
            guard let figures = try? ask(ReadFigures()) else { return }
            state.withLock { state in
                guard state.client != nil else { return }
                state.figures = figures.summary
                state.hasReceivedFromElsewhere = figures.hasReceivedFromElsewhere
            }
            announce()
        }
    }
}

/// The reason why the listener refused a request, in a sentence.
struct AttachFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

// MARK: - One call

/// A call to the listener of a history for one question, on its own connection, so that a slow answer delays nothing
/// else.
struct ListenerCall: ActionAsking, AccountAsking {
    /// The history's path, with links followed.
    let history: String
    /// The number of its owner.
    let owner: UInt32

    /// Asks, and waits for the reply, no longer than the request's time limit.
    ///
    /// - Throws: `ListenerCallFailure`.
    func ask<Request: ListenerRequest>(_ request: Request) throws(ListenerCallFailure) -> Request.Reply {
        try ask(request, within: Request.timeLimit)
    }

    /// Asks, and waits for the reply.
    ///
    /// - Throws: `ListenerCallFailure`.
    func ask<Request: ListenerRequest>(
        _ request: Request, within limit: Duration
    ) throws(ListenerCallFailure) -> Request.Reply {
        do throws(ControlFailure) {
            let client = try ControlClient(
                beside: history, version: Version.number, owner: owner, told: { (_: ListenerNews) in }, ended: { _ in })
            defer { client.close() }
            return try client.ask(request, within: limit)
        } catch {
            throw ListenerCallFailure(failure: error, history: history)
        }
    }
}

/// The reason why the listener of a history did not answer a question.
struct ListenerCallFailure: Error, CustomStringConvertible {
    let failure: ControlFailure
    let history: String

    /// Whether no listener runs.
    var isNobody: Bool { failure == .absent || failure == .deserted }

    /// The reason in a sentence with a remedy.
    var description: String {
        switch failure {
        case .failed(let sentence): sentence
        case .absent, .deserted: "no listener runs here: b2watch listen --history \(ShellWord.readable(history))"
        case .notPermitted, .stranger: "the listener cannot be asked, for \(failure): run this as the history's owner"
        case .otherVersion(let other):
            "the listener is b2watch \(other.b2watch), and this is \(Version.number): ask with that one, or start the"
                + " listener again with this one"
        case .ended: "the listener has ended: try again when it runs"
        case .silent: "the listener did not answer in time: what was asked may still be done; look at the actions"
        case .refused, .garbled, .system: "the listener cannot be asked, for \(failure)"
        }
    }
}

// MARK: - Advice

/// The reason why the listener of a history cannot be reached, and a remedy.
struct AttachAdvice {
    /// The history's path.
    let history: String
    /// The number of its owner.
    let owner: UInt32
    /// Whether the history is the copy of a shared one, so that no listener need run on this machine.
    var isShared = false

    /// - Parameters:
    ///   - wasThere: Whether the listener was connected before.
    ///   - hasDrained: Whether the listener announced its end.
    func absence(_ failure: ControlFailure, wasThere: Bool, hasDrained: Bool = false) -> ListenerAbsence {
        switch failure {
        case .absent, .deserted, .ended:
            guard wasThere || !isShared else {
                return ListenerAbsence(
                    .notRunning,
                    reason:
                        "No listener runs on this machine. This shows what the others receive, as it is recorded in the"
                        + " shared history.")
            }
            guard wasThere else {
                return ListenerAbsence(
                    .notRunning, reason: "No listener runs here. Once one does, this goes on by itself: \(listen)")
            }
            let end = hasDrained ? "The listener was stopped" : "The listener has ended without a word"
            return ListenerAbsence(.gone, reason: "\(end). Once it runs again, this goes on by itself: \(listen)")
        case .notPermitted, .stranger:
            return ListenerAbsence(
                .notPermitted,
                reason: "You may only look, for \(failure): for all else, sudo -u \(ownerName) b2watch attach --history"
                    + " \(file)")
        case .otherVersion(let other):
            return ListenerAbsence(
                .otherVersion,
                reason: "You may only look: the listener is b2watch \(other.b2watch), and this is \(Version.number)."
                    + " Attach with that one, or start the listener again with this one.")
        case .refused, .garbled, .silent, .failed, .system:
            return ListenerAbsence(
                .notAnswering,
                reason: "You may only look, for \(failure). It is asked again with the next change; or quit, and attach"
                    + " again.")
        }
    }

    private var listen: String { "b2watch listen --history \(file)" }

    private var file: String { ShellWord.readable(history) }

    private var ownerName: String {
        getpwuid(owner).map { String(cString: $0.pointee.pw_name) } ?? "\\#\(owner)"
    }
}
