import ArgumentParser
import Base
import Dashboard
import Foundation
import History
import Receiving
import Settings
import Terminal

/// The dashboard, with the listener in the same process.
struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Receives, and shows what comes on a full screen (the default).",
        discussion: "Where standard output is not a terminal, it does what listen does, unless --plain is given.")

    @OptionGroup var receiving: ReceivingOptions
    @OptionGroup var plain: PlainOption

    func run() throws {
        Signals.block()
        try Self.run(receiving, plain)
    }

    /// Receives and shows a dashboard until it ends; the signals are blocked.
    ///
    /// - Parameters:
    ///   - format: The format of the lines that are written if there is no screen.
    ///   - companion: A task that begins and ends with the listener.
    static func run(
        _ receiving: ReceivingOptions, _ plain: PlainOption, format: OutputFormat = .text,
        with companion: (any ReceivingCompanion)? = nil
    ) throws {
        guard plain.isPlain || isatty(STDOUT_FILENO) == 1 else {
            return try ListenCommand.run(
                receiving, format: format,
                note: companion == nil ? "standard output is not a terminal, so this runs as b2watch listen" : nil,
                with: companion)
        }
        do throws(ScreenError) {
            if !plain.isPlain { try Screen.check() }
        } catch {
            return try ListenCommand.run(
                receiving, format: format, note: "no screen, so this runs as listen: \(error)", with: companion)
        }
        let diagnostics = Diagnostics("watch")
        let logProblem = receiving.inMemory ? nil : diagnostics.keepLog()
        let judging = JudgingLog { diagnostics.note($0, $1) }
        let post = DashboardPost()
        let health = HealthReporter { diagnostics.note($0, $1) }
        let (configured, receiver) = try StartFailure.explained(by: diagnostics) {
            let outbound = try Outbound(caFile: receiving.authorities.caFile)
            let configured = try ProcessEnvironment.configured(with: outbound.surroundings)
            let plan = try ReceivingPlan(receiving, configured)
            let receiver = try Receiver(
                plan, outbound, say: { diagnostics.say($0, .warning) },
                acting: {
                    diagnostics.say($0, .warning)
                    post.send(.notice($0))
                },
                rejudged: {
                    judging.began($0)
                    judging.ended($0)
                    post.rejudged($0)
                }, note: { diagnostics.note($0, $1) }, isUpdating: { diagnostics.say($0) }
            ) { history in
                health.observe(history, post.observe)
            }
            return (configured, receiver)
        }
        diagnostics.note(receiver.started)
        for line in [receiver.exposure].compactMap(\.self) + receiver.notes { diagnostics.note(line, .warning) }
        let reloading = Reloading(receiver)
        let desk = ReceiverDesk(receiver, post, reloading)
        let suspended = SuspendedRules { post.warn(ofSuspended: $0) }
        let account = AccountDesk(receiver, desk, suspended, key: companion?.key)
        account.change(configured.configuration)
        let schedule = ReconcileSchedule(receiver, suspended) { text, level in
            diagnostics.note(text, level)
            post.send(.notice(text))
        }
        reloading.follow {
            account.change($0)
            schedule.change($0)
        }
        let attached = AttachService(receiver, desk, account, post) { diagnostics.say($0, .warning) }
        let address = receiver.listener.address
        var environment = DashboardEnvironment(
            reader: receiver.history.reader, listener: desk, change: receiver.history.current, keyring: desk.summary(),
            listening: .listening(url: address.url, isLoopback: address.isLoopback))
        environment.actions = receiver.actions.runner
        environment.http = receiver.outbound.forReplays
        environment.account = account
        environment.isInMemory = receiver.history.path == nil
        environment.keepMarked = { receiver.marks.keep($0, for: nil) }
        if let secrets = try? ProcessEnvironment.places.secrets { environment.secretsFile = secrets }
        // A history in memory leaves no state on the disk either.
        if receiver.history.path != nil, let state = try? ProcessEnvironment.places.state {
            environment.copiesFolder = state
        }
        var problem: String?
        // The screen's thread is the main one: nothing else needs it.
        let last = LastSignals(restores: companion != nil) {
            diagnostics.say($0, .warning)
            diagnostics.flush()
        }
        let program = DashboardProgram(
            diagnostics: diagnostics, configuration: configured.configuration, reloading: reloading,
            isPlain: plain.isPlain, schedule: schedule, lastSignals: last)
        try program.run(environment) { dashboard in
            post.open(dashboard)
            // Deliveries recorded since the dashboard received the state at its start.
            dashboard.announce(health.steady(receiver.history.current))
            (receiver.notes + [logProblem].compactMap(\.self)).forEach { dashboard.mailbox.post(.notice($0)) }
            companion?.begin(receiver, desk, account) { text, level in
                diagnostics.note(text, level)
                post.send(.notice(text))
            }
        } ended: {
            problem = companion?.end()
            last.restored()
            account.stop()
            schedule.stop()
            post.send(.draining)
            receiver.stopListening()
            attached.stop()
            receiver.close()
        }
        if let problem {
            diagnostics.say("b2watch: \(problem)", .error)
            diagnostics.flush()
            throw ExitStatus.failed
        }
    }
}

