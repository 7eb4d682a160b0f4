import ArgumentParser
import Base
import Dashboard
import Foundation
import History
import Receiving
import Settings
import Synchronization
import Terminal

/// The part of a process that shows a dashboard: the terminal, the signals, and the log while the screen is up.
struct DashboardProgram {
    let diagnostics: Diagnostics
    let configuration: Configuration
    /// Reads the configuration again.
    let reloading: Reloading
    /// Whether it runs in plain mode.
    var isPlain = false
    /// Compares buckets on a schedule; nil where another process receives.
    var schedule: ReconcileSchedule?
    /// Handles the signals that arrive after the dashboard has ended.
    var lastSignals = LastSignals()

    /// Shows a dashboard until it ends, on the calling thread. The signals are blocked.
    ///
    /// - Parameters:
    ///   - opened: Receives the dashboard once it accepts messages, before it is shown.
    ///   - ended: Ends the parts of this process that the dashboard showed.
    /// - Throws: An `ExitCode` if it could not be shown, after the reason has been printed.
    func run(_ environment: DashboardEnvironment, opened: (Dashboard) -> Void, ended: () -> Void) throws {
        let problem = diagnostics.withScreen { show(environment, opened) }
        ended()
        diagnostics.note("ended")
        if let problem { diagnostics.say("b2watch: \(problem)", .error) }
        diagnostics.flush()
        if problem != nil { throw ExitStatus.failed }
    }

    /// - Returns: The reason why it could not be shown; nil if it was.
    private func show(_ environment: DashboardEnvironment, _ opened: (Dashboard) -> Void) -> (any Error)? {
        let screen: Screen?
        do {
            screen = isPlain ? nil : try openScreen()
        } catch {
            return error
        }
        var environment = environment
        environment.settings = DashboardSettings(configuration)
        environment.log = diagnostics.logPath.map { LogReader($0) }
        environment.note = { [diagnostics] in diagnostics.note($0) }
        let viewNotice = keepView(in: &environment)
        let isAttached = environment.isAttached
        let alerts = AlertWatch(
            Self.alerts(configuration, isAttached: isAttached), reading: environment.reader, from: environment.change)
        reloading.follow { alerts.change(Self.alerts($0, isAttached: isAttached)) }
        environment.reloadSettings = { [reloading, diagnostics] in
            let result = try reloading.reload()
            result.changes.forEach { diagnostics.note($0) }
            return DashboardSettings(result.configuration)
        }
        let dashboard = Dashboard(environment)
        alerts.begin(voice(of: dashboard))
        schedule?.follow { alerts.alert($0) }
        schedule?.change(configuration)
        dashboard.observeChanges { alerts.observe($0) }
        opened(dashboard)
        if let viewNotice { dashboard.mailbox.post(.notice(viewNotice)) }
        diagnostics.observeLog { dashboard.announceLog() }
        let isEnding = Atomic<Bool>(false)
        Signals.follow { [lastSignals] number in
            if isEnding.load(ordering: .relaxed) { return lastSignals.receive(number) }
            switch number {
            case SIGINT: dashboard.mailbox.post(.signal(.interrupt))
            case SIGHUP: dashboard.mailbox.post(.signal(.hangUp))
            default: dashboard.mailbox.post(.signal(.terminate))
            }
        }
        let ending = screen.map { dashboard.run(on: $0) } ?? dashboard.run(on: LineTerminal())
        diagnostics.note("ending: \(ending.sentence)")
        isEnding.store(true, ordering: .relaxed)
        alerts.stop()
        screen?.close()
        if case .outputFailed(let code) = ending { return OutputRefusal(code: code) }
        return nil
    }

    private func openScreen() throws -> Screen {
        var options = ScreenOptions.own()
        options.theme = configuration.theme
        options.mouse = configuration.mouse
        if let log = diagnostics.logPath { options.lastWords = "b2watch crashed; its last messages are in \(log)" }
        return try Screen(options)
    }

    /// Returns the settings of alerts. The program that is run on a problem belongs to the process that receives: an
    /// attached dashboard would run it a second time.
    private static func alerts(_ configuration: Configuration, isAttached: Bool) -> AlertSettings {
        var settings = AlertSettings(configuration)
        if isAttached { settings.onProblem = nil }
        return settings
    }

    /// Returns the function that alerts the user of a dashboard.
    private func voice(of dashboard: Dashboard) -> AlertWatch.Voice {
        AlertWatch.Voice(
            ring: { dashboard.mailbox.post(.bell) },
            quiet: { [diagnostics] text in
                dashboard.mailbox.post(.quiet(text))
                diagnostics.note(text ?? AlertWatch.quietIsOver, text == nil ? .info : .warning)
            },
            note: { [diagnostics] in diagnostics.note($0) },
            warn: { [diagnostics] text in
                dashboard.mailbox.post(.notice(text))
                diagnostics.note(text, .warning)
            })
    }

    /// Restores the state of the screen, and saves it from now on.
    ///
    /// - Returns: A note for a person, if any.
    private func keepView(in environment: inout DashboardEnvironment) -> String? {
        // Without a place for it each start is the first one.
        guard let path = try? ProcessEnvironment.places.view else { return nil }
        let file = ViewStateFile(path: path, empty: ViewState())
        let (state, notice) = file.load()
        environment.viewState = state
        environment.keepViewState = { [diagnostics] state in
            if let problem = file.save(state) { diagnostics.note(problem, .warning) }
        }
        if let notice { diagnostics.note(notice, .warning) }
        return notice
    }
}

