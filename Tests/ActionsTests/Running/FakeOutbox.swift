import Base
import Notifications
import Synchronization

@testable import Actions
@testable import History

/// The outbox and the events of a test, in memory. Its writes can be made to fail.
final class FakeOutbox: ActionStore {
    struct Failure: Error, CustomStringConvertible {
        var description: String { "the disk is full" }
    }

    struct State {
        var rows: [EventRow] = []
        var bodies: [Delivery] = []
        var actions: [ActionStatus] = []
        var entries: [OutboxEntry] = []
        var events: Set<String> = []
        /// The writes so far, such as `begin 3` and `done 3`.
        var log: [String] = []
        var failures = 0
        /// The number of next batches that begin although an error is thrown.
        var lateFailures = 0
        var firstWaiting = 0

        func status(_ id: Int64) -> Int { Int(id) - 1 }

        mutating func change(_ id: Int64, _ body: (inout OutboxEntry) -> Void) {
            body(&entries[Int(id) - 1])
            firstWaiting = min(firstWaiting, Int(id) - 1)
        }

        mutating func waiting(_ action: String) -> some Sequence<OutboxEntry> {
            while firstWaiting < entries.count, !entries[firstWaiting].state.isWaiting { firstWaiting += 1 }
            return entries[firstWaiting...].lazy.filter { $0.action == action }
        }

        mutating func add(_ action: ActionStatus, _ row: EventRow, at time: Timestamp) -> Bool {
            guard events.insert("\(action.name) \(row.eventId.text)").inserted else { return false }
            let id = Int64(entries.count + 1)
            entries.append(OutboxEntry(id: id, action: action.name, row: row.id, addedAt: time))
            return true
        }
    }

    let state = Monitor(State())
    /// Receives the action of each slice before it is read.
    private let walking: (@Sendable (Int64) -> Void)?

    init(walking: (@Sendable (Int64) -> Void)? = nil) {
        self.walking = walking
    }

