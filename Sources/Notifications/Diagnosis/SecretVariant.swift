/// What a sender, or whoever pasted the secret here, may have done to it: one step from the secret held to the key that
/// made the digest.
public enum SecretVariant: Codable, Sendable, Hashable, CaseIterable {
    // What the sender may have more than is held.
    case newlineAtEnd, returnAtEnd, spaceAtEnd, tabAtEnd, spaceAtStart, inDoubleQuotes, inSingleQuotes, byteOrderMark
    // What is held that may not belong to it.
    case withoutQuotes, withoutInvisible
    // Another reading of its text.
    case base64Decoded, base64Encoded, hexDecoded, hexEncoded, lowerCase, upperCase
    /// None at all: a variable that was not set.
    case empty

    /// The key that this step makes of another, or nil where it changes nothing.
    func applied(to key: [UInt8]) -> [UInt8]? {
        switch self {
        case .newlineAtEnd: return key + [0x0A]
        case .returnAtEnd: return key + [0x0D, 0x0A]
        case .spaceAtEnd: return key + [0x20]
        case .tabAtEnd: return key + [0x09]
        case .spaceAtStart: return [0x20] + key
        case .inDoubleQuotes: return [0x22] + key + [0x22]
        case .inSingleQuotes: return [0x27] + key + [0x27]
        case .byteOrderMark: return [0xEF, 0xBB, 0xBF] + key
        case .withoutQuotes: return trimmed(key) { "\"'`“”‘’„«»".unicodeScalars.contains($0) }
        case .withoutInvisible: return trimmed(key) { Self.isInvisible($0) }
        case .base64Decoded: return Base64.decode(key)
        case .base64Encoded: return Base64.encode(key)
        case .hexDecoded: return Hex.decode(String(decoding: key, as: UTF8.self))
        case .hexEncoded: return Array(Hex.encode(key).utf8)
        case .lowerCase: return changed(key) { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        case .upperCase: return changed(key) { (0x61...0x7A).contains($0) ? $0 & 0xDF : $0 }
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

    /// How the key differs from the secret held: goes behind “under the secret …”.
    var phrase: String {
        switch self {
        case .newlineAtEnd: "with a newline at its end"
        case .returnAtEnd: "with CR LF at its end"
        case .spaceAtEnd: "with a space at its end"
        case .tabAtEnd: "with a tab at its end"
        case .spaceAtStart: "with a space before it"
        case .inDoubleQuotes: "with double quotes around it"
        case .inSingleQuotes: "with single quotes around it"
        case .byteOrderMark: "with a byte-order mark before it"
        case .withoutQuotes: "without the quotes at its ends"
        case .withoutInvisible: "without the invisible characters at its ends"
        case .base64Decoded: "decoded as base64"
        case .base64Encoded: "encoded as base64"
        case .hexDecoded: "decoded as hex"
        case .hexEncoded: "encoded as hex"
        case .lowerCase: "in lower case"
        case .upperCase: "in upper case"
        case .empty: "left empty"
        }
    }

    /// What to do about it.
    var advice: String {
        switch self {
        case .newlineAtEnd, .returnAtEnd, .spaceAtEnd, .tabAtEnd, .spaceAtStart, .byteOrderMark:
            "The sender read its secret with that: strip it there (printf %s writes a secret without a newline)."
        case .inDoubleQuotes, .inSingleQuotes:
            "The sender took the quotes for a part of the secret: remove them from its settings."
        case .withoutQuotes, .withoutInvisible:
            "What is held here was pasted with them: press s and paste the secret alone."
        case .base64Decoded, .hexDecoded:
            "The sender decodes the secret; B2 takes its text as it is: have the sender do so too, if it is not B2."
        case .base64Encoded, .hexEncoded:
            "Sender and b2watch hold two forms of one secret: let both hold the text that is in the rule."
        case .lowerCase, .upperCase:
            "Upper and lower case matter: copy the secret from the rule again, here and at the sender."
        case .empty:
            "The sender signs with no secret: the variable or file it reads it from is empty."
        }
    }
}
