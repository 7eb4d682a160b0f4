import ArgumentParser
import Foundation

/// The program: a dashboard if no command is given.
@main
struct B2Watch: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "b2watch",
        abstract: "Receives Backblaze B2 Event Notifications, proves them genuine, records and shows them.",
        discussion: """
            Exit status: 0 done, 1 failed, 3 the address is unavailable, 4 the history cannot be opened, 64 usage or \
            configuration.
            """,
        version: "b2watch \(Version.number)",
        subcommands: [
            WatchCommand.self, ListenCommand.self, AttachCommand.self, SendCommand.self, ExportCommand.self,
            VerifyCommand.self, ConnectCommand.self, CleanupCommand.self, RulesCommand.self,
            ReconcileCommand.self, ActionsCommand.self,
            ReplayCommand.self, BackupCommand.self, RecoverCommand.self, CompactCommand.self, SharedCommand.self,
        ],
        defaultSubcommand: WatchCommand.self)

    static func main() {
        StandardStreams.fill()
        CoreDumps.forbid()
        ProcessEnvironment.removeSecrets()
        Signals.ignoreWriteFailures()
        Signals.allowQuitting()
        OpenFiles.allowMany()
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            // Help is an error too, and goes to standard output.
            if exitCode(for: error) == .success { exit(withError: error) }
            let problem = CommandLineError(error, arguments: Array(CommandLine.arguments.dropFirst()))
            if !problem.text.isEmpty {
                try? ByteOutput(descriptor: STDERR_FILENO).write(Array("\(problem.text)\n".utf8))
            }
            Foundation.exit(problem.status)
        }
    }
}

// MARK: - Version

/// The version of b2watch.
enum Version {
    static let number = "0.1.0"
}
