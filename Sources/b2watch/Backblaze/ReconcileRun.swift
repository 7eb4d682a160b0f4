import Backblaze
import Base
import Foundation
import History
import Notifications
import Settings

/// A comparison of a bucket with the record, from its beginning to its report: as the command, the schedule and the
/// dashboard run it.
struct ReconcileRun {
    /// The order for a comparison.
    struct Order: Sendable {
        var bucket: String
        /// The start of the compared time; nil for `usualReach` ago.
        var since: Timestamp?
        var prefix = ""
        /// The only rule to consider; nil for all.
        var rule: String?
        var grace = ReconcileRequest.usualGrace
        /// The most class C calls for the listing.
        var mostCalls: Int?
        /// Whether to continue an incomplete comparison.
        var isResumed = false
        /// The action to run for missing versions; nil to run none.
        var action: String?

        init(_ bucket: String) {
            self.bucket = bucket
        }

        /// The default length of the compared time.
        static let usualReach = Duration.seconds(7 * 86_400)
    }

    /// The progress of a comparison.
    struct Progress: Sendable {
        var versions: Int
        var calls: Int
        /// The number of versions of the last complete comparison of the bucket; nil before the first.
        var expected: Int?

        var sentence: String {
            let all = expected.map { " of about \($0)" } ?? ""
            return "\(versions)\(all) versions read, \(ReconcileReport.words(ofCalls: calls))"
        }
    }

    /// Runs an action for versions: its name, the versions, and the row up to which their events are known.
    typealias Act = (String, [ReconciledVersion], Int64) throws -> Outbox.Addition

    let client: B2Client
    let reader: HistoryReader
    /// The history's path, by which the log knows it; nil in memory.
    let history: String?
    /// Receives sentences for a person.
    let say: (String, LogLevel) -> Void

    /// The most versions of one request to the process that runs the actions.
    private static let part = 250

    /// Compares. Blocks.
    ///
    /// - Parameters:
    ///   - latest: Returns the newest row of the record.
    ///   - goesOn: Receives the progress; returns whether to continue.
    ///   - found: Receives the results before anything is done about them.
    ///   - act: Runs the named action. Called once the comparison is complete.
    /// - Throws: `B2Problem`, or an error of the history.
    func run(
        _ order: Order, latest: () throws -> Int64, while goesOn: (Progress) -> Bool,
        found: (ReconcileStore) throws -> Void,
        act: (_ body: (Act) throws -> Void) throws -> Void
    ) throws -> ReconcileReport {
        let bucket = try client.bucket(named: order.bucket)
        try client.require([B2Capability.listFiles])
        let files = try ReconcileFiles(bucket.name)
        let lock = try files.lock()
        defer { lock.release() }
        // A new comparison replaces the one in the file only once nothing is wrong with it.
        let resumed = order.isResumed ? try ReconcileStore(files.store, beginning: nil) : nil
        let request = try resumed?.request() ?? Self.request(order)
        let past = PastReconcile(path: files.past)
        let rules = try self.rules(request, bucket, SeenRules(path: files.rules))
        let store = try resumed ?? ReconcileStore(files.store, beginning: request)
        say(
            "comparing \(bucket.name) \(client.introduction), since \(Timestamp(milliseconds: request.since).rfc3339);"
                + " \(past.estimate)", .info)
        let first = try reader.rows(WindowRequest<Int64>(.oldest, before: 0, after: 0)).rows.first?.receivedAt
        try copyEvents(of: bucket.name, since: request.since, through: latest(), to: store)
        if !order.isResumed { try reader.removedVersions { try store.add($0) } }

        var pages = 0
        let end = try Reconciliation(client, bucket, store, rules: rules, recordBegins: first).run(
            mostCalls: order.mostCalls ?? .max
        ) { versions, calls in
            pages += 1
            return goesOn(Progress(versions: versions, calls: calls, expected: past.versions))
        }
        // Adds events that have arrived since the beginning.
        try copyEvents(of: bucket.name, since: request.since, through: latest(), to: store)
        try store.settle()
        var report = try ReconcileReport(
            store, request, end, rules: rules?.map(\.rule) ?? [],
            log: ReceivingLog(ProcessEnvironment.log, history: history), reader)
        report.otherCalls = client.requests - pages
        try found(store)
        guard end == .done else { return report }
        if let action = order.action, report.missing + report.reconciled > 0 {
            try act { act in report.addition = try self.act(action, bucket, store, by: act) }
        }
        past.keep(calls: report.calls, versions: report.total)
        store.delete()
        return report
    }

