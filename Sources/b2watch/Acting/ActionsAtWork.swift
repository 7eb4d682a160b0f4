import Actions
import Browsing
import Foundation
import History
import Log
import Synchronization

/// The actions of the process that holds the history: what is declared, and whoever runs it.
final class ActionsAtWork: Sendable {
    let runner: ActionRunner
    private let declared = Mutex<[Declared]>([])

    /// How long what is under way may take to end.
    private static let grace = Duration.seconds(5)

    /// What one can tell from outside that an action has changed.
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

    /// Takes up what is declared now, in the place of what was.
    ///
    /// - Returns: What is different, in a sentence; nil where nothing was and nothing is declared.
    /// - Throws: What SQLite says; it is then as it was.
    @discardableResult
    func load(_ declarations: [ActionDeclaration]) throws -> String? {
        let new = declarations.map(Declared.init)
        return try declared.withLock { old in
            try runner.load(declarations)
            defer { old = new }
            return Self.difference(old, new)
        }
    }

    /// Ends what goes on, within some seconds. Blocks.
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
