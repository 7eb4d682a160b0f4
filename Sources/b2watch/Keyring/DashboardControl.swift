import Dashboard
import History
import Notifications
import Receiving
import Sending
import Settings

/// The control that the dashboard has over the listener in its own process.
final class DashboardControl: ListenerControl {
    private let receiver: Receiver
    private let post: DashboardPost
    private let test: SelfTest

    /// - Parameter post: Reports changes made here to all dashboards.
    init(_ receiver: Receiver, _ post: DashboardPost) {
        self.receiver = receiver
        self.post = post
        test = SelfTest(receiver)
    }

    func keyring() throws -> KeyringSummary {
        summary()
    }

    func addSecret(_ draft: SecretDraft) throws -> KeyringSummary {
        try explained { try receiver.keyring.add(Self.secret(draft)) }
        return changed()
    }

    func replaceSecret(_ label: String, with draft: SecretDraft) throws -> KeyringSummary {
        try explained { try receiver.keyring.replace(label, with: Self.secret(draft)) }
        return changed()
    }

    func forgetSecret(_ label: String, wasLeaked: Bool) throws -> KeyringSummary {
        try explained { try receiver.keyring.forget(label, wasLeaked: wasLeaked) }
        return changed()
    }

    func markLeaked(_ secret: SecretIdentity) throws -> KeyringSummary {
        try explained { try receiver.keyring.markLeaked(secret) }
        return changed()
    }

    func rememberSecret(_ label: String) throws -> String {
        let place = try explained { try receiver.keyring.remember(label) }
        changed()
        return place
    }

    func reloadSecrets() throws -> KeyringSummary {
        try reload().forEach { post.tell(.notice($0)) }
        return summary()
    }

    /// Reads the sources of secrets again.
    ///
    /// - Returns: Notes for a person about the secrets, in sentences.
    func reload() throws -> [String] {
        let notes = try explained { try receiver.reload() }
        changed()
        return notes
    }

    func cancelJudging() throws {
        receiver.intake.keys.cancelJudging()
    }

    func resumeJudging() throws {
        receiver.intake.keys.resumeJudging()
    }

    func sendTestEvent() throws -> String {
        try test.send()
    }

    /// Proves that a public URL leads to this listener.
    ///
    /// - Throws: The reason why it does not, in a sentence.
    func prove(_ url: WebhookURL) throws {
        try test.prove(url)
    }

    /// Reports the current secrets to all dashboards.
    func announceSecrets() {
        changed()
    }

    func evidence(for record: DeliveryRecord, isCancelled: @escaping @Sendable () -> Bool) -> SignatureEvidence {
        let keyring = receiver.intake.keys.keyring
        return SignatureEvidence(
            record.delivery, keyring: keyring, recorded: record.judgement, isCancelled: isCancelled
        ).lookingNear(record.id, in: receiver.history.reader, keyring: keyring, record.delivery, isCancelled)
    }

    func holdsSecret(in bytes: [UInt8]) -> Bool {
        receiver.keyring.all.contains { $0.secret.occurs(in: bytes) }
    }

    func answerTimes() -> AnswerTimesSummary {
        receiver.listener.answerTimes.summary(at: .now)
    }

    func hasReceivedFromElsewhere() -> Bool {
        receiver.intake.received > test.arrived
    }

    /// Returns the public facts about the current and the former secrets.
    func summary() -> KeyringSummary {
        let recorded = try? receiver.history.reader.secrets()
        let entries = receiver.keyring.all
        func found(_ secret: SecretIdentity) -> RecordedSecret? { recorded?.first { $0.identity.isSame(as: secret) } }
        let current = entries.map { entry in
            let secret = found(entry.secret.identity)
            return SecretSummary(
                label: entry.secret.label, fingerprint: entry.secret.fingerprint, binding: entry.secret.binding,
                source: entry.source.word, isRemembered: entry.isRemembered,
                matches: recorded.map { _ in secret?.verified ?? 0 }, isUsual: entry.secret.isUsual,
                isUnsaved: entry.source == .screen && !entry.isRemembered, isLeaked: secret?.leakedAt != nil)
        }
        let own = entries.map(\.secret.identity) + [receiver.intake.keys.selfTest.identity]
        let past = (recorded ?? []).filter { secret in
            secret.verified > 0 && !own.contains { $0.isSame(as: secret.identity) }
                && secret.identity.label != receiver.intake.keys.selfTest.label
        }
        return KeyringSummary(
            secrets: current,
            past: past.map { PastSecret(identity: $0.identity, matches: $0.verified, isLeaked: $0.leakedAt != nil) })
    }

    /// Reports the current secrets to all dashboards.
    @discardableResult
    private func changed() -> KeyringSummary {
        let summary = summary()
        post.tell(.keyring(summary))
        return summary
    }

    private static func secret(_ draft: SecretDraft) throws -> SigningSecret {
        guard SecretLabel.isValid(draft.label) else { throw KeyringRefusal.badLabel }
        do {
            return try SigningSecret(label: draft.label, value: draft.value, binding: draft.binding)
        } catch {
            throw KeyringRefusal.empty
        }
    }

    /// Turns the possible errors of a change into sentences.
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

extension KeyringSummary {
    /// A sentence such as `prod (3f9a), test (00aa)`, or `none`.
    var sentence: String {
        isEmpty ? "none" : secrets.map { "\($0.label) (\($0.fingerprint))" }.joined(separator: ", ")
    }
}

extension DashboardControl {
    var figures: ListenerFigures {
        ListenerFigures(answerTimes(), hasReceivedFromElsewhere: hasReceivedFromElsewhere())
    }
}
