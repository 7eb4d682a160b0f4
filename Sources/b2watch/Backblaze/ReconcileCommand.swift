import ArgumentParser
import Backblaze
import Browsing
import Foundation
import History
import Log
import Notifications
import SafeText
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
            cannot be seen. Versions of the last 15 minutes, from before the record begins, and outside of all enabled \
            rules are unknown, never missing.

            Each 1,000 versions count as one class C call. B2 lists by name, not by time, so the whole prefix is read \
            whatever --since says; --max-calls and an interruption leave the comparison so that --resume goes on with it.

            Exit status: 0 nothing is missing; 1 something is, or the comparison failed or is not complete; 4 the history \
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
        help: ArgumentHelp("How many class C calls to make at most.", valueName: "n"))
    var mostCalls: Int?

    @Flag(help: "Go on with a comparison that was not completed.")
    var resume = false

    @Flag(name: .customLong("json"), help: "Write a JSON object for each missing version, and one for the sum.")
    var isJSON = false

    @Flag(name: .customLong("csv"), help: "Write a table of the missing versions.")
    var isCSV = false

    @Option(help: ArgumentHelp("The history to compare with.", valueName: "file"))
    var history: String?

    @Flag(help: "Read times that name no zone as UTC, not as local ones.")
    var utc = false

    @OptionGroup var account: BackblazeOptions

    func validate() throws {
        if isJSON, isCSV { throw ValidationError("--json and --csv exclude each other: give one of them") }
        if resume, since != nil || prefix != nil || rule != nil {
            throw ValidationError("--resume goes on with what was begun: leave out --since, --prefix and --rule")
        }
        if let mostCalls, mostCalls < 1 { throw ValidationError("--max-calls \(mostCalls): write 1 or more") }
        if let since, try moment(since) == nil {
            throw ValidationError("--since \(since): write a time such as \(FilterMoment.examples)")
        }
        if history?.isEmpty == true { throw ValidationError("--history wants a file's path") }
    }

    private func moment(_ text: String) throws -> Timestamp? {
        let context = FilterContext(
            now: .now,
            secondsFromUTC: { [utc] time in
                let date = Date(timeIntervalSince1970: Double(time.milliseconds) / 1_000)
                return utc ? 0 : TimeZone.current.secondsFromGMT(for: date)
            })
        return FilterMoment(in: context).stretch(text)?.lowerBound
    }

    func run() throws {
        Signals.hold()
        let diagnostics = Diagnostics("reconcile")
        let isClean = try StartFailure.explained(by: diagnostics) { try reconcile(diagnostics) }
        diagnostics.flush()
        if !isClean { throw ExitStatus.failed }
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
        let history = try ReadOnlyHistory(try self.history ?? ProcessEnvironment.places.history)
        defer { history.close() }
        let client = try account.client(diagnostics)
        let bucket = try client.bucket(named: bucket)
        try client.require([B2Capability.listFiles])
        let folder = "\(try ProcessEnvironment.places.state)/reconcile"
        let now = Timestamp.now
        let begun =
            resume
            ? nil
            : ReconcileRequest(
                bucket: bucket.name,
                since: try since.flatMap(moment) ?? Timestamp(milliseconds: now.milliseconds - 7 * 86_400_000),
                prefix: prefix ?? "", rule: rule, now: now)
        let store = try ReconcileStore("\(folder)/\(bucket.name).sqlite", beginning: begun)
        let request = try store.request()
        let rules = try self.rules(request, client, bucket, diagnostics)
        let past = PastCalls(path: "\(folder)/\(bucket.name).calls")
        diagnostics.say(
            "comparing \(bucket.name) \(client.introduction), since \(Timestamp(milliseconds: request.since).rfc3339);"
                + " \(past.estimate)")
        let first = try history.reader.rows(RowRequest(.oldest, before: 0, after: 0)).rows.first?.receivedAt
        if begun != nil { try copyEvents(of: bucket.name, since: request.since, history, to: store) }

        isListing.store(true, ordering: .relaxed)
        let progress = ProgressLine(isShown: true)
        let end = try Reconciliation(client, bucket, store, rules: rules, recordBegins: first).run(
            mostCalls: mostCalls ?? .max
        ) { versions, calls in
            progress.show("\(versions) versions read, \(calls) class C calls")
            return !isCancelled.load(ordering: .relaxed)
        }
        progress.clear()
        var missing: [String] = []
        try store.visitMissing { missing.append($0.id) }
        if !missing.isEmpty { try store.match(history.reader.removedVersions(among: missing)) }
        let report = try Report(
            store, bucket: bucket.name, stops: Stops(ProcessEnvironment.log), hasRules: rules != nil)
        try write(report, store, OutputLines(diagnostics: diagnostics))
        switch end {
        case .done:
            past.keep(report.calls)
            store.delete()
            return report.missing == 0
        case .limit:
            diagnostics.say(
                "--max-calls \(mostCalls ?? 0) is reached: b2watch reconcile \(bucket.name) --resume goes on", .warning)
        case .cancelled:
            diagnostics.say("interrupted: b2watch reconcile \(bucket.name) --resume goes on", .warning)
        }
        return false
    }

    /// The rules to go by; nil where the key may not read them.
    private func rules(
        _ request: ReconcileRequest, _ client: B2Client, _ bucket: Bucket, _ diagnostics: Diagnostics
    ) throws -> [NotificationRule]? {
        guard try client.authorize().capabilities.contains(B2Capability.readRules) else {
            if request.rule != nil { try client.require([B2Capability.readRules]) }
            diagnostics.say(
                "the key may not read the bucket's rules (\(B2Capability.readRules)): every object is taken to be in one",
                .warning)
            return nil
        }
        let rules = try client.rules(of: bucket)
        if let name = request.rule, !rules.contains(where: { $0.name == name }) {
            throw RuleBook.missing(name, bucket, rules)
        }
        for suspension in rules.compactMap(\.suspension) { diagnostics.say(suspension, .warning) }
        return rules
    }

    /// Copies what the record has of the bucket's versions.
    private func copyEvents(
        of bucket: String, since: Int64, _ history: ReadOnlyHistory, to store: ReconcileStore
    ) throws {
        var id: Int64 = 0
        let last = history.opened.latestRow
        // An event may be older than its arrival, never younger by more than clocks differ.
        let predicate = RowPredicate.all([.event, .number(.receivedAt, .atLeast, since - 86_400_000)])
        while id < last {
            let stretch = try history.reader.rows(
                matching: predicate, after: id, through: last, limit: 5_000, parts: [.names, .outcome])
            try store.add(
                stretch.rows.compactMap { row in
                    guard row.bucketName.text == bucket, let version = row.objectVersionId.string else { return nil }
                    return ReconcileStore.Event(
                        version: version, receivedAt: row.receivedAt, isValid: row.verdict == .valid)
                })
            id = stretch.through
        }
    }

    // MARK: - Writing

    private func write(_ report: Report, _ store: ReconcileStore, _ output: OutputLines) throws {
        if isJSON {
            try store.visitMissing { try output.write([SafeText(utf8: Report.json($0).bytes)]) }
            return try output.write([SafeText(utf8: report.json.bytes)])
        }
        if isCSV {
            try output.write(["uploaded,action,size,version,name"])
            try store.visitMissing { missing in
                let cells = [missing.uploaded.rfc3339, missing.action, String(missing.size), missing.id, missing.name]
                try output.write([SafeText(cells.map(Report.cell).joined(separator: ","))])
            }
            for line in report.lines { output.diagnostics.say(line) }
            return
        }
        try output.write(report.lines.map { SafeText($0) })
    }

    /// What was found, for a person or a program.
    private struct Report {
        let bucket: String
        let counts: [ReconcileOutcome: Int]
        let gaps: [ReconcileGap]
        let calls: Int
        let longestDelay: Duration?
        let stops: Stops
        let hasRules: Bool

        init(_ store: ReconcileStore, bucket: String, stops: Stops, hasRules: Bool) throws {
            self.bucket = bucket
            self.stops = stops
            self.hasRules = hasRules
            counts = try store.counts()
            gaps = try ReconcileGap.all(in: store)
            calls = try store.progress().calls
            longestDelay = try store.longestDelay()
        }

        var missing: Int { counts[.missing] ?? 0 }

        var lines: [String] {
            let total = counts.values.reduce(0, +)
            let unknown = counts.filter { $0.key.isUnknown }.values.reduce(0, +)
            var lines = [
                "\(bucket): \(total) versions: \(counts[.matched] ?? 0) matched, \(counts[.late] ?? 0) late, \(missing) missing,"
                    + " \(unknown) unknown; \(calls) class C calls"
            ]
            for gap in gaps {
                let objects = gap.count == 1 ? "1 object" : "\(gap.count) objects"
                let invalid = gap.invalid == 0 ? "" : " (\(gap.invalid) with an event that is not valid)"
                let why = stops.around(gap).map { "; \($0)" } ?? ""
                lines.append(
                    "\(gap.first.rfc3339) to \(gap.last.rfc3339): \(objects) without a notification\(invalid)\(why)")
            }
            if let longestDelay {
                lines.append("the latest event came \(Int(longestDelay / .seconds(1))) s after its upload")
            }
            let words: [(ReconcileOutcome, String)] = [
                (.recent, "of the last 15 minutes"), (.beforeRecord, "from before the record begins"),
                (.outsideRules, "outside of every enabled rule"),
                (.unsureType, "that the rules may not be for: a listing does not say how a file was created"),
            ]
            for (outcome, what) in words {
                if let count = counts[outcome] { lines.append("unknown: \(count) \(what)") }
            }
            lines.append("not to be seen in a listing: deleted versions, and what lifecycle rules have deleted")
            return lines
        }

        var json: JSONValue {
            var value: JSONValue = ["bucket": .string(bucket), "calls": .number(String(calls))]
            for outcome in ReconcileOutcome.allCases {
                value[outcome.rawValue] = .number(String(counts[outcome] ?? 0))
            }
            value["gaps"] = .array(
                gaps.map { gap in
                    [
                        "first": .string(gap.first.rfc3339), "last": .string(gap.last.rfc3339),
                        "count": .number(String(gap.count)), "invalid": .number(String(gap.invalid)),
                        "why": stops.around(gap).map(JSONValue.string) ?? .null,
                    ]
                })
            return value
        }

        static func json(_ missing: ReconcileStore.Missing) -> JSONValue {
            [
                "missing": .string(missing.id), "objectName": .string(missing.name), "action": .string(missing.action),
                "objectSize": .number(String(missing.size)), "uploaded": .string(missing.uploaded.rfc3339),
                "hasInvalidEvent": .boolean(missing.hasInvalid),
            ]
        }

        /// A cell of a table; one that a spreadsheet would take for a formula gets an apostrophe.
        static func cell(_ text: String) -> String {
            let first = text.unicodeScalars.first
            let isFormula = first.map { "=+-@\t\r".unicodeScalars.contains($0) } ?? false
            let text = isFormula ? "'\(text)" : text
            guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
            return "\"\(text.replacing("\"", with: "\"\""))\""
        }
    }
}

