import Actions
import ArgumentParser
import Export
import History
import Listener
import Log
import Outgoing
import Settings

/// Says why b2watch does not start, and ends it with the status that belongs to the reason.
enum StartFailure {
    static func status(of error: any Error) -> ExitCode {
        switch error {
        case is ListenerError: ExitStatus.noAddress
        case is HistoryError, is ReadOnlyHistoryError, is HistoryReadError, is PartlyUnreadable: ExitStatus.noHistory
        case HistoryRecoveryError.exists: ExitStatus.usage
        case is SecretSourceError, is PlacesError, is ConfigurationError: ExitStatus.usage
        case is FilterArgumentError, is OutputIsHistory, is VerifyError, is ConfirmationMissing: ExitStatus.usage
        case is WebhookURLError, is UnknownAction, is UnreadAction, is NoHook: ExitStatus.usage
        default: ExitStatus.failed
        }
    }

    /// Runs what may fail at the start.
    ///
    /// - Throws: An `ExitCode`, after the reason has been said.
    static func explained<Result>(
        by diagnostics: Diagnostics, _ body: () throws -> Result
    ) throws -> Result {
        do {
            return try body()
        } catch let error as ValidationError {
            throw error
        } catch let error as ExitCode {
            throw error
        } catch {
            let arguments = Array(CommandLine.arguments.dropFirst())
            let sentence =
                (error as? ReadOnlyHistoryError)?.sentence(for: ActionsDesk.command, quoting: ShellWord.readable)
                ?? "\(error)"
            diagnostics.say(CommandLineError.escaped("b2watch: \(sentence)", quoting: arguments), .error)
            diagnostics.flush()
            throw status(of: error)
        }
    }
}
