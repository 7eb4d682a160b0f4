import Base
public import Foundation
public import History
public import Receiving
public import Sending
import Synchronization
public import Terminal

/// The dashboard, from its first screen to its end.
///
/// While `run(on:)` lasts, it owns the screen's thread. All other threads post to `mailbox`, or report commits with
/// `announce(_:)`.
public final class Dashboard: Sendable {
    /// The mailbox for messages from other threads.
    public let mailbox = Mailbox<DashboardMessage>()
    let environment: DashboardEnvironment
    private let announced = Mutex<HistoryChange?>(nil)
    private let changeObserver = Mutex<(@Sendable (HistoryChange) -> Void)?>(nil)
    private let hasLogMoved = Atomic<Bool>(false)

    /// Creates a dashboard that has not started.
    public init(_ environment: DashboardEnvironment) {
        self.environment = environment
    }

    /// Announces a change of the history. At most one message waits in the mailbox, however often this is called.
    public func announce(_ change: HistoryChange) {
        changeObserver.withLock(\.self)?(change)
        let isFirst = announced.withLock { waiting in
            defer { waiting = change }
            return waiting == nil
        }
        if isFirst { mailbox.post(DashboardMessage(.historyMoved)) }
    }

    /// Calls the observer for each announced change, on the thread that announces it. The observer must only record the
    /// change and return.
    public func observeChanges(_ observer: @escaping @Sendable (HistoryChange) -> Void) {
        changeObserver.withLock { $0 = observer }
    }

    /// Announces that the log has grown. At most one message waits in the mailbox, however often this is called.
    public func announceLog() {
        if !hasLogMoved.exchange(true, ordering: .acquiringAndReleasing) { mailbox.post(DashboardMessage(.logMoved)) }
    }

    /// Runs on the screen until the user, a signal or the terminal ends it. Blocks.
    public func run(on screen: Screen) -> DashboardEnding {
        var run = DashboardRun(self, on: screen)
        return run.run()
    }

    /// Runs in plain mode until the user, a signal, or the end of the input or output ends it. Blocks.
    public func run(on terminal: LineTerminal) -> DashboardEnding {
        var run = PlainRun(self, on: terminal)
        return run.run()
    }

    /// Allows the next message about the log to be posted.
    func takeLogMove() {
        hasLogMoved.store(false, ordering: .releasing)
    }

    /// Returns the announced change, if one waits, and removes it.
    func takeAnnounced() -> HistoryChange? {
        announced.withLock { waiting in
            defer { waiting = nil }
            return waiting
        }
    }
}

// MARK: - The end

/// The reason why the dashboard ended.
public enum DashboardEnding: Sendable, Hashable {
    /// The user quit.
    case quit
    /// The terminal is gone.
    case hangUp
    /// A signal asked the process to end.
    case terminated
    /// Writing the output failed with this error number, for example because the disk is full.
    case outputFailed(Int32)
}

/// A signal that the executable caught and passes on.
public enum DashboardSignal: Sendable, Hashable {
    /// SIGINT: the same as Ctrl-C.
    case interrupt
    /// SIGTERM.
    case terminate
    /// SIGHUP.
    case hangUp
}

// MARK: - The environment

/// The data and the services that a dashboard needs.
public struct DashboardEnvironment: Sendable {
    /// The reader of the history.
    public var reader: HistoryReader
    /// The listener that is shown, in this process or in another.
    public var listener: any ListenerAsking
    /// The actions; nil if no process runs them.
    public var actions: (any ActionAsking)?
    /// The client that sends recorded deliveries again; nil if none are sent.
    public var http: (any HTTPSending)?
    /// The process that has the application keys of the account; nil if none can be asked.
    public var account: (any AccountAsking)?
    /// The state of the history at the start.
    public var change: HistoryChange
    /// The secrets at the start.
    public var keyring: KeyringSummary
    /// The listener's state at the start.
    public var listening: ListeningState
    /// The file in which secrets are saved, as the question names it.
    public var secretsFile: String
    /// The folder for copies that are too large for a terminal.
    public var copiesFolder: String
    /// The reader of b2watch's own log; nil if nothing is logged.
    public var log: (any LogReading)?
    /// Writes a line to b2watch's log. Does not block.
    public var note: @Sendable (String) -> Void = { _ in }
    /// Whether the listener runs in another process. Ending or stopping the dashboard then affects nothing else.
    public var isAttached: Bool
    /// Whether the history is only in memory and ends with the process.
    public var isInMemory = false
    /// The clock for local times.
    public var clock: WallClock
    /// The state of the screen that the previous run saved.
    public var viewState = ViewState()
    /// Saves that state for the next run. Called off the screen's thread; it may block.
    public var keepViewState: @Sendable (ViewState) -> Void = { _ in }
    /// Protects the marked rows from the limits of the history. Called off the screen's thread; it may block.
    public var keepMarked: @Sendable (Set<Int64>) -> Void = { _ in }
    /// The user's settings.
    public var settings: DashboardSettings
    /// Reads the user's settings again. Called off the screen's thread. Throws errors whose text is a sentence.
    public var reloadSettings: @Sendable () throws -> DashboardSettings = { DashboardSettings() }

