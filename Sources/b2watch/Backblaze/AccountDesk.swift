import Backblaze
import Base
import Foundation
import History
import Notifications
import Receiving
import Sending
import Settings

/// The user's Backblaze account, in the process that receives: it has the application keys, and no dashboard does.
///
/// It reads and changes rules only when it is asked to. Each request has a client of its own, so a changed key file counts
/// from the next request on.
final class AccountDesk: AccountAnswering, AccountAsking {
    private struct State {
        /// The settings of the configured comparisons, which name key files and times of silence.
        var settings: [ReconcileSetting] = []
        /// The public URL that a connection has proved.
        var connectedURL: String?
        var comparisons: [String: Comparison] = [:]
        /// The clients in use.
        var clients: [ObjectIdentifier: OutgoingClient] = [:]
        var isStopped = false
    }

    /// A comparison of a bucket.
    private struct Comparison {
        var state = ComparisonState()
        var isCancelled = false

        mutating func change(_ body: (inout ComparisonState) -> Void) {
            body(&state)
            state.number += 1
        }
    }

    /// The most buckets whose rules are read at once.
    private static let mostBuckets = 25
    /// The most missing versions that are listed.
    private static let mostListed = 1_000
    /// The longest wait for news of a comparison.
    private static let patience = Duration.milliseconds(500)

    private let receiver: Receiver
    private let desk: ReceiverDesk
    private let suspended: SuspendedRules
    /// The key of a connection; nil to use that of the environment.
    private let key: ApplicationKey?
    private let state = Monitor(State())
    private let worker = Worker("account", isBackground: true)

    /// - Parameters:
    ///   - suspended: Receives the suspended rules of each bucket that is read.
    ///   - key: The key to use before that of the environment.
    init(_ receiver: Receiver, _ desk: ReceiverDesk, _ suspended: SuspendedRules, key: ApplicationKey? = nil) {
        self.receiver = receiver
        self.desk = desk
        self.suspended = suspended
        self.key = key
    }

    func ask<Request: ListenerRequest<any AccountAnswering>>(_ request: Request) throws -> Request.Reply {
        try request.answer(self)
    }

    /// Applies the settings of a configuration, from now on.
    func change(_ configuration: Configuration) {
        state.withLock { $0.settings = configuration.reconcile }
    }

    /// Notes that a public URL leads to this listener.
    func connected(_ url: String) {
        state.withLock { $0.connectedURL = url }
    }

    /// Gives up all requests and comparisons under way. Blocks.
    func stop() {
        let clients = state.change { state in
            state.isStopped = true
            return Array(state.clients.values)
        }
        clients.forEach { $0.shutdown() }
        worker.wait()
    }

    // MARK: - Reading rules

    func readRules(of buckets: [String]) throws -> AccountReading {
        var reading = AccountReading()
        let settings = state.withLock(\.settings)
        let filed = settings.filter { $0.keyFile != nil }
        for setting in filed {
            read(&reading, settings) {
                try processKey(file: setting.keyFile)
            } buckets: { client in
                [try client.bucket(named: setting.bucket.value)]
            }
        }
        let known = buckets + settings.filter { $0.keyFile == nil }.map(\.bucket.value)
        var surplus: String?
        read(&reading, settings) {
            try processKey(file: nil)
        } buckets: { client in
            let own = Set(filed.map(\.bucket.value))
            let all = try client.buckets().filter { !own.contains($0.name) }
            let sorted = all.filter { known.contains($0.name) } + all.filter { !known.contains($0.name) }
            if sorted.count > Self.mostBuckets {
                surplus =
                    "the account has \(sorted.count) buckets: the rules of \(Self.mostBuckets) were read, the others"
                    + " only by b2watch rules list BUCKET"
            }
            return Array(sorted.prefix(Self.mostBuckets))
        }
        if let surplus { reading.problems.append(surplus) }
        if reading.keys.isEmpty, reading.problems.isEmpty {
            reading.missingKey =
                "Set \(EnvironmentKey.idVariable) and \(EnvironmentKey.keyVariable) to see and change the rules."
        }
        reading.rules.sort { ($0.bucket, $0.name) < ($1.bucket, $1.name) }
        reading.buckets.sort()
        return reading
    }

