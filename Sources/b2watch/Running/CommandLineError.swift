import Actions
import ArgumentParser
import Base
import Foundation
import History
import Receiving
import Sending
import Settings

/// The message about an invalid command line.
///
/// Arguments may be from a script or a link that somebody else wrote. Quoted parts of them send no control character to
/// the terminal, and never form a line of their own.
struct CommandLineError {
    let text: String
    let status: Int32

    /// - Parameters:
    ///   - error: The error thrown by parsing or running a command.
    ///   - arguments: The arguments after the program's name.
    init(_ error: any Error, arguments: [String]) {
        status = B2Watch.exitCode(for: error).rawValue
        let message = Self.unknownCommand(B2Watch.message(for: error), arguments) ?? B2Watch.fullMessage(for: error)
        text = Self.escaped(message, quoting: arguments)
    }

    /// Escapes a message of several lines that may quote arguments.
    static func escaped(_ message: String, quoting arguments: [String]) -> String {
        var message = message
        // Line breaks in an argument must not break lines of the message.
        let quoted = arguments.flatMap(parts(of:)).filter { $0.contains(where: \.isNewline) }
        for text in Set(quoted).sorted(by: { $0.utf8.count > $1.utf8.count }) {
            for (open, close) in [("'", "'"), ("“", "”")] + (text.allSatisfy(\.isNewline) ? [] : [("", "")]) {
                message = message.replacingOccurrences(
                    of: open + text + close, with: open + SafeText(text).string + close)
            }
        }
        return message.split(separator: "\n", omittingEmptySubsequences: false)
            .map { SafeText(String($0)).string }.joined(separator: "\n")
    }

    /// Returns an argument, and each part of it that an error may quote: of a label with its binding and file, of a list.
    private static func parts(of argument: String) -> [String] {
        let separators: Set<Character> = ["=", "@", ",", ":", " "]
        let values = argument.split(separator: "=").map(String.init)
        let words = argument.split { separators.contains($0) }.map(String.init)
        return [argument] + values + words
    }

    /// Returns a short usage with the nearest command, if an unknown word is in the place of a command.
    private static func unknownCommand(_ message: String, _ arguments: [String]) -> String? {
        var path = ["b2watch"]
        var commands = commands(of: B2Watch.self)
        var rest = arguments[...]
        while let word = rest.first, let found = commands.first(where: { $0.name == word }) {
            path.append(word)
            commands = Self.commands(of: found.type)
            rest = rest.dropFirst()
        }
        // Commands that are implied if none is given take no words, so the first word is meant as a command, whatever
        // else is wrong.
        let words = rest.filter { !$0.hasPrefix("-") }
        let word =
            words.first { $0 == rest.first && $0 != "help" }
            ?? words.first { message.hasSuffix(" argument '\($0)'") || message.contains(" arguments: '\($0)', ") }
        guard !commands.isEmpty, let word else { return nil }
        let name = path.joined(separator: " ")
        let names = commands.map { $0.name }
        let width = names.map { $0.count }.max() ?? 0
        let lines = commands.map {
            "  \($0.name)\(String(repeating: " ", count: width - $0.name.count))  \($0.abstract)"
        }
        return """
            Error: \(name) has no command “\(word)”\(suggestion(for: word, among: names))
            Usage: \(name) [COMMAND] [OPTIONS]
            \(lines.joined(separator: "\n"))
              See '\(name) --help' for more information.
            """
    }

    private struct Command {
        let name: String
        let abstract: String
        let type: any ParsableCommand.Type
    }

    private static func commands(of type: any ParsableCommand.Type) -> [Command] {
        type.configuration.subcommands.map { type in
            Command(
                name: type.configuration.commandName ?? "", abstract: type.configuration.abstract, type: type)
        }
    }

    private static func suggestion(for word: String, among names: [String]) -> String {
        if let near = Suggestion.nearest(to: word, among: names) { return "; did you mean “\(near)”?" }
        return Suggestion.closest(to: word, among: names).map { "; the nearest is “\($0)”" } ?? ""
    }
}

// MARK: - Failures at the start

/// Reports the reason why b2watch does not start, and ends it with the matching status.
enum StartFailure {
    static func status(of error: any Error) -> ExitCode {
        switch error {
        case ListenerError.certificate: ExitStatus.usage
        case is ListenerError: ExitStatus.noAddress
        case is HistoryError, is ReadOnlyHistoryError, is HistoryReadError, is PartlyUnreadable,
            is SharedUnusable:
            ExitStatus.noHistory
        case HistoryRecoveryError.newer, HistoryRecoveryError.inUse, HistoryRecoveryError.missing: ExitStatus.noHistory
        case HistoryRecoveryError.exists: ExitStatus.usage
        case is SecretSourceError, is PlacesError, is ConfigurationError: ExitStatus.usage
        case is FilterArgumentError, is OutputIsHistory, is VerifyError, is ConfirmationMissing: ExitStatus.usage
        case is AllowListProblem, is AuthoritiesProblem: ExitStatus.usage
        case is WebhookURLError, is UnknownAction, is UnreadAction, is NoHook: ExitStatus.usage
        default: ExitStatus.failed
        }
    }

    /// Runs code that may fail at the start.
    ///
    /// - Throws: An `ExitCode`, after the reason has been printed.
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

// MARK: - Exit statuses

/// The meanings of the process's exit status; documented in the README.
enum ExitStatus {
    static let failed = ExitCode(1)
    /// The address is unavailable.
    static let noAddress = ExitCode(3)
    /// The history cannot be opened.
    static let noHistory = ExitCode(4)
    /// Usage or configuration: `EX_USAGE`, which the argument parser uses too.
    static let usage = ExitCode(64)
}
