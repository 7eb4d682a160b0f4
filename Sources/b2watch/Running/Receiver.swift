import Actions
import Base
import History
import Notifications
import Receiving
import Settings
import SharedHistory
import Synchronization

/// The parts that receive, connected with each other: the listener, the intake, the history, the keyring and the
/// actions.
final class Receiver: Sendable {
    /// The history; the copy of a shared one if there is one.
    let history: History
    /// The history that this process shares with others; nil for one of its own.
    let shared: SharedHistory?
    let intake: Intake
    let listener: Listener
    let keyring: KeyringBook
    /// The rules that are named as ones that do not sign.
    let unsigned: UnsignedBook
    let actions: ActionsAtWork
    /// The number of received test events that this process has sent.
    let tests = Atomic<Int>(0)
    /// The rows that are marked in dashboards.
    let marks: MarkedRows
    /// The environment in which actions are made.
    let surroundings: ActionSurroundings
    /// The client that sends requests.
    let outbound: Outbound
    /// The allowed callers, and the proxies that name their clients.
    let callers: CallerPlan
    /// The first of the paths at which notifications are accepted, such as `/hook`.
    let path: String
    /// Notes for a person about the secrets, including those of actions, in sentences.
    let notes: [String]
    /// The function that writes to the log.
    let note: @Sendable (String, LogLevel) -> Void
    private let sources: SecretSources

    /// The time that current requests may take to end. B2 itself gives up after three seconds.
    private static let grace = Duration.seconds(5)

    /// Starts to receive.
    ///
    /// - Parameters:
    ///   - say: Receives sentences for a person; from any thread, and must not block.
    ///   - acting: Receives the reports of the actions in sentences; from any thread, and must not block.
    ///   - rejudged: Receives the changes of verifying again; from any thread, and must not block.
    ///   - note: Receives sentences about what was done; from any thread, and must not block.
    ///   - isUpdating: Receives a sentence if the start is slow; from another thread, and must not block.
    ///   - prepare: Receives the history before the first delivery can arrive, to observe all of them.
    /// - Throws: `SecretSourceError`, `PlacesError`, `HistoryError` or `ListenerError`.
    init(
        _ plan: ReceivingPlan, _ outbound: Outbound, say: @escaping @Sendable (String) -> Void,
        acting: @escaping @Sendable (String) -> Void,
        rejudged: @escaping @Sendable (RejudgeReport) -> Void,
        note: @escaping @Sendable (String, LogLevel) -> Void = { _, _ in },
        isUpdating: @escaping @Sendable (String) -> Void, prepare: (History) -> Void = { _ in }
    ) throws {
        // Steps that can fail precede the first write: a start that fails leaves the history as it was.
        sources = ProcessEnvironment.secretSources(files: plan.secretFiles)
        path = plan.paths.first ?? "/"
        self.outbound = outbound
        surroundings = outbound.surroundings
        self.note = note
        let secrets = try sources.load()
        let loaded = try Keyring(secrets.map(\.secret))
        let unsignedRules = UnsignedRules()
        unsigned = try UnsignedBook(
            plan.unsigned, saved: (try? ProcessEnvironment.places.unsignedRules).map(SavedUnsignedRules.init(path:)),
            rules: unsignedRules, note: { note($0, .info) })
        try History.checkUse(of: plan.place)
        var configuration = ListenerConfiguration(
            address: plan.address, paths: plan.paths, limits: plan.limits.listener, times: plan.limits.times,
            clock: { Timestamp.now })
        configuration.tls = plan.callers.tls
        configuration.proxies = plan.callers.proxies
        configuration.limits.body = plan.bodyLimit
        let usual = configuration.limits.connections
        let (connections, files) = OpenFiles.connections(of: usual)
        configuration.limits.connections = connections
        if connections < usual {
            note(
                "takes \(connections) connections at a time instead of \(usual): this process may have \(files) files open"
                    + " (ulimit -n)", .warning)
        }
        if plan.shared != nil, !plan.actions.isEmpty { throw SharedUnusable.actions }
        listener = try Listener.bind(configuration, log: say)
        outbound.refuse(listener.address)

        do {
            let use = plan.shared == nil ? HistoryUse.recording : .copying
            let history = try History(plan.place, for: use, bounds: plan.limits.bounds) {
                isUpdating(
                    "the history is being brought up to date, once; with a million events that takes a minute or two")
            }
            self.history = history
            shared = try plan.shared.map { try $0.share(history, receives: true) }
        } catch {
            listener.stop(within: .zero)
            throw error
        }
        marks = MarkedRows(history)
        var keys: KeyringHolder?
        do {
            let holder = try KeyringHolder(
                loaded, history: history, in: shared, now: { .now }, report: rejudged)
            keys = holder
            callers = plan.callers
            intake = Intake(
                history, in: shared, keys: holder, unsigned: unsignedRules,
                callers: plan.callers.allowed.map { CallerList($0, warn: acting) },
                healthCallers: plan.callers.health, burst: plan.limits.addressBurst,
                perSecond: plan.limits.addressRate)
            keyring = KeyringBook(secrets, keys: holder, remembered: sources.remembered, note: { note($0, .info) })
            actions = ActionsAtWork(
                ActionRunner(history: history, surroundings: surroundings, say: acting, note: note))
            _ = try actions.load(plan.actions)
            history.observe { event in
                switch event {
                case .refused(let reason), .warning(let reason): say(reason)
                case .note(let text): note(text, .info)
                case .lasting(let news, _): if let news { say(news) }
                case .changed, .stale: break
                }
            }
            notes =
                [plan.shared?.address.warning].compactMap(\.self) + secrets.flatMap(\.notes) + keyring.leakNotes
                + listener.notes + callers.notes(at: listener.address)
                + plan.actions.flatMap(\.notes)
            // What the others have received before is not news: nobody observes the history yet.
            if let place = plan.shared, let shared { try place.start(shared, filling: .seconds(10), say: say) }
            prepare(history)
            if shared != nil { history.copy.announce() }
            history.checkSpace()
            try listener.accept(for: intake)
        } catch {
            listener.stop(within: .zero)
            keys?.stop()
            shared?.stop()
            history.close()
            throw error is ListenerError || error is HistoryReadError || error is SharedUnusable
                ? error : HistoryError.unusable(path: history.path ?? "in memory", reason: "\(error)")
        }
        actions.runner.begin()
    }

