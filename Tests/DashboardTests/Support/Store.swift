import Base
import History
import Notifications
import Synchronization

@testable import Dashboard

/// What questions are asked of: what a user's history has, and what a test lets a listener and the actions answer.
struct Store: Outside, @unchecked Sendable {
    // Sendable, because a test asks it on its own thread only.

    /// What was asked.
    struct Notes {
        var calls: [ControlCall] = []
        var actionCalls: [ActionCall] = []
        var glances: [String] = []
        var acts: [ActRequest] = []
        var exports: [ExportRequest] = []
        var reads: [WindowRequest<Int64>] = []
        var pulseReads: [PulseReading.Ticket] = []
        var counted: [MatchCounts.Item] = []
        var keyringReads = 0
        var settingsReads = 0
        /// Whether there is no answer yet.
        var isUnanswered = false
    }

    final class Notebook: Sendable {
        private let notes = Mutex(Notes())

        func withLock<Result>(_ body: (inout sending Notes) -> sending Result) -> sending Result {
            notes.withLock(body)
        }
    }

    private struct Unanswered: Error {}

    let notes = Notebook()
    private let user: User
    private let keyring: KeyringSummary
    /// What is answered; nil where there is no answer yet.
    var control: (ControlCall) -> Result<ControlOutcome, EffectFailure>? = { _ in nil }
    var action: (ActionCall) -> Result<ActionAnswer, EffectFailure>?
    var outcome: (ActRequest) -> ActOutcome?
    var export: (ExportRequest) -> Result<ExportOutcome, EffectFailure>? = { _ in nil }
    var read: () -> Result<DashboardSettings, EffectFailure>? = { nil }

    init(_ user: User, keyring: KeyringSummary) {
        self.user = user
        self.keyring = keyring
        action = user.answer ?? { _ in nil }
        outcome = user.outcome.map { outcome in { outcome($0) } } ?? { _ in nil }
    }

    /// Returns the parts of the answer, and its end; none where there is no answer yet.
    func answers(to asked: Asked) -> [Answered] {
        let parts = Mutex<[Answered]>([])
        let asking = Asking<any Sendable>(Cancellation()) { part in
            let answered = Answered(slot: asked.slot, number: asked.number, answer: .success(part), isPart: true)
            parts.withLock { $0.append(answered) }
        }
        let answer = asked.work(self, asking)
        guard !notes.withLock({ $0.isUnanswered }) else { return [] }
        return parts.withLock { $0 } + [Answered(slot: asked.slot, number: asked.number, answer: answer)]
    }

    /// Returns an answer.
    ///
    /// - Throws: The failure answered, or that there is no answer yet.
    private func get<Answer>(_ result: Result<Answer, EffectFailure>?) throws -> Answer {
        guard let result else {
            notes.withLock { $0.isUnanswered = true }
            throw Unanswered()
        }
        return try result.get()
    }

    // MARK: - The history

    func rows(_ request: WindowRequest<Int64>) throws -> ListWindow<EventRow> {
        notes.withLock { $0.reads.append(request) }
        return user.window(request)
    }

    func deliveries(_ question: ListQuestion<DeliveryRow>) -> ListAnswer<DeliveryRow> {
        ListSource {
            ListWindow<DeliveryRow>(user.deliveries, $0)
        } keep: { predicate, rows in
            let found = Set(user.history.filter(predicate.holds).map(\.deliveryID))
            return rows.filter { found.contains($0.id) }
        }.answer(question)
    }

    func entries(_ question: ListQuestion<OutboxRow>, _ scope: EntryScope) -> ListAnswer<OutboxRow> {
        let listed = user.entries.filter {
            $0.entry.action == scope.action && (scope.states?.contains($0.entry.state) ?? true)
        }
        return ListSource {
            ListWindow<OutboxRow>(listed, $0)
        } keep: { predicate, rows in
            rows.filter { predicate.holds(for: $0.event) }
        }.answer(question)
    }

    func log(_ question: ListQuestion<LogEntry>) -> ListAnswer<LogEntry> {
        ListSource { request in
            if let failure = user.logFailure { throw failure }
            return ListWindow<LogEntry>(user.log, request)
        } keep: { predicate, entries in
            entries.filter(LogScreen.holds(predicate))
        }.answer(question)
    }

    func rules(after id: Int64, through last: Int64) throws -> RuleStretch {
        let rows = user.history.filter { $0.id > id && $0.id <= last && $0.position != nil }
        return RuleStretch(
            rules: rows.map { row in
                RuleCount(
                    bucket: row.bucketName.text, rule: row.matchedRuleName.text, events: [row.verdict: 1],
                    last: row.receivedAt, secrets: row.verdict == .valid ? Set([row.secret].compactMap(\.self)) : [])
            }, through: last)
    }

    func listedActions() throws -> [ListedAction] { user.actions }

    func entry(_ id: Int64) throws -> TextPage.Content {
        user.entries.first { $0.id == id }.map { .entry($0, user.exchanges[id]) }
            ?? .nothing("This entry is no longer recorded.")
    }

