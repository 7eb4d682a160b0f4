import Actions
import Base
import Foundation
import History
import Notifications
import Synchronization
import TestSupport

@testable import Dashboard
@testable import Receiving

/// What questions are asked of: what a user's history has, and what a test lets a listener and the actions answer.
struct Store: Outside, @unchecked Sendable {
    // Sendable, because a test asks it on its own thread only.

    /// What was asked.
    struct Notes {
        var calls: [Call] = []
        var actionCalls: [Call] = []
        var previews: [Preview] = []
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
    let account: AccountScript
    /// What is answered; nil where there is no answer yet.
    var reply: (any ListenerRequest) -> Result<any Sendable, EffectFailure>?
    var preview: (Preview) -> DryRun?
    var outcome: (ActRequest) -> ActOutcome?
    var export: (ExportRequest) -> Result<ExportOutcome, EffectFailure>? = { _ in nil }
    var read: () -> Result<DashboardSettings, EffectFailure>? = { nil }

    init(_ user: User, keyring: KeyringSummary) {
        self.user = user
        self.keyring = keyring
        account = user.account
        reply = { request in user.replies.lazy.compactMap { $0(request) }.first.map { .success($0) } }
        preview = user.preview.map { preview in { preview($0) } } ?? { _ in nil }
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

    func deliveries(_ question: ListQuestion<DeliveryRow>) throws -> ListAnswer<DeliveryRow> {
        try ListSource {
            ListWindow<DeliveryRow>(user.deliveries, $0)
        } keep: { predicate, rows in
            let found = Set(user.history.filter { predicate.holds(for: $0) }.map(\.deliveryID))
            return rows.filter { found.contains($0.id) }
        }.answer(question)
    }

    func entries(_ question: ListQuestion<OutboxRow>, _ scope: EntryScope) throws -> ListAnswer<OutboxRow> {
        let listed = user.entries.filter {
            $0.entry.action == scope.action && (scope.states?.contains($0.entry.state) ?? true)
        }
        return try ListSource {
            ListWindow<OutboxRow>(listed, $0)
        } keep: { predicate, rows in
            rows.filter { predicate.holds(for: $0.event) }
        }.answer(question)
    }

    func log(_ question: ListQuestion<LogEntry>) throws -> ListAnswer<LogEntry> {
        try ListSource { request in
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

    func ask<Request: ListenerRequest<ReceiverDesk>>(_ request: Request) throws -> Request.Reply {
        if request is ReadKeyring, let keyring = keyring as? Request.Reply {
            notes.withLock { $0.keyringReads += 1 }
            return keyring
        }
        notes.withLock { $0.calls.append(Call(request)) }
        return try answer(request)
    }

    func ask<Request: ListenerRequest<ActionRunner>>(_ request: Request) throws -> Request.Reply {
        notes.withLock { notes in
            // What nobody has asked for.
            if let missed = request as? FindMissedRows, missed.reach == .newest {
                notes.glances.append(missed.action)
            } else {
                notes.actionCalls.append(Call(request))
            }
        }
        return try answer(request)
    }

    private func answer<Request: ListenerRequest>(_ request: Request) throws -> Request.Reply {
        guard let reply = try get(reply(request)) as? Request.Reply else { throw TestFailure() }
        return reply
    }

    func act(_ request: ActRequest, _ asking: Asking<ActOutcome>) throws -> ActOutcome {
        notes.withLock { $0.acts.append(request) }
        return try get(outcome(request).map { .success($0) })
    }

    func preview(_ action: String, _ rows: ActedRows) throws -> DryRun {
        let asked = Preview(action: action, rows: rows)
        notes.withLock { $0.previews.append(asked) }
        return try get(preview(asked).map { .success($0) })
    }
}

// MARK: - Calls

/// A request that was asked. Two are the same if they are on the wire, whatever the order of what they list.
struct Call: Sendable, Equatable, CustomStringConvertible {
    let request: any ListenerRequest

    init(_ request: any ListenerRequest) { self.request = request }

    var description: String { "\(request)" }

    private var wire: String {
        let json = (try? JSONEncoder().encode(request)).flatMap { try? JSONSerialization.jsonObject(with: $0) }
        return "\(type(of: request).name) \(Self.sorted(json ?? ""))"
    }

    private static func sorted(_ json: Any) -> String {
        switch json {
        case let fields as [String: Any]: "\(fields.map { "\($0): \(sorted($1))" }.sorted())"
        case let elements as [Any]: "\(elements.map(sorted).sorted())"
        default: "\(json)"
        }
    }

    static func == (one: Self, other: Self) -> Bool { one.wire == other.wire }
}

/// Returns requests as they are noted.
func calls(_ requests: any ListenerRequest...) -> [Call] { requests.map(Call.init) }

/// A dry run that was asked for.
struct Preview: Sendable, Hashable {
    let action: String
    let rows: ActedRows
}

/// A listener that answers test events alone.
struct NoListener: ListenerAsking {
    func ask<Request: ListenerRequest<ReceiverDesk>>(_ request: Request) throws -> Request.Reply {
        guard request is SendTestEvent, let reply = "answered 200 OK in 2 ms" as? Request.Reply else {
            throw TestFailure()
        }
        return reply
    }

    let isAway = true
    let answerTimes = AnswerTimesSummary()
    let hasReceivedFromElsewhere = false
}
