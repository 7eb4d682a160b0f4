import ArgumentParser
import Foundation

/// Asks the person at the terminal before something is done for many.
struct Confirmation {
    /// Whether the answer was given beforehand, by `--yes`.
    let isGiven: Bool

    /// Asks, where it is about more than one.
    ///
    /// - Parameter question: Such as `Run sheet for 1,200 events?`.
    /// - Throws: A `ValidationError` where there is nobody to ask; `CleanExit` where the answer is no.
    func ask(_ count: Int, _ question: String) throws {
        guard count > 1, !isGiven else { return }
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
            throw ConfirmationMissing(question: question)
        }
        let line = "\(question) [y/N] "
        _ = Array(line.utf8).withUnsafeBytes { Foundation.write(STDERR_FILENO, $0.baseAddress, $0.count) }
        let answer = readLine()?.trimmingCharacters(in: .whitespaces).lowercased() ?? ""
        guard ["y", "yes"].contains(answer) else { throw ExitStatus.failed }
    }
}

/// There is nobody to ask.
struct ConfirmationMissing: Error, CustomStringConvertible {
    let question: String

    var description: String { "\(question) There is no terminal to ask at, so nothing was done: add --yes to do it" }
}
