import ArgumentParser
import History
import Listener
import Log

extension Receiver {
    /// What the log says of the start.
    var started: String {
        let secrets = KeyringBook.names(keyring.all)
        return "b2watch \(Version.number) listens at \(listener.address.url), records into"
            + " \(history.path ?? "memory"), with \(secrets.isEmpty ? "no secret" : secrets)"
    }
}

extension Diagnostics {
    /// Keeps what is said in the log from now on.
    ///
    /// - Returns: Why there is no log, where there should be one.
    func keepLog() -> String? {
        guard let path = ProcessEnvironment.log else { return nil }
        do throws(LogFailure) {
            keep(in: try LogFile(path))
            return nil
        } catch {
            return "nothing is logged: \(error)"
        }
    }
}
