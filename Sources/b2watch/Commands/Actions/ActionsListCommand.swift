import ArgumentParser
import History
import SafeText

/// Shows all actions with their counts.
struct ActionsListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the actions, with how many events each has done and has waiting.",
        discussion: """
            Only reads the history, so it works for whoever may read that. An action is listed once a b2watch has run \
            with it; one that config.yaml no longer declares is shown while entries of it are kept. WAITING counts those \
            that FAILED and are tried again too. Where a listener runs, it is asked which of the newest events an action \
            has missed because they were judged later.
            """)

    @OptionGroup var options: ActionsOptions

    func run() throws {
        try options.reading { history, output in
            let actions = try history.reader.actions()
            guard !actions.isEmpty else {
                return try output.write(["no b2watch has run an action with this history yet: docs/actions.md"])
            }
            var table = LineTable(["ACTION", "KIND", "STATE", "WAITING", "DONE", "FAILED", "DEAD", "UNCERTAIN", "WHAT"])
            for action in actions { table.add(Self.cells(action)) }
            try output.write(table.lines + actions.compactMap(Self.trouble))
            try output.write(actions.compactMap { Self.missed($0, history) })
        }
    }

    private static func cells(_ action: ActionStatus) -> [SafeText] {
        let state = action.isDeclared ? (action.isPaused ? "paused" : "on") : "not declared"
        let waiting = EntryState.allCases.filter(\.isWaiting).map { action[$0] }.reduce(0, +)
        return [
            SafeText(action.name), SafeText(action.kind), SafeText(state), SafeText(String(waiting)),
            SafeText(String(action[.done])), SafeText(String(action[.failed])), SafeText(String(action[.dead])),
            SafeText(String(action[.uncertain])),
            SafeText(action.summary),
        ]
    }

    /// What it has missed, as whoever runs it knows; nil where that is nothing, or nobody does.
    private static func missed(_ action: ActionStatus, _ history: ReadOnlyHistory) -> SafeText? {
        let call = ListenerCall(history: history.path, owner: history.owner)
        guard action.isDeclared,
            let missed = try? call.ask(
                MissedRowsRequest(action: action.name, reach: .newest), within: .seconds(5)), missed.count > 0
        else { return nil }
        let (events, them) = missed.count == 1 ? ("event was", "it") : ("events were", "them")
        let least = missed.isAll ? "" : "at least "
        return
            "\(SafeText(action.name)): \(SafeText("\(least)\(missed.count)")) \(events) missed for being judged later: b2watch actions run adds \(them), or a in 4 Actions"
    }

    /// Why something of it did not work; nil where all has.
    private static func trouble(_ action: ActionStatus) -> SafeText? {
        guard action[.failed] + action[.dead] + action[.uncertain] + action[.onHold] > 0, let reason = action.lastReason
        else {
            return nil
        }
        return "\(SafeText(action.name)): \(SafeText(reason))"
    }
}
