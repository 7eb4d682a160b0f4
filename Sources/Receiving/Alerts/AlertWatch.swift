internal import Base
internal import Foundation
public import History

/// Watches recorded deliveries, and reports on its own thread, which sleeps until something arrives or is due. Nothing
/// that receives waits for it.
public final class AlertWatch: Sendable {
    /// The ways to report to people. Its functions are called from other threads, and must not block.
    public struct Voice: Sendable {
        /// Rings a bell.
        public var ring: @Sendable () -> Void
        /// Shows a warning until another one, or nil, replaces it.
        public var quiet: @Sendable (String?) -> Void
        /// Reports the output of the program.
        public var note: @Sendable (String) -> Void
        /// Reports a failure of the program.
        public var warn: @Sendable (String) -> Void

        /// Creates a voice.
        public init(
            ring: @escaping @Sendable () -> Void, quiet: @escaping @Sendable (String?) -> Void,
            note: @escaping @Sendable (String) -> Void, warn: @escaping @Sendable (String) -> Void
        ) {
            (self.ring, self.quiet, self.note, self.warn) = (ring, quiet, note, warn)
        }
    }

    private struct State {
        var latest: Int64
        /// The newest row that has been read.
        var cursor: Int64
        /// The newest row known to have arrived, read or not.
        var heard: Int64
        var alerts: Alerts
        var hasProgramEnded = false
        var isStopped = false
        var isStarted = false
        var voice: Voice?
        /// The time of the next attempt, if rows could not be read.
        var retry: ContinuousClock.Instant?
        /// The state of the outbox, and the time to read the actions; nil if they have not changed.
        var outbox: Int64
        var actionLook: ContinuousClock.Instant?
        var lastActionLook: ContinuousClock.Instant?

        /// The time when something is due without a new arrival; nil if nothing is.
        var deadline: ContinuousClock.Instant? { [alerts.deadline, retry, actionLook].compactMap(\.self).min() }
        var isToLookAtActions: Bool { actionLook.map { $0 <= .now } ?? false }

        /// Notes that the states of the actions may have changed.
        mutating func outdateActions() {
            let next = max(.now, lastActionLook.map { $0 + AlertWatch.actionPause } ?? .now)
            actionLook = min(actionLook ?? next, next)
        }
        /// Whether there are rows to read now.
        var isToLook: Bool { latest > cursor && retry.map { $0 <= .now } ?? true }
    }

    /// The next step.
    private enum Turn: Sendable {
        /// Read the rows after the first one and up to the last one.
        case look(Range<Int64>, AlertSettings)
        /// Read the states of the actions.
        case actions
        /// Something may be due.
        case tick
        case end
    }

    /// The time from one look at the actions to the next.
    private static let actionPause = Duration.seconds(1)
    /// The pause between a failed look and the next one.
    static let retryPause = Duration.seconds(10)

    private let look: @Sendable (Range<Int64>, AlertSettings) throws -> Arrivals
    private let actions: @Sendable () throws -> [ActionStatus]
    private let troubles = Monitor(TroubleNews(at: Timestamp.now))
    private let retryPause: Duration
    private let watcher = Worker("alerts")
    private let programs = Worker("alert programs")
    private let environment = AlertProgram.environment(of: ProcessInfo.processInfo.environment)
    private let state: Monitor<State>

    /// The message once something arrives after a quiet time.
    public static let quietIsOver = "deliveries arrive again"

    /// Creates a watch that reports nothing about rows already recorded.
    ///
    /// - Parameter change: The current state of the history.
    public convenience init(_ settings: AlertSettings, reading reader: HistoryReader, from change: HistoryChange) {
        self.init(settings, from: change, actions: { try reader.actions() }) {
            try Arrivals($0, for: $1, reading: reader)
        }
    }

    /// - Parameters:
    ///   - actions: Returns the states of the actions.
    ///   - look: Returns the news in the rows after the first one and up to the last one.
    init(
        _ settings: AlertSettings, from change: HistoryChange, retryPause: Duration = retryPause,
        actions: @escaping @Sendable () throws -> [ActionStatus] = { [] },
        look: @escaping @Sendable (Range<Int64>, AlertSettings) throws -> Arrivals
    ) {
        (self.look, self.retryPause, self.actions) = (look, retryPause, actions)
        state = Monitor(
            State(
                latest: change.latestRow, cursor: change.latestRow, heard: change.latestRow,
                alerts: Alerts(settings, at: .now), outbox: change.outbox))
    }

