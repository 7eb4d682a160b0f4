import Dashboard
import Notifications

/// A listener that is not there.
struct NoListener: ListenerControl {
    func keyring() throws -> KeyringSummary { KeyringSummary() }
    func addSecret(_ draft: SecretDraft) throws -> KeyringSummary { throw TestFailure() }
    func replaceSecret(_ label: String, with draft: SecretDraft) throws -> KeyringSummary { throw TestFailure() }
    func forgetSecret(_ label: String) throws -> KeyringSummary { KeyringSummary() }
    func rememberSecret(_ label: String) throws -> String { "a file" }
    func sendTestEvent() throws -> String { "answered 200 OK in 2 ms" }
    func evidence(for delivery: Delivery) -> SignatureEvidence { SignatureEvidence(delivery, keyring: Keyring()) }
    func answerTimes() -> AnswerTimesSummary { AnswerTimesSummary() }
    func hasReceivedFromElsewhere() -> Bool { false }
}
