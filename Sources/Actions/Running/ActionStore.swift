internal import Base
internal import History
internal import Notifications

/// The part of the history that the runner uses. Its calls block, and throw the history's errors.
protocol ActionStore: Sendable {
    func declare(_ actions: [Outbox.Declaration]) throws -> [String: Int64]
    func walk(_ action: Int64, through last: Int64, matching predicate: RowPredicate, at time: Timestamp) throws
        -> Outbox.Walk
    func add(_ action: Int64, rows: [Int64], at time: Timestamp) throws -> Outbox.Addition
    func reconcile(
        _ action: Int64, _ versions: [ReconciledVersion], seen: Int64, at time: Timestamp
    ) throws -> Outbox.Addition
    func begin(_ entries: [Int64], batch: Int64, at time: Timestamp) throws -> [Int64]
    func takeBack(_ action: Int64, batch: Int64, at time: Timestamp) throws
    func settle(
        _ settlements: [Outbox.Settlement], exchange: OutboxExchange?, reports: [Outbox.FailureReport],
        at time: Timestamp
    ) throws
    func setPaused(_ action: Int64, _ isPaused: Bool) throws
    func hold(_ action: Int64, _ hold: ActionHold?) throws
    func retry(_ entries: [Int64], at time: Timestamp) throws -> Int
    func retryAll(_ action: Int64, in states: Set<EntryState>, at time: Timestamp) throws -> Int
    func skip(_ entries: [Int64], at time: Timestamp) throws -> Int
    func skipAll(_ action: Int64, in states: Set<EntryState>, at time: Timestamp) throws -> Int

    func actions() throws -> [ActionStatus]
    func entries(_ request: OutboxRequest) throws -> [OutboxEntry]
    func entry(_ id: Int64) throws -> OutboxEntry?
    func due(_ action: Int64, at time: Timestamp, limit: Int) throws -> [OutboxEntry]
    func nextDue(_ action: Int64) throws -> Timestamp?
    func running(_ action: Int64) throws -> [OutboxEntry]
    func spent(_ action: Int64, after start: Timestamp, through end: Timestamp, limit: Int) throws -> [Timestamp]
    func missed(_ action: Int64, matching predicate: RowPredicate, in reach: MissedReach) throws -> MissedRows
    func rows(_ ids: [Int64]) throws -> [EventRow]
    func delivery(_ id: Int64) throws -> DeliveryRecord?
}

/// The history itself.
struct RecordedActions: ActionStore {
    private let history: History
    private let outbox: Outbox
    private let reader: HistoryReader

    init(_ history: History) {
        self.history = history
        outbox = history.outbox
        reader = history.reader
    }

    func declare(_ actions: [Outbox.Declaration]) throws -> [String: Int64] { try outbox.declare(actions) }

    func walk(
        _ action: Int64, through last: Int64, matching predicate: RowPredicate, at time: Timestamp
    ) throws -> Outbox.Walk {
        try outbox.walk(action, through: last, matching: predicate, at: time)
    }

    func add(_ action: Int64, rows: [Int64], at time: Timestamp) throws -> Outbox.Addition {
        try history.add(action, rows: rows, at: time)
    }

    func reconcile(
        _ action: Int64, _ versions: [ReconciledVersion], seen: Int64, at time: Timestamp
    ) throws -> Outbox.Addition {
        try history.reconcile(versions, for: action, seen: seen, at: time)
    }

    func begin(_ entries: [Int64], batch: Int64, at time: Timestamp) throws -> [Int64] {
        try outbox.begin(entries, batch: batch, at: time)
    }

    func takeBack(_ action: Int64, batch: Int64, at time: Timestamp) throws {
        try outbox.takeBack(action, batch: batch, at: time)
    }

    func settle(
        _ settlements: [Outbox.Settlement], exchange: OutboxExchange?, reports: [Outbox.FailureReport],
        at time: Timestamp
    ) throws {
        try outbox.settle(settlements, exchange: exchange, reports: reports, at: time)
    }

    func setPaused(_ action: Int64, _ isPaused: Bool) throws { try outbox.setPaused(action, isPaused) }

    func hold(_ action: Int64, _ hold: ActionHold?) throws { try outbox.hold(action, hold) }

    func retry(_ entries: [Int64], at time: Timestamp) throws -> Int { try outbox.retry(entries, at: time) }

    func retryAll(_ action: Int64, in states: Set<EntryState>, at time: Timestamp) throws -> Int {
        try outbox.retryAll(action, in: states, at: time)
    }

    func skip(_ entries: [Int64], at time: Timestamp) throws -> Int { try outbox.skip(entries, at: time) }

    func skipAll(_ action: Int64, in states: Set<EntryState>, at time: Timestamp) throws -> Int {
        try outbox.skipAll(action, in: states, at: time)
    }

    func actions() throws -> [ActionStatus] { try reader.actions() }

    func entries(_ request: OutboxRequest) throws -> [OutboxEntry] { try reader.outbox(request).rows.map(\.entry) }

    func entry(_ id: Int64) throws -> OutboxEntry? { try reader.outboxEntry(id)?.row.entry }

    func due(_ action: Int64, at time: Timestamp, limit: Int) throws -> [OutboxEntry] {
        try reader.outboxDue(action, at: time, limit: limit)
    }

    func nextDue(_ action: Int64) throws -> Timestamp? { try reader.outboxNextDue(action) }

    func running(_ action: Int64) throws -> [OutboxEntry] { try reader.outboxRunning(action) }

    func spent(_ action: Int64, after start: Timestamp, through end: Timestamp, limit: Int) throws -> [Timestamp] {
        try reader.outboxSpent(action, after: start, through: end, limit: limit)
    }

    func missed(_ action: Int64, matching predicate: RowPredicate, in reach: MissedReach) throws -> MissedRows {
        try reader.missed(action, matching: predicate, in: reach)
    }

    func rows(_ ids: [Int64]) throws -> [EventRow] { try reader.rows(ids: ids) }

    func delivery(_ id: Int64) throws -> DeliveryRecord? { try reader.delivery(id) }
}
