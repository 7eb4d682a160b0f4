import Actions
import ArgumentParser
import Base
import Dashboard
import History
import Notifications
import Receiving
import Settings

/// The commands about actions.
struct ActionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "actions",
        abstract: "Lists, tests and runs what b2watch does for events: rows in a sheet, messages, commands.",
        discussion: """
            Actions are declared in config.yaml: docs/actions.md. The b2watch that records into the history runs them; \
            these commands ask it. Where none runs they hold the history themselves while they work.

            Exit status: 0 done; 1 something failed; 4 the history cannot be opened; 64 usage or configuration.
            """,
        subcommands: [
            ActionsListCommand.self, ActionsTestCommand.self, ActionsRunCommand.self, ActionsRetryCommand.self,
            ActionsDeadCommand.self, ActionsSkipCommand.self, ActionsPauseCommand.self, ActionsResumeCommand.self,
        ],
        defaultSubcommand: ActionsListCommand.self)
}

/// The options of every command about actions.
struct ActionsOptions: ParsableArguments {
    @OptionGroup var history: HistoryOption

    /// The history's path.
    var path: String { get throws { try history.path } }

    /// Reads the history while another process may record into it.
    ///
    /// - Throws: An `ExitCode`, after the reason has been printed.
    func reading(_ body: (ReadOnlyHistory, OutputLines) throws -> Void) throws {
        let diagnostics = Diagnostics("actions")
        try StartFailure.explained(by: diagnostics) {
            let history = try ReadOnlyHistory(try path)
            defer { history.close() }
            try body(history, OutputLines(diagnostics: diagnostics))
        }
        diagnostics.flush()
    }

    /// Asks the process that runs the actions.
    ///
    /// - Throws: An `ExitCode`, after the reason has been printed.
    func asking(
        needsHistory: Bool = true, _ body: (ActionsDesk, OutputLines) throws -> Void
    ) throws {
        Signals.block()
        let diagnostics = Diagnostics("actions")
        try StartFailure.explained(by: diagnostics) {
            let desk = try ActionsDesk.open(history: try path, needsHistory: needsHistory, diagnostics)
            let ending = CommandEnding(desk)
            defer { ending.close() }
            Signals.follow { ending.end(by: $0) }
            try body(desk, OutputLines(diagnostics: diagnostics))
        }
        diagnostics.flush()
    }
}

