import Actions
import ArgumentParser
import Base
import Dashboard
import History
import Notifications
import Receiving

/// Retries entries.
struct ActionsRetryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Has entries that failed tried again: all of an action, or by their numbers.",
        discussion: """
            Of an action, those that failed, those that are dead, and those on hold because their secret was deleted as \
            leaked; with --uncertain also those that may have been done, and with --skipped those that were skipped. An \
            action on hold is tried at once. By number, whatever can be tried again. More than one entry is asked about \
            at the terminal; in a script or a timer give --yes.
            """)

    @Argument(help: "An action's name, or numbers of entries, as b2watch actions dead lists them.")
    var which: [String]

    @Flag(help: "Also those that may have been done: they may be done twice then.")
    var uncertain = false

    @Flag(help: "Also those that were skipped.")
    var skipped = false

    @Flag(name: .customLong("yes"), help: "Do not ask; needed for more than one entry where there is no terminal.")
    var isConfirmed = false

    @OptionGroup var options: ActionsOptions

    func validate() throws {
        if which.isEmpty { throw ValidationError("give an action's name, or numbers of entries") }
    }

    func run() throws {
        try options.asking { desk, output in
            let confirmation = Confirmation(isGiven: isConfirmed)
            var named = NamedEntries()
            var status: ActionStatus?
            let count: Int
            switch try EntryArgument(which, among: desk.ask(ActionNames())) {
            case .entries(let entries):
                named = try NamedEntries(entries, desk.reader)
                try confirmation.ask(named.there.count, "Try \(named.there.count) entries again?")
                count = try named.there.inParts { try desk.ask(RetryEntries($0)) }
            case .action(let name):
                status = try desk.reader.actions().first { $0.name == name }
                let waiting = status?.count(of: states) ?? 0
                let onHold = status?[.onHold] ?? 0
                let leaked = onHold > 0 ? ", \(onHold) of them verified by a secret deleted as leaked" : ""
                try confirmation.ask(waiting, "Try \(waiting) entries of \(name) again\(leaked)?")
                // Even if no entry has failed, this ends delays of the action.
                count = try desk.ask(RetryAction(name, in: states))
            }
            let waits = count == 0 ? status.flatMap { Self.waiting($0, isRunning: desk.own == nil, at: .now) } : nil
            try output.write([
                waits ?? (count == 1 ? "1 entry waits again" : "\(SafeText(String(count))) entries wait again")
            ])
            if count > 0 || waits != nil, desk.own != nil {
                output.diagnostics.say("nobody runs the actions now: they are done when b2watch or b2watch listen runs")
            }
            try named.finish(output)
        }
    }

    /// Returns the words for an action without entries to retry whose events wait; nil if no events wait.
    private static func waiting(_ status: ActionStatus, isRunning: Bool, at now: Timestamp) -> SafeText? {
        guard status.waiting > 0 else { return nil }
        let events = status.waiting == 1 ? "1 event waits" : "\(status.waiting) events wait"
        let line: SafeText = "\(SafeText(events)) for \(SafeText(status.name))"
        if status.isPaused { return line + ", which is paused" }
        if let hold = status.currentHold(at: now), hold.kind == .limit {
            return line + (hold.reason.map { ": \(SafeText($0))" } ?? "")
        }
        return isRunning ? line + ", which is tried now" : line
    }

    private var states: Set<EntryState> {
        var states = EntryState.retriedTogether
        if uncertain { states.insert(.uncertain) }
        if skipped { states.insert(.skipped) }
        return states
    }
}