    /// Adds a delivery of one event.
    func deliver(_ name: String, id: String? = nil, _ verdict: SignatureVerdict = .valid) {
        let body = Array(#"{"events":[{"eventId":"\#(id ?? name)","objectName":"\#(name)"}]}"#.utf8)
        let delivery = Delivery(
            receivedAt: Timestamp(milliseconds: 0), remoteAddress: "::1", method: "POST", target: "/", headers: [],
            body: body)
        state.change { state in
            let id = Int64(state.rows.count + 1)
            state.rows.append(
                EventRow(
                    id: id, deliveryID: id, position: 0, eventCount: 1, receivedAt: delivery.receivedAt,
                    verdict: verdict,
                    event: Payload(scanning: body).events.first ?? NotificationEvent()))
            state.bodies.append(delivery)
        }
    }

    var latestRow: Int64 { state.withLock { Int64($0.rows.count) } }
    var log: [String] { state.withLock { $0.log } }
    func states() -> [EntryState] { state.withLock { $0.entries.map(\.state) } }

    /// Makes this number of next writes fail.
    func fail(_ count: Int) { state.change { $0.failures = count } }

    /// Makes this number of next batches begin although an error is thrown.
    func failBegun(_ count: Int) { state.change { $0.lateFailures = count } }

    private func write<Result: Sendable>(_ body: (inout State) throws -> Result) throws -> Result {
        try state.change { state in
            if state.failures > 0 {
                state.failures -= 1
                throw Failure()
            }
            return try body(&state)
        }
    }

    func declare(_ actions: [Outbox.Declaration]) throws -> [String: Int64] {
        try write { state in
            for index in state.actions.indices { state.actions[index].isDeclared = false }
            for action in actions {
                if let index = state.actions.firstIndex(where: { $0.name == action.name }) {
                    state.actions[index].isDeclared = true
                } else {
                    let last = Int64(state.rows.count)
                    state.actions.append(
                        ActionStatus(
                            id: Int64(state.actions.count + 1), name: action.name, kind: action.kind,
                            summary: action.summary, cursor: last, start: last))
                }
            }
            return Dictionary(uniqueKeysWithValues: state.actions.filter(\.isDeclared).map { ($0.name, $0.id) })
        }
    }

    func walk(
        _ action: Int64, through last: Int64, matching predicate: RowPredicate, at time: Timestamp
    ) throws -> Outbox.Walk {
        walking?(action)
        return try write { state in
            let index = Int(action) - 1
            let end = min(last, state.actions[index].cursor + 200)
            var added = 0
            for row in state.rows[Int(state.actions[index].cursor)..<max(Int(end), Int(state.actions[index].cursor))]
            where Self.matches(row, predicate) && state.add(state.actions[index], row, at: time) {
                added += 1
            }
            state.actions[index].cursor = max(end, state.actions[index].cursor)
            return Outbox.Walk(cursor: state.actions[index].cursor, added: added)
        }
    }

    private static func matches(_ row: EventRow, _ predicate: RowPredicate) -> Bool {
        switch predicate {
        case .all(let parts): parts.allSatisfy { matches(row, $0) }
        case .verdict(let verdicts): verdicts.contains(row.verdict)
        default: false
        }
    }

    func add(_ action: Int64, rows: [Int64], at time: Timestamp) throws -> Outbox.Addition {
        try write { state in
            var addition = Outbox.Addition()
            for id in rows {
                guard state.rows.indices.contains(Int(id) - 1) else {
                    addition.unfit += 1
                    continue
                }
                let isNew = state.add(state.actions[Int(action) - 1], state.rows[Int(id) - 1], at: time)
                if isNew { addition.added += 1 } else { addition.there += 1 }
            }
            return addition
        }
    }

    func reconcile(
        _ action: Int64, _ versions: [ReconciledVersion], seen: Int64, at time: Timestamp
    ) throws -> Outbox.Addition { throw Failure() }

    func begin(_ entries: [Int64], batch: Int64, at time: Timestamp) throws -> [Int64] {
        try write { state in
            let begun = entries.filter { [.queued, .failed].contains(state.entries[Int($0) - 1].state) }
            for id in begun {
                state.log.append("begin \(id)")
                state.change(id) { entry in
                    if entry.attempts == 0 { entry.since = time }
                    (entry.state, entry.batch, entry.changedAt) = (.running, batch, time)
                    entry.attempts += 1
                }
            }
            if state.lateFailures > 0 {
                state.lateFailures -= 1
                throw Failure()
            }
            return begun
        }
    }

    func takeBack(_ action: Int64, batch: Int64, at time: Timestamp) throws {
        try write { state in
            for entry in state.entries where entry.state == .running && entry.batch == batch {
                state.log.append("take back \(entry.id)")
                state.change(entry.id) {
                    ($0.state, $0.attempts, $0.batch, $0.changedAt) = (.queued, $0.attempts - 1, nil, time)
                }
            }
        }
    }

    func settle(
        _ settlements: [Outbox.Settlement], exchange: OutboxExchange?, reports: [Outbox.FailureReport],
        at time: Timestamp
    ) throws {
        try write { state in
            for report in reports {
                let id = Int64(state.entries.count + 1)
                let name = state.actions[Int(report.action) - 1].name
                state.entries.append(
                    OutboxEntry(id: id, action: name, row: report.row, addedAt: time, note: report.note))
            }
            for settlement in settlements {
                state.log.append("\(settlement.state.word) \(settlement.entry)")
                state.change(settlement.entry) { entry in
                    (entry.state, entry.due, entry.changedAt) = (settlement.state, settlement.due, time)
                    entry.reason = settlement.reason
                    if settlement.state == .queued { entry.since = time }
                }
            }
        }
    }

    func setPaused(_ action: Int64, _ isPaused: Bool) throws {
        try write { $0.actions[Int(action) - 1].isPaused = isPaused }
    }

    func hold(_ action: Int64, _ hold: ActionHold?) throws {
        state.change { $0.actions[Int(action) - 1].hold = hold }
    }

    func retry(_ entries: [Int64], at time: Timestamp) throws -> Int {
        try write { state in
            let chosen = entries.filter { state.entries[Int($0) - 1].state.canBeRetried }
            for id in chosen {
                state.change(id) {
                    ($0.state, $0.attempts, $0.due, $0.since, $0.changedAt) = (.queued, 0, nil, time, time)
                }
            }
            return chosen.count
        }
    }

    func retryAll(_ action: Int64, in states: Set<EntryState>, at time: Timestamp) throws -> Int {
        let name = state.withLock { $0.actions[Int(action) - 1].name }
        let ids = state.withLock { $0.entries.filter { $0.action == name && states.contains($0.state) }.map(\.id) }
        return try retry(ids, at: time)
    }

    func skip(_ entries: [Int64], at time: Timestamp) throws -> Int {
        try write { state in
            let chosen = entries.filter { state.entries[Int($0) - 1].state.canBeSkipped }
            for id in chosen { state.change(id) { $0.state = .skipped } }
            return chosen.count
        }
    }

    func skipAll(_ action: Int64, in states: Set<EntryState>, at time: Timestamp) throws -> Int {
        let name = state.withLock { $0.actions[Int(action) - 1].name }
        let ids = state.withLock { $0.entries.filter { $0.action == name && states.contains($0.state) }.map(\.id) }
        return try skip(ids, at: time)
    }

    func actions() throws -> [ActionStatus] {
        state.withLock { state in
            state.actions.map { action in
                var action = action
                for entry in state.entries where entry.action == action.name {
                    action.counts[entry.state, default: 0] += 1
                }
                return action
            }
        }
    }

    func entries(_ request: OutboxRequest) throws -> [OutboxEntry] {
        state.withLock { state in
            let all = state.waiting(request.action ?? "").filter { request.states?.contains($0.state) ?? true }
            return Array(all.prefix(request.after + 1))
        }
    }

    func entry(_ id: Int64) throws -> OutboxEntry? { state.withLock { $0.entries[Int(id) - 1] } }

    func due(_ action: Int64, at time: Timestamp, limit: Int) throws -> [OutboxEntry] {
        state.withLock { state in
            let all = state.waiting(state.actions[Int(action) - 1].name).filter { entry in
                entry.state == .queued || (entry.state == .failed && entry.due.map { $0 <= time } ?? true)
            }
            return Array(all.prefix(limit))
        }
    }

    func nextDue(_ action: Int64) throws -> Timestamp? {
        state.withLock { state in
            state.waiting(state.actions[Int(action) - 1].name).filter { $0.state == .failed }.compactMap(\.due).min()
        }
    }

    func running(_ action: Int64) throws -> [OutboxEntry] {
        state.withLock { state in
            Array(state.waiting(state.actions[Int(action) - 1].name).filter { $0.state == .running })
        }
    }

    func spent(_ action: Int64, after start: Timestamp, through end: Timestamp, limit: Int) throws -> [Timestamp] {
        state.withLock { state in
            let name = state.actions[Int(action) - 1].name
            let times = state.entries.filter { $0.action == name && [.done, .uncertain].contains($0.state) }
                .map(\.changedAt).filter { $0 > start && $0 <= end }
            return Array(times.sorted().suffix(limit))
        }
    }

    func missed(_ action: Int64, matching predicate: RowPredicate, in reach: MissedReach) throws -> MissedRows {
        throw Failure()
    }

    func rows(_ ids: [Int64]) throws -> [EventRow] {
        state.withLock { state in ids.compactMap { $0 > 0 && $0 <= state.rows.count ? state.rows[Int($0) - 1] : nil } }
    }

    func delivery(_ id: Int64) throws -> DeliveryRecord? {
        state.withLock { state in
            DeliveryRecord(
                id: id, delivery: state.bodies[Int(id) - 1], judgement: Judgement(state.rows[Int(id) - 1].verdict),
                status: 200, answer: "OK")
        }
    }
}
