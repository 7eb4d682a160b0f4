import Base
public import Foundation
public import History
import Synchronization
public import Terminal

/// The dashboard: the screens, from the first step to the last.
///
/// It has the screen's thread to itself while `run(on:)` lasts. Everybody else posts to `mailbox`, or tells commits
/// with `announce(_:)`.
public final class Dashboard: Sendable {
    /// Where other threads leave messages.
    public let mailbox = Mailbox<DashboardMessage>()
    let environment: DashboardEnvironment
    private let announced = Mutex<HistoryChange?>(nil)
    private let changeObserver = Mutex<(@Sendable (HistoryChange) -> Void)?>(nil)
    private let hasLogMoved = Atomic<Bool>(false)

    /// A dashboard that has not begun.
    public init(_ environment: DashboardEnvironment) {
        self.environment = environment
    }

    /// Tells what has changed in the history. However often it is called, one message waits.
    public func announce(_ change: HistoryChange) {
        changeObserver.withLock(\.self)?(change)
        let isFirst = announced.withLock { waiting in
            defer { waiting = change }
            return waiting == nil
        }
        if isFirst { mailbox.post(DashboardMessage(.historyMoved)) }
    }

    /// Calls the observer on each change that is announced, on the thread that announces it; it must only take note and
    /// return.
    public func observeChanges(_ observer: @escaping @Sendable (HistoryChange) -> Void) {
        changeObserver.withLock { $0 = observer }
    }

    /// Tells that something was written to the log. However often it is called, one message waits.
    public func announceLog() {
        if !hasLogMoved.exchange(true, ordering: .acquiringAndReleasing) { mailbox.post(DashboardMessage(.logMoved)) }
    }

    /// Shows itself on the screen until the user, a signal or the terminal ends it. Blocks.
    public func run(on screen: Screen) -> DashboardEnding {
        var run = DashboardRun(self, on: screen)
        return run.run()
    }

    /// Speaks by lines until the user, a signal, the end of the input or of the output ends it. Blocks.
    public func run(on terminal: LineTerminal) -> DashboardEnding {
        var run = PlainRun(self, on: terminal)
        return run.run()
    }

    /// From here on another message tells what is written to the log.
    func takeLogMove() {
        hasLogMoved.store(false, ordering: .releasing)
    }

    /// The change that waits, which then waits no more.
    func takeAnnounced() -> HistoryChange? {
        announced.withLock { waiting in
            defer { waiting = nil }
            return waiting
        }
    }
}

// MARK: - How it ends

/// Why the dashboard ended.
public enum DashboardEnding: Sendable, Hashable {
    /// The user asked for it.
    case quit
    /// The terminal is gone.
    case hangUp
    /// The process was asked to end.
    case terminated
    /// The output is there and takes no more, for the system's reason of this number: a full disk.
    case outputFailed(Int32)
}

/// A signal that the executable caught and hands on.
public enum DashboardSignal: Sendable, Hashable {
    /// SIGINT: the same as Ctrl-C.
    case interrupt
    /// SIGTERM.
    case terminate
    /// SIGHUP.
    case hangUp
}

// MARK: - Where it runs

/// What a dashboard is given.
public struct DashboardEnvironment: Sendable {
    /// Reads what is recorded.
    public var reader: HistoryReader
    /// The listener that is shown.
    public var control: any ListenerControl
    /// Whoever runs the actions; nil where there is nobody.
    public var actions: (any ActionControl)?
    /// The history as it is at the start.
    public var change: HistoryChange
    /// The secrets held at the start.
    public var keyring: KeyringSummary
    /// What the listener does at the start.
    public var listening: ListeningState
    /// The file that remembers secrets, as the question names it.
    public var secretsFile: String
    /// Where copies go that are too large for a terminal.
    public var copiesFolder: String
    /// Reads what b2watch says of itself; nil where nothing is logged.
    public var log: (any LogReading)?
    /// Writes a line to b2watch's log. Does not block.
    public var note: @Sendable (String) -> Void = { _ in }
    /// Whether the listener runs in another process: to end the dashboard, or to stop it, then stops nothing else.
    public var isAttached: Bool
    /// Whether the history is in memory only, and ends with the process.
    public var isInMemory = false
    /// What tells local times.
    public var clock: WallClock
    /// What was kept of the screen from the run before.
    public var viewState = ViewState()
    /// Keeps it for the next one. Called off the screen's thread; it may block.
    public var keepViewState: @Sendable (ViewState) -> Void = { _ in }
    /// Keeps the marked rows in the record, whatever its bounds. Called off the screen's thread; it may block.
    public var keepMarked: @Sendable (Set<Int64>) -> Void = { _ in }
    /// What the user has set.
    public var settings: DashboardSettings
    /// Reads again what the user has set. Called off the screen's thread. Throws errors whose text is a sentence.
    public var reloadSettings: @Sendable () throws -> DashboardSettings = { DashboardSettings() }

    /// An environment.
    public init(
        reader: HistoryReader, control: any ListenerControl, change: HistoryChange = HistoryChange(),
        keyring: KeyringSummary = KeyringSummary(), listening: ListeningState = .starting,
        secretsFile: String = "$XDG_CONFIG_HOME/b2watch/secrets", log: (any LogReading)? = nil,
        isAttached: Bool = false, clock: WallClock = .local, copiesFolder: String = NSTemporaryDirectory(),
        settings: DashboardSettings = DashboardSettings()
    ) {
        self.reader = reader
        self.control = control
        self.change = change
        self.keyring = keyring
        self.listening = listening
        self.secretsFile = secretsFile
        self.log = log
        self.isAttached = isAttached
        self.clock = clock
        self.copiesFolder = copiesFolder
        self.settings = settings
    }
}

