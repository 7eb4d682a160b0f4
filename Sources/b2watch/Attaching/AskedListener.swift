import Dashboard
import Foundation
import History
import Notifications
import Receiving
import Sending

/// The control that a dashboard has over the listener, in this process or in another one.
struct AskedListener: ListenerControl {
    let listener: any ListenerAsking

    func keyring() throws -> KeyringSummary { try listener.ask(KeyringRequest()) }

    func addSecret(_ draft: SecretDraft) throws -> KeyringSummary {
        try listener.ask(AddSecretRequest(secret: SecretOnTheWay(draft)))
    }

    func replaceSecret(_ label: String, with draft: SecretDraft) throws -> KeyringSummary {
        try listener.ask(ReplaceSecretRequest(label: label, secret: SecretOnTheWay(draft)))
    }

    func forgetSecret(_ label: String, wasLeaked: Bool) throws -> KeyringSummary {
        try listener.ask(ForgetSecretRequest(label: label, wasLeaked: wasLeaked))
    }

    func markLeaked(_ secret: SecretIdentity) throws -> KeyringSummary {
        try listener.ask(MarkLeakedRequest(secret: secret))
    }

    func rememberSecret(_ label: String) throws -> String { try listener.ask(RememberSecretRequest(label: label)) }

    func nameUnsigned(_ draft: UnsignedDraft) throws -> KeyringSummary {
        try listener.ask(NameUnsignedRequest(draft))
    }

    func forgetUnsigned(_ rule: String) throws -> KeyringSummary {
        try listener.ask(ForgetUnsignedRequest(rule: rule))
    }

    func reloadSecrets() throws -> KeyringSummary { try listener.ask(ReloadSecretsRequest()) }

    func sendTestEvent() throws -> String { try listener.ask(SendTestRequest()) }

    func cancelJudging() throws { _ = try listener.ask(CancelJudgingRequest()) }

    func resumeJudging() throws { _ = try listener.ask(ResumeJudgingRequest()) }

    /// Returns whether a secret occurs in bytes. Without the listener its secrets are unknown; bytes that a silent
    /// listener did not check may contain one.
    func holdsSecret(in bytes: [UInt8]) -> Bool {
        if listener.isAway { return false }
        return (try? listener.ask(HoldsSecretRequest(bytes: Data(bytes)))) ?? true
    }

    func evidence(for record: DeliveryRecord, isCancelled: @escaping @Sendable () -> Bool) -> SignatureEvidence {
        do {
            return try listener.ask(EvidenceRequest(record, isCancelled: isCancelled))
        } catch {
            return SignatureEvidence(
                recorded: record.judgement, of: record.delivery,
                note: "This is the recorded verdict. Only the listener, which has the secrets, can explain it. \(error)"
            )
        }
    }

    func answerTimes() -> AnswerTimesSummary { listener.answerTimes }

    func hasReceivedFromElsewhere() -> Bool { listener.hasReceivedFromElsewhere }
}

// MARK: - Actions

/// The control that a dashboard has over the actions, in this process or in another one. In another one each request has
/// its own connection, so that a slow one, such as a test, delays none of the dashboard's.
struct AskedActions: ActionControl {
    let runner: any ActionAsking
    /// The reader of deliveries to replay. Replays run in this process.
    let reader: HistoryReader
    let http: any HTTPSending
    /// Returns the URL of the listener itself.
    let hook: @Sendable () throws -> String

    func setPaused(_ action: String, _ isPaused: Bool) throws {
        _ = try runner.ask(PauseAction(action, isPaused: isPaused))
    }

    func runAction(_ action: String, rows: [Int64]) throws -> Outbox.Addition {
        try runner.ask(RunAction(action, rows: rows))
    }

    func retryEntries(_ entries: [Int64]) throws -> Int { try runner.ask(RetryEntries(entries)) }

    func retryAll(_ action: String, in states: Set<EntryState>) throws -> Int {
        try runner.ask(RetryAction(action, in: states))
    }

    func skipEntries(_ entries: [Int64]) throws -> Int { try runner.ask(SkipEntries(entries)) }

    func skipAll(_ action: String, in states: Set<EntryState>) throws -> Int {
        try runner.ask(SkipAction(action, in: states))
    }

    func previewAction(_ action: String, rows: [Int64]) throws -> [UInt8] {
        Array(try runner.ask(PreviewAction(action, rows: rows)))
    }

    func testAction(_ action: String) throws -> String { try runner.ask(TestAction(action)) }

    func missedRows(_ action: String, in reach: MissedReach) throws -> MissedRows {
        try runner.ask(FindMissedRows(action, in: reach))
    }

    func actionNames() throws -> [String] { try runner.ask(ActionNames()) }

    func replay(
        _ deliveries: [Int64], to url: String?, while goesOn: (ReplayCount) -> Bool
    ) throws -> ReplayCount {
        let target = try WebhookURL(url ?? hook())
        return try Replay(reader: reader, http: http, url: target, allowsPlainHTTP: url == nil)
            .counted(deliveries, while: goesOn)
    }
}
