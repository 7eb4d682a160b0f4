import Foundation
public import History
public import Notifications
import Settings

/// The object that answers requests about the listener: the receiver of this process, or the connection to another
/// process.
public protocol ListenerAsking: Sendable {
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

extension ListenerAsking {
    /// Returns whether a current secret occurs in bytes, which are then not copied. Without the listener its secrets are
    /// unknown; bytes that a silent listener did not check may contain one.
    public func holdsSecret(in bytes: [UInt8]) -> Bool {
        if isAway { return false }
        return (try? ask(FindSecret(in: Data(bytes)))) ?? true
    }

    /// Returns the content of the Signature tab for the current secrets. Blocks.
    ///
    /// - Parameter isCancelled: Called often; true once the result is no longer wanted. The call then returns what it
    ///   has found so far.
    public func evidence(
        for record: DeliveryRecord, isCancelled: @escaping @Sendable () -> Bool
    ) -> SignatureEvidence {
        do {
            return try ask(FindEvidence(record, isCancelled: isCancelled))
        } catch {
            return SignatureEvidence(
                recorded: record.judgement, of: record.delivery,
                note: "This is the recorded verdict. Only the listener, which has the secrets, can explain it. \(error)"
            )
        }
    }
}

/// The receiver of this process, as the handler of requests.
public final class ReceiverDesk: ListenerAsking {
    /// The parts of the process that requests need, besides those of this module.
    public struct Program: Sendable {
        /// Reads the sources of secrets again, and returns notes for a person about them, in sentences.
        public var reloadSecrets: @Sendable () throws -> [String]
        /// Reads the configuration again, and returns the differences in sentences.
        public var reloadConfiguration: @Sendable () throws -> [String]
        /// Sends the listener a signed test event, and returns the result.
        public var sendTest: @Sendable () throws -> String
        /// Returns the number of received test events that this process has sent.
        public var tests: @Sendable () -> Int
        /// Sends news to all dashboards.
        public var post: @Sendable (ListenerNews) -> Void
        /// Returns the warning and the health that dashboards show.
        public var shown: @Sendable () -> (warning: String?, health: HistoryHealth)

        /// Creates the parts.
        public init(
            reloadSecrets: @escaping @Sendable () throws -> [String],
            reloadConfiguration: @escaping @Sendable () throws -> [String],
            sendTest: @escaping @Sendable () throws -> String, tests: @escaping @Sendable () -> Int,
            post: @escaping @Sendable (ListenerNews) -> Void,
            shown: @escaping @Sendable () -> (warning: String?, health: HistoryHealth)
        ) {
            self.reloadSecrets = reloadSecrets
            self.reloadConfiguration = reloadConfiguration
            self.sendTest = sendTest
            self.tests = tests
            self.post = post
            self.shown = shown
        }
    }

    let listener: Listener
    let intake: Intake
    let history: History
    let keyring: KeyringBook
    let unsigned: UnsignedBook
    /// The URL at which this machine reaches the listener, with the path for notifications.
    let hook: String
    /// Notes for a person about the secrets at the start, in sentences.
    let notes: [String]
    let program: Program
    /// Reports to the user of this process what another process has changed; nil for requests of this process itself.
    private let say: (@Sendable (String) -> Void)?

    /// Creates the desk for requests of this process.
    public convenience init(
        _ listener: Listener, _ intake: Intake, _ history: History, _ keyring: KeyringBook,
        _ unsigned: UnsignedBook, hook: String, notes: [String], _ program: Program
    ) {
        self.init(listener, intake, history, keyring, unsigned, hook: hook, notes: notes, program, say: nil)
    }

    /// Creates the desk for requests of other processes.
    ///
    /// - Parameter say: Receives sentences about changes for the user.
    public convenience init(_ desk: ReceiverDesk, say: @escaping @Sendable (String) -> Void) {
        self.init(
            desk.listener, desk.intake, desk.history, desk.keyring, desk.unsigned, hook: desk.hook, notes: desk.notes,
            desk.program, say: say)
    }

