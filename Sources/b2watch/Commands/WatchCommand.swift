import ArgumentParser
import Dashboard
import Foundation
import History
import Intake
import Listener
import Settings
import Synchronization
import Terminal

/// The dashboard, with the listener in the same process.
struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Receives, and shows what comes on a full screen (the default).",
        discussion: "Where standard output is no terminal, it does what listen does.")

    @OptionGroup var receiving: ReceivingOptions

    func run() throws {
        Signals.hold()
        guard isatty(STDOUT_FILENO) == 1 else {
            return try ListenCommand.run(
                receiving, format: .text, note: "standard output is no terminal, so this runs as b2watch listen")
        }
        do throws(ScreenError) {
            try Screen.check()
        } catch {
            return try ListenCommand.run(
                receiving, format: .text, note: "no screen, so this runs as listen: \(error)")
        }
        let diagnostics = Diagnostics()
        let post = DashboardPost()
        let receiver = try StartFailure.explained(by: diagnostics) {
            try Receiver(receiving, say: { diagnostics.say($0) }, rejudged: { post.rejudged($0) })
        }
        let control = DashboardControl(receiver)
        let log = receiver.history.path == nil ? nil : ProcessEnvironment.logFile()
        // The screen's thread is the main one: nothing else needs it.
        let problem = diagnostics.redirected(to: log) {
            Self.show(receiver, control, post, log: log)
        }
        receiver.stopListening()
        receiver.close()
        if let problem {
            diagnostics.say("b2watch: \(problem)")
            diagnostics.flush()
            throw ExitStatus.failed
        }
    }

    /// Shows the dashboard until it ends.
    ///
    /// - Returns: Why it could not be shown, if so.
    private static func show(
        _ receiver: Receiver, _ control: DashboardControl, _ post: DashboardPost, log: String?
    ) -> (any Error)? {
        let screen: Screen
        do {
            var options = ScreenOptions.own()
            if let log { options.lastWords = "b2watch crashed; what it said before is in \(log)" }
            screen = try Screen(options)
        } catch {
            return error
        }
        let address = receiver.listener.address
        var environment = DashboardEnvironment(
            reader: receiver.history.reader, control: control, change: receiver.history.current,
            keyring: control.summary(),
            listening: .listening(url: address.url, isLoopback: address.isLoopback))
        if let secrets = try? ProcessEnvironment.places.secrets { environment.secretsFile = secrets }
        let dashboard = Dashboard(environment)
        post.open(dashboard)
        receiver.history.observe(post.observe)
        // What has come since the dashboard was given the state at its start.
        dashboard.announce(receiver.history.current)
        receiver.notes.forEach { dashboard.mailbox.post(.notice($0)) }
        let isEnding = Atomic<Bool>(false)
        Signals.follow { number in
            // Another signal does not wait for what is in flight.
            if isEnding.load(ordering: .relaxed) { _exit(ExitStatus.failed.rawValue) }
            switch number {
            case SIGINT: dashboard.mailbox.post(.signal(.interrupt))
            case SIGHUP: dashboard.mailbox.post(.signal(.hangUp))
            default: dashboard.mailbox.post(.signal(.terminate))
            }
        }
        _ = dashboard.run(on: screen)
        isEnding.store(true, ordering: .relaxed)
        screen.close()
        return nil
    }
}