// MARK: - The run

/// One run of the dashboard, on the screen's thread: waits, tells the model, does what it asks, draws.
struct DashboardRun {
    private let dashboard: Dashboard
    private let screen: Screen
    private let runner: EffectRunner
    private var model: DashboardModel
    private var pacer = FramePacer()
    /// Whether the listener's figures may have changed since they were asked for.
    private var isToMeasure = true

    init(_ dashboard: Dashboard, on screen: Screen) {
        self.dashboard = dashboard
        self.screen = screen
        let environment = dashboard.environment
        runner = EffectRunner(environment, mailbox: dashboard.mailbox)
        model = DashboardModel(
            Session(
                size: screen.size, now: .now, change: environment.change, keyring: environment.keyring,
                listening: environment.listening, secretsFile: environment.secretsFile,
                isAttached: environment.isAttached, clock: environment.clock, viewState: environment.viewState,
                wallTime: .now), settings: environment.settings)
        model.bindings = Bindings(environment.settings.keys)
        model.session.canAct = environment.actions != nil
        model.session.isInMemory = environment.isInMemory
    }

    mutating func run() -> DashboardEnding {
        defer { runner.end() }
        let loop = TerminalLoop()
        if let ending = tell(.tick) { return ending }
        while true {
            if pacer.isDue(at: .now) { draw() }
            let midnight = model.session.nextMidnight
            let deadline = [model.deadline, pacer.deadline, midnight].compactMap(\.self).min()
            let wake = loop.wait(screen, dashboard.mailbox, until: deadline)
            // What was of today has a date from then on.
            if wake.contains(.deadline), let midnight, midnight <= .now {
                pacer.noteChange(isAnswer: false, at: .now)
                if let ending = tell(.tick) { return ending }
            }
            if let ending = handle(wake) { return ending }
        }
    }

    private mutating func handle(_ wake: Wake) -> DashboardEnding? {
        if wake.contains(.continued) { screen.redraw() }
        if wake.contains(.stopAsked), let ending = take(.key(.control("z"))) { return ending }
        if wake.contains(.input) {
            for input in screen.readInput() {
                if let ending = take(input) { return ending }
            }
        }
        if wake.contains(.hangUp) { return .hangUp }
        if wake.contains(.mail) {
            for message in dashboard.mailbox.drain() {
                if let ending = take(message) { return ending }
            }
        }
        if wake.contains(.deadline), model.deadline.map({ $0 <= .now }) ?? false {
            isToMeasure = true
            pacer.noteChange(isAnswer: false, at: .now)
            return tell(.tick)
        }
        return nil
    }

    private mutating func take(_ input: Input) -> DashboardEnding? {
        pacer.noteInput(at: .now)
        return tell(.input(input))
    }

    private mutating func take(_ message: DashboardMessage) -> DashboardEnding? {
        var event = message.event
        var isAnswer = false
        switch event {
        case .historyMoved:
            guard let change = dashboard.takeAnnounced() else { return nil }
            event = .historyChanged(change)
            isToMeasure = true
        case .historyChanged: isToMeasure = true
        case .browseMoved:
            guard let progress = runner.progress.take() else { return nil }
            event = .browsed(progress)
        case .logMoved: dashboard.takeLogMove()
        case .answered: isAnswer = true
        default: break
        }
        pacer.noteChange(isAnswer: isAnswer, at: .now)
        return tell(event)
    }

    private mutating func tell(_ event: DashboardEvent) -> DashboardEnding? {
        for effect in model.update(event, at: .now) where !runner.carryOut(effect) {
            switch effect {
            case .sendToTerminal(let bytes): _ = screen.copy(bytes)
            case .use(let theme): screen.use(theme)
            case .ring: screen.ring()
            case .suspend: screen.suspend()
            case .redraw: screen.redraw()
            case .end(let ending): return ending
            default: break
            }
        }
        return nil
    }

    private mutating func draw() {
        if isToMeasure {
            isToMeasure = false
            let control = dashboard.environment.control
            _ = tell(
                .measured(control.answerTimes(), hasReceivedFromElsewhere: control.hasReceivedFromElsewhere()))
        }
        var surface = Surface(size: screen.size)
        let cursor = model.draw(on: &surface)
        screen.present(surface, cursor: cursor)
        pacer.drew(at: .now)
    }
}

// MARK: - The pace of frames

/// When to draw: after a key at once, else no more than thirty times a second, and never without need.
struct FramePacer {
    /// After a key, what comes of it is drawn at once too.
    private static let answerTime = Duration.milliseconds(100)

    private var isStale = true
    private var isUrgent = true
    private var lastFrame: ContinuousClock.Instant?
    private var lastInput: ContinuousClock.Instant?

    /// The user did something.
    mutating func noteInput(at now: ContinuousClock.Instant) {
        lastInput = now
        isStale = true
        isUrgent = true
    }

    /// Something changed.
    ///
    /// - Parameter isAnswer: Whether it is what an effect brought.
    mutating func noteChange(isAnswer: Bool, at now: ContinuousClock.Instant) {
        isStale = true
        if isAnswer, let lastInput, now - lastInput < Self.answerTime { isUrgent = true }
    }

    /// Whether to draw now.
    func isDue(at now: ContinuousClock.Instant) -> Bool {
        guard isStale else { return false }
        guard !isUrgent, let deadline else { return true }
        return now >= deadline
    }

    mutating func drew(at now: ContinuousClock.Instant) {
        isStale = false
        isUrgent = false
        lastFrame = now
    }

    /// When a postponed frame is due.
    var deadline: ContinuousClock.Instant? {
        guard isStale, let lastFrame else { return nil }
        return lastFrame + ListPace.frame
    }
}