/// The output could not be written.
private struct OutputRefusal: Error, CustomStringConvertible {
    let code: Int32
    var description: String { "standard output takes no more: \(String(cString: strerror(code)))" }
}

extension DashboardEnding {
    fileprivate var sentence: String {
        switch self {
        case .quit: "the user asked for it"
        case .hangUp: "the terminal is gone"
        case .terminated: "SIGTERM"
        case .outputFailed: "standard output takes no more"
        }
    }
}

// MARK: - Post

/// Passes messages to the dashboard of this process, if there is one, and to attached ones. Messages from before the
/// dashboard opens wait for it.
final class DashboardPost: Sendable {
    private struct State {
        var dashboard: Dashboard?
        var waiting: RejudgeReport?
        /// The reason why verifying again has stopped.
        var failure: String?
        /// The conditions of the record that last.
        var lasting: String?
        /// The rules that B2 has suspended.
        var suspended: String?
        /// The warning on the screens.
        var warning: String? {
            let all = [failure, lasting, suspended].compactMap(\.self)
            return all.isEmpty ? nil : all.joined(separator: "; ")
        }
        var health = HistoryHealth.recording
        var others: [@Sendable (ListenerNews) -> Void] = []
        /// Whether the last report contained remaining work.
        var hadRest = false
    }

    private let state = Mutex(State())

    func open(_ dashboard: Dashboard) {
        let (waiting, warning) = state.withLock { state in
            state.dashboard = dashboard
            return (state.waiting, state.warning)
        }
        if let warning { dashboard.mailbox.post(.warning(warning)) }
        guard let waiting else { return }
        if waiting.total > 0 || waiting.remaining > 0 {
            dashboard.mailbox.post(.rejudged(RejudgeSummary(waiting)))
        }
    }

    /// The health that is shown.
    var health: HistoryHealth { state.withLock { $0.health } }

    /// The current warning.
    var warning: String? { state.withLock { $0.warning } }

    /// Calls another function with all messages to the dashboard except the history's changes; it must only take note
    /// and return.
    func passOn(_ other: @escaping @Sendable (ListenerNews) -> Void) {
        state.withLock { $0.others.append(other) }
    }

    func send(_ news: ListenerNews) {
        let (dashboard, others) = state.withLock { ($0.dashboard, $0.others) }
        if let message = DashboardMessage(news) { dashboard?.mailbox.post(message) }
        others.forEach { $0(news) }
    }

    /// Shows a warning of suspended rules, or removes it.
    func warn(ofSuspended sentence: String?) {
        let isNew = state.withLock { state in
            defer { state.suspended = sentence }
            return state.suspended != sentence
        }
        if isNew { send(.warning(warning)) }
    }

    func rejudged(_ report: RejudgeReport) {
        let (isOther, hadRest) = state.withLock { state in
            if state.dashboard == nil { state.waiting = report }
            defer {
                state.failure = report.failure
                state.hadRest = report.remaining > 0
            }
            return (state.failure != report.failure, state.hadRest)
        }
        // The work that continues has not stopped: remove the warning.
        if isOther { send(.warning(warning)) }
        guard report.total > 0 || report.remaining > 0 || hadRest else { return }
        send(.rejudged(RejudgeSummary(report)))
    }

    func observe(_ event: HistoryEvent) {
        switch event {
        case .changed(let change):
            let (dashboard, isOther) = state.withLock { state in
                defer { state.health = change.health }
                return (state.dashboard, state.health != change.health)
            }
            dashboard?.announce(change)
            if isOther { send(.health(change.health)) }
        case .refused(let reason), .warning(let reason): send(.notice(reason))
        case .lasting(_, let all):
            state.withLock { $0.lasting = all }
            send(.warning(warning))
        case .stale, .note: break
        }
    }
}

// MARK: - Settings

extension DashboardSettings {
    /// Creates the settings of the dashboard from a valid configuration.
    init(_ configuration: Configuration) {
        self.init()
        showsUTC = configuration.utc
        follows = configuration.follow
        showsEpoch = configuration.timestamps == .epoch
        startView = configuration.startView.flatMap { StartView(rawValue: $0.value) } ?? startView
        theme = configuration.theme
        keys = configuration.keys.map { KeyChange(command: $0.command.value, keys: $0.keys.map(\.value)) }
    }

    /// Returns the problems of a configuration that only the dashboard can find.
    static func problems(in configuration: Configuration) -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        if let view = configuration.startView, StartView(rawValue: view.value) == nil {
            let names = StartView.allCases.map(\.rawValue)
            let question = Suggestion.question(for: view.value, among: names)
            problems.append(
                ConfigurationProblem(
                    "“start-view” is “\(view.value)”; expected is one of \(names.joined(separator: ", "))\(question)",
                    at: view.position))
        }
        let keys = configuration.keys
        problems += Self.keyProblems(in: DashboardSettings(configuration).keys).map { problem in
            let setting = keys[problem.change]
            let position = setting.keys.first { $0.value == problem.key }?.position ?? setting.command.position
            return ConfigurationProblem(problem.text, at: position)
        }
        return problems
    }
}

extension AlertSettings {
    /// Creates the settings of alerts from a configuration.
    init(_ configuration: Configuration) {
        let bell: Bell =
            switch configuration.bell {
            case .no: .never
            case .problem: .problem
            case .event: .event
            }
        self.init(bell: bell, onProblem: configuration.onProblem, quietAfter: configuration.quietAfter)
    }
}
