import Actions
import Base
import Foundation
import History
import Notifications
import Receiving
import Synchronization

/// Answers a command's questions about actions: from the listener that uses the history or, if none does, from actions
/// in this process, which locks the history for that time.
struct ActionsDesk: ActionAsking {
    private let runner: any ActionAsking
    let reader: HistoryReader
    /// The state of the history when it was opened.
    let opened: HistoryChange
    /// The history and actions of this process; nil if a listener runs them.
    let own: Own?
    private let closing: @Sendable () -> Void

    /// The history and the actions of this process.
    struct Own: Sendable {
        let history: History
        let actions: ActionsAtWork
        /// The words printed if a signal ends the command.
        let lastWords: LastWords
    }

    /// Finds out who has the actions of a history.
    ///
    /// - Parameters:
    ///   - path: The path of the history.
    ///   - needsHistory: Whether the history must exist.
    /// - Throws: `ReadOnlyHistoryError`, `HistoryError`, `ConfigurationError` or `ListenerCallFailure`.
    static func open(
        history path: String, needsHistory: Bool = true, _ diagnostics: Diagnostics
    ) throws -> ActionsDesk {
        let outbound = try Outbound()
        do {
            let read = try ReadOnlyHistory(path)
            let call = ListenerCall(history: read.path, owner: read.owner)
            do throws(ListenerCallFailure) {
                _ = try call.ask(ActionNames())
            } catch {
                read.close()
                guard error.isNobody else { throw error }
                return try openHere(.file(read.path), outbound, diagnostics)
            }
            return ActionsDesk(
                runner: call, reader: read.reader, opened: read.opened, own: nil, closing: { read.close() })
        } catch ReadOnlyHistoryError.missing where !needsHistory {
            return try openHere(.memory, outbound, diagnostics)
        } catch ReadOnlyHistoryError.older {
            // No listener of this version records into it; opening it for writing updates it.
            return try openHere(.file(path), outbound, diagnostics)
        }
    }

    /// Opens the history in this process.
    private static func openHere(
        _ place: History.Place, _ outbound: Outbound, _ diagnostics: Diagnostics
    ) throws -> ActionsDesk {
        // The work of actions is logged, whichever process runs them; a listener has its own log.
        if case .file = place { _ = diagnostics.keepLog() }
        let configured = try ProcessEnvironment.configured(with: outbound.surroundings)
        for note in configured.actions.flatMap(\.notes) { diagnostics.say(note, .warning) }
        let history = try History(place, for: .command(command)) {
            diagnostics.say("the history is being brought up to date, once; that may take a minute or two")
        }
        let actions = ActionsAtWork(
            ActionRunner(
                history: history, surroundings: outbound.surroundings, say: { diagnostics.say($0, .warning) },
                note: { diagnostics.note($0, $1) }))
        do {
            try actions.load(configured.actions)
        } catch {
            history.close()
            throw HistoryError.unusable(path: history.path ?? "in memory", reason: "\(error)")
        }
        let lastWords = LastWords()
        return ActionsDesk(
            runner: actions.runner, reader: history.reader, opened: history.current,
            own: Own(history: history, actions: actions, lastWords: lastWords)
        ) {
            actions.stop()
            lastWords.say()
            outbound.shutdown()
            history.close()
        }
    }

    func ask<Request: ListenerRequest<ActionRunner>>(_ request: Request) throws -> Request.Reply {
        try runner.ask(request)
    }

    /// Ends the work of this process. Blocks.
    func close() {
        closing()
    }

    /// - Throws: `UnknownAction` if no action of this name is declared, or `UnreadAction`.
    func check(_ name: String) throws {
        let names = try ask(ActionNames())
        guard !names.contains(name) else { return }
        if own == nil, ProcessEnvironment.declaresAction(name) { throw UnreadAction(name: name) }
        throw UnknownAction(name, among: names)
    }

    /// The description of this command for other processes.
    static var command: String {
        (["b2watch"] + CommandLine.arguments.dropFirst().prefix { !$0.hasPrefix("-") }.prefix(2))
            .joined(separator: " ")
    }
}

/// An action that the configuration declares, and that the b2watch that runs does not know yet.
struct UnreadAction: Error, CustomStringConvertible {
    let name: String

    var description: String {
        "the b2watch that runs does not know the action “\(SafeText(name))” yet, which config.yaml declares: type :reload"
            + " in it, or send SIGHUP to b2watch listen"
    }
}

// MARK: - Actions at work

/// The actions of the process that uses the history: the declared actions, and their runner.
final class ActionsAtWork: Sendable {
    let runner: ActionRunner
    private let declared = Mutex<[Declared]>([])

    /// The time that current work may take to end.
    private static let grace = Duration.seconds(5)

    /// The parts of an action in which a change is visible from outside.
    private struct Declared: Hashable {
        let name: String
        let kind: String
        let summary: String
        let filter: String
        let manner: ActionManner

        init(_ declaration: ActionDeclaration) {
            name = declaration.name
            kind = declaration.kind
            summary = declaration.action.summary
            filter = declaration.filter.text
            manner = declaration.manner
        }
    }

    init(_ runner: ActionRunner) {
        self.runner = runner
    }

    /// Replaces the declared actions.
    ///
    /// - Returns: The differences, in a sentence; nil without actions before and after.
    /// - Throws: SQLite's error; nothing has changed then.
    @discardableResult
    func load(_ declarations: [ActionDeclaration]) throws -> String? {
        let new = declarations.map(Declared.init)
        return try declared.withLock { old in
            try runner.load(declarations)
            defer { old = new }
            return Self.difference(old, new)
        }
    }

    /// Ends the work, within some seconds. Blocks.
    func stop() {
        runner.stop(within: Self.grace)
    }

    private static func difference(_ old: [Declared], _ new: [Declared]) -> String? {
        if old.isEmpty, new.isEmpty { return nil }
        let (before, after) = (Set(old.map(\.name)), Set(new.map(\.name)))
        func list(_ word: String, _ names: [String]) -> String? {
            names.isEmpty ? nil : "\(word): \(names.joined(separator: ", "))"
        }
        let parts = [
            list("new", new.map(\.name).filter { !before.contains($0) }),
            list("changed", new.filter { before.contains($0.name) && !old.contains($0) }.map(\.name)),
            list("no more", old.map(\.name).filter { !after.contains($0) }),
        ].compactMap(\.self)
        let names = new.isEmpty ? "none" : new.map(\.name).joined(separator: ", ")
        return "actions read again: \(names)\(parts.isEmpty ? "" : " (\(parts.joined(separator: "; ")))")"
    }
}

// MARK: - Last words

/// The words about its results that a command prints if a signal ends it.
final class LastWords: Sendable {
    private let words = Mutex<(@Sendable () -> Void)?>(nil)

    /// Replaces the words to print; nil for no words.
    func keep(_ words: (@Sendable () -> Void)?) {
        self.words.withLock { $0 = words }
    }

    /// Prints the words.
    func say() {
        words.withLock(\.self)?()
    }
}
