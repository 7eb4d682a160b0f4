/// Which signing secret gave a verdict: what can be recorded and shown of it.
///
/// Two secrets are the same where value and binding are: what a secret proves depends on both. The label is what a person
/// calls it now.
public struct SecretIdentity: Codable, Sendable, Hashable {
    /// What the user calls it.
    public var label: String
    /// Nil where an older version recorded the label alone.
    public var fingerprint: SecretFingerprint?
    public var binding: SecretBinding

    public init(label: String, fingerprint: SecretFingerprint?, binding: SecretBinding = .any) {
        self.label = label
        self.fingerprint = fingerprint
        self.binding = binding
    }

    /// Whether both are the same secret under the same binding, whatever they are called.
    public func isSame(as other: SecretIdentity) -> Bool {
        fingerprint == other.fingerprint && binding == other.binding && (fingerprint != nil || label == other.label)
    }
}

extension SecretIdentity: CustomStringConvertible {
    /// Such as `prod (3f9a)`, or the label alone where there is no fingerprint.
    public var description: String { fingerprint.map { "\(label) (\($0.short))" } ?? label }
}

/// The first 128 bits of the SHA-256 of a signing secret.
///
/// It tells secrets apart, and says no more about one than the recorded deliveries do, which hold a digest under the
/// secret beside the text it was made of. Screens show its first four hex digits.
public struct SecretFingerprint: Codable, Sendable, Hashable {
    public static let byteCount = 16
    public let bytes: [UInt8]

    init(of key: [UInt8]) {
        bytes = Array(SHA256.hash(key).prefix(Self.byteCount))
    }

    /// Nil where there are not 16 bytes.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = Array(bytes)
    }

    /// The first four hex digits.
    public var short: String { String(Hex.encode(bytes.prefix(2))) }
}
