import Control
import Foundation
import History

/// Asks to end or to begin the work of an action.
struct PauseActionRequest: ControlRequest {
    static let name = "pauseAction"
    typealias Reply = Done
    let action: String
    let isPaused: Bool
}

/// Asks to run an action for rows of the event list.
struct RunActionRequest: ControlRequest {
    static let name = "runAction"
    typealias Reply = Outbox.Addition
    let action: String
    let rows: [Int64]
}

/// Asks to try entries again; the reply says how many.
struct RetryEntriesRequest: ControlRequest {
    static let name = "retryEntries"
    typealias Reply = Int
    let entries: [Int64]
}

/// Asks to try all entries of an action in some states again; the reply says how many.
struct RetryActionRequest: ControlRequest {
    static let name = "retryAction"
    typealias Reply = Int
    let action: String
    let states: Set<EntryState>
}

/// Asks to decide that entries are not to be done; the reply says how many.
struct SkipEntriesRequest: ControlRequest {
    static let name = "skipEntries"
    typealias Reply = Int
    let entries: [Int64]
}

/// Asks to decide that all entries of an action in some states are not to be done; the reply says how many.
struct SkipActionRequest: ControlRequest {
    static let name = "skipAction"
    typealias Reply = Int
    let action: String
    let states: Set<EntryState>
}

/// Asks how the actions stand.
struct ActionStatesRequest: ControlRequest {
    static let name = "actionStates"
    typealias Reply = [ActionState]
}

/// Asks what an action would send for rows.
struct PreviewActionRequest: ControlRequest {
    static let name = "previewAction"
    typealias Reply = Data
    let action: String
    let rows: [Int64]
}

/// Asks whether an action would work; the reply is a sentence.
struct TestActionRequest: ControlRequest {
    static let name = "testAction"
    typealias Reply = String
    let action: String
}

/// Asks which rows an action would have taken up had they been judged then as they are now.
struct MissedRowsRequest: ControlRequest {
    static let name = "missedRows"

    struct Reply: Codable, Sendable {
        var count: Int
        var rows: [Int64]
        var isAll: Bool
    }

    let action: String
    let reach: MissedReach
}

/// Asks for the names of the declared actions, in the order of the configuration.
struct ActionNamesRequest: ControlRequest {
    static let name = "actionNames"
    typealias Reply = [String]
}
