public import History
public import Notifications

/// What the dashboard asks of the listener it shows, in this process or in another one: implemented by the executable.
///
/// The calls are made off the screen's thread, one at a time, unless said otherwise. What they throw is shown to the
/// user: errors whose text is a sentence.
public protocol ListenerControl: Sendable {
    /// The secrets held now, with what each has matched.
    func keyring() throws -> KeyringSummary

    /// Holds one more secret and judges all recorded deliveries again.
    func addSecret(_ draft: SecretDraft) throws -> KeyringSummary

    /// Puts a secret in the place of the one with this label, and judges again.
    func replaceSecret(_ label: String, with draft: SecretDraft) throws -> KeyringSummary

    /// Deletes a secret, also where it was saved.
    ///
    /// - Parameter wasLeaked: Whether what it has verified reads "valid, secret removed" from now on; else its verdicts stay.
    func forgetSecret(_ label: String, wasLeaked: Bool) throws -> KeyringSummary

    /// Marks a secret as leaked that verifies no longer.
    func markLeaked(_ secret: SecretIdentity) throws -> KeyringSummary

    /// Keeps a secret for the next start.
    ///
    /// - Returns: Where it was written.
    func rememberSecret(_ label: String) throws -> String

    /// Reads the files and other sources of secrets again, holds what is there now, and judges by that.
    func reloadSecrets() throws -> KeyringSummary

    /// Ends judging again; what remains keeps its verdicts.
    func cancelJudging() throws

    /// Judges what remains to be judged again.
    func resumeJudging() throws

    /// Sends a signed test event through the listener's own socket.
    ///
    /// - Returns: What became of it, such as `answered 200 OK in 2 ms`.
    func sendTestEvent() throws -> String

    /// Returns what the Signature tab shows, by the current secrets. It may block, and is not called one at a time with
    /// others.
    ///
    /// - Parameter isCancelled: Asked often whether nobody waits for it any more; what was found until then is returned.
    func evidence(for record: DeliveryRecord, isCancelled: @escaping @Sendable () -> Bool) -> SignatureEvidence

    /// Whether a secret that is held occurs in these bytes: what holds one is not copied.
    func holdsSecret(in bytes: [UInt8]) -> Bool

    /// The answer times of the last five minutes. Called on the screen's thread: it may take a lock, and no more.
    func answerTimes() -> AnswerTimesSummary

    /// Whether a delivery has come that is no test of ours. Called on the screen's thread.
    func hasReceivedFromElsewhere() -> Bool
}

// MARK: - The keyring

/// What may be told of the current secrets, and of those before them.
public struct KeyringSummary: Codable, Sendable, Hashable {
    /// The current ones, in the order in which they are tried.
    public var secrets: [SecretSummary]
    /// Those that verify no longer, and whose verdicts stay.
    public var past: [PastSecret]

    /// A summary.
    public init(secrets: [SecretSummary] = [], past: [PastSecret] = []) {
        self.secrets = secrets
        self.past = past
    }

    /// Whether there is no current one.
    public var isEmpty: Bool { secrets.isEmpty }

    /// The labels of those that the end of the process would lose.
    public var unsaved: [String] { secrets.filter(\.isUnsaved).map(\.label) }
}

/// A secret that verifies no longer.
public struct PastSecret: Codable, Sendable, Hashable {
    public var identity: SecretIdentity
    /// The deliveries that it gave a valid verdict.
    public var matches: Int
    /// Whether it was deleted as leaked.
    public var isLeaked: Bool

    /// A past secret.
    public init(identity: SecretIdentity, matches: Int, isLeaked: Bool = false) {
        self.identity = identity
        self.matches = matches
        self.isLeaked = isLeaked
    }
}

/// What may be told of one secret.
public struct SecretSummary: Codable, Sendable, Hashable {
    /// Unique among those held.
    public var label: String
    /// The first four hex digits of its SHA-256.
    public var fingerprint: String
    /// What it may vouch for.
    public var binding: SecretBinding
    /// Where it came from, in a word or two: `screen`, `environment`, `file prod.txt`.
    public var source: String
    /// Whether it will be held again after the next start.
    public var isRemembered: Bool
    /// The deliveries that it gave a valid verdict, where that is known.
    public var matches: Int?
    /// Whether it looks as B2's do.
    public var isUsual: Bool
    /// Whether it is in memory only: typed or pasted, and not saved.
    public var isUnsaved: Bool
    /// Whether it was deleted as leaked, and a file or the environment gives it again.
    public var isLeaked: Bool

