import Backblaze
import Base
import Foundation
import History
import Notifications
import Sending

/// The result of a comparison, as text or as data.
struct ReconcileReport: Sendable {
    /// A gap, with the known causes.
    struct Gap: Sendable {
        var gap: ReconcileGap
        /// The causes, in sentences.
        var why: [String]

        var sentence: String {
            let objects = gap.count == 1 ? "1 object" : "\(gap.count) objects"
            let invalid = gap.invalid == 0 ? "" : " (\(gap.invalid) with an event that is not valid)"
            return
                ([
                    "\(gap.first.rfc3339) to \(gap.last.rfc3339): \(objects) without a notification\(invalid)"
                ] + why).joined(separator: "; ")
        }
    }

    let bucket: String
    let end: Reconciliation.End
    let counts: [ReconcileOutcome: Int]
    let gaps: [Gap]
    /// The class C calls of the listing.
    let calls: Int
    /// The other class C calls: to authorize, and to read the bucket and its rules.
    var otherCalls = 0
    let delays: ClosedRange<Duration>?
    /// The suspended rules, in sentences.
    let suspended: [String]
    /// The names of the rules for which B2 should send notifications.
    let active: [String]
    /// The result of queueing the missing versions for an action; nil without an action.
    var addition: Outbox.Addition?

    /// The time in which B2 repeats a refused notification, in milliseconds: refusals in that time explain a gap.
    private static let patience: Int64 = 10 * 60_000
    /// The largest number of gaps whose causes are searched.
    private static let mostExplained = 500

    init(
        _ store: ReconcileStore, _ request: ReconcileRequest, _ end: Reconciliation.End,
        rules: [NotificationRule], log: ReceivingLog, _ reader: HistoryReader
    ) throws {
        bucket = request.bucket
        self.end = end
        let suspended = rules.filter(\.isSuspended)
        self.suspended = suspended.compactMap(\.suspension)
        active = rules.filter { $0.isEnabled && !$0.isSuspended }.map(\.name)
        counts = try store.counts()
        calls = try store.progress().calls
        delays = try store.delays()
        let gaps = try ReconcileGap.all(in: store)
        var periods: [ClosedRange<Timestamp>] = []
        for (index, gap) in gaps.prefix(Self.mostExplained).enumerated() {
            var last = gap.last.milliseconds + Self.patience
            if index + 1 < gaps.count { last = min(last, gaps[index + 1].first.milliseconds - 1) }
            periods.append(gap.first...Timestamp(milliseconds: max(last, gap.first.milliseconds)))
        }
        let refusals = try reader.refusals(in: periods)
        self.gaps = gaps.enumerated().map { index, gap in
            var why = log.causes(of: gap)
            if refusals.indices.contains(index), refusals[index].count > 0 {
                let (count, status) = refusals[index]
                why.append(
                    "b2watch refused \(count) \(count == 1 ? "notification" : "notifications") in that time, most with"
                        + " \(status)")
            }
            for rule in suspended where gap.rules.contains(rule.name) {
                why.append("the rule \(rule.name) is suspended by B2 (\(rule.suspensionReason))")
            }
            return Gap(gap: gap, why: why)
        }
    }

    var missing: Int { counts[.missing] ?? 0 }
    var reconciled: Int { counts[.reconciled] ?? 0 }
    var total: Int { counts.values.reduce(0, +) }

    /// Whether the comparison is complete and nothing is missing, or an action has received all missing versions.
    var isClean: Bool { end == .done && (missing == 0 || addition.map { $0.unfit == 0 } ?? false) }

    // MARK: - For a person

    /// The result in one line.
    var summary: String {
        let unknown = counts.filter { $0.key.isUnknown }.values.reduce(0, +)
        let reconciled = self.reconciled == 0 ? "" : " \(self.reconciled) reconciled before,"
        return
            "\(bucket): \(total) \(total == 1 ? "version" : "versions"): \(counts[.matched] ?? 0) matched, \(counts[.late] ?? 0) late,\(reconciled)"
            + " \(missing) missing, \(unknown) unknown; \(Self.words(ofCalls: calls))"
    }