    private static func request(_ order: Order) -> ReconcileRequest {
        let now = Timestamp.now
        let reach = Int64(Order.usualReach / .milliseconds(1))
        return ReconcileRequest(
            bucket: order.bucket, since: order.since ?? Timestamp(milliseconds: now.milliseconds - reach),
            prefix: order.prefix, rule: order.rule, now: now, grace: order.grace)
    }

    /// Returns the rules to consider; nil if the key may not read them.
    private func rules(
        _ request: ReconcileRequest, _ bucket: Bucket, _ seen: SeenRules
    ) throws -> [ReconcileRule]? {
        guard try client.authorize().capabilities.contains(B2Capability.readRules) else {
            if request.rule != nil { try client.require([B2Capability.readRules]) }
            say(
                "the key may not read the bucket's rules (\(B2Capability.readRules)): every object is taken to be in one",
                .warning)
            return nil
        }
        let rules = try client.rules(of: bucket)
        if let name = request.rule, !rules.contains(where: { $0.name == name }) {
            throw RuleBook.missing(name, bucket, rules)
        }
        for suspension in rules.compactMap(\.suspension) { say(suspension, .warning) }
        let known = seen.times
        let timed = try rules.map { rule in
            let first = try reader.firstEvent(ofRule: rule.name, bucket: bucket.name)
            return ReconcileRule(rule, since: [first, known[rule.name]].compactMap(\.self).min())
        }
        seen.keep(timed, at: Timestamp(milliseconds: request.now))
        return timed
    }

    /// Copies the record's events of the bucket's versions, from where it was last read.
    private func copyEvents(
        of bucket: String, since: Int64, through last: Int64, to store: ReconcileStore
    ) throws {
        // An event may be older than its arrival, never younger by more than clocks differ.
        let since = Timestamp(milliseconds: since - 86_400_000)
        var row = try store.seen()
        while row < last {
            let stretch = try reader.versionEvents(of: bucket, since: since, after: row, through: last)
            try store.add(stretch.events, through: stretch.through)
            row = stretch.through
        }
    }

    /// Runs an action for all versions without a valid event.
    private func act(
        _ action: String, _ bucket: Bucket, _ store: ReconcileStore, by act: Act
    ) throws -> Outbox.Addition {
        let account = try client.authorize().accountID
        let id = try reader.actionID(action)
        let seen = try store.seen()
        var sum = Outbox.Addition()
        var last: ReconcileStore.Candidate?
        while true {
            let candidates = try store.candidates(after: last, limit: Self.part, for: id)
            guard let end = candidates.last else { return sum }
            last = end
            let versions = candidates.filter { !$0.isDone }.map { candidate in
                let version = candidate.version
                return ReconciledVersion(
                    kind: version.kind, id: version.id, name: version.name, size: version.size,
                    uploaded: version.uploaded, accountID: account, bucketID: bucket.id, bucket: bucket.name,
                    rule: version.rule, others: candidate.others)
            }
            sum.there += candidates.count - versions.count
            if !versions.isEmpty { sum += try act(action, versions, seen) }
        }
    }
}

extension ReconcileRun {
    /// Creates a comparison in a process that receives.
    init(_ client: B2Client, _ receiver: Receiver) {
        self.init(
            client: client, reader: receiver.history.reader, history: receiver.history.path,
            say: { receiver.note("reconcile: \($0)", $1) })
    }
}

