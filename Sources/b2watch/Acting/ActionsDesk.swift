import Actions
import Control
import Dashboard
import Foundation
import History
import Log
import SafeText

/// Where a command's questions about actions go: to the listener that holds the history, or where nobody does, to actions
/// in this process, which holds it meanwhile.
struct ActionsDesk: Sendable {
    let control: any ActionControl
    let reader: HistoryReader
    /// What is recorded.
    let opened: HistoryChange
    /// What this process holds itself; nil where a listener does.
    let own: Own?
    fileprivate let closing: @Sendable () -> Void

    /// The history and the actions of this process.
    struct Own: Sendable {
        let history: History
        let actions: ActionsAtWork
        /// What is said where a signal ends the command.
        let lastWords: LastWords
    }

    /// Finds out who has the actions of a history.
    ///
    /// - Parameters:
    ///   - path: The history's.
    ///   - needsHistory: Whether there must be one.
    /// - Throws: `ReadOnlyHistoryError`, `HistoryError`, `ConfigurationError` or `ListenerCallFailure`.
    static func open(
        history path: String, needsHistory: Bool = true, _ diagnostics: Diagnostics
    ) throws -> ActionsDesk {
        let outbound = Outbound()
        do {
            let read = try ReadOnlyHistory(path)
            let call = ListenerCall(history: read.path, owner: read.owner)
            do throws(ListenerCallFailure) {
                _ = try call.ask(ActionNamesRequest())
            } catch {
                read.close()
                guard error.isNobody else { throw error }
                return try hold(.file(read.path), outbound, diagnostics)
            }
            return ActionsDesk(
                control: RemoteActions(call: call, reader: read.reader, http: outbound.forReplays),
                reader: read.reader, opened: read.opened, own: nil, closing: { read.close() })
        } catch ReadOnlyHistoryError.missing where !needsHistory {
            return try hold(.memory, outbound, diagnostics)
        } catch ReadOnlyHistoryError.older {
            // Nobody of this version records into it; to hold it brings it up to date.
            return try hold(.file(path), outbound, diagnostics)
        }
    }

    /// Holds the history in this process.
    private static func hold(
        _ place: History.Place, _ outbound: Outbound, _ diagnostics: Diagnostics
    ) throws -> ActionsDesk {
        // What actions do is logged, whoever runs them; what is asked of a listener is in its own log.
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
        let control = LocalActions(
            runner: actions.runner, reader: history.reader, http: outbound.forReplays, hook: nil)
        let lastWords = LastWords()
        return ActionsDesk(
            control: control, reader: history.reader, opened: history.current,
            own: Own(history: history, actions: actions, lastWords: lastWords)
        ) {
            actions.stop()
            lastWords.say()
            outbound.shutdown()
            history.close()
        }
    }

    /// Ends what goes on in this process. Blocks.
    func close() {
        closing()
    }

    /// - Throws: `UnknownAction` where none of this name is declared, or `UnreadAction`.
    func check(_ name: String) throws {
        let names = try control.actionNames()
        guard !names.contains(name) else { return }
        if own == nil, ProcessEnvironment.declaresAction(name) { throw UnreadAction(name: name) }
        throw UnknownAction(name, among: names)
    }

    /// The command that this process is, as others are told of it.
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
