internal import CCrypto

/// A change that the sender, or the person who pasted the secret here, may have made to it: one step from the current
/// secret to the key that made the digest.
public enum SecretVariant: Codable, Sendable, Hashable, CaseIterable {
    // Characters that the sender may have in addition.
    case atEnd(SecretStray), atStart(SecretStray), inQuotes(SecretQuotes)
    // Characters of the current secret that may not belong to it.
    case withoutQuotes, withoutInvisible
    // Another reading of its text.
    case base64Decoded, base64Encoded, hexDecoded, hexEncoded, lowerCase, upperCase, otherCase
    /// An empty secret, from a variable that was not set.
    case empty

    /// All variants that are tried, the simplest first.
    public static let allCases: [SecretVariant] =
        SecretStray.allCases.filter { $0 != .byteOrderMark }.map(SecretVariant.atEnd)
        + SecretStray.allCases.map(SecretVariant.atStart) + SecretQuotes.allCases.map(SecretVariant.inQuotes)
        + [
            .withoutQuotes, .withoutInvisible, .base64Decoded, .base64Encoded, .hexDecoded, .hexEncoded, .lowerCase,
            .upperCase, .otherCase, .empty,
        ]

    /// Returns the key that this step makes of another; nil if it changes nothing.
    func applied(to key: [UInt8]) -> [UInt8]? {
        switch self {
        case .atEnd(let stray): return key + stray.bytes
        case .atStart(let stray): return stray.bytes + key
        case .inQuotes(let quotes): return quotes.around(key)
        case .withoutQuotes: return trimmed(key) { "\"'`“”‘’„«»".unicodeScalars.contains($0) }
        case .withoutInvisible: return trimmed(key) { Self.isInvisible($0) }
        case .base64Decoded: return Base64.decode(key)
        case .base64Encoded: return Base64.encode(key)
        case .hexDecoded: return Hex.decode(String(decoding: key, as: UTF8.self))
        case .hexEncoded: return Array(Hex.encode(key).utf8)
        case .lowerCase: return changed(key) { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        case .upperCase: return changed(key) { (0x61...0x7A).contains($0) ? $0 & 0xDF : $0 }
        case .otherCase:
            return changed(key) { byte in
                switch byte {
                case 0x41...0x5A: byte | 0x20
                case 0x61...0x7A: byte & 0xDF
                default: byte
                }
            }
        case .empty: return []
        }
    }

    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .format || scalar.properties.generalCategory == .control
            || scalar.properties.isWhitespace
    }

    private func trimmed(_ key: [UInt8], _ goes: (Unicode.Scalar) -> Bool) -> [UInt8]? {
        var text = String(decoding: key, as: UTF8.self).unicodeScalars[...]
        while let first = text.first, goes(first) { text.removeFirst() }
        while let last = text.last, goes(last) { text.removeLast() }
        let bytes = Array(String(text).utf8)
        return bytes.isEmpty || bytes == key ? nil : bytes
    }

    private func changed(_ key: [UInt8], _ change: (UInt8) -> UInt8) -> [UInt8]? {
        let bytes = key.map(change)
        return bytes == key ? nil : bytes
    }

    /// Returns a phrase for each kind of these steps: the list of what was tried.
    static func tried(_ steps: [SecretVariant]) -> [String] {
        var phrases: [String] = []
        for step in steps {
            let phrase =
                switch step {
                case .atEnd, .atStart: "with a space, tab, newline, byte-order mark or quote more at an end"
                case .inQuotes: "in quotes"
                case .lowerCase, .upperCase, .otherCase, .base64Decoded, .base64Encoded, .hexDecoded, .hexEncoded,
                    .withoutQuotes, .withoutInvisible, .empty:
                    step.phrase
                }
            if !phrases.contains(phrase) { phrases.append(phrase) }
        }
        return phrases
    }

    /// Returns the difference between the key that these steps make and the current secret: a phrase that follows
    /// “under the secret …”.
    static func phrase(_ steps: [SecretVariant]) -> String {
        guard steps.count == 2, steps[0] == steps[1] else { return steps.map(\.phrase).joined(separator: " and ") }
        return switch steps[0] {
        case .atEnd(let stray): "with \(stray.pair) at its end"
        case .atStart(let stray): "with \(stray.pair) before it"
        default: steps[0].phrase + ", twice"
        }
    }

