import ArgumentParser
import History
import Notifications
import SafeText

/// Shows all actions with their counts.
struct ActionsListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the actions, with how many events each has done and has waiting.",
        discussion: """
            Only reads the history, so it works for whoever may read that. An action is listed once a b2watch has run \
            with it; one that config.yaml no longer declares is shown while entries of it are kept. WAITING counts those \
            that FAILED and are tried again too. Below the table stands what needs somebody: an action on hold with the \
            reason and the remedy, entries that are dead or uncertain, and those that have waited for more than ten \
            minutes. --format json writes one object for each action. Where a listener runs, it is asked which of the newest events an action \
            has missed because they were judged later.
            """)

    @Option(help: "text: a table; json: one JSON object for each action.")
    var format = OutputFormat.text

    @OptionGroup var options: ActionsOptions

    func run() throws {
        try options.reading { history, output in
            let actions = try history.reader.actions()
            if format == .json {
                // Whoever runs them knows best; where nobody does, what is recorded holds.
                let call = ListenerCall(history: history.path, owner: history.owner)
                let asked = try? call.ask(ActionStatesRequest(), within: .seconds(5))
                for state in asked ?? actions.map({ ActionState($0, at: .now) }) {
                    try output.write([SafeText(try state.json)])
                }
                return
            }
            guard !actions.isEmpty else {
                return try output.write(["no b2watch has run an action with this history yet: docs/actions.md"])
            }
            var table = LineTable([
                "ACTION", "KIND", "STATE", "WAITING", "DONE", "FAILED", "DEAD", "UNCERTAIN", "ON HOLD", "WHAT",
            ])
            for action in actions { table.add(Self.cells(action)) }
            try output.write(table.lines + actions.flatMap(Self.notes))
            if actions.contains(where: { $0.isDeclared && $0.waiting > 0 }), !Self.isRunning(history) {
                output.diagnostics.say(
                    "nobody runs the actions now: what waits is done when b2watch or b2watch listen runs")
            }
            try output.write(actions.compactMap { Self.missed($0, history) })
        }
    }

    private static func cells(_ action: ActionStatus) -> [SafeText] {
        let state = ActionState(action, at: .now).state
        return [
            SafeText(action.name), SafeText(action.kind), SafeText(state), SafeText(String(action.waiting)),
            SafeText(String(action[.done])), SafeText(String(action[.failed])), SafeText(String(action[.dead])),
            SafeText(String(action[.uncertain])), SafeText(String(action[.onHold])),
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

    private static func isRunning(_ history: ReadOnlyHistory) -> Bool {
        let call = ListenerCall(history: history.path, owner: history.owner)
        do throws(ListenerCallFailure) {
            _ = try call.ask(ActionNamesRequest(), within: .seconds(5))
            return true
        } catch {
            return !error.isNobody
        }
    }

    /// What somebody should know of it: why it waits, and what did not work.
    private static func notes(_ action: ActionStatus) -> [SafeText] {
        let now = Timestamp.now
        let name = SafeText(action.name)
        var notes: [SafeText] = []
        if let hold = action.currentHold(at: now), let reason = hold.reason {
            let state = SafeText(ActionState(action, at: now).state)
            notes.append("\(name): \(state): \(SafeText(reason))")
            if hold.kind == .onHold {
                notes.append(
                    "\(name): its events wait, and one is tried now and then; b2watch actions retry \(name) tries at once"
                )
            } else if hold.kind == .limit {
                notes.append(
                    "\(name): \(SafeText("\(action.waiting)")) wait, the next until \(SafeText(hold.until.rfc3339));"
                        + " b2watch actions skip \(name) drops them")
            }
        }
        if action[.failed] + action[.dead] + action[.uncertain] + action[.onHold] > 0, let reason = action.lastReason,
            reason != action.hold?.reason
        {
            notes.append("\(name): \(SafeText(reason))")
        }
        if action.troubles(at: now).contains(where: { $0.kind == .backlog }) {
            notes.append(
                "\(name): the oldest event that waits has done so since \(SafeText(action.oldestWaiting?.rfc3339 ?? ""))"
            )
        }
        return notes
    }
}
