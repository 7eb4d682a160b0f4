public import History
public import Notifications

/// The dashboard's control of the listener that it shows, in this process or in another. The executable implements it.
///
/// Unless noted otherwise, the calls are made off the screen's thread, one at a time. The user sees the errors that
/// they throw, so the text of an error must be a sentence.
public protocol ListenerControl: Sendable {
    /// Returns the current secrets, with the number of deliveries that each has verified.
    func keyring() throws -> KeyringSummary

    /// Adds a secret, and verifies all recorded deliveries again.
    func addSecret(_ draft: SecretDraft) throws -> KeyringSummary

    /// Replaces the secret with this label, and verifies again.
    func replaceSecret(_ label: String, with draft: SecretDraft) throws -> KeyringSummary

    /// Deletes a secret, including its saved copy.
    ///
    /// - Parameter wasLeaked: Whether the deliveries that it verified are shown as "valid, secret removed" from now on.
    ///   Otherwise their verdicts stay.
    func forgetSecret(_ label: String, wasLeaked: Bool) throws -> KeyringSummary

    /// Marks a past secret as leaked.
    func markLeaked(_ secret: SecretIdentity) throws -> KeyringSummary

    /// Saves a secret for the next start.
    ///
    /// - Returns: The file in which it was saved.
    func rememberSecret(_ label: String) throws -> String

    /// Names a rule as one that does not sign, in place of its proof before, and saves it for the next start if there is a place
    /// for it.
    func nameUnsigned(_ draft: UnsignedDraft) throws -> KeyringSummary

    /// Removes a rule from those that are named as ones that do not sign, including its saved copy.
    func forgetUnsigned(_ rule: String) throws -> KeyringSummary

    /// Reads the files and other sources of secrets again, and verifies again with the secrets found.
    func reloadSecrets() throws -> KeyringSummary

    /// Cancels verifying again. The remaining deliveries keep their verdicts.
    func cancelJudging() throws

    /// Verifies the remaining deliveries again.
    func resumeJudging() throws

    /// Sends a signed test event through the listener's own socket.
    ///
    /// - Returns: The result, such as `answered 200 OK in 2 ms`.
    func sendTestEvent() throws -> String

    /// Returns the content of the Signature tab for the current secrets. It may block, and may run at the same time as
    /// other calls.
    ///
    /// - Parameter isCancelled: Called often; true once the result is no longer wanted. The call then returns what it
    ///   has found so far.
    func evidence(for record: DeliveryRecord, isCancelled: @escaping @Sendable () -> Bool) -> SignatureEvidence

    /// Returns whether a current secret occurs in these bytes. Bytes with a secret are not copied.
    func holdsSecret(in bytes: [UInt8]) -> Bool

    /// Returns the answer times of the last five minutes. Called on the screen's thread, so it may take a lock but must
    /// not block longer.
    func answerTimes() -> AnswerTimesSummary

    /// Returns whether a delivery other than a test event of b2watch has arrived. Called on the screen's thread.
    func hasReceivedFromElsewhere() -> Bool
}

// MARK: - The keyring

/// The facts about current and past secrets that may be shown.
public struct KeyringSummary: Codable, Sendable, Hashable {
    /// The current secrets, in the order in which they are tried.
    public var secrets: [SecretSummary]
    /// The secrets that no longer verify. The verdicts they gave stay.
    public var past: [PastSecret]
    /// The rules that are named as ones that do not sign.
    public var unsigned: [UnsignedSummary]

    /// Creates a summary.
    public init(secrets: [SecretSummary] = [], past: [PastSecret] = [], unsigned: [UnsignedSummary] = []) {
        self.secrets = secrets
        self.past = past
        self.unsigned = unsigned
    }

    /// Whether the keyring has no current secrets.
    public var isEmpty: Bool { secrets.isEmpty }

    /// The labels of the secrets that are lost when the process ends.
    public var unsaved: [String] { secrets.filter(\.isUnsaved).map(\.label) }
}

/// A secret that no longer verifies.
public struct PastSecret: Codable, Sendable, Hashable {
    public var identity: SecretIdentity
    /// The number of deliveries to which it gave the verdict valid.
    public var matches: Int
    /// Whether it was deleted as leaked.
    public var isLeaked: Bool

    /// Creates a past secret.
    public init(identity: SecretIdentity, matches: Int, isLeaked: Bool = false) {
        self.identity = identity
        self.matches = matches
        self.isLeaked = isLeaked
    }
}