    /// Begins to report, including news that arrived before this call.
    public func begin(_ voice: Voice) {
        state.change { state in
            state.voice = voice
            start(&state)
        }
    }

    /// Notes the current state of the history.
    public func observe(_ change: HistoryChange) {
        state.change { state in
            if change.outbox != state.outbox {
                state.outbox = change.outbox
                if state.isStarted { state.outdateActions() }
            }
            guard change.latestRow > state.latest else { return }
            state.latest = change.latestRow
            // If no reports are wanted, arriving rows are not read at all.
            if !state.isStarted, state.alerts.settings.isNothing { state.cursor = state.latest }
        }
    }

    /// Applies other settings from now on.
    public func change(_ settings: AlertSettings) {
        let actions = state.change { state in
            let actions = state.alerts.change(settings, at: .now)
            start(&state)
            return actions
        }
        actions.forEach(perform)
    }

    /// Alerts to a problem of a bucket. Does not block.
    public func alert(_ trouble: BucketTrouble) {
        let actions = state.change { $0.alerts.troubled(trouble, at: .now) }
        actions.forEach(perform)
    }

    /// Ends the watch: the history is read no more. A running program continues by itself.
    public func stop() {
        state.change { $0.isStopped = true }
        watcher.wait()
    }

    /// Begins, with the first settings that want something.
    private func start(_ state: inout State) {
        guard !state.isStarted, !state.isStopped, state.voice != nil, !state.alerts.settings.isNothing else { return }
        state.isStarted = true
        state.outdateActions()
        watcher.async { [weak self] in
            while let self, step() {}
        }
    }

    /// Waits for the next step and does it.
    ///
    /// - Returns: False at the end.
    private func step() -> Bool {
        switch next() {
        case .look(let rows, let settings): look(at: rows, settings)
        case .actions: lookAtActions()
        case .tick: break
        case .end: return false
        }
        let actions = state.withLock { state in
            let now = ContinuousClock.now
            let actions = state.hasProgramEnded ? state.alerts.ended(at: now) : []
            state.hasProgramEnded = false
            return actions + state.alerts.tick(at: now)
        }
        actions.forEach(perform)
        return true
    }

    private func next() -> Turn {
        let deadline = state.withLock(\.deadline)
        let turn = state.wait(until: deadline) { state -> Turn? in
            if state.isStopped { return .end }
            if state.isToLookAtActions { return .actions }
            if state.isToLook { return .look(state.cursor..<state.latest, state.alerts.settings) }
            // The new settings may require an earlier look.
            return state.hasProgramEnded || state.deadline != deadline ? .tick : nil
        }
        return turn ?? .tick
    }

    /// Reports the news in the rows. Rows that cannot be read are read again later.
    private func look(at rows: Range<Int64>, _ settings: AlertSettings) {
        let found = Result { try look(rows, settings) }
        let (actions, problem): ([Alerts.Action], (any Error)?) = state.withLock { state in
            let isNews = rows.upperBound > state.heard
            state.heard = max(state.heard, rows.upperBound)
            switch found {
            case .success(let found):
                (state.cursor, state.retry) = (rows.upperBound, nil)
                return (
                    state.alerts.arrived(hasEvents: found.hasEvents, problems: found.problems, at: .now), nil
                )
            case .failure(let error):
                defer { state.retry = .now + retryPause }
                // Something has arrived, whatever it is.
                let actions = isNews ? state.alerts.arrived(hasEvents: false, problems: nil, at: .now) : []
                return (actions, state.retry == nil ? error : nil)
            }
        }
        actions.forEach(perform)
        if let problem {
            state.withLock(\.voice)?.warn("new deliveries could not be checked for problems: \(problem)")
        }
    }

    /// Reports the news about the actions.
    private func lookAtActions() {
        state.withLock { state in
            (state.actionLook, state.lastActionLook) = (nil, .now)
        }
        let now = Timestamp.now
        guard let statuses = try? actions() else {
            // The reads of rows report the reason.
            return state.withLock { $0.actionLook = .now + retryPause }
        }
        let (new, late) = troubles.withLock { troubles in
            (troubles.update(statuses, at: now), troubles.nextLate(statuses, after: now))
        }
        let actions = state.withLock { state in
            if let late {
                let moment = ContinuousClock.now + .milliseconds(late.milliseconds - now.milliseconds)
                state.actionLook = min(state.actionLook ?? moment, moment)
            }
            return state.alerts.troubled(new, at: .now)
        }
        actions.forEach(perform)
    }

