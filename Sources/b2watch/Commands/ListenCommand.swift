import ArgumentParser
import Base
import Dashboard
import Foundation
import History
import Receiving
import Settings

/// The listener without a screen.
struct ListenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "listen", abstract: "Receives without a screen, and writes each event to standard output.",
        discussion: """
            SIGINT and SIGTERM finish what is in flight and end; SIGHUP reads the signing secrets and the \
            configuration's actions, bell, on-problem and quiet-after again, unless it says that the terminal is gone: then it \
            ends too.
            """)

    @OptionGroup var receiving: ReceivingOptions

    @Option(help: "text: one line an event (default); json: one JSON object a delivery.")
    var format: OutputFormat?

    @Flag(help: "Write no events: the history and the actions have them.")
    var quiet = false

    func validate() throws {
        if quiet, format != nil {
            throw ValidationError("--quiet writes no events, so --format has no meaning: give one of them")
        }
    }

    func run() throws {
        Signals.block()
        try Self.run(receiving, format: quiet ? nil : format ?? .text)
    }

    /// Receives until a signal ends it; the signals are blocked.
    ///
    /// - Parameters:
    ///   - format: The format in which each delivery is printed; nil to print none.
    ///   - note: The reason why there is no screen although one was requested.
    ///   - companion: A task that begins and ends with the listener.
    static func run(
        _ options: ReceivingOptions, format: OutputFormat?, note: String? = nil,
        with companion: (any ReceivingCompanion)? = nil
    ) throws {
        let diagnostics = Diagnostics("listen")
        let logProblem = options.inMemory ? nil : diagnostics.keepLog()
        let judging = JudgingLog { diagnostics.note($0, $1) }
        // Scripts wait for the first line, so messages before it are delayed until it is printed.
        let lines = LineGate { diagnostics.say($0, $1) }
        var follower: RecordFollower?
        let post = DashboardPost()
        var alerts: AlertWatch?
        var configuration = Configuration()
        let receiver = try StartFailure.explained(by: diagnostics) {
            let outbound = try Outbound(caFile: options.authorities.caFile)
            let configured = try ProcessEnvironment.configured(with: outbound.surroundings)
            configuration = configured.configuration
            let plan = try ReceivingPlan(options, configured)
            return try Receiver(
                plan, outbound, say: { lines.say($0, .warning) },
                acting: {
                    lines.say($0, .warning)
                    post.send(.notice($0))
                },
                rejudged: {
                    judging.began($0)
                    lines.say($0)
                    post.rejudged($0)
                }, note: { diagnostics.note($0, $1) }, isUpdating: { diagnostics.say($0) }
            ) { history in
                HealthReporter { lines.say($0, $1) }.observe(history, post.observe)
                let watch = AlertWatch(
                    AlertSettings(configured.configuration), reading: history.reader, from: history.current)
                watch.begin(.lines { lines.say($0, $1) })
                history.observe { if case .changed(let change) = $0 { watch.observe(change) } }
                alerts = watch
                follower = format.map { format in
                    RecordFollower(history, as: format, to: STDOUT_FILENO) { lines.say($0, .warning) }
                }
            }
        }
        diagnostics.note(receiver.started)
        diagnostics.say("listening on \(receiver.listener.address.url)")
        for line in [note, logProblem, receiver.exposure].compactMap(\.self) + receiver.notes {
            diagnostics.say(line, .warning)
        }
        let reloading = Reloading(receiver)
        let desk = ReceiverDesk(receiver, post, reloading)
        let watch = alerts
        reloading.follow { watch?.change(AlertSettings($0)) }
        let suspended = SuspendedRules { post.warn(ofSuspended: $0) }
        let account = AccountDesk(receiver, desk, suspended, key: companion?.key)
        account.change(configuration)
        let schedule = ReconcileSchedule(receiver, suspended) { text, level in
            lines.say(text, level)
            post.send(.notice(text))
        }
        schedule.follow { watch?.alert($0) }
        schedule.change(configuration)
        reloading.follow {
            account.change($0)
            schedule.change($0)
        }
        let attached = AttachService(receiver, desk, account, post) { lines.say($0, .warning) }
        lines.open()
        companion?.begin(receiver, desk, account) { lines.say($0, $1) }
        let manager = ServiceManager()
        let status = "listening on \(receiver.listener.address.url)"
        manager?.ready(status)
        manager?.watch { receiver.prove(alive: $0) }

        let terminal = ControllingTerminal()
        var signal = Signals.next()
        while signal == SIGHUP, !terminal.isGone {
            manager?.reloading()
            reload(receiver, desk, diagnostics)
            reload(reloading, diagnostics)
            manager?.ready(status)
            signal = Signals.next()
        }
        manager?.stopping()
        diagnostics.note("ending by \(Signals.name(of: signal))")
        let last = LastSignals(restores: companion != nil) {
            diagnostics.say($0, .warning)
            diagnostics.flush()
        }
        Signals.follow { last.receive($0) }
        let problem = companion?.end()
        last.restored()
        account.stop()
        schedule.stop()
        post.send(.draining)
        receiver.stopListening()
        follower?.finish(within: .seconds(2))
        alerts?.stop()
        attached.stop()
        receiver.close()
        diagnostics.note("ended")
        if let problem { diagnostics.say("b2watch: \(problem)", .error) }
        diagnostics.flush()
        if problem != nil { throw ExitStatus.failed }
    }

    private static func reload(_ reloading: Reloading, _ diagnostics: Diagnostics) {
        do {
            for line in try reloading.reload().changes { diagnostics.say(line) }
        } catch {
            diagnostics.say("the configuration stays as it was: \(error)", .error)
        }
    }

    private static func reload(_ receiver: Receiver, _ desk: ReceiverDesk, _ diagnostics: Diagnostics) {
        do {
            let notes = try desk.reloadSecrets()
            let held = KeyringBook.names(receiver.keyring.all)
            diagnostics.say("signing secrets read again: \(held.isEmpty ? "none" : held)")
            for line in notes + [receiver.exposure].compactMap(\.self) { diagnostics.say(line, .warning) }
        } catch {
            diagnostics.say("the signing secrets stay as they are: \(error)", .error)
        }
    }
}

