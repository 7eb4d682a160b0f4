/// A signing secret of an event notification rule.
///
/// Prints as its label and the first four hex digits of its SHA-256, nowhere more.
public struct SigningSecret: Sendable {
    /// What the user calls it; unique in a keyring.
    public let label: String
    public let binding: SecretBinding
    private let fullFingerprint: SecretFingerprint
    /// Whether it looks as B2's do: 32 ASCII letters and digits.
    public let isUsual: Bool
    private let key: SecretKey

    /// Holds a secret.
    ///
    /// - Parameter value: The secret's text; white space at its ends is not part of it.
    /// - Throws: `SecretError.empty` where nothing else is left, for there is no empty key.
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

    /// What is recorded of it with the verdicts that it gives.
    public var identity: SecretIdentity {
        SecretIdentity(label: label, fingerprint: fullFingerprint, binding: binding)
    }

    /// The same secret under another binding.
    public func bound(to binding: SecretBinding) -> SigningSecret {
        SigningSecret(label: label, binding: binding, of: self)
    }

    /// The same secret under another label.
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

    /// `text` without the white space at its ends.
    public static func trim(_ text: String) -> Substring {
        let isText: (Unicode.Scalar) -> Bool = { !$0.properties.isWhitespace }
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: isText), let last = scalars.lastIndex(where: isText) else {
            return ""
        }
        return Substring(scalars[first...last])
    }

    /// Whether the bytes are 32 ASCII letters and digits, as every secret that B2 takes is.
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

    /// The value that B2 puts in the signature header of this body: `v1=` and 64 lower-case hex digits.
    public func signature(of body: [UInt8]) -> String {
        "v1=" + Hex.encode(digest(of: body))
    }

    /// Whether both are the same key, label and binding apart; in constant time.
    public func hasSameValue(as other: SigningSecret) -> Bool {
        key.isEqual(to: other.key)
    }

    /// Lends the secret's text, for the one file that remembers it when the user asks for that.
    public func withExposedValue<Result, Failure: Error>(
        _ body: (String) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let text = key.withBytes { String(decoding: $0, as: UTF8.self) }
        return try body(text)
    }

    /// Lends the key's bytes, for the diagnosis alone to try what may have been done to them.
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

/// Why a text cannot be a signing secret.
public enum SecretError: Error, Sendable, Hashable {
    /// Nothing but white space.
    case empty
}

extension SigningSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Such as `prod (3f9a)`.
    public var description: String { "\(label) (\(fingerprint))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["secret": description]) }
}
