import Alerts
import ArgumentParser
import Dashboard
import Foundation
import History
import Intake
import Listener
import Log
import Notifications

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

    @Option(help: "text: one line an event; json: one JSON object a delivery.")
    var format = OutputFormat.text

    func run() throws {
        Signals.hold()
        try Self.run(receiving, format: format)
    }

    /// Receives until a signal ends it; the signals are held.
    ///
    /// - Parameter note: Why there is no screen, where there should have been one.
    static func run(_ options: ReceivingOptions, format: OutputFormat, note: String? = nil) throws {
        let diagnostics = Diagnostics("listen")
        let logProblem = options.inMemory ? nil : diagnostics.keepLog()
        let judging = JudgingLog { diagnostics.note($0, $1) }
        // What is said before the first line, which others wait for, is said behind it.
        let lines = LineGate { diagnostics.say($0, $1) }
        var follower: RecordFollower?
        let post = DashboardPost()
        var alerts: AlertWatch?
        let receiver = try StartFailure.explained(by: diagnostics) {
            let outbound = Outbound()
            let configured = try ProcessEnvironment.configured(with: outbound.surroundings)
            let plan = try ReceivingPlan(options, configured)
            return try Receiver(
                plan, outbound, say: { lines.say($0, .warning) },
                acting: {
                    lines.say($0, .warning)
                    post.tell(.notice($0))
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
                follower = RecordFollower(history, as: format, to: STDOUT_FILENO) { lines.say($0, .warning) }
            }
        }
        diagnostics.note(receiver.started)
        diagnostics.say("listening on \(receiver.listener.address.url)")
        for line in [note, logProblem, receiver.exposure].compactMap(\.self) + receiver.notes {
            diagnostics.say(line, .warning)
        }
        let control = DashboardControl(receiver, post)
        let reloading = Reloading(receiver)
        let watch = alerts
        reloading.follow { watch?.change(AlertSettings($0)) }
        let attached = AttachService(receiver, control, post, reloading) { lines.say($0, .warning) }
        lines.open()

        let terminal = ControllingTerminal()
        var signal = Signals.next()
        while signal == SIGHUP, !terminal.isGone {
            reload(receiver, control, diagnostics)
            reload(reloading, diagnostics)
            signal = Signals.next()
        }
        diagnostics.note("ending by \(Signals.name(of: signal))")
        // Another signal does not wait for what is in flight.
        Signals.follow { number in
            if number != SIGHUP { _exit(ExitStatus.failed.rawValue) }
        }
        post.tell(.draining)
        receiver.stopListening()
        follower?.finish(within: .seconds(2))
        alerts?.stop()
        attached.stop()
        receiver.close()
        diagnostics.note("ended")
        diagnostics.flush()
    }

    private static func reload(_ reloading: Reloading, _ diagnostics: Diagnostics) {
        do {
            for line in try reloading.reload().changes { diagnostics.say(line) }
        } catch {
            diagnostics.say("the configuration stays as it was: \(error)", .error)
        }
    }

    private static func reload(_ receiver: Receiver, _ control: DashboardControl, _ diagnostics: Diagnostics) {
        do {
            let notes = try control.reload()
            let held = KeyringBook.names(receiver.keyring.all)
            diagnostics.say("signing secrets read again: \(held.isEmpty ? "none" : held)")
            for line in notes + [receiver.exposure].compactMap(\.self) { diagnostics.say(line, .warning) }
        } catch {
            diagnostics.say("the signing secrets stay as they are: \(error)", .error)
        }
    }
}

extension AlertWatch.Voice {
    /// Tells by lines; the bell is a terminal's, where standard error is one.
    fileprivate static func lines(_ say: @escaping @Sendable (String, LogLevel) -> Void) -> Self {
        Self(
            ring: { if isatty(STDERR_FILENO) == 1 { _ = write(STDERR_FILENO, "\u{7}", 1) } },
            quiet: { say($0 ?? AlertWatch.quietIsOver, $0 == nil ? .info : .warning) },
            note: { say($0, .info) }, warn: { say($0, .warning) })
    }
}