    private func perform(_ action: Alerts.Action) {
        guard let voice = state.withLock(\.voice) else { return }
        switch action {
        case .ring: voice.ring()
        case .quiet(let limit): voice.quiet(QuietWarning(reachedNow: limit).text)
        case .quietIsOver: voice.quiet(nil)
        case .run(let words, let report): run(words, report.environment, voice)
        case .runForAction(let words, let trouble): run(words, trouble.environment, voice)
        case .runForBucket(let words, let trouble): run(words, trouble.environment, voice)
        }
    }

    private func run(_ words: [String], _ variables: [String: String], _ voice: Voice) {
        let program = AlertProgram(words: words, environment: environment.merging(variables) { $1 })
        programs.async { [weak self] in
            let outcome = program.run()
            outcome.lines.forEach { voice.note("on-problem: \($0)") }
            if let failure = outcome.failure { voice.warn(failure) }
            self?.state.change { $0.hasProgramEnded = true }
        }
    }

    /// Returns a duration in words, such as `30 s`, `5 min` and `2 h 30 min`.
    static func words(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        guard seconds > 0 else { return "\(Int(duration / .milliseconds(1))) ms" }
        let parts = [(seconds / 3_600, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")].filter { $0.0 > 0 }
        return parts.map { "\($0.0) \($0.1)" }.joined(separator: " ")
    }
}

// MARK: - Rows

/// The rows to report. A test event does not mean that anything has happened in a bucket.
enum AlertRows {
    /// Events, except for tests.
    static let events = RowPredicate.all([.event, .not(isTest)])
    /// The rows that the screen lists as problems, except for tests that this computer has sent itself: a test from
    /// another sender whose signature is wrong is a problem.
    static let problems = RowPredicate.all([.problem, .not(.all([isTest, isFromHere]))])

    private static let isTest = RowPredicate.text([.eventType], pattern("b2:TestEvent"))
    private static let isFromHere = RowPredicate.any(
        ["127.0.0.1", "::1"].map { .text([.remoteAddress], pattern($0)) })

    /// Returns a pattern that matches exactly this text.
    private static func pattern(_ text: String) -> TextPattern {
        let bytes = Array(text.utf8)
        return TextPattern("alerts:\(text)", literals: [text]) { $0.elementsEqual(bytes) }
    }
}

// MARK: - The program

/// Runs the program of the user's choice: with an environment of a few variables, nothing to read, and a time limit.
struct AlertProgram {
    /// The outcome of the program.
    struct Outcome: Sendable, Hashable {
        /// The first lines of its output, unescaped.
        var lines: [String] = []
        /// The failure in a sentence.
        var failure: String?
    }

    static let limit = Duration.seconds(10)
    /// The most bytes of its output that are kept.
    static let longestOutput = 8_192

    /// The program with its arguments.
    let words: [String]
    let environment: [String: String]
    var limit = Self.limit

    /// Returns the variables that it receives from the environment of this process.
    static func environment(of process: [String: String]) -> [String: String] {
        process.filter {
            [
                "PATH", "HOME", "LANG", "LC_ALL", "USER", "TZ", "DISPLAY", "WAYLAND_DISPLAY",
                "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR",
            ].contains($0.key)
        }
    }

    /// Runs it until it has ended, or the time is up. Blocks.
    func run() -> Outcome {
        let program = ExternalProgram(words, environment: environment, limit: limit, longestOutput: Self.longestOutput)
        let outcome = program.run()
        return Outcome(lines: Self.lines(outcome.output), failure: failure(outcome.end))
    }

    private func failure(_ end: ProgramOutcome.End) -> String? {
        let name = "on-problem: \(words[0])"
        return switch end {
        case .exited(0): nil
        case .exited(let status): "\(name) ended with status \(status)"
        case .signalled(let signal): "\(name) was ended by signal \(signal)"
        case .overdue: "\(name) was ended: it ran for more than \(limit.components.seconds) s"
        case .stopped: "\(name) was ended"
        case .notRun(let problem): "\(name) cannot be run: \(problem)"
        }
    }

    private static func lines(_ bytes: [UInt8]) -> [String] {
        let lines = bytes.split(separator: UInt8(ascii: "\n")).prefix(20).map { String(decoding: $0, as: UTF8.self) }
        return Array(lines)
    }
}
