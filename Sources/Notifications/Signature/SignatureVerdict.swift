/// What is thought of a delivery's signature; one word, the same everywhere.
public enum SignatureVerdict: Int, Codable, Sendable, Hashable, CaseIterable {
    /// A held secret gives the digest received.
    case valid = 0
    /// A `v1` digest was received and no held secret gives it, or only one that is bound elsewhere.
    case invalid = 1
    /// No signature header.
    case missing = 2
    /// A header that is not `name=value`.
    case malformed = 3
    /// A version other than `v1`.
    case unsupported = 4
    /// No secret is held, so nothing could be judged.
    case unverified = 5
    /// Not a notification (another method, another path), so not judged and not counted.
    case unjudged = 6

    /// The word for it.
    public var word: String {
        switch self {
        case .valid: "valid"
        case .invalid: "invalid"
        case .missing: "missing"
        case .malformed: "malformed"
        case .unsupported: "unsupported"
        case .unverified: "unverified"
        case .unjudged: "unjudged"
        }
    }

    /// The sign that stands before the word on the screen.
    public var glyph: String {
        switch self {
        case .valid: "✓"
        case .invalid: "✗"
        case .missing: "–"
        case .malformed: "!"
        case .unsupported: "v"
        case .unverified: "?"
        case .unjudged: " "
        }
    }

    /// How far a delivery is to be believed when two carry the same event: valid, then unverified, then the rest.
    ///
    /// Only an earlier delivery of equal or higher trust makes a later one a duplicate, so that a forgery cannot
    /// shadow the real thing.
    public var trust: Int {
        switch self {
        case .valid: 2
        case .unverified: 1
        case .invalid, .missing, .malformed, .unsupported, .unjudged: 0
        }
    }

    /// The verdicts that are counted, in the order in which they are shown.
    public static let counted: [SignatureVerdict] = [.valid, .invalid, .missing, .malformed, .unsupported, .unverified]
}