    private init(
        _ listener: Listener, _ intake: Intake, _ history: History, _ keyring: KeyringBook,
        _ unsigned: UnsignedBook, hook: String, notes: [String], _ program: Program,
        say: (@Sendable (String) -> Void)?
    ) {
        self.listener = listener
        self.intake = intake
        self.history = history
        self.keyring = keyring
        self.unsigned = unsigned
        self.hook = hook
        self.notes = notes
        self.program = program
        self.say = say
    }

    public func ask<Request: ListenerRequest<ReceiverDesk>>(_ request: Request) throws -> Request.Reply {
        try request.answer(self)
    }

    public var isAway: Bool { false }

    public var answerTimes: AnswerTimesSummary { listener.answerTimes.summary(at: .now) }

    public var hasReceivedFromElsewhere: Bool { intake.received > program.tests() }

    var figures: ListenerFigures {
        ListenerFigures(answerTimes, hasReceivedFromElsewhere: hasReceivedFromElsewhere)
    }

    /// Reports to the user that another process has changed something.
    func note(_ sentence: String) {
        say?(sentence)
    }

    // MARK: - Secrets

    /// Reads the sources of secrets again.
    ///
    /// - Returns: Notes for a person about the secrets, in sentences.
    public func reloadSecrets() throws -> [String] {
        let notes = try explained { try program.reloadSecrets() }
        announceSecrets()
        return notes
    }

    /// Returns the public facts about the current and the former secrets.
    public func summary() -> KeyringSummary {
        let recorded = try? history.reader.secrets()
        let entries = keyring.all
        func found(_ secret: SecretIdentity) -> RecordedSecret? { recorded?.first { $0.identity.isSame(as: secret) } }
        let current = entries.map { entry in
            let secret = found(entry.secret.identity)
            return SecretSummary(
                label: entry.secret.label, fingerprint: entry.secret.fingerprint, binding: entry.secret.binding,
                source: entry.source.word, isRemembered: entry.isRemembered,
                matches: recorded.map { _ in secret?.verified ?? 0 }, isUsual: entry.secret.isUsual,
                isUnsaved: entry.source == .screen && !entry.isRemembered, isLeaked: secret?.leakedAt != nil)
        }
        let selfTest = intake.keys.selfTest
        let own = entries.map(\.secret.identity) + [selfTest.identity]
        let past = (recorded ?? []).filter { secret in
            secret.verified > 0 && !own.contains { $0.isSame(as: secret.identity) }
                && secret.identity.label != selfTest.label
        }
        return KeyringSummary(
            secrets: current,
            past: past.map { PastSecret(identity: $0.identity, matches: $0.verified, isLeaked: $0.leakedAt != nil) },
            unsigned: unsigned.all.map { entry in
                UnsignedSummary(
                    rule: entry.rule.rule, kind: entry.rule.kind, source: entry.source.rawValue, isSaved: entry.isSaved)
            })
    }

    /// Changes the current secrets, and reports them to all dashboards.
    public func change(_ body: () throws -> Void) throws -> KeyringSummary {
        try explained(body)
        let keyring = announceSecrets()
        note("an attached dashboard has changed the signing secrets; current: \(keyring.sentence)")
        return keyring
    }

    /// Changes the rules that are named as ones that do not sign, and reports them to all dashboards.
    func changeUnsigned(_ body: () throws -> Void) throws -> KeyringSummary {
        try body()
        let keyring = announceSecrets()
        let rules = keyring.unsigned.map(\.rule).joined(separator: ", ")
        note("an attached dashboard has changed the rules that do not sign; current: \(rules.isEmpty ? "none" : rules)")
        return keyring
    }

    /// Reports the current secrets to all dashboards.
    @discardableResult
    public func announceSecrets() -> KeyringSummary {
        let summary = summary()
        program.post(.keyring(summary))
        return summary
    }

    /// Saves a secret for the next start.
    ///
    /// - Returns: The file in which it is saved.
    public func remember(_ label: String) throws -> String {
        let place = try explained { try keyring.remember(label) }
        announceSecrets()
        return place
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
