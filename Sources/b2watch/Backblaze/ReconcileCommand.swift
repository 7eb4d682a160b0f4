import ArgumentParser
import Backblaze
import Base
import Dashboard
import Foundation
import History
import Notifications
import Receiving
import Settings
import Synchronization

/// Finds the objects of a bucket that changed without a notification.
struct ReconcileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconcile",
        abstract: "Compares a bucket with the record: which objects changed without a notification?",
        discussion: """
            Lists the versions of the bucket's files and looks for the valid event of each, by its version id. What is \
            missing is grouped into gaps in time. A deleted version leaves no trace in a listing, so a missed deletion \
            cannot be seen. Versions of the last 15 minutes, from before the record or their rule begins, and outside of \
            all enabled rules are unknown, never missing.

            --act runs an action for what is missing, whatever its filter: b2watch records an event for each version, \
            marked reconciled, and the action runs once for it, however often this is repeated, and if its notification \
            arrives after all. Where no b2watch runs with this history, the action runs here.

            Each 1,000 versions count as one class C call. B2 lists by name, not by time, so the whole prefix is read \
            whatever --since says; --max-calls and an interruption leave the comparison so that --resume goes on with it.

            Exit status: 0 nothing is missing, or --act has queued it; 1 something is, or the comparison failed or is not \
            complete; 4 the history \
            cannot be opened; 64 usage.
            """)

    @Argument(help: "The bucket's name.")
    var bucket: String

    @Option(help: "From when on: 7d (ago), 2h, 2026-11-28, or yesterday 02:14, as in filters. (default: 7d)")
    var since: String?

    @Option(help: "What the names of objects begin with. (default: all objects)")
    var prefix: String?

    @Option(help: ArgumentHelp("Go by this rule alone, not by all rules of the bucket.", valueName: "name"))
    var rule: String?

    @Option(
        name: .customLong("max-calls"), parsing: .unconditional,
        help: ArgumentHelp(
            "How many class C calls the listing may take, each for 1,000 versions; a few more are made at the start.",
            valueName: "n"))
    var mostCalls: Int?

    @Option(
        name: .customLong("act"),
        help: ArgumentHelp("Run this action for each missing version, once.", valueName: "action"))
    var action: String?

    @Option(
        help: ArgumentHelp(
            "How old a version is before its event counts as missing, such as 15m. (default: 15m)", valueName: "time"))
    var grace: String?

    @Flag(help: "Go on with a comparison that was not completed.")
    var resume = false

    @Flag(
        name: .customLong("json"),
        help: "Write a JSON object for each missing and each late version, and one for the sum.")
    var isJSON = false

    @Flag(name: .customLong("csv"), help: "Write a table of the missing and the late versions.")
    var isCSV = false

    @OptionGroup var history: HistoryOption

    @Flag(help: "Read times that name no zone as UTC, not as local ones.")
    var utc = false

    @OptionGroup var account: BackblazeOptions

    func validate() throws {
        if isJSON, isCSV { throw ValidationError("--json and --csv exclude each other: give one of them") }
        if resume, since != nil || prefix != nil || rule != nil || grace != nil {
            throw ValidationError(
                "--resume goes on with what was begun: leave out --since, --prefix, --rule and --grace")
        }
        if let grace, Self.grace(grace) == nil {
            throw ValidationError("--grace \(grace): write a time such as 15m, 2h or 90s")
        }
        if let mostCalls, mostCalls < 1 { throw ValidationError("--max-calls \(mostCalls): write 1 or more") }
        if let since, try moment(since) == nil {
            throw ValidationError("--since \(since): write a time such as \(FilterMoment.examples)")
        }
    }

    private func moment(_ text: String) throws -> Timestamp? {
        let clock = utc ? WallClock.utc : .local
        let context = FilterContext(now: .now, secondsFromUTC: clock.secondsFromUTC)
        return FilterMoment(in: context).stretch(text)?.lowerBound
    }

    func run() throws {
        Signals.block()
        let diagnostics = Diagnostics("reconcile")
        // The next comparison may ask the log.
        _ = diagnostics.keepLog()
        let isClean = try StartFailure.explained(by: diagnostics) { try reconcile(diagnostics) }
        diagnostics.flush()
        if !isClean { throw ExitStatus.failed }
    }

    private func order() throws -> ReconcileRun.Order {
        var order = ReconcileRun.Order(bucket)
        order.since = try since.flatMap(moment)
        order.prefix = prefix ?? ""
        order.rule = rule
        order.grace = grace.flatMap(Self.grace) ?? order.grace
        order.mostCalls = mostCalls
        order.isResumed = resume
        order.action = action
        return order
    }

    /// Reads a duration such as `15m`, `2h` or `0s`.
    private static func grace(_ text: String) -> Duration? {
        TimeUnits.duration(text.lowercased(), in: "smh", numbers: 0...100_000)
    }

    /// - Returns: Whether nothing is missing.
    private func reconcile(_ diagnostics: Diagnostics) throws -> Bool {
        let isListing = Atomic<Bool>(false)
        let isCancelled = Atomic<Bool>(false)
        Signals.follow { number in
            // Between two pages; the second signal does not wait for B2.
            if !isListing.load(ordering: .relaxed) || isCancelled.exchange(true, ordering: .relaxed) {
                Signals.end(by: number)
            }
        }
        let order = try order()
        let path = try history.path
        if let action {
            // Before B2 is asked.
            let desk = try ActionsDesk.open(history: path, diagnostics)
            defer { desk.close() }
            try desk.check(action)
        }
        let history = try ReadOnlyHistory(path)
        var isOpen = true
        defer { if isOpen { history.close() } }
        let run = ReconcileRun(
            client: try account.client(diagnostics), reader: history.reader, history: history.path,
            say: { diagnostics.say($0, $1) })
        let progress = ProgressLine(isShown: true)
        isListing.store(true, ordering: .relaxed)
        let output = OutputLines(diagnostics: diagnostics)
        var hasBegun = false
        defer {
            if hasBegun {
                progress.clear()
                diagnostics.say("what was compared is kept: b2watch reconcile \(bucket) --resume goes on", .warning)
            }
        }
        let report = try run.run(
            order, latest: { try history.reader.latestRow() },
            while: {
                hasBegun = true
                progress.show($0.sentence)
                return !isCancelled.load(ordering: .relaxed)
            },
            found: { store in
                progress.clear()
                isListing.store(false, ordering: .relaxed)
                try list(store, output)
            },
            act: { body in try act(path, output, body) })
        hasBegun = false
        history.close()
        isOpen = false
        try write(report, output)
        switch report.end {
        case .done: break
        case .limit:
            diagnostics.say(
                "--max-calls \(mostCalls ?? 0) is reached: b2watch reconcile \(bucket) --resume goes on", .warning)
        case .cancelled:
            diagnostics.say("interrupted: b2watch reconcile \(bucket) --resume goes on", .warning)
        }
        return report.isClean
    }

    /// Asks the process that runs the actions to record and queue versions. If no such process runs, does so here, and runs
    /// the action.
    private func act(
        _ path: String, _ output: OutputLines, _ body: (ReconcileRun.Act) throws -> Void
    ) throws {
        let desk = try ActionsDesk.open(history: path, output.diagnostics)
        let ending = CommandEnding(desk)
        defer { ending.close() }
        Signals.follow { ending.end(by: $0) }
        try body { try desk.ask(ReconcileVersions($0, $1, seen: $2)) }
        guard let own = desk.own, let action else { return }
        let run = OwnRun(action, own)
        // Standard output is for what was found.
        if try run.waiting > 0 { try run.finish(OutputLines(diagnostics: output.diagnostics, to: STDERR_FILENO)) }
    }

    // MARK: - Writing

    /// Writes the versions that were found.
    private func list(_ store: ReconcileStore, _ output: OutputLines) throws {
        if isJSON {
            try store.visitMissing { try output.write([SafeText(utf8: ReconcileReport.json($0).bytes)]) }
            try store.visitLate { try output.write([SafeText(utf8: ReconcileReport.json($0, delay: $1).bytes)]) }
        } else if isCSV {
            try output.write([SafeText(ReconcileReport.tableHead)])
            try store.visitMissing { try output.write([ReconcileReport.row($0)]) }
            try store.visitLate { try output.write([ReconcileReport.row($0, delay: $1)]) }
        }
    }

    private func write(_ report: ReconcileReport, _ output: OutputLines) throws {
        let lines =
            report.lines + [report.addition.flatMap { addition in action.map(addition.sentence) }].compactMap(\.self)
        if isJSON {
            try output.write([SafeText(utf8: report.json.bytes)])
        } else if isCSV {
            for line in lines { output.diagnostics.say(line) }
            return
        } else {
            try output.write(lines.map { SafeText($0) })
        }
        output.diagnostics.note(report.summary)
    }
}

extension Outbox.Addition {
    /// A sentence such as `queued for sheet: 3; 2 done or queued before`.
    func sentence(_ action: String) -> String {
        let rest = there == 0 ? "" : "; \(there) done, queued or arrived before"
        return "queued for \(action): \(added + again)\(rest)" + (unfit == 0 ? "" : "; \(unfit) could not be recorded")
    }
}
