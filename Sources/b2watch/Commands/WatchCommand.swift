import ArgumentParser
import Dashboard
import Foundation
import History
import Intake
import Listener
import Log
import Settings
import Terminal

/// The dashboard, with the listener in the same process.
struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Receives, and shows what comes on a full screen (the default).",
        discussion: "Where standard output is no terminal, it does what listen does, unless --plain is given.")

    @OptionGroup var receiving: ReceivingOptions
    @OptionGroup var plain: PlainOption

    func run() throws {
        Signals.hold()
        guard plain.isPlain || isatty(STDOUT_FILENO) == 1 else {
            return try ListenCommand.run(
                receiving, format: .text, note: "standard output is no terminal, so this runs as b2watch listen")
        }
        do throws(ScreenError) {
            if !plain.isPlain { try Screen.check() }
        } catch {
            return try ListenCommand.run(
                receiving, format: .text, note: "no screen, so this runs as listen: \(error)")
        }
        let diagnostics = Diagnostics("watch")
        let logProblem = receiving.inMemory ? nil : diagnostics.keepLog()
        let judging = JudgingLog { diagnostics.note($0, $1) }
        let post = DashboardPost()
        let health = HealthReporter { diagnostics.note($0, $1) }
        let (configured, receiver) = try StartFailure.explained(by: diagnostics) {
            let outbound = Outbound()
            let configured = try ProcessEnvironment.configured(with: outbound.surroundings)
            let plan = try ReceivingPlan(receiving, configured)
            let receiver = try Receiver(
                plan, outbound, say: { diagnostics.say($0, .warning) },
                acting: {
                    diagnostics.say($0, .warning)
                    post.tell(.notice($0))
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
        let control = DashboardControl(receiver, post)
        let reloading = Reloading(receiver)
        let attached = AttachService(receiver, control, post, reloading) { diagnostics.say($0, .warning) }
        let address = receiver.listener.address
        var environment = DashboardEnvironment(
            reader: receiver.history.reader, control: control, change: receiver.history.current,
            keyring: control.summary(),
            listening: .listening(url: address.url, isLoopback: address.isLoopback))
        environment.actions = LocalActions(receiver)
        environment.isInMemory = receiver.history.path == nil
        if let secrets = try? ProcessEnvironment.places.secrets { environment.secretsFile = secrets }
        // What is kept in memory only leaves no copies among what is kept.
        if receiver.history.path != nil, let state = try? ProcessEnvironment.places.state {
            environment.copiesFolder = state
        }
        // The screen's thread is the main one: nothing else needs it.
        let program = DashboardProgram(
            diagnostics: diagnostics, configuration: configured.configuration, reloading: reloading,
            isPlain: plain.isPlain)
        try program.run(environment) { dashboard in
            post.open(dashboard)
            // What was recorded since the dashboard was given the state at its start.
            dashboard.announce(health.steady(receiver.history.current))
            (receiver.notes + [logProblem].compactMap(\.self)).forEach { dashboard.mailbox.post(.notice($0)) }
        } ended: {
            post.tell(.draining)
            receiver.stopListening()
            attached.stop()
            receiver.close()
        }
    }
}