// MARK: - list

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
            has missed before their verdict or its `when` changed.
            """)

    @Option(help: "text: a table; json: one JSON object for each action.")
    var format = OutputFormat.text

    @OptionGroup var options: ActionsOptions

    func run() throws {
        try options.reading { history, output in
            let actions = try history.reader.actions()
            if format == .json {
                // The process that runs them has the current state; without one, the recorded state is current.
                let call = ListenerCall(history: history.path, owner: history.owner)
                let asked = try? call.ask(ActionStates(), within: .seconds(5))
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

    /// Returns the missed rows of an action as the process that runs it reports them; nil if there are none, or no such
    /// process.
    private static func missed(_ action: ActionStatus, _ history: ReadOnlyHistory) -> SafeText? {
        let call = ListenerCall(history: history.path, owner: history.owner)
        guard action.isDeclared,
            let missed = try? call.ask(
                FindMissedRows(action.name, in: .newest), within: .seconds(5)), missed.count > 0
        else { return nil }
        let (events, their, them) = missed.count == 1 ? ("event was", "its", "it") : ("events were", "their", "them")
        let least = missed.isAll ? "" : "at least "
        return
            "\(SafeText(action.name)): \(SafeText("\(least)\(missed.count)")) \(events) missed before \(their) verdict or “when” changed: b2watch actions run adds \(them), or a in 4 Actions"
    }

    private static func isRunning(_ history: ReadOnlyHistory) -> Bool {
        let call = ListenerCall(history: history.path, owner: history.owner)
        do throws(ListenerCallFailure) {
            _ = try call.ask(ActionNames(), within: .seconds(5))
            return true
        } catch {
            return !error.isNobody
        }
    }

    /// Returns notes for a person: why the action waits, and what failed.
    private static func notes(_ action: ActionStatus) -> [SafeText] {
        let now = Timestamp.now
        let name = SafeText(action.name)
        var notes: [SafeText] = []
        if let hold = action.currentHold(at: now), let reason = hold.reason {
            let state = SafeText(ActionState(action, at: now).state)
            notes.append("\(name): \(state): \(SafeText(reason))")
            if hold.kind == .onHold {
                notes.append(
                    action.waiting > 0
                        ? "\(name): its events wait, and one is tried now and then; b2watch actions retry \(name) tries at once"
                        : "\(name): no event waits; the next that arrives is tried")
            } else if hold.kind == .limit {
                notes.append(
                    "\(name): \(SafeText("\(action.waiting)")) wait, the next is done at \(SafeText(hold.until.rfc3339));"
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

// MARK: - dead

/// Shows entries that failed and wait for a person.
struct ActionsDeadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead", abstract: "Lists the entries that failed for good or may have been done, with reasons.",
        discussion: """
            A line for each: its number, its action, dead, uncertain or on hold, since when, after how many attempts, and the \
            event; the reason stands on the line below it. Retry them with b2watch actions retry NUMBER…, or decide that \
            they are not to be done with b2watch actions skip NUMBER….
            """)

    @Argument(help: "Only those of this action.")
    var name: String?

    @OptionGroup var options: ActionsOptions

    func run() throws {
        try options.reading { history, output in
            if let name {
                let names = try history.reader.actions().map(\.name)
                guard names.contains(name) else { throw UnknownAction(name, among: names) }
            }
            try history.reader.entries(of: name, in: [.dead, .uncertain, .onHold]) { rows in
                try output.write(rows.flatMap(Self.lines))
            }
        }
    }

    private static func lines(_ row: OutboxRow) -> [SafeText] {
        let entry = row.entry
        let attempts = entry.attempts == 1 ? "1 attempt" : "\(entry.attempts) attempts"
        let event = "\(row.event.eventType.text) \(row.event.objectName.text)"
        let head =
            "\(entry.id)  \(entry.action)  \(entry.state.word)  \(entry.changedAt.rfc3339)  \(attempts)  \(event)"
        return [SafeText(head), "    \(SafeText(entry.reason ?? "no reason is known"))"]
    }
}

extension HistoryReader {
    /// Reads all entries in some states, the oldest first, in steps.
    ///
    /// - Parameter action: The name of an action; nil for all.
    func entries(of action: String?, in states: Set<EntryState>, _ visit: ([OutboxRow]) throws -> Void) throws {
        let step = 500
        var request = OutboxRequest(action: action, states: states, .oldest, before: 0, after: step)
        var last: Int64 = 0
        while true {
            let window = try outbox(request)
            // The first one of the stretch was already read.
            let rows = window.rows.filter { $0.id > last }
            if !rows.isEmpty { try visit(rows) }
            guard window.hasNewer, let end = rows.last?.id else { return }
            last = end
            request.anchor = .row(end)
        }
    }
}

// MARK: - test

/// Finds out whether an action would work.
struct ActionsTestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Finds out whether an action would work, changing as little as can be.",
        discussion: "Exit status 1 if it would not, with the reason and a remedy.")

    @Argument(help: "The action's name in config.yaml.")
    var name: String

    @OptionGroup var options: ActionsOptions

    func run() throws {
        try options.asking(needsHistory: false) { desk, output in
            try desk.check(name)
            try output.write([SafeText(try desk.ask(TestAction(name)))])
        }
    }
}

// MARK: - pause and resume

/// Pauses an action.
struct ActionsPauseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Lets an action's entries wait; none is lost. It stays so until it is resumed.")

    @Argument(help: "The action's name in config.yaml.")
    var name: String

    @OptionGroup var options: ActionsOptions

    func run() throws {
        try options.setPaused(name, true)
    }
}

/// Resumes a paused action.
struct ActionsResumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Has a paused action go on with what waits.")

    @Argument(help: "The action's name in config.yaml.")
    var name: String

    @OptionGroup var options: ActionsOptions

    func run() throws {
        try options.setPaused(name, false)
    }
}

extension ActionsOptions {
    fileprivate func setPaused(_ name: String, _ isPaused: Bool) throws {
        try asking { desk, output in
            try desk.check(name)
            _ = try desk.ask(PauseAction(name, isPaused: isPaused))
            try output.write(["\(SafeText(name)) is \(isPaused ? "paused" : "resumed")"])
        }
    }
}