/// Skips entries.
struct ActionsSkipCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "skip", abstract: "Decides that entries are not to be done; b2watch actions retry undoes it.",
        discussion: """
            Of an action, all that wait, failed or are dead; with --dead only those that are dead, with --uncertain also \
            those that may have been done. By number, whatever is not done. More than one entry is asked about at the \
            terminal; in a script or a timer give --yes. b2watch actions retry NAME --skipped undoes it.
            """)

    @Argument(help: "An action's name, or numbers of entries, as b2watch actions dead lists them.")
    var which: [String]

    @Flag(help: "Of an action, only those that are dead.")
    var dead = false

    @Flag(help: "Of an action, also those that may have been done.")
    var uncertain = false

    @Flag(name: .customLong("yes"), help: "Do not ask; needed for more than one entry where there is no terminal.")
    var isConfirmed = false

    @OptionGroup var options: ActionsOptions

    func validate() throws {
        if which.isEmpty { throw ValidationError("give an action's name, or numbers of entries") }
    }

    private var states: Set<EntryState> {
        var states: Set<EntryState> = dead ? [.dead] : EntryState.skippedTogether
        if uncertain { states.insert(.uncertain) }
        return states
    }

    func run() throws {
        try options.asking { desk, output in
            let confirmation = Confirmation(isGiven: isConfirmed)
            var named = NamedEntries()
            let count: Int
            switch try EntryArgument(which, among: desk.reader.actions().map(\.name)) {
            case .entries(let entries):
                named = try NamedEntries(entries, desk.reader)
                try confirmation.ask(named.there.count, "Skip \(named.there.count) entries?")
                count = try named.there.inParts { try desk.ask(SkipEntries($0)) }
            case .action(let name):
                let status = try desk.reader.actions().first { $0.name == name }
                let number = status?.count(of: states) ?? 0
                let kind = dead ? "dead entries" : "entries that wait or are dead"
                try confirmation.ask(number, "Skip \(number) \(kind) of \(name)?")
                count = number == 0 ? 0 : try desk.ask(SkipAction(name, in: states))
            }
            try output.write([count == 1 ? "1 entry is skipped" : "\(SafeText(String(count))) entries are skipped"])
            try named.finish(output)
        }
    }
}

/// Existing entries that a person has named.
private struct NamedEntries {
    private(set) var there: [Int64] = []
    private var missing: [Int64] = []

    init() {}

    init(_ entries: [Int64], _ reader: HistoryReader) throws {
        for entry in entries {
            if try reader.outboxEntry(entry) == nil { missing.append(entry) } else { there.append(entry) }
        }
    }

    /// Prints the entries that do not exist.
    ///
    /// - Throws: An `ExitCode` if some do not exist.
    func finish(_ output: OutputLines) throws {
        guard !missing.isEmpty else { return }
        for entry in missing { output.diagnostics.say("the entry \(entry) does not exist", .warning) }
        output.diagnostics.flush()
        throw ExitStatus.failed
    }
}

/// The entries that `retry` and `skip` apply to.
enum EntryArgument {
    case action(String)
    case entries([Int64])

    /// - Throws: `UnknownAction`, or a `ValidationError`.
    init(_ words: [String], among names: [String]) throws {
        if words.count == 1, names.contains(words[0]) {
            self = .action(words[0])
            return
        }
        let numbers = words.compactMap { Int64($0) }
        if numbers.count == words.count {
            self = .entries(numbers)
        } else if words.count == 1 {
            throw UnknownAction(words[0], among: names)
        } else {
            throw ValidationError("give one action's name, or numbers of entries alone")
        }
    }
}

extension [Int64] {
    /// Passes the entries on in parts of the size of one request, and adds up the results.
    func inParts(_ body: ([Int64]) throws -> Int) rethrows -> Int {
        var sum = 0
        for start in stride(from: 0, to: count, by: Outbox.most) {
            sum += try body(Array(self[start..<Swift.min(count, start + Outbox.most)]))
        }
        return sum
    }
}

// MARK: - run

