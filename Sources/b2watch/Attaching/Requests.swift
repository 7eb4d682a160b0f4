import Dashboard
import Foundation
import History
import Notifications
import Receiving
import Settings

/// The requests about the listener, besides those about actions.
enum ReceiverRequests {
    /// All requests, one a line.
    static let all: [any ListenerRequest<ReceiverDesk>.Type] = [
        SubscribeRequest.self,
        FiguresRequest.self,
        HookRequest.self,
        SendTestRequest.self,
        ReloadRequest.self,
        KeyringRequest.self,
        AddSecretRequest.self,
        ReplaceSecretRequest.self,
        ForgetSecretRequest.self,
        MarkLeakedRequest.self,
        RememberSecretRequest.self,
        NameUnsignedRequest.self,
        ForgetUnsignedRequest.self,
        ReloadSecretsRequest.self,
        HoldsSecretRequest.self,
        EvidenceRequest.self,
        CancelJudgingRequest.self,
        ResumeJudgingRequest.self,
    ]
}

// MARK: - State

/// Asks for the current state of the listener, and for its `ListenerNews` from then on.
struct SubscribeRequest: ListenerRequest {
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

    func answer(_ desk: ReceiverDesk) -> Reply {
        let address = desk.receiver.listener.address
        return Reply(
            url: address.url, isLoopback: address.isLoopback, keyring: desk.summary(), figures: desk.figures,
            warning: desk.post.warning, health: desk.post.health, notes: desk.receiver.notes,
            secretsFile: try? ProcessEnvironment.places.secrets)
    }
}

// MARK: - Figures

/// Asks for the figures that change with every delivery.
struct FiguresRequest: ListenerRequest {
    static let name = "figures"

    func answer(_ desk: ReceiverDesk) -> ListenerFigures { desk.figures }
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
struct HookRequest: ListenerRequest {
    static let name = "hook"

    func answer(_ desk: ReceiverDesk) -> String { desk.receiver.hook }
}

// MARK: - Test events

/// Asks the listener to send itself a signed test event; the reply describes the result.
struct SendTestRequest: ListenerRequest {
    static let name = "sendTest"

    func answer(_ desk: ReceiverDesk) throws -> String { try desk.test.send() }
}

// MARK: - Configuration

/// Asks to read the configuration again; the reply lists the differences in sentences.
struct ReloadRequest: ListenerRequest {
    static let name = "reload"
    typealias Reply = [String]

    func answer(_ desk: ReceiverDesk) throws -> [String] {
        let changes = try desk.reloading.reload().changes
        desk.note("an attached dashboard has had the configuration read again")
        changes.forEach(desk.note)
        return changes
    }
}

// MARK: - Secrets

/// Asks for the public facts about the current secrets.
struct KeyringRequest: ListenerRequest {
    static let name = "keyring"

    func answer(_ desk: ReceiverDesk) -> KeyringSummary { desk.summary() }
}

/// Asks to add a secret to the current ones.
struct AddSecretRequest: ListenerRequest {
    static let name = "addSecret"
    let secret: SecretOnTheWay

    func answer(_ desk: ReceiverDesk) throws -> KeyringSummary {
        try desk.change { try desk.receiver.keyring.add(secret.secret) }
    }
}

/// Asks to replace a secret by another.
struct ReplaceSecretRequest: ListenerRequest {
    static let name = "replaceSecret"
    let label: String
    let secret: SecretOnTheWay

    func answer(_ desk: ReceiverDesk) throws -> KeyringSummary {
        try desk.change { try desk.receiver.keyring.replace(label, with: secret.secret) }
    }
}

/// Asks to delete a secret.
struct ForgetSecretRequest: ListenerRequest {
    static let name = "forgetSecret"
    let label: String
    let wasLeaked: Bool

    func answer(_ desk: ReceiverDesk) throws -> KeyringSummary {
        try desk.change { try desk.receiver.keyring.forget(label, wasLeaked: wasLeaked) }
    }
}

/// Asks to mark a former secret as leaked.
struct MarkLeakedRequest: ListenerRequest {
    static let name = "markLeaked"
    let secret: SecretIdentity

    func answer(_ desk: ReceiverDesk) throws -> KeyringSummary {
        try desk.change { try desk.receiver.keyring.markLeaked(secret) }
    }
}

/// Asks to save a secret for the next start; the reply gives the place.
struct RememberSecretRequest: ListenerRequest {
    static let name = "rememberSecret"
    let label: String

    func answer(_ desk: ReceiverDesk) throws -> String {
        let place = try desk.explained { try desk.receiver.keyring.remember(label) }
        desk.announceSecrets()
        return place
    }
}

/// Asks to name a rule as one that does not sign.
struct NameUnsignedRequest: ListenerRequest, CustomStringConvertible, CustomReflectable {
    static let name = "nameUnsigned"
    private let rule: String
    private let proof: String

    init(_ draft: UnsignedDraft) {
        rule = draft.rule
        proof = draft.proof
    }

