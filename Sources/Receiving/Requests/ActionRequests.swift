public import Actions
public import Base
public import Foundation
public import History
import Notifications

/// The object that answers requests about actions: the actions of this process, or the connection to the process that
/// runs them.
public protocol ActionAsking: Sendable {
    /// Asks, and waits for the reply. Blocks.
    ///
    /// - Throws: An error whose text is a sentence for a person.
    func ask<Request: ListenerRequest<ActionRunner>>(_ request: Request) throws -> Request.Reply
}

extension ActionRunner: ActionAsking {
    public func ask<Request: ListenerRequest<ActionRunner>>(_ request: Request) throws -> Request.Reply {
        try request.answer(self)
    }
}

/// The requests about actions.
public enum ActionRequests {
    /// All requests, one a line.
    public static let all: [any ListenerRequest<ActionRunner>.Type] = [
        PauseAction.self,
        RunAction.self,
        ReconcileVersions.self,
        RetryEntries.self,
        RetryAction.self,
        SkipEntries.self,
        SkipAction.self,
        ActionStates.self,
        PreviewAction.self,
        TestAction.self,
        FindMissedRows.self,
        ActionNames.self,
    ]

    /// The time limit of slow requests: a test calls other servers, and there may be a million entries.
    public static let patience = Duration.seconds(300)
}

// MARK: - Work

/// Pauses or resumes an action; entries are still made while it is paused.
public struct PauseAction: ListenerRequest {
    public static let name = "pauseAction"
    let action: String
    let isPaused: Bool

    /// Pauses (`isPaused`) or resumes it.
    public init(_ action: String, isPaused: Bool) {
        self.action = action
        self.isPaused = isPaused
    }

    public func answer(_ runner: ActionRunner) throws -> ControlDone {
        try runner.setPaused(action, isPaused)
        return ControlDone()
    }
}

/// Runs an action for rows of the event list, whatever its filter; 1,000 rows at most.
public struct RunAction: ListenerRequest {
    public static let name = "runAction"
    let action: String
    let rows: [Int64]

    /// Runs it for rows.
    public init(_ action: String, rows: [Int64]) {
        self.action = action
        self.rows = rows
    }

    public func answer(_ runner: ActionRunner) throws -> Outbox.Addition {
        try runner.runAction(action, rows: rows)
    }
}

/// Records an event for each of some versions that has none, and runs an action for them; `Outbox.most` at most.
public struct ReconcileVersions: ListenerRequest {
    public static let name = "reconcileVersions"
    public static let timeLimit = ActionRequests.patience
    let action: String
    private let versions: [ReconciledVersion]
    private let seen: Int64

    /// - Parameter seen: The events of the versions are known up to this row.
    public init(_ action: String, _ versions: [ReconciledVersion], seen: Int64) {
        self.action = action
        self.versions = versions
        self.seen = seen
    }

    public func answer(_ runner: ActionRunner) throws -> Outbox.Addition {
        try runner.reconcile(action, versions, seen: seen)
    }
}

// MARK: - Entries

/// Retries entries at once. The reply gives their number, without entries that are done or queued anyway.
public struct RetryEntries: ListenerRequest {
    public static let name = "retryEntries"
    let entries: [Int64]

    /// Retries these entries.
    public init(_ entries: [Int64]) {
        self.entries = entries
    }

    public func answer(_ runner: ActionRunner) throws -> Int { try runner.retryEntries(entries) }
}

/// Retries all entries of an action in some states; the reply gives their number.
public struct RetryAction: ListenerRequest {
    public static let name = "retryAction"
    public static let timeLimit = ActionRequests.patience
    let action: String
    let states: Set<EntryState>

    /// Retries the entries in these states.
    public init(_ action: String, in states: Set<EntryState>) {
        self.action = action
        self.states = states
    }

    public func answer(_ runner: ActionRunner) throws -> Int { try runner.retryAll(action, in: states) }
}

/// Skips entries; the reply gives their number.
public struct SkipEntries: ListenerRequest {
    public static let name = "skipEntries"
    let entries: [Int64]

    /// Skips these entries.
    public init(_ entries: [Int64]) {
        self.entries = entries
    }

    public func answer(_ runner: ActionRunner) throws -> Int { try runner.skipEntries(entries) }
}

/// Skips all entries of an action in some states; the reply gives their number.
public struct SkipAction: ListenerRequest {
    public static let name = "skipAction"
    public static let timeLimit = ActionRequests.patience
    let action: String
    let states: Set<EntryState>