    /// Reads the rules of the buckets of a key. Failures become sentences of the reading.
    private func read(
        _ reading: inout AccountReading, _ settings: [ReconcileSetting], key: () throws -> ApplicationKey?,
        buckets: (B2Client) throws -> [Bucket]
    ) {
        do {
            guard let key = try key() else { return }
            reading.keys.append("\(key), realm \(key.realm)")
            reading.problems += key.notes
            try withClient(key) { client in
                let url = publicURL(in: key.realm)
                reading.publicURL = reading.publicURL ?? url
                for bucket in try buckets(client) {
                    let rules = try client.rules(of: bucket)
                    let silentAfter = settings.first { $0.bucket.value == bucket.name }?.silentAfter
                    reading.buckets.append(bucket.name)
                    reading.rules += rules.map { rule in
                        var shown = AccountRule(rule, of: bucket.name, publicURL: url)
                        if let silentAfter, rule.isEnabled, !rule.isSuspended {
                            shown.silentSince =
                                receiver.history.reader.silence(
                                    ofRule: rule.name, bucket: bucket.name, longerThan: silentAfter)?.milliseconds
                        }
                        return shown
                    }
                    suspended.note(rules.compactMap(\.suspension), of: bucket.name)
                }
            }
        } catch {
            reading.problems.append("\(error)")
        }
    }

    // MARK: - Changing rules

    func plan(_ change: RuleChange) throws -> RulePlan {
        try withBook(change.bucket) { book in
            let key = book.client.introduction
            if change.kind == .saveSecret {
                let rule = try book.rule(named: change.rule)
                let (secret, saved) = try self.secret(of: rule, book)
                let place = try? ProcessEnvironment.places.secrets
                return RulePlan(
                    [
                        RulePlan.Difference(
                            "saved secret", old: saved?.isRemembered == true ? "\(secret)" : nil,
                            new: "\(secret), for rule:\(rule.name), in \(place ?? "memory")")
                    ], key: key, notes: ["the rule stays as it is"], version: "")
            }
            let plan = try book.plan(try edit(change, book, secret: Self.anySecret), of: change.rule)
            return RulePlan(
                plan.differences.map { RulePlan.Difference($0.name, old: $0.old, new: $0.new) }, key: key,
                notes: Self.notes(change.kind, plan.before), version: plan.version)
        }
    }

    /// Returns consequences of a change that its differences do not show, in sentences.
    private static func notes(_ kind: RuleChange.Kind, _ rule: NotificationRule?) -> [String] {
        switch kind {
        case .saveSecret, .enable, .edit: []
        case .disable where rule?.isSuspended == true:
            ["B2 sends nothing for it then; enable it again to lift the suspension"]
        case .disable: ["B2 sends nothing for it then, and nothing later for what happens in the meantime"]
        case .pointHere: ["its present receiver then gets nothing; that the URL leads here is proved first"]
        case .create: ["its signing secret is made here, and saved for it"]
        case .delete: ["a saved secret of it stays, so that what it verified stays valid"]
        }
    }

    func make(_ change: RuleChange, planned version: String) throws -> String {
        try withBook(change.bucket) { book in
            if change.kind == .saveSecret { return try saveSecret(of: book.rule(named: change.rule), book) }
            if change.kind == .pointHere { try SelfTest(receiver).prove(WebhookURL(try knownURL(book))) }
            let done = try book.make(
                try edit(change, book, secret: RuleSecret.fresh()), of: change.rule, planned: version)
            let sentence = "the rule \(change.rule) of \(change.bucket) is \(change.kind.done)"
            receiver.note(sentence, .info)
            var sentences = [sentence] + done.notes
            if case .create = change.kind, let rule = done.after {
                SeenRules(ofBucket: change.bucket)?.note(change.rule)
                do {
                    sentences.append(try saveSecret(of: rule, book))
                } catch {
                    sentences.append("its secret is not saved: \(error)")
                }
            }
            return sentences.joined(separator: "; ")
        }
    }