extension AlertWatch.Voice {
    /// Reports in plain lines; the bell is sent to the terminal, if standard error is one.
    fileprivate static func lines(_ say: @escaping @Sendable (String, LogLevel) -> Void) -> Self {
        Self(
            ring: { if isatty(STDERR_FILENO) == 1 { _ = write(STDERR_FILENO, "\u{7}", 1) } },
            quiet: { say($0 ?? AlertWatch.quietIsOver, $0 == nil ? .info : .warning) },
            note: { say($0, .info) }, warn: { say($0, .warning) })
    }
}

// MARK: - Options

/// The options of every command that receives.
struct ReceivingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The address to listen on: HOST:PORT, an IPv6 host in brackets; port 0 takes a free one. (default:"
                + " \(ReceivingPlan.defaultListen))",
            valueName: "host:port"))
    var listen: String?

    @Option(
        name: .customLong("path"), parsing: .singleValue,
        help: ArgumentHelp(
            "A path that takes notifications, with all below it; may be given several times; / takes every path."
                + " (default: /)",
            discussion: "Requests for other paths are answered 404; they are counted in the log, and not recorded.",
            valueName: "path"))
    var paths: [String] = []

    @OptionGroup var callers: CallerOptions

    @OptionGroup var authorities: AuthorityOptions

    @Option(
        name: .customLong("keep"), parsing: .singleValue,
        help: ArgumentHelp(
            "How much is kept of valid deliveries, such as 100000, 90d or 20GiB; may be given several times."
                + " (default: all)",
            discussion: """
                The oldest above it are removed; an event of theirs that arrives again is a duplicate. Of what is not \
                valid, the newest 100,000 requests or 1 GiB are kept.
                """, valueName: "amount"))
    var keep: [String] = []

    @Option(
        name: .customLong("free-space"),
        help: ArgumentHelp(
            "The free space of the disk below which only valid deliveries are recorded; 0 for no limit."
                + " (default: 256MiB)",
            valueName: "bytes"))
    var freeSpace: String?

    @Option(
        name: .customLong("max-body"),
        help: ArgumentHelp(
            "The longest body that is taken, such as 65536, 512KiB or 2MiB. (default: \(ReceivingPlan.defaultBody))",
            valueName: "bytes"))
    var maxBody: String?

    @Option(
        name: .customLong("secret-file"), parsing: .singleValue,
        help: ArgumentHelp(
            "A file with a signing secret; may be given several times.",
            discussion: """
                With a label: LABEL=FILE. Bound to a bucket or a rule: LABEL@bucket:NAME=FILE, LABEL@rule:NAME=FILE. \
                A secret is also taken from the environment variable \(SecretSources.variable), from systemd's \
                credentials folder, and from the screen; never from an argument's value.
                """, valueName: "file"))
    var secretFiles: [String] = []

    @Option(
        name: .customLong("unsigned-rule"), parsing: .singleValue,
        help: ArgumentHelp(
            "A rule without a signing secret, and a file with its proof; may be given several times.",
            discussion: """
                Its notifications are answered 200 and get the verdict unsigned, which never counts as valid. The file has \
                one line: path /SECRET, the path of the rule's URL; header NAME VALUE, a custom header of the rule; or from \
                ADDRESS …, the addresses or blocks that B2 sends from.
                """, valueName: "name=file"))
    var unsignedRules: [String] = []

    @OptionGroup var history: HistoryOption

    @OptionGroup var shared: SharedOption

    @Flag(name: .customLong("in-memory"), help: "Keep the record in memory only; it ends with the process.")
    var inMemory = false

    func validate() throws {
        if let problem = listen.flatMap(ReceivingPlan.problem(ofAddress:)) {
            throw ValidationError("--listen: \(problem)")
        }
        if let problem = maxBody.flatMap(ReceivingPlan.problem(ofBodyLimit:)) {
            throw ValidationError("--max-body \(problem)")
        }
        if inMemory, history.file != nil {
            throw ValidationError("--history and --in-memory exclude each other: give one of them")
        }
        if inMemory, shared.text != nil {
            throw ValidationError("--shared and --in-memory exclude each other: give one of them")
        }
        for text in unsignedRules where UnsignedRuleFile(argument: text) == nil {
            throw ValidationError("--unsigned-rule \(text): write NAME=FILE")
        }
        for path in paths {
            if let problem = ReceivingPlan.problem(ofPath: path) { throw ValidationError("--path \(problem)") }
        }
        for text in keep {
            if let problem = ReceivingPlan.problem(ofKeep: text) { throw ValidationError("--keep \(problem)") }
        }
        if let problem = freeSpace.flatMap(ReceivingPlan.problem(ofFreeSpace:)) {
            throw ValidationError("--free-space \(problem)")
        }
        if secretFiles.contains("") { throw ValidationError("--secret-file wants a file's path") }
    }
}

