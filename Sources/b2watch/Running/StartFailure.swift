import ArgumentParser
import History
import Listener
import Settings

/// Says why b2watch does not start, and ends it with the status that belongs to the reason.
enum StartFailure {
    static func status(of error: any Error) -> ExitCode {
        switch error {
        case is ListenerError: ExitStatus.noAddress
        case is HistoryError: ExitStatus.noHistory
        case is SecretSourceError, is PlacesError: ExitStatus.usage
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
        } catch {
            diagnostics.say("b2watch: \(error)")
            diagnostics.flush()
            throw status(of: error)
        }
    }
}