    /// Creates an environment.
    public init(
        reader: HistoryReader, listener: any ListenerAsking, change: HistoryChange = HistoryChange(),
        keyring: KeyringSummary = KeyringSummary(), listening: ListeningState = .starting,
        secretsFile: String = "$XDG_CONFIG_HOME/b2watch/secrets", log: (any LogReading)? = nil,
        isAttached: Bool = false, clock: WallClock = .local, copiesFolder: String = NSTemporaryDirectory(),
        settings: DashboardSettings = DashboardSettings()
    ) {
        self.reader = reader
        self.listener = listener
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

extension Session {
    /// Creates the state at the start of a run.
    init(_ environment: DashboardEnvironment, size: Size) {
        self.init(
            size: size, now: .now, change: environment.change, keyring: environment.keyring,
            listening: environment.listening, secretsFile: environment.secretsFile, isAttached: environment.isAttached,
            clock: environment.clock, viewState: environment.viewState, wallTime: .now)
        canAct = environment.actions != nil
        isInMemory = environment.isInMemory
    }
}

// MARK: - Running

/// One run of the dashboard, on the screen's thread: it waits, updates the model, carries out the effects, and draws.
struct DashboardRun {
    private let dashboard: Dashboard
    private let screen: Screen
    private let runner: EffectRunner
    private var model: DashboardModel
    private var pacer = FramePacer()
    /// Whether the listener's figures may have changed since they were last read.
    private var isToMeasure = true

    init(_ dashboard: Dashboard, on screen: Screen) {
        self.dashboard = dashboard
        self.screen = screen
        let environment = dashboard.environment
        runner = EffectRunner(environment, mailbox: dashboard.mailbox)
        model = DashboardModel(Session(environment, size: screen.size), settings: environment.settings)
        model.bindings = Bindings(environment.settings.keys)
    }

    mutating func run() -> DashboardEnding {
        defer { runner.end() }
        let loop = TerminalLoop()
        if let ending = tell(.tick) { return ending }
        while true {
            if pacer.isMoveDue(at: .now), let ending = takeMove() { return ending }
            if pacer.isDue(at: .now) { draw() }
            let midnight = model.session.nextMidnight
            let deadline = [model.deadline, pacer.deadline, midnight].compactMap(\.self).min()
            let wake = loop.wait(screen, dashboard.mailbox, until: deadline)
            // At midnight the times of today's rows become dates.
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

    /// Takes the latest state of the history.
    private mutating func takeMove() -> DashboardEnding? {
        pacer.tookMove(at: .now)
        guard let change = dashboard.takeAnnounced() else { return nil }
        isToMeasure = true
        pacer.noteChange(isAnswer: false, at: .now)
        return tell(.historyChanged(change))
    }

    private mutating func take(_ message: DashboardMessage) -> DashboardEnding? {
        var event = message.event
        var isAnswer = false
        switch event {
        case .historyMoved:
            // Until the state is taken, no commit posts another message.
            pacer.noteMove()
            return nil
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
            let listener = dashboard.environment.listener
            _ = tell(
                .measured(listener.answerTimes, hasReceivedFromElsewhere: listener.hasReceivedFromElsewhere))
        }
        var surface = Surface(size: screen.size)
        let cursor = model.draw(on: &surface)
        screen.present(surface, cursor: cursor)
        pacer.drew(at: .now)
    }
}

// MARK: - Timing of frames

/// The schedule of drawing: at once after a key, otherwise at most thirty times a second, and never without a change.
/// The history may change at each of a thousand commits a second; its state is taken as often as frames are drawn.
struct FramePacer {
    /// The time after a key within which its results are drawn at once too.
    private static let answerTime = Duration.milliseconds(100)

    private var isStale = true
    private var isUrgent = true
    private var lastFrame: ContinuousClock.Instant?
    private var lastInput: ContinuousClock.Instant?
    private var hasMoved = false
    private var lastMove: ContinuousClock.Instant?

    /// Records that the user did something.
    mutating func noteInput(at now: ContinuousClock.Instant) {
        lastInput = now
        isStale = true
        isUrgent = true
    }

    /// Records a change.
    ///
    /// - Parameter isAnswer: Whether the change is the result of an effect.
    mutating func noteChange(isAnswer: Bool, at now: ContinuousClock.Instant) {
        isStale = true
        if isAnswer, let lastInput, now - lastInput < Self.answerTime { isUrgent = true }
    }

    /// Returns whether to draw now.
    func isDue(at now: ContinuousClock.Instant) -> Bool {
        guard isStale else { return false }
        guard !isUrgent, let frameDeadline else { return true }
        return now >= frameDeadline
    }

    /// Records that the history has changed.
    mutating func noteMove() {
        hasMoved = true
    }

    /// Returns whether to take the state of the history now.
    func isMoveDue(at now: ContinuousClock.Instant) -> Bool {
        hasMoved && moveDeadline.map { now >= $0 } ?? true
    }

    mutating func tookMove(at now: ContinuousClock.Instant) {
        hasMoved = false
        lastMove = now
    }

    mutating func drew(at now: ContinuousClock.Instant) {
        isStale = false
        isUrgent = false
        lastFrame = now
    }

    /// The time of what is postponed: a frame, or a look at the history.
    var deadline: ContinuousClock.Instant? {
        [frameDeadline, hasMoved ? moveDeadline : nil].compactMap(\.self).min()
    }

    private var moveDeadline: ContinuousClock.Instant? { lastMove.map { $0 + ListPace.frame } }

    private var frameDeadline: ContinuousClock.Instant? {
        guard isStale, let lastFrame else { return nil }
        return lastFrame + ListPace.frame
    }
}