    /// Reads the sources of secrets again and makes their contents the current secrets.
    ///
    /// - Throws: `SecretSourceError`, `KeyringError`, or SQLite's error; the current secrets are then unchanged.
    /// - Returns: Notes for a person about the secrets, in sentences.
    func reload() throws -> [String] {
        let secrets = try sources.load()
        try unsigned.reload()
        try keyring.reload(secrets)
        return secrets.flatMap(\.notes) + keyring.leakNotes
    }

    /// Calls back once an event loop and the writer of the history have taken a turn; not while one of them hangs. Whether
    /// anything can be recorded does not matter: another start would not help.
    func prove(alive: @escaping @Sendable () -> Void) {
        listener.takeTurn { [intake] in intake.checkRecord { _ in alive() } }
    }

    /// Accepts no more requests, and answers those that have begun. Blocks.
    func stopListening() {
        listener.stop(within: Self.grace)
    }

    /// Ends all work on the history, and closes it. Blocks.
    func close() {
        outbound.endReplays()
        actions.stop()
        outbound.shutdown()
        intake.keys.stop()
        intake.stop()
        shared?.stop()
        history.close()
    }

    /// Loads the actions of a configuration.
    ///
    /// - Returns: The change in a sentence, if any.
    func load(_ declarations: [ActionDeclaration]) throws -> String? {
        if shared != nil, !declarations.isEmpty { throw SharedUnusable.actions }
        return try actions.load(declarations)
    }

    /// The URL at which this machine reaches the listener, with the path for notifications.
    var hook: String { listener.address.localURL + path.dropFirst() }

    /// A warning while the listener is exposed: anybody who can reach it can send anything.
    var exposure: String? {
        guard keyring.all.isEmpty, !listener.address.isLoopback else { return nil }
        return "listening beyond this machine without a signing secret: anyone who reaches"
            + " \(listener.address) can send notifications"
    }
}

// MARK: - Log

extension Receiver {
    /// The log's entry about the start.
    var started: String {
        let secrets = KeyringBook.names(keyring.all)
        return "b2watch \(Version.number) listens at \(listener.address.url), records into"
            + " \(history.path ?? "memory"), with \(secrets.isEmpty ? "no secret" : secrets)"
    }
}

// MARK: - Plan

/// The settings for receiving: from the options, then the configuration, then the defaults.
struct ReceivingPlan {
    static let defaultListen = "127.0.0.1:8080"
    static let defaultBody = "1MiB"

    let address: ListenAddress
    /// The paths at which notifications are accepted; at least one.
    let paths: [String]
    /// The limits of what is received at a time, and of what is kept.
    let limits: ReceivingLimits
    /// The longest body, in bytes.
    let bodyLimit: Int
    let callers: CallerPlan
    let secretFiles: [SecretFile]
    let place: History.Place
    /// The history that this process shares with others; `place` is its copy then.
    let shared: SharedPlace?
    let actions: [ActionDeclaration]
    /// The rules that do not sign.
    let unsigned: [UnsignedRuleFile]