    /// The placeholder for a secret in a plan, which masks it.
    private static let anySecret = String(repeating: "0", count: 32)

    /// - Parameter secret: The signing secret of a new rule.
    private func edit(_ change: RuleChange, _ book: RuleBook, secret: String) throws -> RuleEdit {
        switch change.kind {
        case .saveSecret: return .update(RuleSettings())
        case .enable: return .update(RuleSettings(isEnabled: true))
        case .disable: return .update(RuleSettings(isEnabled: false))
        case .pointHere: return .update(RuleSettings(url: try knownURL(book)))
        case .edit(let draft): return .update(try RuleSettings(draft))
        case .create(let draft):
            var settings = try RuleSettings(draft)
            settings.secret = .value(secret)
            return .create(settings)
        case .delete: return .delete
        }
    }

    // MARK: - Secrets

    /// Returns the signing secret of a rule, and the current secret that is the same.
    private func secret(
        of rule: NotificationRule, _ book: RuleBook
    ) throws -> (secret: SigningSecret, saved: KeyringBook.Entry?) {
        let known = receiver.keyring.all
        let secret = try SavedSecrets.secret(
            book.secret(of: rule), ofRule: rule.name, among: known.map(\.secret))
        let same = known.first { $0.secret.isSame(as: secret) }
        return (same?.secret ?? secret, same)
    }

    /// Saves the signing secret of a rule.
    ///
    /// - Returns: What was done, in a sentence.
    private func saveSecret(of rule: NotificationRule, _ book: RuleBook) throws -> String {
        let (secret, same) = try secret(of: rule, book)
        if same == nil { _ = try desk.change { try receiver.keyring.add(secret, from: .rule(rule.name)) } }
        if same?.isRemembered == true { return "the secret \(secret) of the rule \(rule.name) is saved already" }
        let place = try desk.remember(secret.label)
        return "the secret \(secret) of the rule \(rule.name) is saved in \(place)"
    }

    // MARK: - Comparing

    func beginComparison(of bucket: String) throws {
        let isNew = state.change { state in
            if let known = state.comparisons[bucket], !known.state.isOver { return false }
            let number = state.comparisons[bucket]?.state.number ?? 0
            state.comparisons[bucket] = Comparison(state: ComparisonState(number: number + 1))
            return true
        }
        guard isNew else { return }
        worker.async { [self] in
            let result = Result { try compare(bucket) }
            state.change { state in
                state.comparisons[bucket]?.change { comparison in
                    switch result {
                    case .success(let report): comparison.report = report
                    case .failure(let error): comparison.failure = "\(error)"
                    }
                }
            }
        }
    }

    func comparison(of bucket: String, after number: Int) throws -> ComparisonState {
        let news = state.wait(until: .now + Self.patience) { state -> ComparisonState? in
            guard let comparison = state.comparisons[bucket] else { return ComparisonState(number: -1) }
            return comparison.state.number != number || state.isStopped ? comparison.state : nil
        }
        guard let state = news ?? state.withLock({ $0.comparisons[bucket]?.state }), state.number >= 0 else {
            throw B2Problem(.other, "no comparison of \(bucket) is under way")
        }
        return state
    }

    func cancelComparison(of bucket: String) {
        state.change { $0.comparisons[bucket]?.isCancelled = true }
    }

