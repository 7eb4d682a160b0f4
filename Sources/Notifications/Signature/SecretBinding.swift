/// Which notifications a signing secret may vouch for.
public enum SecretBinding: Codable, Sendable, Hashable {
    /// All of them.
    case any
    /// Those whose events are all of this bucket.
    case bucket(String)
    /// Those whose events all matched this rule.
    case rule(String)

    /// What `description` prints for `any`, and `init(_:)` takes.
    private static let anyWord = "any"

    /// Reads `any`, `bucket:NAME` or `rule:NAME`; nil for anything else.
    public init?(_ text: String) {
        if text == Self.anyWord {
            self = .any
        } else if text.hasPrefix("bucket:"), text.utf8.count > 7 {
            self = .bucket(String(text.dropFirst(7)))
        } else if text.hasPrefix("rule:"), text.utf8.count > 5 {
            self = .rule(String(text.dropFirst(5)))
        } else {
            return nil
        }
    }

    /// The first event's bucket or rule that lies outside this binding, nil if none does.
    ///
    /// A notification without events claims nothing, so it is outside no binding.
    func outsider(among events: [NotificationEvent]) -> FieldValue? {
        switch self {
        case .any: nil
        case .bucket(let name): events.lazy.map(\.bucketName).first { $0 != .string(name) }
        case .rule(let name): events.lazy.map(\.matchedRuleName).first { $0 != .string(name) }
        }
    }
}

extension SecretBinding: CustomStringConvertible {
    /// `any`, `bucket:NAME` or `rule:NAME`. The name may be from outside: escape it before it is shown.
    public var description: String {
        switch self {
        case .any: Self.anyWord
        case .bucket(let name): "bucket:\(name)"
        case .rule(let name): "rule:\(name)"
        }
    }
}