    func seek(_ request: SeekRequest, isCancelled: @Sendable () -> Bool) throws -> SeekOutcome { user.seek(request) }

    func delivery(nearestTo stretch: Range<Timestamp>) throws -> Int64? {
        user.history.min { stretch.distance(to: $0.receivedAt) < stretch.distance(to: $1.receivedAt) }?.deliveryID
    }

    func logPlace(nearestTo stretch: Range<Timestamp>) throws -> LogPlace? {
        func distance(_ entry: LogEntry) -> Int64 { entry.time.map(stretch.distance) ?? .max }
        return user.log.filter { $0.time != nil }.min { distance($0) < distance($1) }?.id
    }

    func nextDelivery(sharingEventWith id: Int64) throws -> Int64? { user.otherDelivery(than: id) }

    func firstSteps(after id: Int64) throws -> FirstSteps { user.steps }

    func values() throws -> SeenValues { user.recorded }

    func count(
        _ predicate: RowPredicate, in rows: ClosedRange<Int64>, isCancelled: @Sendable () -> Bool
    ) throws -> Int? {
        notes.withLock { $0.counted.append(MatchCounts.Item(predicate: predicate, first: rows.lowerBound)) }
        return user.history.count { rows.contains($0.id) && predicate.holds(for: $0) }
    }

    func pulse(_ ticket: PulseReading.Ticket, adding: Pulse?, _ asking: Asking<Pulse?>) throws -> Pulse? {
        notes.withLock { $0.pulseReads.append(ticket) }
        return try get(user.pulse.map { .success($0(ticket.request)) })
    }

    func document(_ request: DocumentRequest, isCancelled: @escaping @Sendable () -> Bool) -> DetailDocument {
        DetailDocument(user.document(request), for: request)
    }

    func copy(_ request: CopyRequest) throws -> Copied { try user.copy(request) }

    func export(_ request: ExportRequest, _ asking: Asking<ExportOutcome>) throws -> ExportOutcome {
        notes.withLock { $0.exports.append(request) }
        return try get(export(request))
    }

    func settings() throws -> DashboardSettings {
        notes.withLock { $0.settingsReads += 1 }
        return try get(read())
    }

    // MARK: - The listener and the actions

    var listener: any ListenerControl { StoreControl(store: self) }
    var actions: (any ActionControl)? { StoreControl(store: self) }

    func act(_ request: ActRequest, _ asking: Asking<ActOutcome>) throws -> ActOutcome {
        notes.withLock { $0.acts.append(request) }
        return try get(outcome(request).map { .success($0) })
    }

    func preview(_ action: String, _ rows: ActedRows) throws -> DryRun {
        guard case .preview(let run) = try answer(.preview(action, rows)) else { throw TestFailure() }
        return run
    }

    fileprivate func answer(_ call: ControlCall) throws -> ControlOutcome {
        notes.withLock { $0.calls.append(call) }
        return try get(control(call))
    }

    fileprivate func answer(_ call: ActionCall) throws -> ActionAnswer {
        notes.withLock { notes in
            // What nobody has asked for.
            if case .missed(let name, .newest) = call {
                notes.glances.append(name)
            } else {
                notes.actionCalls.append(call)
            }
        }
        return try get(action(call))
    }

    fileprivate func readKeyring() -> KeyringSummary {
        notes.withLock { $0.keyringReads += 1 }
        return keyring
    }
}

// MARK: - Calls

/// What was asked of the listener.
enum ControlCall {
    case addSecret(SecretDraft)
    case replaceSecret(String, SecretDraft)
    case forgetSecret(String, wasLeaked: Bool)
    case markLeaked(SecretIdentity)
    case rememberSecret(String)
    case nameUnsigned(UnsignedDraft)
    case forgetUnsigned(String)
    case cancelJudging
    case resumeJudging
    case reloadSecrets
    case sendTestEvent
}

/// What the listener answered.
enum ControlOutcome {
    case keyring(KeyringSummary)
    case said(String)
    case done
}

/// What was asked of whoever runs the actions.
enum ActionCall: Hashable {
    case setPaused(String, Bool)
    case retryEntry(Int64)
    case skipEntry(Int64)
    case retryAll(String, Set<EntryState>)
    case skipAll(String, Set<EntryState>)
    case preview(String, ActedRows)
    case test(String)
    case missed(String, MissedReach)
}

/// What whoever runs the actions answered.
enum ActionAnswer: Hashable {
    case done
    case count(Int)
    case preview(DryRun)
    case sentence(String)
    case missed(MissedRows)
}

/// A listener, and whoever runs the actions, that answer as a test says.
private struct StoreControl: ListenerControl, ActionControl {
    let store: Store

    private func keyring(_ call: ControlCall) throws -> KeyringSummary {
        if case .keyring(let keyring) = try store.answer(call) { keyring } else { KeyringSummary() }
    }

