public import Notifications

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
