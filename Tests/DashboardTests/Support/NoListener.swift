import Dashboard
import History
import Notifications

/// A listener that is not there.
struct NoListener: ListenerControl {
    func keyring() throws -> KeyringSummary { KeyringSummary() }
    func addSecret(_ draft: SecretDraft) throws -> KeyringSummary { throw TestFailure() }
    func replaceSecret(_ label: String, with draft: SecretDraft) throws -> KeyringSummary { throw TestFailure() }
    func forgetSecret(_ label: String, wasLeaked: Bool) throws -> KeyringSummary { KeyringSummary() }
    func markLeaked(_ secret: SecretIdentity) throws -> KeyringSummary { KeyringSummary() }
    func rememberSecret(_ label: String) throws -> String { "a file" }
    func cancelJudging() throws {}
    func resumeJudging() throws {}
    func sendTestEvent() throws -> String { "answered 200 OK in 2 ms" }
    func reloadSecrets() throws -> KeyringSummary { KeyringSummary() }
    func evidence(for record: DeliveryRecord, isCancelled: @escaping @Sendable () -> Bool) -> SignatureEvidence {
        SignatureEvidence(record.delivery, keyring: Keyring())
    }
    func holdsSecret(in bytes: [UInt8]) -> Bool { false }
    func answerTimes() -> AnswerTimesSummary { AnswerTimesSummary() }
    func hasReceivedFromElsewhere() -> Bool { false }
}