    private func compare(_ bucket: String) throws -> ComparisonReport {
        try withClient(try requiredKey(of: bucket)) { client in
            var missing: [ComparisonReport.Missing] = []
            let report = try ReconcileRun(client, receiver).run(
                ReconcileRun.Order(bucket), latest: { receiver.history.current.latestRow },
                while: { progress in
                    state.change { state in
                        state.comparisons[bucket]?.change { comparison in
                            comparison.versions = progress.versions
                            comparison.calls = progress.calls
                            comparison.expected = progress.expected
                        }
                        return state.comparisons[bucket]?.isCancelled == false && !state.isStopped
                    }
                },
                found: { store in
                    try store.visitMissing { version in
                        guard missing.count < Self.mostListed else { return }
                        missing.append(
                            ComparisonReport.Missing(
                                uploaded: version.uploaded, action: version.action, name: version.name,
                                size: version.size, rule: version.rule))
                    }
                },
                act: { _ in })
            suspended.note(report.suspended, of: bucket)
            receiver.note("reconcile: \(report.summary)", .info)
            return ComparisonReport(
                lines: report.lines, missing: report.missing, list: missing, isCancelled: report.end == .cancelled)
        }
    }

    // MARK: - Keys and clients

    /// Returns the key in a file, or the one of the connection or of the environment; nil if there is none.
    private func processKey(file: String?) throws -> ApplicationKey? {
        if file == nil, let key { return key }
        return try ApplicationKey.ofProcess(file: file)
    }

    private func requiredKey(of bucket: String) throws -> ApplicationKey {
        let file = state.withLock { $0.settings.first { $0.bucket.value == bucket }?.keyFile }
        guard let key = try processKey(file: file) else { throw B2Problem.noKey(for: bucket) }
        return key
    }

    /// Runs something on the rules of a bucket.
    private func withBook<Value>(_ bucket: String, _ body: (RuleBook) throws -> Value) throws -> Value {
        try withClient(try requiredKey(of: bucket)) { client in
            try body(client.book(of: bucket))
        }
    }

    /// Runs something with a client, which ends early when the desk stops.
    private func withClient<Value>(_ key: ApplicationKey, _ body: (B2Client) throws -> Value) throws -> Value {
        let http = try OutgoingClient.toBackblaze()
        let isStopped = state.withLock { state in
            state.clients[ObjectIdentifier(http)] = http
            return state.isStopped
        }
        defer {
            state.withLock { $0.clients[ObjectIdentifier(http)] = nil }
            http.shutdown()
        }
        guard !isStopped else { throw B2Problem(.other, "b2watch ends") }
        let clock = B2Clock(
            now: { Timestamp.now },
            wait: { [weak self] time in self?.state.wait(until: .now + time) { $0.isStopped ? true : nil } },
            isEnded: { [weak self] in self?.state.withLock(\.isStopped) ?? true })
        return try body(
            B2Client(key, http: http, clock: clock) { [receiver] in receiver.note("Backblaze: \($0)", .warning) })
    }

    // MARK: - The public URL

    /// Returns the public URL of this listener; nil if it is not known.
    private func publicURL(in realm: Realm) -> String? {
        if let url = state.withLock(\.connectedURL) { return url }
        // A Backblaze on this machine reaches the listener directly.
        return realm.isLoopback ? receiver.hook : recordedURL
    }

    private func knownURL(_ book: RuleBook) throws -> String {
        if let url = publicURL(in: book.client.key.realm) { return url }
        throw B2Problem(
            .rule,
            "the public URL of this listener is not known, because nothing that B2 has signed has arrived yet: edit the rule and"
                + " write its target, or use b2watch connect \(book.bucket.name)")
    }

    /// The most of the newest deliveries in which the public URL is searched.
    private static let mostSearched: Int64 = 200

