import ArgumentParser
import Foundation
import History
import Intake
import Listener
import Notifications

/// The listener without a screen.
struct ListenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "listen", abstract: "Receives without a screen, and writes each event to standard output.",
        discussion: """
            SIGINT and SIGTERM finish what is in flight and end; SIGHUP reads the signing secrets again, unless it \
            says that the terminal is gone: then it ends too.
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
        let diagnostics = Diagnostics()
        // What is said before the first line, which others wait for, is said behind it.
        let lines = LineGate { diagnostics.say($0) }
        var follower: RecordFollower?
        let receiver = try StartFailure.explained(by: diagnostics) {
            try Receiver(options, say: { lines.say($0) }, rejudged: { lines.say($0) }) { history in
                history.observe(HealthLine { lines.say($0) }.observe)
                follower = RecordFollower(history, as: format, to: STDOUT_FILENO) { lines.say($0) }
            }
        }
        diagnostics.say("listening on \(receiver.listener.address.url)")
        for line in [note, receiver.exposure].compactMap(\.self) + receiver.notes { diagnostics.say(line) }
        lines.open()

        let terminal = ControllingTerminal()
        while Signals.next() == SIGHUP, !terminal.isGone { reload(receiver, diagnostics) }
        // Another signal does not wait for what is in flight.
        Signals.follow { number in
            if number != SIGHUP { _exit(ExitStatus.failed.rawValue) }
        }
        receiver.stopListening()
        follower?.finish(within: .seconds(2))
        receiver.close()
        diagnostics.flush()
    }

    private static func reload(_ receiver: Receiver, _ diagnostics: Diagnostics) {
        do {
            let notes = try receiver.reload()
            let held = receiver.keyring.all.map(\.secret.description).joined(separator: ", ")
            diagnostics.say("signing secrets read again: \(held.isEmpty ? "none" : held)")
            notes.forEach(diagnostics.say)
            if let exposure = receiver.exposure { diagnostics.say(exposure) }
        } catch {
            diagnostics.say("the signing secrets stay as they are: \(error)")
        }
    }
}
