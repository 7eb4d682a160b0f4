import ArgumentParser
import History
import SafeText

/// Shows all actions with their counts.
struct ActionsListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the actions, with how many events each has done and has waiting.",
        discussion: """
            Only reads the history, so it works for whoever may read that. An action is listed once a b2watch has run \
            with it; one that config.yaml no longer declares is shown while entries of it are kept.
            """)

    @OptionGroup var options: ActionsOptions

    func run() throws {
        try options.reading { history, output in
            let actions = try history.reader.actions()
            guard !actions.isEmpty else {
                return try output.write(["no b2watch has run an action with this history yet: docs/actions.md"])
            }
            var table = LineTable(["ACTION", "KIND", "STATE", "WAITING", "DONE", "DEAD", "UNCERTAIN", "WHAT"])
            for action in actions { table.add(Self.cells(action)) }
            try output.write(table.lines + actions.compactMap(Self.trouble))
        }
    }

    private static func cells(_ action: ActionStatus) -> [SafeText] {
        let state = action.isDeclared ? (action.isPaused ? "paused" : "on") : "not declared"
        let waiting = EntryState.allCases.filter(\.isWaiting).map { action[$0] }.reduce(0, +)
        return [
            SafeText(action.name), SafeText(action.kind), SafeText(state), SafeText(String(waiting)),
            SafeText(String(action[.done])), SafeText(String(action[.dead])), SafeText(String(action[.uncertain])),
            SafeText(action.summary),
        ]
    }

    /// Why something of it did not work; nil where all has.
    private static func trouble(_ action: ActionStatus) -> SafeText? {
        guard action[.failed] + action[.dead] + action[.uncertain] > 0, let reason = action.lastReason else {
            return nil
        }
        return "\(SafeText(action.name)): \(SafeText(reason))"
    }
}