/// The facts about one secret that may be shown.
public struct SecretSummary: Codable, Sendable, Hashable {
    /// The label, unique among the current secrets.
    public var label: String
    /// The first four hex digits of the secret's SHA-256.
    public var fingerprint: String
    /// The deliveries that it may verify.
    public var binding: SecretBinding
    /// The source, in a word or two: `screen`, `environment`, `file prod.txt`.
    public var source: String
    /// Whether it will be current again after the next start.
    public var isRemembered: Bool
    /// The number of deliveries to which it gave the verdict valid, if known.
    public var matches: Int?
    /// Whether it looks like a signing secret of B2.
    public var isUsual: Bool
    /// Whether it is only in memory: typed or pasted, and not saved.
    public var isUnsaved: Bool
    /// Whether it was deleted as leaked, but a file or the environment still contains it.
    public var isLeaked: Bool

    /// Creates a summary.
    public init(
        label: String, fingerprint: String, binding: SecretBinding = .any, source: String, isRemembered: Bool = false,
        matches: Int? = nil, isUsual: Bool = true, isUnsaved: Bool = false, isLeaked: Bool = false
    ) {
        self.label = label
        self.fingerprint = fingerprint
        self.binding = binding
        self.source = source
        self.isRemembered = isRemembered
        self.matches = matches
        self.isUsual = isUsual
        self.isUnsaved = isUnsaved
        self.isLeaked = isLeaked
    }
}

/// The facts about a rule that does not sign that may be shown.
public struct UnsignedSummary: Codable, Sendable, Hashable {
    /// The rule's name.
    public var rule: String
    /// The kind of its proof: `path`, `header X-Token`, `2 addresses`.
    public var kind: String
    /// The source, in a word: `screen`, `file`, `rule`.
    public var source: String
    /// Whether it is saved for the next start.
    public var isSaved: Bool

    /// Creates a summary.
    public init(rule: String, kind: String, source: String, isSaved: Bool) {
        self.rule = rule
        self.kind = kind
        self.source = source
        self.isSaved = isSaved
    }
}

// MARK: - A new secret

/// A signing secret on its way from the form to the keyring. Printing it shows only its label.
public struct SecretDraft: Sendable {
    /// The label that the user chose.
    public var label: String
    /// The secret itself, as typed.
    public var value: String
    /// The deliveries that it may verify.
    public var binding: SecretBinding

    /// Creates a draft.
    public init(label: String, value: String, binding: SecretBinding = .any) {
        self.label = label
        self.value = value
        self.binding = binding
    }
}

extension SecretDraft: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The label.
    public var description: String { "draft of the secret \(label)" }
    /// The label.
    public var debugDescription: String { description }
    /// The label.
    public var customMirror: Mirror { Mirror(self, children: ["label": label]) }
}

/// A rule that does not sign on its way from the form to the listener. Printing it shows only the rule's name.
public struct UnsignedDraft: Sendable {
    /// The rule's name.
    public var rule: String
    /// Its proof, as in a file of `--unsigned-rule`.
    public var proof: String

    /// Creates a draft.
    public init(rule: String, proof: String) {
        self.rule = rule
        self.proof = proof
    }
}

extension UnsignedDraft: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The rule's name.
    public var description: String { "draft of the rule \(rule), which does not sign" }
    /// The rule's name.
    public var debugDescription: String { description }
    /// The rule's name.
    public var customMirror: Mirror { Mirror(self, children: ["rule": rule]) }
}

// MARK: - Verifying again

/// The progress of verifying recorded deliveries again after a change of the keyring.
public struct RejudgeSummary: Codable, Sendable, Hashable {
    /// The stage of the work.
    public enum Stage: Codable, Sendable, Hashable {
        case running, finished
        /// The user cancelled it. The remaining deliveries keep their verdicts until it is resumed.
        case cancelled
        /// The history could not be written; a separate warning gives the reason.
        case failed
    }

    /// The deliveries verified again so far, by their new verdict.
    public var deliveries: [SignatureVerdict: Int]
    /// The maximum number of deliveries that remain.
    public var remaining: Int
    public var stage: Stage

    /// Creates a summary.
    public init(deliveries: [SignatureVerdict: Int], remaining: Int = 0, stage: Stage = .finished) {
        self.deliveries = deliveries
        self.remaining = remaining
        self.stage = stage
    }

    /// Returns a sentence, such as `37 deliveries verified again: 35 valid, 2 invalid`.
    func sentence(_ bindings: Bindings) -> String {
        let count = deliveries.values.reduce(0, +)
        let progress = "\(Wording.grouped(count)) of \(Wording.grouped(count + remaining))"
        switch stage {
        case .running: return "Verifying again: \(progress) … \(bindings.name(of: .cancelJudging)) cancels"
        case .cancelled:
            return "Verifying again was cancelled at \(progress): the others keep their verdicts. "
                + "\(bindings.name(of: .cancelJudging)) resumes"
        case .failed: return "Verifying again has stopped at \(progress)"
        case .finished:
            guard count > 0 else { return "No recorded delivery to verify again" }
            let verdicts = SignatureVerdict.allCases
                .compactMap { verdict in deliveries[verdict].map { (verdict, $0) } }
                .filter { $0.1 > 0 }
                .map { "\(Wording.grouped($0.1)) \($0.0.title)" }
                .joined(separator: ", ")
            return "\(Wording.count(count, "delivery", "deliveries")) verified again: \(verdicts)"
        }
    }
}