// MARK: - attach

/// The dashboard, with the listener in another process.
struct AttachCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach", abstract: "Shows what a b2watch that runs elsewhere on this machine receives.",
        discussion: """
            Any number may be attached at once, to b2watch listen or to another dashboard. Quitting stops nothing. \
            Where the listener runs as another user: sudo -u USER b2watch attach --history FILE. With --shared it shows what \
            all listeners of a shared history receive, also where none runs on this machine.
            """)

    @OptionGroup var history: HistoryOption

    @OptionGroup var shared: SharedOption

    @OptionGroup var plain: PlainOption

    func run() throws {
        Signals.block()
        let diagnostics = Diagnostics("attach")
        let logProblem = diagnostics.keepLog()
        let configuration = try StartFailure.explained(by: diagnostics) { try ProcessEnvironment.configuration() }
        var following: FollowedCopy?
        let link = try StartFailure.explained(by: diagnostics) {
            if !plain.isPlain {
                if isatty(STDOUT_FILENO) != 1 { throw NoTerminal() }
                try Screen.check()
            }
            let place = try shared.place(history)
            following = try place.flatMap { try FollowedCopy($0) { diagnostics.note($0, .warning) } }
            return try ListenerLink(FollowedHistory(place?.copy ?? history.path), isShared: place != nil)
        }
        try StartFailure.explained(by: diagnostics) { try link.start() }
        let outbound = try StartFailure.explained(by: diagnostics) { try Outbound() }

        var environment = DashboardEnvironment(
            reader: link.reader, listener: link, change: link.change, keyring: link.keyring,
            listening: link.listening, isAttached: true)
        environment.keepMarked = { link.keep(marked: $0) }
        // Each of these requests has its own connection, so that a slow one, such as a test, delays no other.
        environment.actions = link.call
        environment.http = outbound.forReplays
        environment.account = link.call
        if let file = link.secretsFile { environment.secretsFile = file }
        if let state = try? ProcessEnvironment.places.state { environment.copiesFolder = state }
        let program = DashboardProgram(
            diagnostics: diagnostics, configuration: configuration, reloading: Reloading(link), isPlain: plain.isPlain)
        try program.run(environment) { dashboard in
            link.open(dashboard)
            following?.open(dashboard)
            if let logProblem { dashboard.mailbox.post(.notice(logProblem)) }
        } ended: {
            link.close()
            following?.close()
        }
    }
}

/// A dashboard was requested without a terminal.
private struct NoTerminal: Error, CustomStringConvertible {
    let description = "attach shows a dashboard, and standard output is not a terminal: run it in one, or with --plain"
}

// MARK: - --plain

/// The option of every command that shows a dashboard.
struct PlainOption: ParsableArguments {
    @Flag(
        name: .customLong("plain"),
        help: ArgumentHelp(
            "Plain mode: lines of text in place of a screen, for screen readers and bad links.",
            discussion: """
                Commands are typed by name, and what changes is told as text: no escape sequences, no cursor. It works \
                over pipes too, and ends once the input has ended and all that was asked is answered. help lists the \
                commands.
                """))
    var isPlain = false
}
