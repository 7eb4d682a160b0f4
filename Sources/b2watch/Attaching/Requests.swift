import Dashboard
import Foundation
import History
import Notifications
import Receiving

/// Asks for the current state of the listener, and for its `ListenerNews` from then on.
struct SubscribeRequest: ControlRequest {
    static let name = "subscribe"

    struct Reply: Codable, Sendable {
        /// The URL at which it listens.
        var url: String
        var isLoopback: Bool
        var keyring: KeyringSummary
        var figures: ListenerFigures
        /// The current warning.
        var warning: String?
        var health: HistoryHealth
        /// Notes for a person about the secrets, in sentences.
        var notes: [String]
        /// The file with saved secrets; nil without a place for one.
        var secretsFile: String?
    }
}

// MARK: - Figures

/// Asks for the figures that change with every delivery.
struct FiguresRequest: ControlRequest {
    static let name = "figures"
    typealias Reply = ListenerFigures
}

/// The figures that the listener gives about itself.
struct ListenerFigures: Codable, Sendable {
    var answers = 0
    /// The median answer time in microseconds.
    var median = 0
    /// The 99th percentile of the answer times in microseconds.
    var p99 = 0
    /// The time, in milliseconds, until they change only by ageing. A moment of one process has no meaning in another.
    var ageing: Int?
    var hasReceivedFromElsewhere = false
}

extension ListenerFigures {
    init(_ summary: AnswerTimesSummary, hasReceivedFromElsewhere: Bool) {
        answers = summary.count
        median = summary.median
        p99 = summary.p99
        ageing = summary.until.map { max(1, Int((ContinuousClock.now.duration(to: $0)) / .milliseconds(1))) }
        self.hasReceivedFromElsewhere = hasReceivedFromElsewhere
    }

    var summary: AnswerTimesSummary {
        AnswerTimesSummary(
            count: answers, median: median, p99: p99, until: ageing.map { ContinuousClock.now + .milliseconds($0) })
    }
}

// MARK: - The webhook

/// Asks for the URL at which this machine reaches the listener, with the path that takes notifications.
struct HookRequest: ControlRequest {
    static let name = "hook"
    typealias Reply = String
}

// MARK: - Test events

/// Asks the listener to send itself a signed test event; the reply describes the result.
struct SendTestRequest: ControlRequest {
    static let name = "sendTest"
    typealias Reply = String
}

// MARK: - Configuration

/// Asks to read the configuration again; the reply lists the differences in sentences.
struct ReloadRequest: ControlRequest {
    static let name = "reload"
    typealias Reply = [String]
}

// MARK: - Secrets

/// Asks for the public facts about the current secrets.
struct KeyringRequest: ControlRequest {
    static let name = "keyring"
    typealias Reply = KeyringSummary
}

/// Asks to add a secret to the current ones.
struct AddSecretRequest: ControlRequest {
    static let name = "addSecret"
    typealias Reply = KeyringSummary
    let secret: SecretOnTheWay
}

/// Asks to put a secret in another's place.
struct ReplaceSecretRequest: ControlRequest {
    static let name = "replaceSecret"
    typealias Reply = KeyringSummary
    let label: String
    let secret: SecretOnTheWay
}

/// Asks to delete a secret.
struct ForgetSecretRequest: ControlRequest {
    static let name = "forgetSecret"
    typealias Reply = KeyringSummary
    let label: String
    let wasLeaked: Bool
}

/// Asks to mark a former secret as leaked.
struct MarkLeakedRequest: ControlRequest {
    static let name = "markLeaked"
    typealias Reply = KeyringSummary
    let secret: SecretIdentity
}

/// Asks to save a secret for the next start; the reply gives the place.
struct RememberSecretRequest: ControlRequest {
    static let name = "rememberSecret"
    typealias Reply = String
    let label: String
}

/// Asks to read the sources of secrets again.
struct ReloadSecretsRequest: ControlRequest {
    static let name = "reloadSecrets"
    typealias Reply = KeyringSummary
}

/// A secret in transit over the socket, the only place where one is encoded. It prints only its label.
struct SecretOnTheWay: Codable, Sendable, CustomStringConvertible, CustomReflectable {
    private let label: String
    private let value: String
    private let binding: SecretBinding

    init(_ draft: SecretDraft) {
        label = draft.label
        value = draft.value
        binding = draft.binding
    }

    var draft: SecretDraft { SecretDraft(label: label, value: value, binding: binding) }
    var description: String { draft.description }
    var customMirror: Mirror { draft.customMirror }
}

/// Asks whether a current secret occurs in some bytes.
struct HoldsSecretRequest: ControlRequest {
    static let name = "holdsSecret"
    typealias Reply = Bool
    let bytes: Data
}

// MARK: - Verifying

/// Asks for the evidence that the Signature tab shows of a recorded delivery. The process with the secrets finds it.
struct EvidenceRequest: ControlRequest {
    static let name = "evidence"
    typealias Reply = SignatureEvidence
    let delivery: Int64
}

/// Asks to stop verifying again; the remaining deliveries keep their verdicts.
struct CancelJudgingRequest: ControlRequest {
    static let name = "cancelJudging"
    typealias Reply = Done
}

/// Asks to verify the remaining deliveries again.
struct ResumeJudgingRequest: ControlRequest {
    static let name = "resumeJudging"
    typealias Reply = Done
}

/// The reply without contents: the request is done.
struct Done: Codable, Sendable {}

// MARK: - Actions

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

/// Asks to record an event for each of these versions that has none, and to run an action for them.
struct ReconcileVersionsRequest: ControlRequest {
    static let name = "reconcileVersions"
    typealias Reply = Outbox.Addition
    let action: String
    let versions: [ReconciledVersion]
    /// The events of the versions are known up to this row.
    let seen: Int64
}

/// Asks to retry entries; the reply gives their number.
struct RetryEntriesRequest: ControlRequest {
    static let name = "retryEntries"
    typealias Reply = Int
    let entries: [Int64]
}

/// Asks to retry all entries of an action in some states; the reply gives their number.
struct RetryActionRequest: ControlRequest {
    static let name = "retryAction"
    typealias Reply = Int
    let action: String
    let states: Set<EntryState>
}

/// Asks to skip entries; the reply gives their number.
struct SkipEntriesRequest: ControlRequest {
    static let name = "skipEntries"
    typealias Reply = Int
    let entries: [Int64]
}

/// Asks to skip all entries of an action in some states; the reply gives their number.
struct SkipActionRequest: ControlRequest {
    static let name = "skipAction"
    typealias Reply = Int
    let action: String
    let states: Set<EntryState>
}

/// Asks for the states of the actions.
struct ActionStatesRequest: ControlRequest {
    static let name = "actionStates"
    typealias Reply = [ActionState]
}

/// Asks for the request that an action would send for rows.
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

/// Asks for the rows that an action would have queued if their verdicts at that time had been those of today.
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