    /// The URL of the latest delivery that was valid and arrived over the public address; nil if there is none.
    private var recordedURL: String? {
        let latest = receiver.history.current.latestDelivery
        let records = try? receiver.history.reader.deliveries(
            after: max(0, latest - Self.mostSearched), limit: Int(Self.mostSearched))
        let found = records?.last { record in
            let delivery = record.delivery
            let origin = DeliveryOrigin(remoteAddress: delivery.remoteAddress, headers: delivery.headers)
            return record.judgement.verdict == .valid && origin.isPublic && origin.isNamedB2
        }
        guard let delivery = found?.delivery,
            let host = delivery.headers.first(where: { $0.isNamed("X-Forwarded-Host") || $0.isNamed("Host") })?.value,
            let url = try? WebhookURL("https://\(host)\(delivery.target)"), !url.isLoopback
        else { return nil }
        return url.description
    }
}

// MARK: - Silent and suspended rules

extension HistoryReader {
    /// Returns the time of a rule's last event, if that is longer ago than a limit.
    func silence(ofRule rule: String, bucket: String, longerThan limit: Duration) -> Timestamp? {
        guard let last = try? lastEvent(ofRule: rule, bucket: bucket),
            Duration.milliseconds(Timestamp.now.milliseconds - last.milliseconds) > limit
        else { return nil }
        return last
    }
}

/// The suspended rules of each bucket as they were last read, which a warning shows.
final class SuspendedRules: Sendable {
    private let state = Monitor<[String: [String]]>([:])
    private let show: @Sendable (String?) -> Void

    /// - Parameter show: Shows a warning until another one, or nil, replaces it; from another thread, and must not block.
    init(show: @escaping @Sendable (String?) -> Void) {
        self.show = show
    }

    /// Notes the suspended rules of a bucket, in sentences.
    func note(_ sentences: [String], of bucket: String) {
        let (before, now) = state.withLock { state in
            let before = state.values.flatMap(\.self)
            state[bucket] = sentences
            return (before, state.sorted { $0.key < $1.key }.flatMap(\.value))
        }
        guard !before.isEmpty || !now.isEmpty else { return }
        show(now.isEmpty ? nil : now.joined(separator: "; "))
    }
}

// MARK: - Values of requests

extension AccountRule {
    /// Creates the rule without its secrets.
    ///
    /// - Parameter url: The public URL of this listener.
    init(_ rule: NotificationRule, of bucket: String, publicURL url: String?) {
        let state: State = rule.isSuspended ? .suspended : rule.isEnabled ? .enabled : .disabled
        self.init(
            bucket: bucket, name: rule.name, state: state, isEnabled: rule.isEnabled, suspension: rule.suspension,
            eventTypes: rule.eventTypes, prefix: rule.prefix, target: rule.shownURL, isSigned: rule.secret != nil,
            batch: rule.maxEventsPerBatch ?? 1, json: String(decoding: rule.masked.json.prettyBytes, as: UTF8.self))
        isTargetMasked = rule.shownURL != rule.url
        leadsHere = rule.url == url
    }
}

extension RuleChange.Kind {
    /// The word for what was done.
    fileprivate var done: String {
        switch self {
        case .saveSecret, .edit: "changed"
        case .enable: "enabled"
        case .disable: "disabled"
        case .pointHere: "pointed here"
        case .create: "created"
        case .delete: "deleted"
        }
    }
}

extension RuleSettings {
    /// Reads what a person has typed.
    ///
    /// - Throws: `B2Problem` that says what is wrong.
    init(_ draft: RuleDraft) throws(B2Problem) {
        self.init(url: draft.target)
        prefix = draft.prefix
        if let text = draft.eventTypes {
            let types = try RuleEventType.parse(text)
            guard !types.isEmpty else { throw B2Problem(.rule, "the rule has no event type: write some, or all") }
            eventTypes = types
        }
        if let text = draft.batch {
            guard let batch = Int(text), NotificationRule.batches.contains(batch) else {
                throw B2Problem(.rule, "“\(text)” is not a number of events of a notification: write 1 to 50")
            }
            maxEventsPerBatch = batch
        }
    }
}
