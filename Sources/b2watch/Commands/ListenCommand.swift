import ArgumentParser
import Foundation
import History
import Intake
import Listener
import Notifications

/// The listener without a screen.
struct ListenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "listen", abstract: "Receives without a screen, and writes each event to standard output.",
        discussion: """
            SIGINT and SIGTERM finish what is in flight and end; SIGHUP reads the signing secrets again.
            """)

    @OptionGroup var receiving: ReceivingOptions

    @Option(help: "text: one line an event; json: one JSON object a delivery.")
    var format = OutputFormat.text

    func run() async throws {
        try await Self.run(receiving, format: format)
    }

    /// - Parameter note: Why there is no screen, where there should have been one.
    static func run(_ options: ReceivingOptions, format: OutputFormat, note: String? = nil) async throws {
        let diagnostics = Diagnostics()
        let (signals, caught) = AsyncStream.makeStream(of: Int32.self)
        let sources = Signals([SIGINT, SIGTERM, SIGHUP]) { caught.yield($0) }
        // What is said before the first line, which others wait for, is said behind it.
        let beginning = LineGate { diagnostics.say($0) }
        let receiver = try await StartFailure.explained(by: diagnostics) {
            try await Receiver(
                options, say: { beginning.say($0) }, rejudged: { beginning.say($0) })
        }
        receiver.history.observe(HealthLine { beginning.say($0) }.observe)
        let follower = RecordFollower(receiver.history, as: format, to: STDOUT_FILENO) { beginning.say($0) }
        diagnostics.say("listening on \(receiver.listener.address.url)")
        for line in [note, receiver.exposure].compactMap(\.self) + receiver.notes { diagnostics.say(line) }
        beginning.open()

        await withTaskCancellationHandler {
            await wait(for: signals, receiver, diagnostics)
        } onCancel: {
            caught.finish()
        }
        // A second signal does not wait for the first.
        let impatience = Task {
            for await number in signals where number != SIGHUP { _exit(ExitStatus.failed.rawValue) }
        }
        await receiver.stopListening()
        follower.finish(within: .seconds(2))
        receiver.history.close()
        impatience.cancel()
        diagnostics.flush()
        withExtendedLifetime(sources) {}
    }

    /// Waits for a signal that ends, and reloads on SIGHUP.
    private static func wait(for signals: AsyncStream<Int32>, _ receiver: Receiver, _ diagnostics: Diagnostics) async {
        for await number in signals {
            guard number == SIGHUP else { return }
            do {
                let notes = try receiver.reload()
                let held = receiver.keyring.all.map(\.secret.description).joined(separator: ", ")
                diagnostics.say("signing secrets read again: \(held.isEmpty ? "none" : held)")
                notes.forEach(diagnostics.say)
            } catch {
                diagnostics.say("the signing secrets stay as they are: \(error)")
            }
        }
    }
}