    /// Skips the entries in these states.
    public init(_ action: String, in states: Set<EntryState>) {
        self.action = action
        self.states = states
    }

    public func answer(_ runner: ActionRunner) throws -> Int { try runner.skipAll(action, in: states) }
}

// MARK: - Looking

/// Returns the request that an action would send for rows as text, with its secrets masked. Sends nothing.
public struct PreviewAction: ListenerRequest {
    public static let name = "previewAction"
    public static let timeLimit = ActionRequests.patience
    let action: String
    let rows: [Int64]

    /// Asks for these rows.
    public init(_ action: String, rows: [Int64]) {
        self.action = action
        self.rows = rows
    }

    public func answer(_ runner: ActionRunner) throws -> Data { Data(try runner.previewAction(action, rows: rows)) }
}

/// Finds out whether an action would work; the reply is a sentence.
public struct TestAction: ListenerRequest {
    public static let name = "testAction"
    public static let timeLimit = ActionRequests.patience
    let action: String

    /// Tests this action.
    public init(_ action: String) {
        self.action = action
    }

    public func answer(_ runner: ActionRunner) throws -> String { try runner.testAction(action) }
}

/// Finds the rows that an action would have queued if their verdicts at that time had been those of today.
public struct FindMissedRows: ListenerRequest {
    public static let name = "missedRows"
    public static let timeLimit = ActionRequests.patience
    let action: String
    let reach: MissedReach

    /// Looks in a range of rows.
    public init(_ action: String, in reach: MissedReach) {
        self.action = action
        self.reach = reach
    }

    public func answer(_ runner: ActionRunner) throws -> MissedRows { try runner.missedRows(action, in: reach) }
}

/// Lists the names of the declared actions, in the order of the configuration.
public struct ActionNames: ListenerRequest {
    public static let name = "actionNames"

    /// Asks for all names.
    public init() {}

    public func answer(_ runner: ActionRunner) -> [String] { runner.actionNames() }
}

/// Lists the states of the actions.
public struct ActionStates: ListenerRequest {
    public static let name = "actionStates"

    /// Asks for all states.
    public init() {}

    public func answer(_ runner: ActionRunner) throws -> [ActionState] {
        try runner.statuses().map { ActionState($0, at: .now) }
    }
}

// MARK: - States

/// The state of an action, as the control socket and `actions list --format json` give it.
public struct ActionState: Codable, Sendable, Hashable {
    public var name: String
    public var kind: String
    /// `on`, `paused`, `on-hold`, `failing`, `limit` or `not-declared`.
    public var state: String
    /// The reason why it is on hold, or waits.
    public var reason: String?
    /// The times when it was put on hold, and when the next entry is tried; RFC 3339.
    public var since: String?
    public var nextTry: String?
    /// The number of entries in each state.
    public var entries: [String: Int]
    /// The time at which the oldest waiting entry was added; RFC 3339.
    public var oldestWaiting: String?
    /// The conditions that need a person's attention: `on-hold`, `dead`, `uncertain`, `backlog`.
    public var troubles: [String]
    public var lastError: String?
    public var what: String

    /// Creates the state of an action at a moment.
    public init(_ status: ActionStatus, at now: Timestamp) {
        name = status.name
        kind = status.kind
        let hold = status.hold.flatMap { $0.kind == .onHold || $0.until > now ? $0 : nil }
        state = Self.word(status, hold)
        reason = hold?.reason
        since = hold?.since?.rfc3339
        nextTry = hold?.until.rfc3339
        entries = Dictionary(uniqueKeysWithValues: EntryState.allCases.map { ($0.word, status[$0]) })
        oldestWaiting = status.oldestWaiting?.rfc3339
        troubles = status.troubles(at: now).map(\.kind.rawValue)
        lastError = status[.failed] + status[.dead] + status[.uncertain] + status[.onHold] > 0 ? status.lastReason : nil
        what = status.summary
    }

    private static func word(_ status: ActionStatus, _ hold: ActionHold?) -> String {
        guard status.isDeclared else { return "not-declared" }
        if status.isPaused { return "paused" }
        guard let hold, status.waiting > 0 else { return hold?.kind == .onHold ? "on-hold" : "on" }
        return switch hold.kind {
        case .onHold: "on-hold"
        case .failing, .order: "failing"
        case .limit: "limit"
        }
    }

    /// The state as one line of JSON, with its keys in order.
    public var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            var json = JSONWriter()
            json.compact(try encoder.encode(self))
            return String(decoding: json.bytes, as: UTF8.self)
        }
    }
}
