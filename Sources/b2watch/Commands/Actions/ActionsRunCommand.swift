import ArgumentParser
import Browsing
import Dashboard
import History
import Notifications
import SafeText

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

    @Option(help: "The events: the filter language of the dashboard, docs/filter.md; '' for all.")
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
            // Also what an earlier run has left: nobody else does it now.
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
            try output.write(text: try desk.control.previewAction(name, rows: plan.rows))
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
            all += try desk.control.runAction(name, rows: part)
            progress.show("\(start + part.count) of \(rows.count) events put into the outbox")
        }
        return all
    }
}

extension Outbox.Addition {
    /// Such as `3 queued, 1 tried again, 2 done or waiting already`.
    fileprivate var sentence: String {
        let parts = [
            (added, "queued"), (again, "tried again"), (there, "done or waiting already"), (unfit, "without an event"),
        ]
        let words = parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        return words.isEmpty ? "nothing to do" : words.joined(separator: ", ")
    }
}
