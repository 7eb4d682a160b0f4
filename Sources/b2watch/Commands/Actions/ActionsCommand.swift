import ArgumentParser
import History
import Settings

/// What is asked of the actions, on the command line.
struct ActionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "actions",
        abstract: "Lists, tests and runs what b2watch does for events: rows in a sheet, messages, commands.",
        discussion: """
            Actions are declared in config.yaml: docs/actions.md. The b2watch that records into the history runs them; \
            these commands ask it. Where none runs they hold the history themselves while they work.

            Exit status: 0 done; 1 something failed; 4 the history cannot be had; 64 usage or configuration.
            """,
        subcommands: [
            ActionsListCommand.self, ActionsTestCommand.self, ActionsRunCommand.self, ActionsRetryCommand.self,
            ActionsDeadCommand.self, ActionsSkipCommand.self, ActionsPauseCommand.self, ActionsResumeCommand.self,
        ],
        defaultSubcommand: ActionsListCommand.self)
}

/// What every command about actions takes.
struct ActionsOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The history whose events they are for.",
            discussion: "By default $XDG_STATE_HOME/b2watch/history.sqlite, or ~/.local/state/b2watch/history.sqlite.",
            valueName: "file"))
    var history: String?

    func validate() throws {
        if history?.isEmpty == true { throw ValidationError("--history wants a file's path") }
    }

    /// The history's path.
    var path: String { get throws { try history ?? ProcessEnvironment.places.history } }

    /// Reads the history beside whoever records into it.
    ///
    /// - Throws: An `ExitCode`, after the reason has been said.
    func reading(_ body: (ReadOnlyHistory, OutputLines) throws -> Void) throws {
        let diagnostics = Diagnostics("actions")
        try StartFailure.explained(by: diagnostics) {
            let history = try ReadOnlyHistory(try path)
            defer { history.close() }
            try body(history, OutputLines(diagnostics: diagnostics))
        }
        diagnostics.flush()
    }

    /// Asks whoever runs the actions.
    ///
    /// - Throws: An `ExitCode`, after the reason has been said.
    func asking(
        needsHistory: Bool = true, _ body: (ActionsDesk, OutputLines) throws -> Void
    ) throws {
        Signals.hold()
        let diagnostics = Diagnostics("actions")
        try StartFailure.explained(by: diagnostics) {
            let desk = try ActionsDesk.open(history: try path, needsHistory: needsHistory, diagnostics)
            let ending = CommandEnding(desk)
            defer { ending.close() }
            Signals.follow { ending.take($0) }
            try body(desk, OutputLines(diagnostics: diagnostics))
        }
        diagnostics.flush()
    }
}