// MARK: - Why

/// When no b2watch that records has run, by the log.
private struct Stops {
    /// From the last line before a start to the start.
    private var stretches: [(from: Timestamp, to: Timestamp)] = []

    /// Reads the log; without one nothing is known.
    init(_ path: String?) {
        guard let path, let window = try? LogReader(path).entries(LogRequest(.oldest, before: 0, after: 200_000)) else {
            return
        }
        var last: Timestamp?
        for entry in window.entries {
            guard let time = entry.time else { continue }
            if entry.text.hasPrefix("b2watch "), entry.text.contains(" listens at "), let last {
                stretches.append((last, time))
            }
            last = time
        }
    }

    /// Returns in a sentence that b2watch did not run in a gap; nil where it may have.
    func around(_ gap: ReconcileGap) -> String? {
        guard let stop = stretches.first(where: { $0.from < gap.last && gap.first < $0.to }) else { return nil }
        return "b2watch did not run from \(stop.from.rfc3339) to \(stop.to.rfc3339)"
    }
}

/// How many calls the last comparison of a bucket took, kept for the next.
private struct PastCalls {
    let path: String

    /// In words; B2 gives no count beforehand.
    var estimate: String {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8),
            let calls = Int(text.trimmingCharacters(in: .whitespacesAndNewlines))
        else { return "how many class C calls that takes is not known yet" }
        return "the last time that took \(calls) class C calls"
    }

    func keep(_ calls: Int) {
        try? "\(calls)\n".write(toFile: path, atomically: true, encoding: .utf8)
    }
}