    /// A summary.
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

// MARK: - A new secret

/// A signing secret as typed or pasted, on its way from the form to the keyring. Prints as its label only.
public struct SecretDraft: Sendable {
    /// What the user calls it.
    public var label: String
    /// The secret itself, as typed.
    public var value: String
    /// What it may vouch for.
    public var binding: SecretBinding

    /// A draft.
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

// MARK: - Judging again

/// How far the recorded deliveries have been judged again after a change of the keyring.
public struct RejudgeSummary: Codable, Sendable, Hashable {
    /// What becomes of it.
    public enum Stage: Codable, Sendable, Hashable {
        case running, finished
        /// By the user: what remains keeps its verdicts until it is resumed.
        case cancelled
        /// The history could not be written, as a warning of its own says.
        case failed
    }

    /// Those judged so far, by the verdict they have now.
    public var deliveries: [SignatureVerdict: Int]
    /// How many are still to be judged, at most.
    public var remaining: Int
    public var stage: Stage

    /// A summary.
    public init(deliveries: [SignatureVerdict: Int], remaining: Int = 0, stage: Stage = .finished) {
        self.deliveries = deliveries
        self.remaining = remaining
        self.stage = stage
    }

    /// Such as `37 deliveries verified again: 35 valid, 2 invalid`.
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

// MARK: - Whether something listens

/// What the listener is doing.
public enum ListeningState: Sendable, Hashable {
    case starting
    /// Takes deliveries at this URL.
    case listening(url: String, isLoopback: Bool)
    /// Takes no more, and finishes what is in flight.
    case draining
    /// It runs elsewhere, if it runs, and cannot be spoken to.
    case away(ListenerAbsence)
}

/// Why a listener in another process cannot be spoken to.
public struct ListenerAbsence: Sendable, Hashable {
    /// In a word or two.
    public enum Kind: Sendable, Hashable {
        /// It was there and is no more.
        case gone
        /// None was there yet.
        case notRunning
        /// This user may not.
        case notPermitted
        /// It is another version.
        case otherVersion
        /// It is there, and does not answer as one does.
        case notAnswering
    }

    /// What is the matter.
    public var kind: Kind
    /// What is the matter and what to do, in a sentence. It may hold names from outside: escape it before it is shown.
    public var reason: String

    /// An absence.
    public init(_ kind: Kind, reason: String) {
        self.kind = kind
        self.reason = reason
    }
}

// MARK: - Messages

/// What other threads tell the dashboard through its mailbox.
///
/// Commits come by the thousand a second: tell those with `Dashboard.announce(_:)`, which keeps one message waiting
/// however many there were.
public struct DashboardMessage: Sendable {
    let event: DashboardEvent

    init(_ event: DashboardEvent) {
        self.event = event
    }

    /// The history has changed.
    public static func historyChanged(_ change: HistoryChange) -> DashboardMessage { Self(.historyChanged(change)) }

    /// Other secrets are held, or more is known of them.
    public static func keyring(_ summary: KeyringSummary) -> DashboardMessage { Self(.keyringChanged(summary)) }

    /// The file into which the listener would write a secret to be remembered.
    public static func secretsFile(_ path: String) -> DashboardMessage { Self(.secretsFile(path)) }

    /// Recorded deliveries were judged again.
    public static func rejudged(_ summary: RejudgeSummary) -> DashboardMessage { Self(.rejudged(summary)) }

    /// The listener does something else now.
    public static func listening(_ state: ListeningState) -> DashboardMessage { Self(.listening(state)) }

    /// A warning that stays on the screen until another one, or none, takes its place.
    public static func warning(_ text: String?) -> DashboardMessage { Self(.warning(text)) }

    /// A line that goes by itself.
    public static func notice(_ text: String) -> DashboardMessage { Self(.notice(text)) }

    /// Nothing has come for a while, in a sentence that stays until something has; nil then.
    public static func quiet(_ text: String?) -> DashboardMessage { Self(.quiet(text)) }

    /// The bell is to ring.
    public static var bell: DashboardMessage { Self(.bell) }

    /// A signal was caught.
    public static func signal(_ signal: DashboardSignal) -> DashboardMessage { Self(.signal(signal)) }

    /// What the listener tells; nil where that reaches the dashboard with the history's changes.
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

/// What a listener tells the dashboards that show it, in its own process and in others, besides what is recorded.
public enum ListenerNews: Codable, Sendable, Hashable {
    /// Other secrets are held, or more is known of them.
    case keyring(KeyringSummary)
    /// Recorded deliveries were judged again.
    case rejudged(RejudgeSummary)
    /// A warning that stands until another one, or none, takes its place.
    case warning(String?)
    /// Something to be read once.
    case notice(String)
    /// Whether deliveries can be recorded: what the file itself does not say.
    case health(HistoryHealth)
    /// No more deliveries are taken.
    case draining
}
