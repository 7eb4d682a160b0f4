public import History
public import Notifications
import Settings

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

    /// A sentence such as `prod (3f9a), test (00aa)`, or `none`.
    var sentence: String {
        isEmpty ? "none" : secrets.map { "\($0.label) (\($0.fingerprint))" }.joined(separator: ", ")
    }
}

/// A secret that no longer verifies.
public struct PastSecret: Codable, Sendable, Hashable {
    public var identity: SecretIdentity
    /// The number of deliveries to which it gave the verdict valid.
    public var matches: Int
    /// Whether it was deleted as leaked.
    public var isLeaked = false
}

/// The facts about one secret that may be shown.
public struct SecretSummary: Codable, Sendable, Hashable {
    /// The label, unique among the current secrets.
    public var label: String
    /// The first four hex digits of the secret's SHA-256.
    public var fingerprint: String
    /// The deliveries that it may verify.
    public var binding = SecretBinding.any
    /// The source, in a word or two: `screen`, `environment`, `file prod.txt`.
    public var source: String
    /// Whether it will be current again after the next start.
    public var isRemembered = false
    /// The number of deliveries to which it gave the verdict valid, if known.
    public var matches: Int?
    /// Whether it looks like a signing secret of B2.
    public var isUsual = true
    /// Whether it is only in memory: typed or pasted, and not saved.
    public var isUnsaved = false
    /// Whether it was deleted as leaked, but a file or the environment still contains it.
    public var isLeaked = false
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
}

// MARK: - A new secret

/// A signing secret on its way from the form to the keyring, maybe over the socket, the only place where one is encoded.
/// Printing it shows only its label.
public struct SecretDraft: Codable, Sendable {
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

    /// The secret for the keyring.
    ///
    /// - Throws: `KeyringRefusal`.
    var signing: SigningSecret {
        get throws {
            guard SecretLabel.isValid(label) else { throw KeyringRefusal.badLabel }
            do {
                return try SigningSecret(label: label, value: value, binding: binding)
            } catch {
                throw KeyringRefusal.empty
            }
        }
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
public struct UnsignedDraft: Codable, Sendable {
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

    /// Creates the summary of a report.
    public init(_ report: RejudgeReport) {
        let stage: Stage =
            if report.failure != nil {
                .failed
            } else if report.isCancelled {
                .cancelled
            } else {
                report.isComplete ? .finished : .running
            }
        self.init(deliveries: report.deliveries, remaining: report.remaining, stage: stage)
    }

    init(deliveries: [SignatureVerdict: Int], remaining: Int = 0, stage: Stage = .finished) {
        self.deliveries = deliveries
        self.remaining = remaining
        self.stage = stage
    }
}
