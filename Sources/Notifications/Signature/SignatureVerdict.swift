/// The verdict on a delivery's signature. Recorded verdicts are evidence: see `Judgement.replaces(_:)`.
public enum SignatureVerdict: Int, Codable, Sendable, Hashable, CaseIterable {
    /// A secret of ours gives the digest received.
    case valid = 0
    /// A `v1` digest was received and no secret of ours gives it, or only one that is bound elsewhere.
    case invalid = 1
    /// No signature header.
    case missing = 2
    /// A header that is not `name=value`.
    case malformed = 3
    /// A version other than `v1`.
    case unsupported = 4
    /// There was no secret to check with.
    case unverified = 5
    /// Not a notification (another method, another path), so not checked and not counted.
    case unjudged = 6
    /// Valid by a secret that a person has since deleted as leaked: whoever has it could have signed this. Never
    /// recorded; it is how `valid` reads then.
    case removed = 7

    /// The word for it in everything that programs read: JSON, exports, variables of commands.
    public var word: String {
        switch self {
        case .valid: "valid"
        case .invalid: "invalid"
        case .missing: "missing"
        case .malformed: "malformed"
        case .unsupported: "unsupported"
        case .unverified: "unverified"
        case .unjudged: "unjudged"
        case .removed: "valid, secret removed"
        }
    }

    /// The words for it in everything that people read.
    public var title: String { self == .unjudged ? "not checked" : word }

    /// The word for it in a filter.
    public var filterWord: String { self == .removed ? "removed" : word }

    /// The sign before the title. No two verdicts share one.
    public var glyph: String {
        switch self {
        case .valid: "✓"
        case .invalid: "✗"
        case .missing: "–"
        case .malformed: "!"
        case .unsupported: "v"
        case .unverified: "?"
        case .unjudged: "·"
        case .removed: "⊘"
        }
    }

    /// How far a delivery is to be believed when two carry the same event: valid, then unverified, then the rest.
    ///
    /// Only an earlier delivery of equal or higher trust makes a later one a duplicate, so that a forgery cannot
    /// shadow the real thing.
    public var trust: Int {
        switch self {
        case .valid: 2
        case .unverified, .removed: 1
        case .invalid, .missing, .malformed, .unsupported, .unjudged: 0
        }
    }

    /// Whether the secret recorded with it gave it. A secret may also be recorded with `invalid`: it gives the digest, but
    /// is bound to something else, and so vouches for nothing.
    public var isBySecret: Bool { self == .valid || self == .removed }

    /// The verdicts that are counted, in the order in which they are shown.
    public static let counted: [SignatureVerdict] = [
        .valid, .removed, .invalid, .missing, .malformed, .unsupported, .unverified,
    ]
}