    private func sentence(_ call: ControlCall) throws -> String {
        if case .said(let sentence) = try store.answer(call) { sentence } else { "" }
    }

    private func count(_ call: ActionCall) throws -> Int {
        if case .count(let count) = try store.answer(call) { count } else { 0 }
    }

    func keyring() throws -> KeyringSummary { store.readKeyring() }
    func addSecret(_ draft: SecretDraft) throws -> KeyringSummary { try keyring(.addSecret(draft)) }
    func replaceSecret(_ label: String, with draft: SecretDraft) throws -> KeyringSummary {
        try keyring(.replaceSecret(label, draft))
    }
    func forgetSecret(_ label: String, wasLeaked: Bool) throws -> KeyringSummary {
        try keyring(.forgetSecret(label, wasLeaked: wasLeaked))
    }
    func markLeaked(_ secret: SecretIdentity) throws -> KeyringSummary { try keyring(.markLeaked(secret)) }
    func rememberSecret(_ label: String) throws -> String { try sentence(.rememberSecret(label)) }
    func nameUnsigned(_ draft: UnsignedDraft) throws -> KeyringSummary { try keyring(.nameUnsigned(draft)) }
    func forgetUnsigned(_ rule: String) throws -> KeyringSummary { try keyring(.forgetUnsigned(rule)) }
    func cancelJudging() throws { _ = try store.answer(.cancelJudging) }
    func resumeJudging() throws { _ = try store.answer(.resumeJudging) }
    func sendTestEvent() throws -> String { try sentence(.sendTestEvent) }
    func reloadSecrets() throws -> KeyringSummary { try keyring(.reloadSecrets) }
    func evidence(for record: DeliveryRecord, isCancelled: @escaping @Sendable () -> Bool) -> SignatureEvidence {
        SignatureEvidence(record.delivery, keyring: Keyring())
    }
    func holdsSecret(in bytes: [UInt8]) -> Bool { false }
    func answerTimes() -> AnswerTimesSummary { AnswerTimesSummary() }
    func hasReceivedFromElsewhere() -> Bool { false }

    func setPaused(_ action: String, _ isPaused: Bool) throws { _ = try store.answer(.setPaused(action, isPaused)) }
    func retryEntries(_ entries: [Int64]) throws -> Int { try count(.retryEntry(entries.first ?? 0)) }
    func skipEntries(_ entries: [Int64]) throws -> Int { try count(.skipEntry(entries.first ?? 0)) }
    func retryAll(_ action: String, in states: Set<EntryState>) throws -> Int { try count(.retryAll(action, states)) }
    func skipAll(_ action: String, in states: Set<EntryState>) throws -> Int { try count(.skipAll(action, states)) }
    func testAction(_ action: String) throws -> String {
        if case .sentence(let sentence) = try store.answer(.test(action)) { sentence } else { "" }
    }
    func missedRows(_ action: String, in reach: MissedReach) throws -> MissedRows {
        if case .missed(let missed) = try store.answer(.missed(action, reach)) { missed } else { MissedRows() }
    }
    func runAction(_ action: String, rows: [Int64]) throws -> Outbox.Addition { Outbox.Addition() }
    func previewAction(_ action: String, rows: [Int64]) throws -> [UInt8] { [] }
    func replay(
        _ deliveries: [Int64], to url: String?, while goesOn: (ReplayCount) -> Bool
    ) throws -> ReplayCount { ReplayCount() }
    func actionNames() throws -> [String] { [] }
}

/// A listener that is not there.
struct NoListener: ListenerControl {
    func keyring() throws -> KeyringSummary { KeyringSummary() }
    func addSecret(_ draft: SecretDraft) throws -> KeyringSummary { throw TestFailure() }
    func replaceSecret(_ label: String, with draft: SecretDraft) throws -> KeyringSummary { throw TestFailure() }
    func forgetSecret(_ label: String, wasLeaked: Bool) throws -> KeyringSummary { KeyringSummary() }
    func markLeaked(_ secret: SecretIdentity) throws -> KeyringSummary { KeyringSummary() }
    func rememberSecret(_ label: String) throws -> String { "a file" }
    func nameUnsigned(_ draft: UnsignedDraft) throws -> KeyringSummary { throw TestFailure() }
    func forgetUnsigned(_ rule: String) throws -> KeyringSummary { KeyringSummary() }
    func cancelJudging() throws {}
    func resumeJudging() throws {}
    func sendTestEvent() throws -> String { "answered 200 OK in 2 ms" }
    func reloadSecrets() throws -> KeyringSummary { KeyringSummary() }
    func evidence(for record: DeliveryRecord, isCancelled: @escaping @Sendable () -> Bool) -> SignatureEvidence {
        SignatureEvidence(record.delivery, keyring: Keyring())
    }
    func holdsSecret(in bytes: [UInt8]) -> Bool { false }
    func answerTimes() -> AnswerTimesSummary { AnswerTimesSummary() }
    func hasReceivedFromElsewhere() -> Bool { false }
}