// MARK: - Byte counts

/// A number of bytes as a person writes it: `65536`, `64kB` (1,000) or `64KiB` (1,024), `1MB`, `1MiB`, `2GB`, `2GiB`,
/// `1TB`, `1TiB`.
struct ByteCount: Sendable {
    /// The largest limit, in bytes: with more, few requests would fill the memory.
    static let largest = 64 << 20

    /// The default limit, in bytes.
    static let usual = 1 << 20

    let bytes: Int

    /// Reads a limit; nil for everything except a number of bytes from 1 to 64 MiB.
    init?(_ text: String) {
        guard let count = Self.count(text), (1...Int64(Self.largest)).contains(count) else { return nil }
        bytes = Int(count)
    }

    /// Returns a number of bytes, 0 or more; nil for any other text.
    static func count(_ text: String) -> Int64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let factor: Int64
        switch text.dropFirst(digits.count).lowercased() {
        case "", "b": factor = 1
        case "kb": factor = 1_000
        case "kib": factor = 1 << 10
        case "mb": factor = 1_000_000
        case "mib": factor = 1 << 20
        case "gb": factor = 1_000_000_000
        case "gib": factor = 1 << 30
        case "tb": factor = 1_000_000_000_000
        case "tib": factor = 1 << 40
        default: return nil
        }
        guard let number = Int64(digits) else { return nil }
        let (bytes, overflows) = number.multipliedReportingOverflow(by: factor)
        return overflows ? nil : bytes
    }
}
