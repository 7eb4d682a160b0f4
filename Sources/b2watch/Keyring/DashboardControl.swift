import Dashboard
import History
import Intake
import Listener
import Notifications
import Settings

/// What the dashboard asks of the listener in its own process.
final class DashboardControl: ListenerControl {
    private let receiver: Receiver
    private let test: SelfTest

    init(_ receiver: Receiver) {
        self.receiver = receiver
        test = SelfTest(receiver)
    }

    func keyring() throws -> KeyringSummary {
        summary()
    }

    func addSecret(_ draft: SecretDraft) throws -> KeyringSummary {
        try explained { try receiver.keyring.add(Self.secret(draft)) }
        return summary()
    }

    func replaceSecret(_ label: String, with draft: SecretDraft) throws -> KeyringSummary {
        try explained { try receiver.keyring.replace(label, with: Self.secret(draft)) }
        return summary()
    }

    func forgetSecret(_ label: String) throws -> KeyringSummary {
        try explained { try receiver.keyring.forget(label) }
        return summary()
    }

    func rememberSecret(_ label: String) throws -> String {
        try explained { try receiver.keyring.remember(label) }
    }

    func sendTestEvent() throws -> String {
        try test.send()
    }

    func evidence(for delivery: Delivery) -> SignatureEvidence {
        SignatureEvidence(delivery, keyring: receiver.intake.keys.keyring)
    }

    func answerTimes() -> AnswerTimesSummary {
        receiver.listener.answerTimes.summary(at: .now)
    }

    func hasReceivedFromElsewhere() -> Bool {
        receiver.intake.received > test.arrived
    }

    /// What may be told of the secrets held.
    func summary() -> KeyringSummary {
        let matches = try? receiver.history.reader.matches()
        return KeyringSummary(
            secrets: receiver.keyring.all.map { entry in
                SecretSummary(
                    label: entry.secret.label, fingerprint: entry.secret.fingerprint, binding: entry.secret.binding,
                    source: entry.source.word, isRemembered: entry.isRemembered,
                    matches: matches.map { $0[entry.secret.label] ?? 0 }, isUsual: entry.secret.isUsual)
            })
    }

    private static func secret(_ draft: SecretDraft) throws -> SigningSecret {
        guard SecretLabel.isValid(draft.label) else { throw KeyringRefusal.badLabel }
        do {
            return try SigningSecret(label: draft.label, value: draft.value, binding: draft.binding)
        } catch {
            throw KeyringRefusal.empty
        }
    }

    /// Turns what a change may fail with into sentences.
    private func explained<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch KeyringError.labelTaken(let label) {
            throw KeyringRefusal.labelTaken(label)
        } catch KeyringError.notHeld(let label) {
            throw KeyringRefusal.notHeld(label)
        }
    }
}

/// Why the keyring did not take a change, in a sentence.
enum KeyringRefusal: Error, CustomStringConvertible {
    case badLabel
    case empty
    case labelTaken(String)
    case notHeld(String)

    var description: String {
        switch self {
        case .badLabel: "A label is 1 to 40 letters, digits, dots, hyphens or underscores"
        case .empty: "There is nothing in the secret but white space: paste the signing secret itself"
        case .labelTaken(let label): "Another secret is called “\(label)” already: give this one another label"
        case .notHeld(let label): "No secret “\(label)” is held any more"
        }
    }
}
