/// What stands in the signature header where `v1=` and 64 hex digits should, and how it differs from that.
struct DigestShape {
    private let name: String?
    private let value: String
    private let digests: [ReceivedDigest]

    /// Of the element that is most like a signature; nil where there is no header.
    init?(_ header: SignatureHeader) {
        guard !header.lines.isEmpty else { return nil }
        let shapes = header.elements.map(DigestShape.init(_:))
        let named = shapes.filter { $0.name == "v1" }
        self =
            named.first { $0.isWhole } ?? named.first ?? shapes.first { $0.isWhole } ?? shapes.first
            ?? DigestShape(.malformed(""))
    }

    private init(_ element: SignatureHeader.Element) {
        let text: String
        switch element {
        case .digest(let digest):
            (name, value) = ("v1", digest)
            text = "v1=\(digest)"
        case .otherVersion(let whole):
            let parts = whole.unicodeScalars.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            (name, value) = (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
            text = whole
        case .malformed(let whole):
            (name, value) = whole.hasPrefix("v1=") ? ("v1", String(whole.dropFirst(3))) : (nil, whole)
            text = whole
        }
        digests = DigestReader(element: text).digests
    }

    /// Whether it can be read as 64 digits.
    private var isWhole: Bool { digests.contains { $0.digits.count == 64 } }

    /// Digits that are there as hex, not as many as there should be.
    var digits: [UInt8]? {
        if isWhole { return nil }
        if !value.isEmpty, value.utf8.allSatisfy({ Hex.value(of: $0) != nil }) { return Array(value.lowercased().utf8) }
        return digests.first { !$0.isBase64 }?.digits
    }

    /// What may be wrong with it, whatever secret it was made with; nil for nothing.
    var hint: DiagnosisHint? {
        let whole = digests.filter { $0.digits.count == 64 }
        if let plainest = whole.first(where: { !$0.isBase64 }) {
            return plainest.extra.map { .moreThanDigest(characters: $0) }
        }
        if !whole.isEmpty { return .inBase64 }
        if value.isEmpty { return .noDigest(name) }
        if let digits { return .otherLength(digits: digits.count, like: Self.hashes[digits.count]) }
        if isPlaceholder { return .placeholder(value) }
        if value.hasPrefix("eyJ"), value.utf8.filter({ $0 == UInt8(ascii: ".") }).count == 2 { return .token }
        if looksEncoded, let count = digests.last(where: { Self.hashes[$0.digits.count] != nil })?.digits.count {
            return .otherLength(digits: count, like: Self.hashes[count])
        }
        return .notHex(characters: value.unicodeScalars.count)
    }

    private static let hashes = [32: "MD5", 40: "SHA-1", 56: "SHA-224", 96: "SHA-384", 128: "SHA-512"]

    /// Whether it is what programs write for a value that is not set, or that is no text.
    private var isPlaceholder: Bool {
        ["undefined", "null", "nil", "none", "nan", "true", "false", "[object object]"].contains(value.lowercased())
    }

    /// Whether it is mixed as base64 of a digest is.
    private var looksEncoded: Bool {
        let text = value.utf8
        return text.contains { (0x41...0x5A).contains($0) } && text.contains { (0x61...0x7A).contains($0) }
    }
}

extension ReceivedDigest {
    fileprivate var isBase64: Bool { reading.steps.contains(.base64) }

    /// How many characters stand behind it that do not belong to it.
    fileprivate var extra: Int? {
        for case .extra(let count) in reading.steps { return count }
        return nil
    }
}