    /// - Parameter configured: A valid configuration.
    /// - Throws: `PlacesError` without a place for the history; `SecretSourceError` if an argument names no file
    ///   of a secret.
    init(_ options: ReceivingOptions, _ configured: Configured) throws {
        let configuration = configured.configuration
        address = try ListenAddress(options.listen ?? configuration.listen?.value ?? Self.defaultListen)
        let paths = options.paths.isEmpty ? configuration.paths.map(\.value) : options.paths
        self.paths = paths.isEmpty ? ["/"] : paths
        var limits = ReceivingLimits(options.inMemory ? .memory : .file)
        limits.apply(configuration.limits)
        for text in options.keep.isEmpty ? configuration.keep.map(\.value) : options.keep {
            Keep(text)?.apply(to: &limits.bounds)
        }
        if let text = options.freeSpace ?? configuration.freeSpace?.value, let bytes = ByteCount.count(text) {
            limits.bounds.freeSpace = Int(clamping: bytes)
        }
        self.limits = limits
        let body = ByteCount(options.maxBody ?? configuration.maxBody?.value ?? Self.defaultBody)
        bodyLimit = body?.bytes ?? ByteCount.usual
        callers = try CallerPlan(options.callers, configuration)
        secretFiles =
            options.secretFiles.isEmpty
            ? configuration.secretFiles.map(Self.named) : try options.secretFiles.map(SecretFile.init(argument:))
        actions = configured.actions
        unsigned = options.unsignedRules.compactMap(UnsignedRuleFile.init(argument:))
        shared = try options.shared.place(options.history)
        place = options.inMemory ? .memory : .file(try shared?.copy ?? options.history.path)
    }

    /// Returns a file that the configuration names: its problems are reported with the line that names it.
    private static func named(_ file: Located<SecretFile>) -> SecretFile {
        var named = file.value
        let (line, column) = (file.position.line, file.position.column)
        named.origin = (try? ProcessEnvironment.places.settings).map { "\($0):\(line):\(column)" }
        return named
    }

    /// Returns the problems of a configuration that only the listener can find.
    static func problems(in configuration: Configuration) -> [ConfigurationProblem] {
        return [
            ConfigurationProblem("listen", configuration.listen, problem(ofAddress:)),
            ConfigurationProblem("free-space", configuration.freeSpace, problem(ofFreeSpace:)),
            ConfigurationProblem("max-body", configuration.maxBody, problem(ofBodyLimit:)),
        ].compactMap(\.self) + configuration.paths.compactMap { ConfigurationProblem("path", $0, problem(ofPath:)) }
            + configuration.keep.compactMap { ConfigurationProblem("keep", $0, problem(ofKeep:)) }
            + CallerPlan.problems(in: configuration)
            + ReceivingLimits.problems(in: configuration.limits)
    }

    static func problem(ofAddress text: String) -> String? {
        do throws(ListenAddressError) {
            _ = try ListenAddress(text)
            return nil
        } catch {
            return "\(error)"
        }
    }

    static func problem(ofPath path: String) -> String? {
        if !path.hasPrefix("/") { return "\(path) does not begin with /: write /\(path)" }
        if path.contains(where: { $0 == "?" || $0 == "#" || $0.isWhitespace }) {
            return "\(path) contains more than a path: leave out white space, ? and #"
        }
        return nil
    }

    static func problem(ofKeep text: String) -> String? {
        guard Keep(text) == nil else { return nil }
        return "\(text): write a number of deliveries, an age in days or hours, or a size, such as 100000, 90d or 20GiB"
    }

    static func problem(ofFreeSpace text: String) -> String? {
        guard ByteCount.count(text) == nil else { return nil }
        return "\(text): write a number of bytes, such as 512MiB, or 0"
    }

    static func problem(ofBodyLimit text: String) -> String? {
        guard ByteCount(text) == nil else { return nil }
        return "\(text): write a number of bytes up to 64MiB, such as 65536, 512KiB or 2MiB"
    }
}

/// A limit on valid deliveries as the user writes it: `100000`, `90d`, `12h` or `20GiB`.
enum Keep: Sendable, Hashable {
    case requests(Int)
    case age(Duration)
    case bytes(Int)

    /// Reads a number of deliveries, an age or a size, each greater than 0; nil for any other text.
    init?(_ text: String) {
        let hours = ["h": 1, "d": 24, "w": 7 * 24]
        if let unit = text.last.flatMap({ hours[$0.lowercased()] }) {
            guard let number = Int(text.dropLast()), (1...100_000).contains(number) else { return nil }
            self = .age(.seconds(number * unit * 3_600))
        } else if let number = Int(text) {
            guard number > 0 else { return nil }
            self = .requests(number)
        } else {
            guard let bytes = ByteCount.count(text), bytes > 0 else { return nil }
            self = .bytes(Int(clamping: bytes))
        }
    }