    func answer(_ desk: ReceiverDesk) throws -> KeyringSummary {
        let rule: UnsignedRule
        do throws(UnsignedRuleError) {
            rule = try UnsignedRule(self.rule, parsing: proof)
        } catch {
            throw KeyringRefusal.noProof(error)
        }
        return try desk.changeUnsigned { try desk.receiver.unsigned.name(rule) }
    }

    var description: String { "\(UnsignedDraft(rule: rule, proof: proof))" }
    var customMirror: Mirror { UnsignedDraft(rule: rule, proof: proof).customMirror }
}

/// Asks to remove a rule from those that are named as ones that do not sign.
struct ForgetUnsignedRequest: ListenerRequest {
    static let name = "forgetUnsigned"
    let rule: String

    func answer(_ desk: ReceiverDesk) throws -> KeyringSummary {
        try desk.changeUnsigned { try desk.receiver.unsigned.forget(rule) }
    }
}

/// Asks to read the sources of secrets again.
struct ReloadSecretsRequest: ListenerRequest {
    static let name = "reloadSecrets"

    func answer(_ desk: ReceiverDesk) throws -> KeyringSummary {
        let before = desk.summary().sentence
        try desk.reload().forEach { desk.post.send(.notice($0)) }
        let keyring = desk.summary()
        if keyring.sentence != before {
            desk.note("an attached dashboard has changed the signing secrets; current: \(keyring.sentence)")
        }
        return keyring
    }
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

    /// The secret.
    ///
    /// - Throws: `KeyringRefusal`.
    var secret: SigningSecret {
        get throws {
            guard SecretLabel.isValid(label) else { throw KeyringRefusal.badLabel }
            do {
                return try SigningSecret(label: label, value: value, binding: binding)
            } catch {
                throw KeyringRefusal.empty
            }
        }
    }

    var description: String { draft.description }
    var customMirror: Mirror { draft.customMirror }

    private var draft: SecretDraft { SecretDraft(label: label, value: value, binding: binding) }
}

/// Asks whether a current secret occurs in some bytes.
struct HoldsSecretRequest: ListenerRequest {
    static let name = "holdsSecret"
    let bytes: Data

    func answer(_ desk: ReceiverDesk) -> Bool {
        desk.receiver.keyring.all.contains { $0.secret.occurs(in: Array(bytes)) }
    }
}

// MARK: - Marked rows

/// Asks to keep the rows that are marked in this dashboard, whatever the bounds. They replace the ones named before,
/// and are kept until its connection ends.
struct KeepMarkedRequest: ListenerRequest {
    static let name = "keepMarked"
    let rows: [Int64]

    /// The largest number of rows that are kept for one dashboard.
    static let most = 200_000

    init(_ rows: Set<Int64>) {
        self.rows = rows.count <= Self.most ? Array(rows) : Array(rows.sorted().suffix(Self.most))
    }

    func answer(_ dashboard: DashboardMarks) -> ControlDone {
        dashboard.marks.keep(Set(rows.prefix(Self.most)), for: dashboard.caller)
        return ControlDone()
    }
}

/// The marks of one attached dashboard.
struct DashboardMarks: Sendable {
    let marks: MarkedRows
    let caller: ControlCaller
}

// MARK: - Verifying

/// Asks for the evidence that the Signature tab shows of a recorded delivery. The process with the secrets finds it.
struct EvidenceRequest: ListenerRequest {
    static let name = "evidence"
    let delivery: Int64
    /// The delivery, if the asking process has read it.
    private var record: DeliveryRecord?
    /// Returns whether the answer is no longer needed. Another process does not ask this: its work is limited anyway.
    private var isCancelled: @Sendable () -> Bool = { false }

    init(_ record: DeliveryRecord, isCancelled: @escaping @Sendable () -> Bool) {
        delivery = record.id
        self.record = record
        self.isCancelled = isCancelled
    }

    /// The part that another process receives.
    private enum CodingKeys: String, CodingKey {
        case delivery
    }

    func answer(_ desk: ReceiverDesk) throws -> SignatureEvidence {
        let reader = desk.receiver.history.reader
        guard let record = try record ?? reader.delivery(delivery) else { throw NoSuchDelivery(id: delivery) }
        let keyring = desk.receiver.intake.keys.keyring
        return SignatureEvidence(
            record.delivery, keyring: keyring, recorded: record.judgement, isCancelled: isCancelled
        ).lookingNear(record.id, in: reader, keyring: keyring, record.delivery, isCancelled)
    }

    /// The requested delivery is not recorded.
    private struct NoSuchDelivery: Error, CustomStringConvertible {
        let id: Int64
        var description: String { "Delivery \(id) is not recorded here." }
    }
}

/// Asks to stop verifying again; the remaining deliveries keep their verdicts.
struct CancelJudgingRequest: ListenerRequest {
    static let name = "cancelJudging"

    func answer(_ desk: ReceiverDesk) -> ControlDone {
        desk.receiver.intake.keys.cancelJudging()
        return ControlDone()
    }
}

/// Asks to verify the remaining deliveries again.
struct ResumeJudgingRequest: ListenerRequest {
    static let name = "resumeJudging"

    func answer(_ desk: ReceiverDesk) -> ControlDone {
        desk.receiver.intake.keys.resumeJudging()
        return ControlDone()
    }
}
