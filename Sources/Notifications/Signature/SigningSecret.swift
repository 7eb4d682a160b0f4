/// A signing secret of an event notification rule.
///
/// Prints as its label and the first four hex digits of its SHA-256, nowhere more.
public struct SigningSecret: Sendable {
    /// The user's name for the secret; unique in a keyring.
    public let label: String
    public let binding: SecretBinding
    private let fullFingerprint: SecretFingerprint
    /// Whether the secret has the form of B2's: 32 ASCII letters and digits.
    public let isUsual: Bool
    private let key: SecretKey

    /// Creates a secret.
    ///
    /// - Parameter value: The secret's text; white space at its ends is not part of it.
    /// - Throws: `SecretError.empty` if nothing else is left, because a key must not be empty.
    public init(label: String, value: String, binding: SecretBinding = .any) throws(SecretError) {
        let trimmed = Array(Self.trim(value).utf8)
        guard !trimmed.isEmpty else { throw .empty }
        self.label = label
        self.binding = binding
        key = SecretKey(trimmed)
        fullFingerprint = SecretFingerprint(of: trimmed)
        isUsual = Self.looksUsual(trimmed)
    }

    /// The first four hex digits of the secret's SHA-256.
    public var fingerprint: String { fullFingerprint.short }

    /// The identity that is recorded with the verdicts of this secret.
    public var identity: SecretIdentity {
        SecretIdentity(label: label, fingerprint: fullFingerprint, binding: binding)
    }

    /// Returns the same secret under another binding.
    public func bound(to binding: SecretBinding) -> SigningSecret {
        SigningSecret(label: label, binding: binding, of: self)
    }

    /// Returns the same secret under another label.
    public func renamed(_ label: String) -> SigningSecret {
        SigningSecret(label: label, binding: binding, of: self)
    }

    private init(label: String, binding: SecretBinding, of other: SigningSecret) {
        self.label = label
        self.binding = binding
        fullFingerprint = other.fullFingerprint
        isUsual = other.isUsual
        key = other.key
    }

    /// Returns `text` without the white space at its ends.
    public static func trim(_ text: String) -> Substring {
        let isText: (Unicode.Scalar) -> Bool = { !$0.properties.isWhitespace }
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: isText), let last = scalars.lastIndex(where: isText) else {
            return ""
        }
        return Substring(scalars[first...last])
    }

    /// Returns whether the bytes are 32 ASCII letters and digits, as every secret that B2 takes is.
    ///
    /// Source: b2sdk 2.13.1 and the `b2` command line tool 5.0.0.
    public static func looksUsual(_ bytes: some Collection<UInt8>) -> Bool {
        bytes.count == 32
            && bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"):
                    true
                default: false
                }
            }
    }

    /// Returns the HMAC-SHA-256 of a body under this secret's UTF-8 bytes.
    func digest(of body: [UInt8]) -> SHA256.Digest {
        body.withUnsafeBytes { key.digest(of: $0) }
    }

    /// The prepared MAC, for digests of many bodies.
    var mac: HMACSHA256 { key.mac }

    /// Returns the value that B2 puts in the signature header of this body: `v1=` and 64 lower-case hex digits.
    public func signature(of body: [UInt8]) -> String {
        "v1=" + Hex.encode(digest(of: body))
    }

    /// Returns whether both are the same key, label and binding apart; in constant time.
    public func hasSameValue(as other: SigningSecret) -> Bool {
        key.isEqual(to: other.key)
    }

    /// Returns whether both verify the same requests: the same key with the same binding.
    public func isSame(as other: SigningSecret) -> Bool {
        hasSameValue(as: other) && binding == other.binding
    }

    /// Lends the secret's text. Only the file that saves secrets, if the user asks for that, needs it.
    public func withExposedValue<Result, Failure: Error>(
        _ body: (String) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let text = key.withBytes { String(decoding: $0, as: UTF8.self) }
        return try body(text)
    }

    /// Lends the key's bytes. Only the diagnosis needs them, to try what may have been done to them.
    func withKey<Result>(_ body: ([UInt8]) -> Result) -> Result {
        body(key.withBytes { Array($0) })
    }

    /// Feeds what makes two keyrings the same into a digest.
    func absorb(into hash: inout SHA256) {
        for part in [label, binding.description] {
            hash.update(Array("\(part.utf8.count):\(part)".utf8))
        }
        key.withBytes { bytes in
            hash.update(Array("\(bytes.count):".utf8))
            hash.update(bytes)
        }
    }
}

/// The reason why a text cannot be a signing secret.
public enum SecretError: Error, Sendable, Hashable {
    /// Nothing but white space.
    case empty
}

extension SigningSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// A description such as `prod (3f9a)`.
    public var description: String { "\(label) (\(fingerprint))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["secret": description]) }
}