/// Runs an action for recorded events.
struct ActionsRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs an action for recorded events, whatever its own filter says.",
        discussion: """
            For filling a sheet from history, say. An event for which the action is done already, or waits, is left \
            alone; one that failed or was skipped is tried again.

            Where a b2watch runs with this history, the entries are handed to it, and it does them. Where none does, they \
            are done here, with what else waits, and this ends when none is left, or with status 1 where the action does \
            not work for now; Ctrl-C leaves the rest for the next b2watch.

            More than one event is asked about at the terminal; in a script or a timer give --yes.
            """)

    @Argument(help: "The action's name in config.yaml.")
    var name: String

    @Option(
        parsing: .unconditional, help: "The events: the filter language of the dashboard, docs/filter.md; '' for all.")
    var filter: String

    @Flag(
        name: .customLong("dry-run"), help: "Show what would be sent, for the first 20 that would be, and send nothing."
    )
    var isDry = false

    @Flag(name: .customLong("enqueue-only"), help: "Only put the entries into the outbox, for a b2watch to come.")
    var onlyEnqueues = false

    @Flag(name: .customLong("yes"), help: "Do not ask; needed for more than one event where there is no terminal.")
    var isConfirmed = false

    @Flag(help: "Read times in the filter that name no zone as UTC, not as local ones.")
    var utc = false

    @OptionGroup var options: ActionsOptions

    private static let mostShown = 20

    func run() throws {
        let filter = try parsed()
        let predicate = filter.predicate
        try options.asking { desk, output in
            try desk.check(name)
            let rows = try desk.reader.ids(matching: predicate, through: desk.opened.latestRow)
            guard !rows.isEmpty else {
                let reason = NothingMatched.sentence(filter, desk.reader, through: desk.opened.latestRow)
                return output.diagnostics.say("\(reason): nothing to do")
            }
            if isDry { return try show(rows, desk, output) }
            try Confirmation(isGiven: isConfirmed).ask(rows.count, try question(rows, predicate, desk))
            let addition = try add(rows, desk)
            try output.write([SafeText(addition.sentence)])
            guard !onlyEnqueues else { return }
            guard let own = desk.own else {
                guard addition.added + addition.again > 0 else { return }
                return output.diagnostics.say("the listener does them: b2watch actions list shows how far it is")
            }
            // The entries of an earlier run too, because no other process does them now.
            let run = OwnRun(name, own)
            if try run.waiting > 0 { try run.finish(output) }
        }
    }

    private func question(_ rows: [Int64], _ predicate: RowPredicate, _ desk: ActionsDesk) throws -> String {
        let words = rows.count == 1 ? "1 event" : "\(rows.count) events"
        guard !isConfirmed, rows.count > 1 else { return "Run \(name) for \(words)?" }
        let others = RowPredicate.all([predicate, .event, .not(.verdict([.valid]))])
        let count = try desk.reader.ids(matching: others, through: desk.opened.latestRow).count
        let verb = count == 1 ? "has" : "have"
        return "Run \(name) for \(words)?" + (count > 0 ? " \(count) of them \(verb) no valid signature." : "")
    }

    private func parsed() throws -> Filter {
        let diagnostics = Diagnostics("actions")
        return try StartFailure.explained(by: diagnostics) {
            try FilterArgument(filter, isUTC: utc, allowsRegularExpressions: false).parsed()
        }
    }

    private func show(_ rows: [Int64], _ desk: ActionsDesk, _ output: OutputLines) throws {
        var plan = OutboxPlan(most: Self.mostShown)
        for start in stride(from: 0, to: rows.count, by: Outbox.most) {
            try desk.reader.plan(
                name, for: Array(rows[start..<min(rows.count, start + Outbox.most)]), into: &plan)
        }
        if !plan.rows.isEmpty {
            try output.write(text: Array(try desk.ask(PreviewAction(name, rows: plan.rows))))
            let rest = plan.count - plan.rows.count
            if rest > 0 { output.diagnostics.say("and so on for \(rest) more") }
        }
        let left = [
            (plan.there, "done or waiting already"), (plan.repeated, "the same event again"),
            (plan.unfit, "without an event"),
        ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        if !left.isEmpty { output.diagnostics.say("left out: \(left.joined(separator: ", "))") }
        output.diagnostics.say(plan.count == 0 ? "nothing would be sent" : "nothing was sent")
    }

    private func add(_ rows: [Int64], _ desk: ActionsDesk) throws -> Outbox.Addition {
        let progress = ProgressLine(isShown: true)
        defer { progress.clear() }
        var all = Outbox.Addition()
        for start in stride(from: 0, to: rows.count, by: Outbox.most) {
            let part = Array(rows[start..<min(rows.count, start + Outbox.most)])
            all += try desk.ask(RunAction(name, rows: part))
            progress.show("\(start + part.count) of \(rows.count) events put into the outbox")
        }
        return all
    }
}

extension Outbox.Addition {
    /// A summary such as `3 queued, 1 tried again, 2 done or waiting already`.
    fileprivate var sentence: String {
        let parts = [
            (added, "queued"), (again, "tried again"), (there, "done or waiting already"), (unfit, "without an event"),
        ]
        let words = parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        return words.isEmpty ? "nothing to do" : words.joined(separator: ", ")
    }
}
