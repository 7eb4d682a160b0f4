import Control
import Dashboard
import Foundation
import History
import Notifications

/// What an attached dashboard asks of its listener in the other process.
struct RemoteControl: ListenerControl {
    let link: ListenerLink

    func keyring() throws -> KeyringSummary { try link.ask(KeyringRequest()) }

    func addSecret(_ draft: SecretDraft) throws -> KeyringSummary {
        try link.ask(AddSecretRequest(secret: SecretOnTheWay(draft)))
    }

    func replaceSecret(_ label: String, with draft: SecretDraft) throws -> KeyringSummary {
        try link.ask(ReplaceSecretRequest(label: label, secret: SecretOnTheWay(draft)))
    }

    func forgetSecret(_ label: String, wasLeaked: Bool) throws -> KeyringSummary {
        try link.ask(ForgetSecretRequest(label: label, wasLeaked: wasLeaked))
    }

    func markLeaked(_ secret: SecretIdentity) throws -> KeyringSummary {
        try link.ask(MarkLeakedRequest(secret: secret))
    }

    func rememberSecret(_ label: String) throws -> String { try link.ask(RememberSecretRequest(label: label)) }

    func reloadSecrets() throws -> KeyringSummary { try link.ask(ReloadSecretsRequest()) }

    func sendTestEvent() throws -> String { try link.ask(SendTestRequest()) }

    func cancelJudging() throws { _ = try link.ask(CancelJudgingRequest()) }

    func resumeJudging() throws { _ = try link.ask(ResumeJudgingRequest()) }

    /// Without the listener nothing is known of its secrets; one that does not answer may hold any.
    func holdsSecret(in bytes: [UInt8]) -> Bool {
        if case .away = link.listening { return false }
        return (try? link.ask(HoldsSecretRequest(bytes: Data(bytes)))) ?? true
    }

    /// The listener bounds the work; it is not told that nobody waits any more.
    func evidence(for record: DeliveryRecord, isCancelled: @escaping @Sendable () -> Bool) -> SignatureEvidence {
        do {
            return try link.ask(EvidenceRequest(delivery: record.id))
        } catch {
            return SignatureEvidence(
                recorded: record.judgement, of: record.delivery,
                note: "So it is recorded. Why, only the listener can say: it has the secrets. \(error)")
        }
    }

    func answerTimes() -> AnswerTimesSummary { link.answerTimes }

    func hasReceivedFromElsewhere() -> Bool { link.hasReceivedFromElsewhere }
}
