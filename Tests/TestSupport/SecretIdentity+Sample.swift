public import Notifications

/// In tests, a label alone identifies a secret.
extension SecretIdentity: ExpressibleByStringLiteral {
    public init(stringLiteral label: String) {
        self = .sample(label)
    }

    /// Returns a secret whose value is its label too.
    public static func sample(_ label: String, binding: SecretBinding = .any) -> SecretIdentity {
        SigningSecret.sample(label, label, binding: binding).identity
    }
}