    /// A number of calls such as `1 class C call`.
    static func words(ofCalls calls: Int) -> String { "\(calls) class C \(calls == 1 ? "call" : "calls")" }

    var lines: [String] {
        var lines = [summary] + gaps.map(\.sentence)
        if let delays {
            lines.append(
                "late: \(counts[.late] ?? 0) \(counts[.late] == 1 ? "event" : "events"), \(Self.words(delays.lowerBound)) to \(Self.words(delays.upperBound))"
                    + " after the upload")
        }
        let words: [(ReconcileOutcome, String)] = [
            (.recent, "too new, whose events may still be on their way"),
            (.beforeRecord, "from before the record begins"),
            (
                .beforeRule,
                "that may be older than their rule: B2 does not report when a rule was made, and none of its events"
                    + " was recorded by then"
            ),
            (.outsideRules, "outside of every enabled rule"),
            (.unsureType, "that the rules may not be for: a listing does not show how a file was created"),
        ]
        for (outcome, what) in words {
            if let count = counts[outcome] { lines.append("unknown: \(count) \(what)") }
        }
        return lines + [
            "not to be seen in a listing: deleted versions, also those that a lifecycle rule deleted",
            "besides the listing: \(Self.words(ofCalls: otherCalls)) for the key, the bucket and its rules",
        ]
    }

    /// A time such as `61 s` or `1 h 2 min`.
    private static func words(_ time: Duration) -> String {
        let seconds = Int(time / .seconds(1))
        if seconds < 120 { return "\(seconds) s" }
        if seconds < 7_200 { return "\(seconds / 60) min" }
        return "\(seconds / 3_600) h \(seconds % 3_600 / 60) min"
    }

    // MARK: - For a program

    var json: JSONValue {
        func number(_ number: Int) -> JSONValue { .number(String(number)) }
        var value: JSONValue = [
            "bucket": .string(bucket), "isComplete": .boolean(end == .done), "calls": number(calls),
            "otherCalls": number(otherCalls),
        ]
        for outcome in ReconcileOutcome.allCases { value[outcome.rawValue] = number(counts[outcome] ?? 0) }
        value["longestDelay"] = delays.map { number(Int($0.upperBound / .milliseconds(1))) } ?? .null
        value["gaps"] = .array(
            gaps.map { gap in
                [
                    "first": .string(gap.gap.first.rfc3339), "last": .string(gap.gap.last.rfc3339),
                    "count": number(gap.gap.count), "invalid": number(gap.gap.invalid),
                    "why": .array(gap.why.map(JSONValue.string)),
                ]
            })
        if let addition {
            value["queued"] = number(addition.added + addition.again)
            value["queuedBefore"] = number(addition.there)
        }
        return value
    }

    /// A version as an object: a missing one, or one whose event was late by a time.
    static func json(_ version: ReconcileStore.Missing, delay: Duration? = nil) -> JSONValue {
        var value: JSONValue = [
            (delay == nil ? "missing" : "late"): .string(version.id), "objectName": .string(version.name),
            "action": .string(version.action), "objectSize": .number(String(version.size)),
            "uploaded": .string(version.uploaded.rfc3339), "rule": .string(version.rule),
        ]
        if let delay {
            value["delay"] = .number(String(Int(delay / .milliseconds(1))))
        } else {
            value["hasInvalidEvent"] = .boolean(version.hasInvalid)
        }
        return value
    }

    static let tableHead = "outcome,uploaded,action,size,version,name,rule,delay"

    /// A version as a row of a table.
    static func row(_ version: ReconcileStore.Missing, delay: Duration? = nil) -> SafeText {
        let cells = [
            delay == nil ? "missing" : "late", version.uploaded.rfc3339, version.action, String(version.size),
            version.id, version.name, version.rule, delay.map { String(Int($0 / .milliseconds(1))) } ?? "",
        ]
        var bytes: [UInt8] = []
        CSVRecord.append(cells, isGuarded: true, to: &bytes)
        return SafeText(utf8: bytes)
    }
}

