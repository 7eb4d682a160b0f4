import Dashboard
import History
import Notifications
import Receiving
import Sending
import Settings

/// The object that answers requests about the listener: the receiver of this process, or the connection to another
/// process.
protocol ListenerAsking: Sendable {
    /// Asks, and waits for the reply. Blocks.
    ///
    /// - Throws: An error whose text is a sentence for a person.
    func ask<Request: ListenerRequest<ReceiverDesk>>(_ request: Request) throws -> Request.Reply

    /// Whether nobody can answer.
    var isAway: Bool { get }
    /// The answer times of the last five minutes. Only takes a lock.
    var answerTimes: AnswerTimesSummary { get }
    /// Whether a delivery has arrived that is not a test of the listener. Only takes a lock.
    var hasReceivedFromElsewhere: Bool { get }
}

/// The receiver of this process, as the handler of requests.
final class ReceiverDesk: ListenerAsking {
    let receiver: Receiver
    let post: DashboardPost
    let reloading: Reloading
    let test: SelfTest
    /// Reports to the user of this process what another process has changed; nil for requests of this process itself.
    private let say: (@Sendable (String) -> Void)?

    /// - Parameter post: Reports changes made here to all dashboards.
    init(_ receiver: Receiver, _ post: DashboardPost, _ reloading: Reloading) {
        self.receiver = receiver
        self.post = post
        self.reloading = reloading
        test = SelfTest(receiver)
        say = nil
    }

    /// Creates the desk for requests of other processes.
    ///
    /// - Parameter say: Receives sentences about changes for the user.
    init(_ desk: ReceiverDesk, say: @escaping @Sendable (String) -> Void) {
        receiver = desk.receiver
        post = desk.post
        reloading = desk.reloading
        test = desk.test
        self.say = say
    }

    func ask<Request: ListenerRequest<ReceiverDesk>>(_ request: Request) throws -> Request.Reply {
        try request.answer(self)
    }

    var isAway: Bool { false }

    /// Reports to the user that another process has changed something.
    func note(_ sentence: String) {
        say?(sentence)
    }

    /// Reads the sources of secrets again.
    ///
    /// - Returns: Notes for a person about the secrets, in sentences.
    func reload() throws -> [String] {
        let notes = try explained { try receiver.reload() }
        changed()
        return notes
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

    var answerTimes: AnswerTimesSummary {
        receiver.listener.answerTimes.summary(at: .now)
    }

    var hasReceivedFromElsewhere: Bool {
        receiver.intake.received > test.arrived
    }

    var figures: ListenerFigures {
        ListenerFigures(answerTimes, hasReceivedFromElsewhere: hasReceivedFromElsewhere)
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
            past: past.map { PastSecret(identity: $0.identity, matches: $0.verified, isLeaked: $0.leakedAt != nil) },
            unsigned: receiver.unsigned.all.map { entry in
                UnsignedSummary(
                    rule: entry.rule.rule, kind: entry.rule.kind, source: entry.source.rawValue, isSaved: entry.isSaved)
            })
    }

    /// Changes the current secrets, and reports them to all dashboards.
    func change(_ body: () throws -> Void) throws -> KeyringSummary {
        try explained(body)
        let keyring = changed()
        note("an attached dashboard has changed the signing secrets; current: \(keyring.sentence)")
        return keyring
    }

    /// Changes the rules that are named as ones that do not sign, and reports them to all dashboards.
    func changeUnsigned(_ body: () throws -> Void) throws -> KeyringSummary {
        try body()
        let keyring = changed()
        let rules = keyring.unsigned.map(\.rule).joined(separator: ", ")
        note("an attached dashboard has changed the rules that do not sign; current: \(rules.isEmpty ? "none" : rules)")
        return keyring
    }

    /// Reports the current secrets to all dashboards.
    @discardableResult
    private func changed() -> KeyringSummary {
        let summary = summary()
        post.send(.keyring(summary))
        return summary
    }

    /// Turns the possible errors of a change into sentences.
    func explained<Result>(_ body: () throws -> Result) throws -> Result {
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