    /// Sets the bound of valid deliveries; several bounds apply together.
    func apply(to bounds: inout HistoryBounds) {
        switch self {
        case .requests(let number): bounds.valid = .init(requests: number, bytes: bounds.valid?.bytes ?? .max)
        case .bytes(let number): bounds.valid = .init(requests: bounds.valid?.requests ?? .max, bytes: number)
        case .age(let age): bounds.age = age
        }
    }
}

// MARK: - Verifying again

/// Logs the start of verifying recorded deliveries again, and its result.
final class JudgingLog: Sendable {
    private let isJudging = Mutex(false)
    private let note: @Sendable (String, LogLevel) -> Void

    init(_ note: @escaping @Sendable (String, LogLevel) -> Void) {
        self.note = note
    }

    /// Logs the start, at the first of several reports.
    func began(_ report: RejudgeReport) {
        let isOver = report.isComplete || report.isCancelled || report.failure != nil
        let isFirst = isJudging.withLock { isJudging in
            defer { isJudging = !isOver }
            return !isJudging && (!isOver || report.total > 0)
        }
        if isFirst { note("verifying recorded deliveries again", .info) }
    }

    func ended(_ report: RejudgeReport) {
        if let failure = report.failure { note(failure, .warning) }
        if report.isComplete, report.total > 0 { note(report.sentence, .info) }
        if report.isCancelled, report.failure == nil { note(report.cancellation, .info) }
    }
}

// MARK: - Health

/// Reports when deliveries can no longer be recorded, and when they can again: in a line, and to those who show it.
/// While none is recorded it tries a write from time to time, so that the report ends soon after the cause.
final class HealthReporter: Sendable {
    private struct State {
        var health = SteadyHealth()
        var isWaiting = false
        var follower: (@Sendable (HistoryHealth) -> Void)?
        /// Tries a write; returns false if writing has become pointless.
        var retry: @Sendable () -> Bool = { false }
    }

    private let state = Monitor(State())
    private let say: @Sendable (String, LogLevel) -> Void
    private let thread = Worker("health")

    /// - Parameter say: Writes a line; from any thread, and must not block.
    init(_ say: @escaping @Sendable (String, LogLevel) -> Void) {
        self.say = say
    }

    /// Passes the events of a history on to a follower, with the health as it is reported. The follower is called from
    /// any thread and must only take note.
    func observe(_ history: History, _ follower: @escaping @Sendable (HistoryEvent) -> Void) {
        state.change { state in
            state.follower = { [weak history] health in
                guard var change = history?.current else { return }
                change.health = health
                follower(.changed(change))
            }
            state.retry = { [weak history] in history?.retry() ?? false }
        }
        history.observe { [self] event in follower(steady(event)) }
    }

    /// Returns the history's state with its health as it is reported.
    func steady(_ change: HistoryChange) -> HistoryChange {
        var change = change
        change.health = state.withLock { $0.health.shown }
        return change
    }

    private func steady(_ event: HistoryEvent) -> HistoryEvent {
        guard case .changed(let change) = event else { return event }
        let (report, waits) = state.change { state in
            let report = state.health.see(change.health, at: .now)
            let waits = (state.health.due ?? state.health.attempt) != nil && !state.isWaiting
            if waits { state.isWaiting = true }
            return (report, waits)
        }
        if let report { notify(report) }
        if waits { thread.async { [weak self] in self?.wait() } }
        return .changed(steady(change))
    }

    /// Tries writes until one succeeds, and then waits until the recovery has lasted, or is over.
    private func wait() {
        while true {
            let next = state.withLock { state in
                let next = state.health.due ?? state.health.attempt
                if next == nil { state.isWaiting = false }
                return next
            }
            guard let next else { return }
            state.wait(until: next) { ($0.health.due ?? $0.health.attempt) != next ? () : nil }
            let (report, follower, retry) = state.change { state in
                (
                    state.health.recover(at: .now), state.follower,
                    state.health.beginAttempt(at: .now) ? state.retry : nil
                )
            }
            if let retry, !retry() { state.change { $0.health.giveUp() } }
            guard let report else { continue }
            notify(report)
            follower?(.recording)
        }
    }

    private func notify(_ report: SteadyHealth.Report) {
        switch report {
        case .failing(let reason): say("NOT RECORDING, answering 503: \(reason)", .error)
        case .recovered(let failures, let time):
            let seconds = max(1, Int((time / .seconds(1)).rounded()))
            say(
                failures == 1 ? "recording again" : "recording again, after \(failures) failures in \(seconds) s", .info
            )
        }
    }
}
