import Crypto

/// How a digest may have been made of a secret and a body.
public enum DigestMethod: Codable, Sendable, Hashable, CaseIterable {
    /// The right one.
    case hmacSHA256
    case hmacSHA1, hmacSHA384, hmacSHA512, hmacMD5
    /// Without the secret.
    case sha256, sha1, sha512, md5
    /// Plain SHA-256 of both, one behind the other.
    case secretThenBody, bodyThenSecret
    /// The HMAC of the secret under the body.
    case swapped

    /// Whether the digest depends on the secret.
    var usesSecret: Bool {
        switch self {
        case .sha256, .sha1, .sha512, .md5: false
        default: true
        }
    }

    /// The digest in lower-case hex digits.
    func digest(key: [UInt8], body: [UInt8]) -> [UInt8] {
        switch self {
        case .hmacSHA256: Self.hex(HMAC<SHA256>.authenticationCode(for: body, using: Self.key(key)))
        case .hmacSHA1: Self.hex(HMAC<Insecure.SHA1>.authenticationCode(for: body, using: Self.key(key)))
        case .hmacSHA384: Self.hex(HMAC<SHA384>.authenticationCode(for: body, using: Self.key(key)))
        case .hmacSHA512: Self.hex(HMAC<SHA512>.authenticationCode(for: body, using: Self.key(key)))
        case .hmacMD5: Self.hex(HMAC<Insecure.MD5>.authenticationCode(for: body, using: Self.key(key)))
        case .sha256: Self.hex(SHA256.hash(data: body))
        case .sha1: Self.hex(Insecure.SHA1.hash(data: body))
        case .sha512: Self.hex(SHA512.hash(data: body))
        case .md5: Self.hex(Insecure.MD5.hash(data: body))
        case .secretThenBody: Self.hex(SHA256.hash(data: key + body))
        case .bodyThenSecret: Self.hex(SHA256.hash(data: body + key))
        case .swapped: Self.hex(HMAC<SHA256>.authenticationCode(for: key, using: Self.key(body)))
        }
    }

    /// HMAC fills a key up with zeros, so one zero is the empty key, which `SymmetricKey` need not take.
    static func key(_ bytes: [UInt8]) -> SymmetricKey {
        SymmetricKey(data: bytes.isEmpty ? [0] : bytes)
    }

    private static let digits = Array("0123456789abcdef".utf8)

    private static func hex(_ digest: some Sequence<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(128)
        for byte in digest {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return text
    }

    /// Returns an HMAC-SHA-256 in lower-case hex digits.
    static func hex(_ digest: SIMD32<UInt8>) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 64) { text, count in
            for index in 0..<32 {
                text[2 * index] = digits[Int(digest[index] >> 4)]
                text[2 * index + 1] = digits[Int(digest[index] & 15)]
            }
            count = 64
        }
    }

    /// Goes behind “is right”.
    var phrase: String {
        switch self {
        case .hmacSHA256: "as HMAC-SHA-256"
        case .hmacSHA1: "as HMAC-SHA-1"
        case .hmacSHA384: "as HMAC-SHA-384"
        case .hmacSHA512: "as HMAC-SHA-512"
        case .hmacMD5: "as HMAC-MD5"
        case .sha256: "as plain SHA-256, which needs no secret"
        case .sha1: "as plain SHA-1, which needs no secret"
        case .sha512: "as plain SHA-512, which needs no secret"
        case .md5: "as plain MD5, which needs no secret"
        case .secretThenBody: "as plain SHA-256 of the secret and the body in a row"
        case .bodyThenSecret: "as plain SHA-256 of the body and the secret in a row"
        case .swapped: "with secret and body swapped in the HMAC"
        }
    }

    /// What to do about it.
    var advice: String {
        self == .swapped
            ? "Have the sender give the secret as the key and the body as the message."
            : "Have the sender make an HMAC-SHA-256 of the body under the secret, as B2 does."
    }
}
