/// What a sender, or whoever pasted the secret here, may have done to it: one step from the secret held to the key that
/// made the digest.
public enum SecretVariant: Codable, Sendable, Hashable, CaseIterable {
    // What the sender may have more than is held.
    case atEnd(SecretStray), atStart(SecretStray), inQuotes(SecretQuotes)
    // What is held that may not belong to it.
    case withoutQuotes, withoutInvisible
    // Another reading of its text.
    case base64Decoded, base64Encoded, hexDecoded, hexEncoded, lowerCase, upperCase, otherCase
    /// None at all: a variable that was not set.
    case empty

    /// All that are tried, the simplest first.
    public static let allCases: [SecretVariant] =
        SecretStray.allCases.filter { $0 != .byteOrderMark }.map(SecretVariant.atEnd)
        + SecretStray.allCases.map(SecretVariant.atStart) + SecretQuotes.allCases.map(SecretVariant.inQuotes)
        + [
            .withoutQuotes, .withoutInvisible, .base64Decoded, .base64Encoded, .hexDecoded, .hexEncoded, .lowerCase,
            .upperCase, .otherCase, .empty,
        ]

    /// The key that this step makes of another, or nil where it changes nothing.
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

    /// Says of these steps that they were tried: a phrase for each kind of them.
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

    /// How the key that these steps make differs from the secret held: goes behind “under the secret …”.
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

    /// What to do about it.
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
