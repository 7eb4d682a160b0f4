import Base
internal import Glibc
import Receiving
import Terminal

/// One run of the dashboard in plain mode, on its own thread: it waits, reads lines, passes them to the model and
/// prints the model's output.
struct PlainRun {
    /// The number of unprinted bytes above which new events wait to be announced together.
    private static let backlog = 65_536

    private let dashboard: Dashboard
    private let terminal: LineTerminal
    private let runner: EffectRunner
    private var model: PlainModel
    private var hasInput = true
    /// Whether the prompt was the last thing printed.
    private var isPrompting = false
    /// The prompt that is on the screen.
    private var prompt = ""
    private var isToPromptAnew = false

    init(_ dashboard: Dashboard, on terminal: LineTerminal) {
        self.dashboard = dashboard
        self.terminal = terminal
        let environment = dashboard.environment
        runner = EffectRunner(environment, mailbox: dashboard.mailbox)
        // This size is not the terminal's: it sets how many rows are loaded around the current one.
        var session = Session(environment, size: Size(columns: 160, rows: 48))
        session.showsUTC = environment.settings.showsUTC
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

    /// Whether the terminal, or the reader of the pipe, is gone.
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
                // Enter has ended the prompt's line.
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
        let listener = dashboard.environment.listener
        return .measured(listener.answerTimes, hasReceivedFromElsewhere: listener.hasReceivedFromElsewhere)
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
            // The log is read only when a command asks for it.
            dashboard.takeLogMove()
            return nil
        case .signal(.interrupt):
            // The terminal prints ^C within the line, so the next output and the prompt begin a new line.
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
            // The other effects concern the screen.
            default: break
            }
        }
        return nil
    }

    // MARK: - Printing

    /// Prints the model's output and, if a person types, the prompt after it.
    ///
    /// - Returns: False if the output is closed.
    private mutating func print() -> Bool {
        let lines = model.takeSaid()
        let next = model.hidesTyping ? "secret> " : "> "
        if model.hidesTyping { terminal.hideTyping() } else { terminal.showTyping() }
        if !lines.isEmpty, isPrompting {
            terminal.put("\n".utf8)
            isPrompting = false
        }
        for line in lines { terminal.put("\(line.string)\n".utf8) }
        // The prompt waits for the answer; otherwise the answer would be printed in the middle of the line being typed.
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