    private var phrase: String {
        switch self {
        case .atEnd(let stray): "with \(stray.name) at its end"
        case .atStart(let stray): "with \(stray.name) before it"
        case .inQuotes(let quotes): "with \(quotes.name) around it"
        case .withoutQuotes: "without the quotes at its ends"
        case .withoutInvisible: "without the invisible characters at its ends"
        case .base64Decoded: "decoded as base64"
        case .base64Encoded: "encoded as base64"
        case .hexDecoded: "decoded as hex"
        case .hexEncoded: "encoded as hex"
        case .lowerCase: "in lower case"
        case .upperCase: "in upper case"
        case .otherCase: "with upper and lower case exchanged"
        case .empty: "left empty"
        }
    }

    /// The remedy, in sentences.
    var advice: String {
        switch self {
        case .atEnd(let stray) where stray.isQuote, .atStart(let stray) where stray.isQuote:
            "The sender took the quote for a part of the secret: remove it from its settings."
        case .inQuotes:
            "The sender took the quotes for a part of the secret: remove them from its settings."
        case .atEnd, .atStart:
            "The sender read its secret with that: strip it there (printf %s writes a secret without a newline)."
        case .withoutQuotes, .withoutInvisible:
            "The secret in b2watch was pasted with them: press s and paste the secret alone."
        case .base64Decoded, .hexDecoded:
            "The secret in b2watch may be the rule's secret encoded once more: then paste the decoded text (s). Else the sender"
                + " decodes the secret, and B2 takes its text as it is: have the sender do so too."
        case .base64Encoded, .hexEncoded:
            "Sender and b2watch have two forms of one secret: give both the text that is in the rule."
        case .lowerCase, .upperCase, .otherCase:
            "Upper and lower case matter: copy the secret from the rule again, here and at the sender."
        case .empty:
            "The sender signs with no secret: the variable or file it reads it from is empty."
        }
    }
}

// MARK: - Stray characters and quotes

/// Characters that get to an end of a secret and are easily overlooked there.
public enum SecretStray: Codable, Sendable, Hashable, CaseIterable {
    case newline, returnAndNewline, carriageReturn, space, tab, noBreakSpace, byteOrderMark
    case doubleQuote, singleQuote, backtick

    var bytes: [UInt8] {
        switch self {
        case .newline: [0x0A]
        case .returnAndNewline: [0x0D, 0x0A]
        case .carriageReturn: [0x0D]
        case .space: [0x20]
        case .tab: [0x09]
        case .noBreakSpace: [0xC2, 0xA0]
        case .byteOrderMark: [0xEF, 0xBB, 0xBF]
        case .doubleQuote: [0x22]
        case .singleQuote: [0x27]
        case .backtick: [0x60]
        }
    }

    var isQuote: Bool {
        switch self {
        case .doubleQuote, .singleQuote, .backtick: true
        default: false
        }
    }

    /// One such character in words that follow “with”.
    var name: String {
        switch self {
        case .newline: "a newline"
        case .returnAndNewline: "CR LF"
        case .carriageReturn: "a carriage return"
        case .space: "a space"
        case .tab: "a tab"
        case .noBreakSpace: "a no-break space"
        case .byteOrderMark: "a byte-order mark"
        case .doubleQuote: "a double quote"
        case .singleQuote: "a single quote"
        case .backtick: "a backtick"
        }
    }

    /// Two of it.
    var pair: String {
        switch self {
        case .newline: "two newlines"
        case .returnAndNewline: "two CR LF"
        case .carriageReturn: "two carriage returns"
        case .space: "two spaces"
        case .tab: "two tabs"
        case .noBreakSpace: "two no-break spaces"
        case .byteOrderMark: "two byte-order marks"
        case .doubleQuote: "two double quotes"
        case .singleQuote: "two single quotes"
        case .backtick: "two backticks"
        }
    }
}

/// Quotes around a secret.
public enum SecretQuotes: Codable, Sendable, Hashable, CaseIterable {
    case double, single, backticks, typographicDouble, typographicSingle

    func around(_ key: [UInt8]) -> [UInt8] {
        let (left, right) =
            switch self {
            case .double: ("\"", "\"")
            case .single: ("'", "'")
            case .backticks: ("`", "`")
            case .typographicDouble: ("“", "”")
            case .typographicSingle: ("‘", "’")
            }
        return Array(left.utf8) + key + Array(right.utf8)
    }

    var name: String {
        switch self {
        case .double: "double quotes"
        case .single: "single quotes"
        case .backticks: "backticks"
        case .typographicDouble: "typographic double quotes"
        case .typographicSingle: "typographic single quotes"
        }
    }
}

// MARK: - Digest methods

/// A way to make a digest of a secret and a body.
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

    /// The remedy, in sentences.
    var advice: String {
        self == .swapped
            ? "Have the sender give the secret as the key and the body as the message."
            : "Have the sender make an HMAC-SHA-256 of the body under the secret, as B2 does."
    }
}
