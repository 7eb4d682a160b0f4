public import Notifications

/// What may be told of the secrets held.
public struct KeyringSummary: Codable, Sendable, Hashable {
    /// In the order in which they are tried.
    public var secrets: [SecretSummary]

    /// A summary.
    public init(secrets: [SecretSummary] = []) {
        self.secrets = secrets
    }

    /// Whether none is held.
    public var isEmpty: Bool { secrets.isEmpty }
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
    /// The deliveries whose digest it gave, where that is known.
    public var matches: Int?
    /// Whether it looks as B2's do.
    public var isUsual: Bool

    /// A summary.
    public init(
        label: String, fingerprint: String, binding: SecretBinding = .any, source: String, isRemembered: Bool = false,
        matches: Int? = nil, isUsual: Bool = true
    ) {
        self.label = label
        self.fingerprint = fingerprint
        self.binding = binding
        self.source = source
        self.isRemembered = isRemembered
        self.matches = matches
        self.isUsual = isUsual
    }
}