// MARK: - Files

/// The files of a bucket's comparisons.
struct ReconcileFiles {
    private let bucket: String
    private let place: String

    /// - Throws: `PlacesError` if there is no place for files.
    init(_ bucket: String) throws(PlacesError) {
        self.bucket = bucket
        place = "\(try ProcessEnvironment.places.comparisons)/\(bucket.replacing("/", with: "_"))"
    }

    /// The file of an unfinished comparison.
    var store: String { "\(place).sqlite" }
    var rules: String { "\(place).rules" }
    var past: String { "\(place).past" }

    /// Locks the comparisons of the bucket, because two at once would write to one file.
    ///
    /// - Throws: `B2Problem` if another comparison is running.
    func lock() throws(B2Problem) -> FileLock {
        try? PrivateFolder.make(PathParts(place).folder)
        do throws(FileLock.Problem) {
            return try FileLock("\(place).lock")
        } catch {
            switch error {
            case .inUse: throw B2Problem(.other, "another b2watch compares \(bucket) now: wait until it has ended")
            case .unusable(let number):
                throw B2Problem(.other, "\(place).lock cannot be made: \(String(cString: strerror(number)))")
            case .noLocks(let number):
                throw B2Problem(.other, "\(place).lock cannot be locked: \(String(cString: strerror(number)))")
            }
        }
    }
}

/// The size of the last complete comparison of a bucket, kept as an estimate of the next: B2 gives no count beforehand.
struct PastReconcile {
    private let path: String
    private let calls: Int?
    /// The number of versions that were compared.
    let versions: Int?

    init(path: String) {
        self.path = path
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        let numbers = text.split(whereSeparator: \.isWhitespace).map { Int($0) }
        calls = numbers.first ?? nil
        versions = numbers.count > 1 ? numbers[1] : nil
    }

    /// The number of calls in words, by the class of their price.
    var estimate: String {
        guard let calls else { return "how many class C calls that takes is unknown before the first time" }
        return "the last time that took \(ReconcileReport.words(ofCalls: calls)), and none of class A or B"
    }

    func keep(calls: Int, versions: Int) {
        try? "\(calls) \(versions)\n".write(toFile: path, atomically: true, encoding: .utf8)
    }
}

/// The times at which b2watch first saw the rules of a bucket, because B2 does not report when a rule was made.
struct SeenRules {
    private let path: String
    /// The times by the rules' names.
    let times: [String: Timestamp]

    init(path: String) {
        self.path = path
        let lines = ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: "\n")
        times = lines.reduce(into: [:]) { times, line in
            let words = line.split(separator: " ")
            guard words.count == 2, let time = Int64(words[1]) else { return }
            times[String(words[0])] = Timestamp(milliseconds: time)
        }
    }

    /// Reads the times of a bucket's rules; nil without a place for them.
    init?(ofBucket bucket: String) {
        guard let files = try? ReconcileFiles(bucket) else { return nil }
        self.init(path: files.rules)
    }

    /// Notes that a rule exists now. Without a stored time, missing versions are unknown, but nothing fails.
    func note(_ rule: String) {
        guard times[rule] == nil else { return }
        try? PrivateFolder.make(PathParts(path).folder)
        write(times.merging([rule: Timestamp.now]) { old, _ in old }.sorted { $0.key < $1.key })
    }

    /// Keeps the earliest known time of each rule; removes deleted rules.
    func keep(_ rules: [ReconcileRule], at now: Timestamp) {
        write(rules.map { ($0.rule.name, $0.since ?? now) })
    }

    private func write(_ times: [(key: String, value: Timestamp)]) {
        let lines = times.map { "\($0.key) \($0.value.milliseconds)\n" }
        try? lines.joined().write(toFile: path, atomically: true, encoding: .utf8)
    }
}
