import Base
internal import Glibc
import Terminal

/// One run of the dashboard by lines, on a thread of its own: waits, reads lines, tells the model, prints what it says.
struct PlainRun {
    /// With more than this to be printed, in bytes, what arrives waits to be told together.
    private static let backlog = 65_536

    private let dashboard: Dashboard
    private let terminal: LineTerminal
    private let runner: EffectRunner
    private var model: PlainModel
    private var hasInput = true
    /// Whether the prompt is what was printed last.
    private var isPrompting = false
    /// The prompt that stands there.
    private var prompt = ""
    private var isToPromptAnew = false

    init(_ dashboard: Dashboard, on terminal: LineTerminal) {
        self.dashboard = dashboard
        self.terminal = terminal
        let environment = dashboard.environment
        runner = EffectRunner(environment, mailbox: dashboard.mailbox)
        // A size of its own: it says how many rows are held around the current one.
        var session = Session(
            size: Size(columns: 160, rows: 48), now: .now, change: environment.change, keyring: environment.keyring,
            listening: environment.listening, secretsFile: environment.secretsFile,
            isAttached: environment.isAttached, clock: environment.clock, viewState: environment.viewState,
            wallTime: .now)
        session.showsUTC = environment.settings.showsUTC
        session.canAct = environment.actions != nil
        session.isInMemory = environment.isInMemory
        model = PlainModel(session, isInteractive: terminal.isInteractive)
    }

    mutating func run() -> DashboardEnding {
        defer { finish() }
        if let ending = carryOut(model.update(.tick, at: .now)) { return ending }
        while true {
            guard print() else { return isHungUp ? .hangUp : .outputFailed(terminal.failure ?? 0) }
            let wake = LineLoop.wait(
                terminal, dashboard.mailbox, readsInput: hasInput && model.takesLines && !model.isBackedUp,
                wantsRoom: terminal.waitingCount > 0, until: model.deadline)
            if let ending = handle(wake) { return ending }
        }
    }

    /// Whether the terminal, or whoever read the pipe, is gone.
    private var isHungUp: Bool { [EPIPE, EIO, ECONNRESET].contains(terminal.failure ?? EPIPE) }

    private mutating func handle(_ wake: Wake) -> DashboardEnding? {
        if wake.contains(.hangUp) { return .hangUp }
        if wake.contains(.mail) {
            for message in dashboard.mailbox.drain() {
                if let ending = take(message) { return ending }
            }
        }
        if wake.contains(.input) {
            let (lines, isEnd) =
                switch terminal.read() {
                case .lines(let lines): (lines, false)
                case .end(let lines): (lines, true)
                }
            for line in lines {
                // Enter has ended the line that the prompt stood in.
                isPrompting = false
                if let ending = carryOut(model.update(measured, at: .now) + model.enter(line, at: .now)) {
                    return ending
                }
            }
            if isEnd {
                hasInput = terminal.isInteractive
                if let ending = carryOut(model.update(measured, at: .now) + model.endInput(at: .now)) { return ending }
            }
        }
        if wake.contains(.room), model.isBackedUp, terminal.waitingCount < Self.backlog / 2 {
            model.isBackedUp = false
            return carryOut(model.update(.tick, at: .now))
        }
        if wake.contains(.deadline) { return carryOut(model.update(.tick, at: .now)) }
        return nil
    }

    private var measured: DashboardEvent {
        let control = dashboard.environment.control
        return .measured(control.answerTimes(), hasReceivedFromElsewhere: control.hasReceivedFromElsewhere())
    }

    private mutating func take(_ message: DashboardMessage) -> DashboardEnding? {
        var event = message.event
        switch event {
        case .historyMoved:
            guard let change = dashboard.takeAnnounced() else { return nil }
            event = .historyChanged(change)
        case .browseMoved:
            guard let progress = runner.progress.take() else { return nil }
            event = .browsed(progress)
        case .logMoved:
            // The log is read when it is asked for.
            dashboard.takeLogMove()
            return nil
        case .signal(.interrupt):
            // The terminal shows ^C in the line: what is said then begins another one, and so does the prompt.
            isToPromptAnew = true
            if let ending = carryOut(model.update(measured, at: .now)) { return ending }
        default: break
        }
        return carryOut(model.update(event, at: .now))
    }

    private func carryOut(_ effects: [Effect]) -> DashboardEnding? {
        for effect in effects where !runner.carryOut(effect) {
            switch effect {
            case .ring: if terminal.isInteractive { terminal.put([0x07]) }
            case .end(let ending): return ending
            // What is for the screen.
            default: break
            }
        }
        return nil
    }

    // MARK: - What is printed

    /// Prints what the model has to say, and behind it the prompt, where somebody types.
    ///
    /// - Returns: False where nobody takes it any more.
    private mutating func print() -> Bool {
        let lines = model.takeSaid()
        let next = model.hidesTyping ? "secret> " : "> "
        if model.hidesTyping { terminal.hideTyping() } else { terminal.showTyping() }
        if !lines.isEmpty, isPrompting {
            terminal.put("\n".utf8)
            isPrompting = false
        }
        for line in lines { terminal.put("\(line.string)\n".utf8) }
        // Not before what was asked is answered, lest the answer tear the next line apart.
        if terminal.isInteractive, !model.isAnswering, !isPrompting || prompt != next || isToPromptAnew {
            if isPrompting { terminal.put("\n".utf8) }
            terminal.put(next.utf8)
            (isPrompting, prompt, isToPromptAnew) = (true, next, false)
        }
        let isTaken = terminal.send()
        if terminal.waitingCount > Self.backlog { model.isBackedUp = true }
        return isTaken
    }

    private mutating func finish() {
        runner.end()
        let isPrompted = isPrompting
        terminal.showTyping()
        for line in model.takeSaid() { terminal.put("\(line.string)\n".utf8) }
        if isPrompted { terminal.put("\n".utf8) }
        _ = terminal.send()
    }
}
