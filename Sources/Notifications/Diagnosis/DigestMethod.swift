internal import CCrypto

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

    /// Returns the digest in lower-case hex digits; empty where libcrypto is built without the method.
    func digest(key: [UInt8], body: [UInt8]) -> [UInt8] {
        switch self {
        case .hmacSHA256: Self.hex(body.withUnsafeBytes { HMACSHA256(key: key).digest(of: $0) })
        case .hmacSHA1: Self.hmac(EVP_sha1(), key, body)
        case .hmacSHA384: Self.hmac(EVP_sha384(), key, body)
        case .hmacSHA512: Self.hmac(EVP_sha512(), key, body)
        case .hmacMD5: Self.hmac(EVP_md5(), key, body)
        case .sha256: Self.hex(SHA256.hash(body))
        case .sha1: Self.hash(EVP_sha1(), body)
        case .sha512: Self.hash(EVP_sha512(), body)
        case .md5: Self.hash(EVP_md5(), body)
        case .secretThenBody: Self.hex(SHA256.hash(key + body))
        case .bodyThenSecret: Self.hex(SHA256.hash(body + key))
        case .swapped: Self.hex(key.withUnsafeBytes { HMACSHA256(key: body).digest(of: $0) })
        }
    }

    private static func hmac(_ method: OpaquePointer?, _ key: [UInt8], _ body: [UInt8]) -> [UInt8] {
        // HMAC fills a key up with zeros, so one zero is the empty key, for which libcrypto wants a pointer.
        let key = key.isEmpty ? [0] : key
        return digest { digest, count in
            HMAC(method, key, Int32(key.count), body, body.count, digest, &count) != nil
        }
    }

    private static func hash(_ method: OpaquePointer?, _ body: [UInt8]) -> [UInt8] {
        digest { digest, count in EVP_Digest(body, body.count, digest, &count, method, nil) == 1 }
    }

    private static func digest(
        _ compute: (_ digest: UnsafeMutablePointer<UInt8>?, _ count: inout UInt32) -> Bool
    ) -> [UInt8] {
        var count: UInt32 = 0
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        let isComputed = digest.withUnsafeMutableBufferPointer { compute($0.baseAddress, &count) }
        return isComputed ? hex(digest.prefix(Int(count))) : []
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