// MARK: - The listener's state

/// The state of the listener.
public enum ListeningState: Sendable, Hashable {
    case starting
    /// The listener accepts deliveries at this URL.
    case listening(url: String, isLoopback: Bool)
    /// The listener accepts no more deliveries, and finishes those in progress.
    case draining
    /// The listener belongs to another process and cannot be reached.
    case away(ListenerAbsence)
}

/// The reason why a listener in another process cannot be reached.
public struct ListenerAbsence: Sendable, Hashable {
    /// The kinds of reasons.
    public enum Kind: Sendable, Hashable {
        /// The process was there and has ended.
        case gone
        /// No listener is running.
        case notRunning
        /// This user has no permission to connect.
        case notPermitted
        /// The process is another version of b2watch.
        case otherVersion
        /// The process does not answer as a listener does.
        case notAnswering
    }

    /// The kind of reason.
    public var kind: Kind
    /// A sentence with the reason and what to do. It may contain names from outside: escape it before it is shown.
    public var reason: String

    /// Creates an absence.
    public init(_ kind: Kind, reason: String) {
        self.kind = kind
        self.reason = reason
    }
}

// MARK: - Messages

/// A message that another thread puts into the dashboard's mailbox.
///
/// Thousands of commits can happen in a second: report them with `Dashboard.announce(_:)`, which leaves at most one
/// message waiting.
public struct DashboardMessage: Sendable {
    let event: DashboardEvent

    init(_ event: DashboardEvent) {
        self.event = event
    }

    /// Returns a message that the history has changed.
    public static func historyChanged(_ change: HistoryChange) -> DashboardMessage { Self(.historyChanged(change)) }

    /// Returns a message that the current secrets, or their matches, have changed.
    public static func keyring(_ summary: KeyringSummary) -> DashboardMessage { Self(.keyringChanged(summary)) }

    /// Returns a message with the file in which the listener would save secrets.
    public static func secretsFile(_ path: String) -> DashboardMessage { Self(.secretsFile(path)) }

    /// Returns a message about the progress of verifying again.
    public static func rejudged(_ summary: RejudgeSummary) -> DashboardMessage { Self(.rejudged(summary)) }

    /// Returns a message that the listener's state has changed.
    public static func listening(_ state: ListeningState) -> DashboardMessage { Self(.listening(state)) }

    /// Returns a message with a warning, which stays on the screen until the next warning; nil removes it.
    public static func warning(_ text: String?) -> DashboardMessage { Self(.warning(text)) }

    /// Returns a message with a notice, which disappears by itself.
    public static func notice(_ text: String) -> DashboardMessage { Self(.notice(text)) }

    /// Returns a message that nothing has been received for a while. The sentence stays until something is; then send
    /// nil.
    public static func quiet(_ text: String?) -> DashboardMessage { Self(.quiet(text)) }

    /// The message that rings the bell.
    public static var bell: DashboardMessage { Self(.bell) }

    /// Returns a message that a signal was caught.
    public static func signal(_ signal: DashboardSignal) -> DashboardMessage { Self(.signal(signal)) }

    /// Creates the message for news of the listener; nil for news that reaches the dashboard with the history's
    /// changes.
    public init?(_ news: ListenerNews) {
        switch news {
        case .keyring(let summary): self = .keyring(summary)
        case .rejudged(let summary): self = .rejudged(summary)
        case .warning(let text): self = .warning(text)
        case .notice(let text): self = .notice(text)
        case .health: return nil
        case .draining: self = .listening(.draining)
        }
    }
}

// MARK: - News of the listener

/// News from a listener to its dashboards, in its own process and in others, in addition to the recorded deliveries.
public enum ListenerNews: Codable, Sendable, Hashable {
    /// The current secrets, or their matches, have changed.
    case keyring(KeyringSummary)
    /// Recorded deliveries were verified again.
    case rejudged(RejudgeSummary)
    /// A warning that stays until the next one; nil removes it.
    case warning(String?)
    /// A notice to be read once.
    case notice(String)
    /// Whether deliveries can be recorded, which the file itself does not show.
    case health(HistoryHealth)
    /// The listener accepts no more deliveries.
    case draining
}
