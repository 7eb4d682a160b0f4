import ArgumentParser
import Dashboard
import Foundation
import History
import Settings
import Terminal

/// The dashboard, with the listener in another process.
struct AttachCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach", abstract: "Shows what a b2watch that runs elsewhere on this machine receives.",
        discussion: """
            Any number may be attached at once, to b2watch listen or to another dashboard. Quitting stops nothing. \
            Where the listener runs as another user: sudo -u USER b2watch attach --history FILE.
            """)

    @Option(
        help: ArgumentHelp(
            "The file that the listener records into.",
            discussion: "By default $XDG_STATE_HOME/b2watch/history.sqlite, or ~/.local/state/b2watch/history.sqlite.",
            valueName: "file"))
    var history: String?

    @OptionGroup var plain: PlainOption

    func validate() throws {
        if history?.isEmpty == true { throw ValidationError("--history wants a file's path") }
    }

    func run() throws {
        Signals.hold()
        let diagnostics = Diagnostics("attach")
        let logProblem = diagnostics.keepLog()
        let configuration = try StartFailure.explained(by: diagnostics) { try ProcessEnvironment.configuration() }
        let link = try StartFailure.explained(by: diagnostics) {
            if !plain.isPlain {
                if isatty(STDOUT_FILENO) != 1 { throw NoTerminal() }
                try Screen.check()
            }
            return try ListenerLink(FollowedHistory(history ?? ProcessEnvironment.places.history))
        }
        try StartFailure.explained(by: diagnostics) { try link.start() }

        var environment = DashboardEnvironment(
            reader: link.reader, control: RemoteControl(link: link), change: link.change, keyring: link.keyring,
            listening: link.listening, isAttached: true)
        environment.actions = RemoteActions(call: link.call, reader: link.reader, http: Outbound().forReplays)
        if let file = link.secretsFile { environment.secretsFile = file }
        if let state = try? ProcessEnvironment.places.state { environment.copiesFolder = state }
        let program = DashboardProgram(
            diagnostics: diagnostics, configuration: configuration, reloading: Reloading(link), isPlain: plain.isPlain)
        try program.run(environment) { dashboard in
            link.open(dashboard)
            if let logProblem { dashboard.mailbox.post(.notice(logProblem)) }
        } ended: {
            link.close()
        }
    }
}

/// A dashboard was asked for where there is none to be had.
private struct NoTerminal: Error, CustomStringConvertible {
    let description = "attach shows a dashboard, and standard output is no terminal: run it in one, or with --plain"
}