// MARK: - Why

/// The periods in which a history received nothing, from b2watch's own log.
struct ReceivingLog {
    /// A period in which nothing was received or recorded.
    struct Stretch: Equatable {
        /// The start, as far as it is known.
        var from: Timestamp?
        /// The end; nil if it continues.
        var to: Timestamp?
        /// The beginning of a sentence, which the times follow.
        var cause: String
    }

    private(set) var stretches: [Stretch] = []

    private static let stopped = "b2watch was stopped"
    private static let crashed = "b2watch ended without a word, after"
    private static let notRecording = "b2watch could not record, and answered 503,"

    /// The most gaps between lines that are kept.
    private static let most = 10_000

    /// Reads the log; without a log nothing is known.
    ///
    /// - Parameter history: The path of the history; nil for any.
    init(_ path: String?, history: String?) {
        guard let path else { return }
        let reader = LogReader(path)
        var state = State(history: history)
        var request = WindowRequest<LogPlace>(.oldest, before: 0, after: 1_000)
        var last: LogPlace?
        while let window = try? reader.entries(request), let end = window.rows.last {
            for entry in window.rows where entry.id != last { state.read(entry) }
            guard window.hasNewer, end.id != last, state.stretches.count < Self.most else { break }
            last = end.id
            request = WindowRequest<LogPlace>(.row(end.id), before: 0, after: 1_000)
        }
        state.finish()
        stretches = state.stretches
    }

    /// The time between the first delivery that cannot be recorded and the line about it, in milliseconds, at most: a disk
    /// that hangs is noticed late.
    private static let notice: Int64 = 10_000

    /// Returns the causes of a gap, in sentences.
    func causes(of gap: ReconcileGap) -> [String] {
        stretches.filter { stretch in
            let notice = stretch.cause == Self.notRecording ? Self.notice : 0
            return (stretch.from.map { $0.milliseconds - notice <= gap.last.milliseconds } ?? true)
                && (stretch.to.map { gap.first <= $0 } ?? true)
        }.prefix(3).map { stretch in
            let from = stretch.from.map { " from \($0.rfc3339)" } ?? ""
            if stretch.cause == Self.crashed {
                return "\(stretch.cause)\(stretch.from.map { " \($0.rfc3339)" } ?? "")"
                    + (stretch.to.map { ", and was started again at \($0.rfc3339)" } ?? "")
            }
            return "\(stretch.cause)\(from)\(stretch.to.map { " to \($0.rfc3339)" } ?? " until now")"
        }
    }

    private struct State {
        let history: String?
        var stretches: [Stretch] = []
        /// The process that receives.
        var source: String?
        /// The time at which it last wrote a line, or at which the last one ended.
        var last: Timestamp?
        var failing: Timestamp?
        var hasStarted = false

        mutating func read(_ entry: LogEntry) {
            guard let time = entry.time else { return }
            if entry.text.hasPrefix("b2watch "), entry.text.contains(" listens at "),
                history.map({ entry.text.contains(" records into \($0),") }) ?? true
            {
                if hasStarted {
                    stretches.append(Stretch(from: last, to: time, cause: source == nil ? stopped : crashed))
                }
                endFailure(time)
                (source, last, hasStarted) = (entry.source, time, true)
            } else if entry.source == source {
                last = time
                if entry.text == "ended" {
                    endFailure(time)
                    source = nil
                } else if entry.text.hasPrefix("NOT RECORDING") {
                    failing = failing ?? time
                } else if entry.text.hasPrefix("recording again") {
                    endFailure(time)
                }
            }
        }

        private mutating func endFailure(_ time: Timestamp) {
            guard let from = failing else { return }
            stretches.append(Stretch(from: from, to: time, cause: notRecording))
            failing = nil
        }

        mutating func finish() {
            if let failing { stretches.append(Stretch(from: failing, to: nil, cause: notRecording)) }
            if hasStarted, source == nil { stretches.append(Stretch(from: last, to: nil, cause: stopped)) }
        }
    }
}