extension SigningSecret {
    /// Below this length a secret occurs by chance, and is guessed as easily.
    private static let shortest = 8

    /// Returns whether these bytes contain the secret's; always false for a secret of less than 8 bytes.
    public func occurs(in bytes: [UInt8]) -> Bool {
        withKey { key in
            guard key.count >= Self.shortest, bytes.count >= key.count else { return false }
            return bytes.withUnsafeBufferPointer { bytes in
                key.withUnsafeBufferPointer { key in
                    (0...(bytes.count - key.count)).contains { start in
                        bytes[start] == key[0] && bytes[start..<(start + key.count)].elementsEqual(key)
                    }
                }
            }
        }
    }
}

// MARK: - Identity

/// The identity of the signing secret that gave a verdict, as it can be recorded and shown.
///
/// Two secrets are the same if value and binding are: what a secret proves depends on both. The label is the user's
/// current name for it.
public struct SecretIdentity: Codable, Sendable, Hashable {
    /// The user's name for the secret.
    public var label: String
    /// Nil where an older version recorded the label alone.
    public var fingerprint: SecretFingerprint?
    public var binding: SecretBinding

    public init(label: String, fingerprint: SecretFingerprint?, binding: SecretBinding = .any) {
        self.label = label
        self.fingerprint = fingerprint
        self.binding = binding
    }

    /// Returns whether both are the same secret under the same binding, whatever they are called.
    public func isSame(as other: SecretIdentity) -> Bool {
        fingerprint == other.fingerprint && binding == other.binding && (fingerprint != nil || label == other.label)
    }
}

extension SecretIdentity: CustomStringConvertible {
    /// A text such as `prod (3f9a)`, or the label alone without a fingerprint.
    public var description: String { fingerprint.map { "\(label) (\($0.short))" } ?? label }
}

/// The first 128 bits of the SHA-256 of a signing secret.
///
/// It identifies a secret, and reveals no more about it than the recorded deliveries do, which contain a digest under
/// the secret and the text that was signed. Screens show its first four hex digits.
public struct SecretFingerprint: Codable, Sendable, Hashable {
    public static let byteCount = 16
    public let bytes: [UInt8]

    init(of key: [UInt8]) {
        bytes = Array(SHA256.hash(key).prefix(Self.byteCount))
    }

    /// Returns nil if there are not 16 bytes.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = Array(bytes)
    }

    /// The first four hex digits.
    public var short: String { String(Hex.encode(bytes.prefix(2))) }
}

// MARK: - Binding

/// The notifications that a signing secret may verify.
public enum SecretBinding: Codable, Sendable, Hashable {
    /// All events.
    case any
    /// Deliveries whose events all belong to this bucket.
    case bucket(String)
    /// Deliveries whose events all matched this rule.
    case rule(String)

    /// The word for `any` that `description` prints and `init(_:)` reads.
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

    /// Returns the first event's bucket or rule that lies outside this binding; nil if all lie inside.
    ///
    /// A notification without events claims nothing, so it is inside every binding.
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

// MARK: - Keyring

/// The current signing secrets, in the order in which they are tried.
public struct Keyring: Sendable {
    public private(set) var secrets: [SigningSecret] = []

    /// The secret of b2watch's own test events, which proves nothing about any other events: it is bound to a rule of
    /// its own and does not count as a current secret.
    public var selfTest: SigningSecret?

    public init() {}

    /// - Throws: `KeyringError` where two secrets have one label.
    public init(_ secrets: [SigningSecret]) throws(KeyringError) {
        for secret in secrets { try add(secret) }
    }

    public var isEmpty: Bool { secrets.isEmpty }

    public subscript(label: String) -> SigningSecret? {
        secrets.first { $0.label == label }
    }

    /// Adds a secret behind the others.
    ///
    /// - Throws: `KeyringError.labelTaken`.
    public mutating func add(_ secret: SigningSecret) throws(KeyringError) {
        guard self[secret.label] == nil else { throw .labelTaken(secret.label) }
        secrets.append(secret)
    }

    /// A digest that is equal for equal keyrings: labels, bindings, values and order.
    ///
    /// It shows after a restart whether the recorded verdicts were given by the same secrets. It reveals no more about
    /// them than the recorded deliveries do, which contain a digest under the secret and the text that was signed.
    public var identity: String {
        var hash = SHA256()
        hash.update(Array("b2watch keyring 1".utf8))
        for secret in secrets { secret.absorb(into: &hash) }
        return Hex.encode(hash.finalize())
    }
}

/// The reason why a keyring rejected a change.
public enum KeyringError: Error, Sendable, Hashable {
    case labelTaken(String)
    case notHeld(String)
}
