import Actions
import Dashboard
import History
import Sending

/// Runs actions for versions of objects, in this process or another one.
protocol ReconcileControl: Sendable {
    /// Records an event for each version that has none, and runs an action for them; `Outbox.most` at most.
    ///
    /// - Parameter seen: The events of the versions are known up to this row.
    func reconcile(_ action: String, _ versions: [ReconciledVersion], seen: Int64) throws -> Outbox.Addition
}

/// The control of the actions that run in this process.
struct LocalActions: ActionControl, ReconcileControl {
    let runner: ActionRunner
    /// The reader of deliveries to replay.
    let reader: HistoryReader
    /// The client that sends them.
    let http: any HTTPSending
    /// The URL of the listener itself; nil without a listener.
    let hook: String?

    func setPaused(_ action: String, _ isPaused: Bool) throws {
        try runner.setPaused(action, isPaused)
    }

    func runAction(_ action: String, rows: [Int64]) throws -> Outbox.Addition {
        try runner.runAction(action, rows: rows)
    }

    func reconcile(_ action: String, _ versions: [ReconciledVersion], seen: Int64) throws -> Outbox.Addition {
        try runner.reconcile(action, versions, seen: seen)
    }

    func retryEntries(_ entries: [Int64]) throws -> Int {
        try runner.retryEntries(entries)
    }

    func retryAll(_ action: String, in states: Set<EntryState>) throws -> Int {
        try runner.retryAll(action, in: states)
    }

    func skipEntries(_ entries: [Int64]) throws -> Int {
        try runner.skipEntries(entries)
    }

    func skipAll(_ action: String, in states: Set<EntryState>) throws -> Int {
        try runner.skipAll(action, in: states)
    }

    func previewAction(_ action: String, rows: [Int64]) throws -> [UInt8] {
        try runner.previewAction(action, rows: rows)
    }

    func testAction(_ action: String) throws -> String { try runner.testAction(action) }

    func missedRows(_ action: String, in reach: MissedReach) throws -> MissedRows {
        try runner.missedRows(action, in: reach)
    }

    func actionNames() throws -> [String] { runner.actionNames() }

    func replay(
        _ deliveries: [Int64], to url: String?, while goesOn: (ReplayCount) -> Bool
    ) throws -> ReplayCount {
        guard let target = url ?? hook else { throw NoHook() }
        return try Replay(reader: reader, http: http, url: try WebhookURL(target), allowsPlainHTTP: url == nil)
            .counted(deliveries, while: goesOn)
    }
}

extension LocalActions {
    init(_ receiver: Receiver) {
        self.init(
            runner: receiver.actions.runner, reader: receiver.history.reader, http: receiver.outbound.forReplays,
            hook: receiver.hook)
    }
}

/// A delivery is to be replayed to the listener itself, but no listener runs.
struct NoHook: Error, CustomStringConvertible {
    let description = "no listener runs here to send to: give the URL with --to"
}

// MARK: - Actions of another process

/// The control of the actions that run in the listener's process. Each request has its own connection, so that a slow
/// one, such as a test, delays none of the dashboard's.
struct RemoteActions: ActionControl, ReconcileControl {
    let call: ListenerCall
    /// The reader of deliveries to replay. Replays run in this process.
    let reader: HistoryReader
    let http: any HTTPSending

    func setPaused(_ action: String, _ isPaused: Bool) throws {
        _ = try call.ask(PauseActionRequest(action: action, isPaused: isPaused))
    }

    func runAction(_ action: String, rows: [Int64]) throws -> Outbox.Addition {
        try call.ask(RunActionRequest(action: action, rows: rows))
    }

    func reconcile(_ action: String, _ versions: [ReconciledVersion], seen: Int64) throws -> Outbox.Addition {
        try call.ask(
            ReconcileVersionsRequest(action: action, versions: versions, seen: seen), within: ListenerCall.patience)
    }

    func retryEntries(_ entries: [Int64]) throws -> Int {
        try call.ask(RetryEntriesRequest(entries: entries))
    }

    func retryAll(_ action: String, in states: Set<EntryState>) throws -> Int {
        try call.ask(RetryActionRequest(action: action, states: states), within: ListenerCall.patience)
    }

    func skipEntries(_ entries: [Int64]) throws -> Int {
        try call.ask(SkipEntriesRequest(entries: entries))
    }

    func skipAll(_ action: String, in states: Set<EntryState>) throws -> Int {
        try call.ask(SkipActionRequest(action: action, states: states), within: ListenerCall.patience)
    }

    func previewAction(_ action: String, rows: [Int64]) throws -> [UInt8] {
        Array(try call.ask(PreviewActionRequest(action: action, rows: rows), within: ListenerCall.patience))
    }

    func testAction(_ action: String) throws -> String {
        try call.ask(TestActionRequest(action: action), within: ListenerCall.patience)
    }

    func missedRows(_ action: String, in reach: MissedReach) throws -> MissedRows {
        let missed = try call.ask(
            MissedRowsRequest(action: action, reach: reach), within: ListenerCall.patience)
        return MissedRows(count: missed.count, rows: missed.rows, isAll: missed.isAll)
    }

    func actionNames() throws -> [String] { try call.ask(ActionNamesRequest()) }

    func replay(
        _ deliveries: [Int64], to url: String?, while goesOn: (ReplayCount) -> Bool
    ) throws -> ReplayCount {
        let target = try WebhookURL(url ?? call.ask(HookRequest()))
        return try Replay(reader: reader, http: http, url: target, allowsPlainHTTP: url == nil)
            .counted(deliveries, while: goesOn)
    }
}
