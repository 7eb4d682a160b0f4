public import Notifications

/// In tests a secret is as good as its label.
extension SecretIdentity: ExpressibleByStringLiteral {
    public init(stringLiteral label: String) {
        self = .sample(label)
    }

    /// A secret whose value is its label too.
    public static func sample(_ label: String, binding: SecretBinding = .any) -> SecretIdentity {
        SigningSecret.sample(label, label, binding: binding).identity
    }
}
