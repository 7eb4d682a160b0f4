import Foundation

/// Finds what may be digests in header values, however they are written.
struct DigestReader {
    /// The most that are kept, and the longest value that is read: enough for what is not meant to harm.
    private static let maximumCount = 64
    private static let maximumLength = 1024

    private(set) var digests: [ReceivedDigest] = []
    /// Whether a value was too long to be read, or contained more digests than are kept.
    private(set) var hasSkipped = false

    /// Reads the digests of the signature header, or of all other headers if there is no signature header.
    init(_ delivery: Delivery) {
        let lines = SignatureHeader(delivery).lines
        for line in lines { readList(line, []) }
        guard lines.isEmpty else { return }
        for header in delivery.headers { readList(header.value, [.otherHeader(header.name)]) }
    }

    /// Reads the possible digests in one element of the signature header.
    init(element: String) {
        readList(element, [])
    }

    private mutating func readList(_ line: String, _ steps: [HeaderReading.Step]) {
        guard line.utf8.count <= Self.maximumLength else { return hasSkipped = true }
        for element in line.utf8.split(separator: UInt8(ascii: ",")) {
            read(Self.trim(Array(element)), steps, isInner: false)
        }
        readRuns(line, steps)
        let value = Array(line.utf8)
        if let start = value.firstIndex(where: { "[({=:".utf8.contains($0) }),
            let digits = Self.listed(Array(value[start...]))
        {
            add(digits, steps + [.bytes])
        } else if let digits = Self.listed(value) {
            add(digits, steps + [.bytes])
        }
        // `\xaa\xbb…`, `0xaa, 0xbb, …`.
        for mark in ["\\x", "0x"] where line.contains(mark) {
            let parts = line.components(separatedBy: mark).dropFirst()
            guard parts.count >= 8 else { continue }
            let pairs = parts.map { $0.utf8.prefix { Hex.value(of: $0) != nil } }
            guard pairs.allSatisfy({ $0.count == 2 }) else { continue }
            add(Self.lowerCased(pairs.flatMap { Array($0) }), steps + [.separators])
        }
    }

    /// Reads what looks like a digest amid any other text, such as JSON.
    private mutating func readRuns(_ line: String, _ steps: [HeaderReading.Step]) {
        for run in line.utf8.split(whereSeparator: { Hex.value(of: $0) == nil }) where run.count >= 32 {
            let digits = Self.lowerCased(run)
            if !digests.contains(where: { $0.digits == digits }) { add(digits, steps + [.amid]) }
        }
    }

    /// Reads one element: as a value alone, and as a value behind a name.
    private mutating func read(_ text: [UInt8], _ steps: [HeaderReading.Step], isInner: Bool) {
        if let inner = Self.unquoted(text) { return read(inner, Self.quoted(steps), isInner: isInner) }
        if let decoded = Self.percentDecoded(text) { return read(decoded, steps + [.percentEncoded], isInner: isInner) }

        if let digits = Self.joined(text) { add(Self.lowerCased(digits), steps + [.bare, .separators]) }
        let separators: [UInt8] = [UInt8(ascii: "="), UInt8(ascii: ":"), 0x20]
        for separator in separators {
            // The name may be there twice: `v1=v1=`.
            let ends = [text.firstIndex(of: separator), text.prefix(25).lastIndex(of: separator)]
            for index in Set(ends.compactMap(\.self)).sorted() where index <= 24 {
                let prefix = String(decoding: text[...index], as: UTF8.self)
                let value = Self.trim(Array(text[(index + 1)...]))
                let isSpaced = value.count != text.count - index - 1
                let steps = steps + (prefix == "v1=" ? [] : [.prefix(prefix)])
                readValue(value, steps + (isSpaced ? [.spaces] : []), isInner: isInner)
            }
        }
        readValue(text, steps + [.bare], isInner: isInner)
    }

    private mutating func readValue(_ text: [UInt8], _ steps: [HeaderReading.Step], isInner: Bool) {
        if let digits = Self.joined(text) { add(Self.lowerCased(digits), steps + [.separators]) }
        if let inner = Self.unquoted(text) { return readValue(inner, Self.quoted(steps), isInner: isInner) }
        if text.contains(where: Self.isSpace) {
            return readValue(text.filter { !Self.isSpace($0) }, steps + [.spaces], isInner: isInner)
        }
        if text.count > 8, text.starts(with: Array("0x".utf8)) {
            return readValue(Array(text.dropFirst(2)), steps + [.prefix("0x")], isInner: isInner)
        }
        let digits = text.prefix { Hex.value(of: $0) != nil }
        let rest = text.dropFirst(digits.count)
        // What only begins as a digest has to have much of it.
        let isDigest =
            rest.allSatisfy { ";.=".utf8.contains($0) }
            ? digits.count >= 8
            : digits.count >= ReceivedDigest.certainDigits && !rest.contains { "\"'{}[]<>:".utf8.contains($0) }
        if isDigest {
            add(Self.lowerCased(digits), rest.isEmpty ? steps : steps + [.extra(rest.count)])
        }
        guard text.count >= 22, let bytes = Base64.decode(text) else { return }
        add(Array(Hex.encode(bytes).utf8), steps + [.base64])
        // Base64 of the hex digits, with or without their name.
        if !isInner, bytes.allSatisfy({ (0x21...0x7E).contains($0) }) {
            let steps = steps.filter { $0 != .bare }
            read(bytes, steps + [.base64], isInner: true)
        }
    }

    /// Returns the digits of pairs, groups or words of them separated by colons, dashes, dots or spaces, such as
    /// `aa:bb:…`; nil if the text has another form.
    private static func joined(_ text: [UInt8]) -> [UInt8]? {
        let groups = text.split { ":-._ \t|/".utf8.contains($0) }
        // Groups of several lengths are something else, such as a UUID.
        guard groups.count > 1, groups.dropLast().allSatisfy({ $0.count == groups[0].count || $0.count <= 2 }) else {
            return nil
        }
        var digits: [UInt8] = []
        for group in groups {
            let hex =
                group.starts(with: Array("0x".utf8)) || group.starts(with: Array("\\x".utf8))
                ? group.dropFirst(2) : group
            guard !hex.isEmpty, hex.allSatisfy({ Hex.value(of: $0) != nil }) else { return nil }
            // A pair may have lost its zero.
            digits += hex.count == 1 ? [UInt8(ascii: "0")] + hex : Array(hex)
        }
        return digits.count >= ReceivedDigest.certainDigits ? digits : nil
    }

    /// Returns the digits of byte values in a list, such as `[170, 187, …]`; nil if the text has another form.
    private static func listed(_ text: [UInt8]) -> [UInt8]? {
        let words = text.split { !(0x30...0x39).contains($0) && $0 != UInt8(ascii: "-") }
        guard words.count >= 16, words.count <= 64 else { return nil }
        var bytes: [UInt8] = []
        for word in words {
            // Java's bytes have a sign.
            guard let value = Int(String(decoding: word, as: UTF8.self)), (-128...255).contains(value) else {
                return nil
            }
            bytes.append(UInt8(truncatingIfNeeded: value))
        }
        return Array(Hex.encode(bytes).utf8)
    }

    private mutating func add(_ digits: [UInt8], _ steps: [HeaderReading.Step]) {
        guard digests.count < Self.maximumCount else { return hasSkipped = true }
        digests.append(ReceivedDigest(digits: digits, reading: HeaderReading(steps: steps)))
    }

    private static func lowerCased(_ digits: some Sequence<UInt8>) -> [UInt8] {
        digits.map { (0x41...0x46).contains($0) ? $0 | 0x20 : $0 }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    private static func trim(_ text: [UInt8]) -> [UInt8] {
        var rest = text[...]
        while let first = rest.first, isSpace(first) { rest.removeFirst() }
        while let last = rest.last, isSpace(last) { rest.removeLast() }
        return Array(rest)
    }

    private static func quoted(_ steps: [HeaderReading.Step]) -> [HeaderReading.Step] {
        steps.contains(.quotes) ? steps : steps + [.quotes]
    }

    private static func unquoted(_ text: [UInt8]) -> [UInt8]? {
        let quotes = Array("\"'`<>".utf8)
        var rest = text[...]
        while let first = rest.first, quotes.contains(first) { rest.removeFirst() }
        while let last = rest.last, quotes.contains(last) { rest.removeLast() }
        return rest.count == text.count ? nil : trim(Array(rest))
    }

    private static func percentDecoded(_ text: [UInt8]) -> [UInt8]? {
        guard text.contains(UInt8(ascii: "%")) else { return nil }
        var decoded: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                decoded.append(byte)
                continue
            }
            guard let bytes = Hex.decode(String(decoding: rest.prefix(2), as: UTF8.self)), bytes.count == 1 else {
                return nil
            }
            // A decoded percent sign stays out, so that each round has fewer of them.
            if bytes[0] != byte { decoded.append(bytes[0]) }
            rest = rest.dropFirst(2)
        }
        return decoded
    }
}

// MARK: - Readings

/// The way in which a digest must be read from the request to be the right one; empty for `v1=` and all its digits.
public struct HeaderReading: Codable, Sendable, Hashable {
    public enum Step: Codable, Sendable, Hashable {
        /// The digest is in a header of this name.
        case otherHeader(String)
        /// The digest is in quotes.
        case quotes
        /// This precedes it, in place of `v1=`.
        case prefix(String)
        /// Nothing precedes it; `v1=` is missing.
        case bare
        /// The digest contains white space.
        case spaces
        case percentEncoded
        case base64
        /// Only this many of its first digits are there.
        case cut(Int)
        /// Only this many of its last digits are there.
        case headless(Int)
        /// The digest is preceded or followed by this many foreign characters.
        case extra(Int)
        /// The digest is surrounded by other text.
        case amid
        /// Its digits are separated by colons, dashes or the like.
        case separators
        /// Its bytes are written as decimal numbers.
        case bytes
    }

    public var steps: [Step] = []

    /// The number of mistakes: all of a header's errors count as one.
    var cost: Int { steps.isEmpty ? 0 : 1 }

    /// The way to read it, as a phrase. May contain text from outside.
    var phrase: String {
        steps.map(Self.phrase).joined(separator: " and ")
    }

    private static func phrase(_ step: Step) -> String {
        switch step {
        case .otherHeader(let name): "taken from the header “\(name)”"
        case .quotes: "read without the quotes around it"
        case .prefix(let text): "with “v1=” for “\(text)”"
        case .bare: "with “v1=” before it"
        case .spaces: "read without the white space in it"
        case .percentEncoded: "read as percent-encoded"
        case .base64: "read as base64"
        case .cut(let count): "as far as it goes: only its first \(count) digits were received"
        case .headless(let count): "as far as it goes: only its last \(count) digits were received"
        case .extra(1): "read without the one character too many"
        case .extra(let count): "read without the \(count) characters too many"
        case .amid: "taken out of the text around it"
        case .separators: "read without what separates its digits"
        case .bytes: "read as a list of byte values"
        }
    }

    /// The remedy, in sentences.
    var advice: String {
        for step in steps {
            switch step {
            case .otherHeader:
                return "Something renamed the header, or the sender uses a name of its own: have it sent as"
                    + " \(SignatureHeader.name)."
            case .cut, .headless:
                return
                    "Have the header sent whole, v1= and 64 hex digits: look for a limit on its length, in the sender"
                    + " or a proxy."
            default: break
            }
        }
        return "Have the header sent as v1= and 64 hex digits, nothing else."
    }
}

/// A text in a request that may be a digest.
struct ReceivedDigest {
    /// Lower-case hex digits.
    let digits: [UInt8]
    let reading: HeaderReading

    /// The fewest digits that count as certain: 64 bits.
    static let certainDigits = 16

    /// Returns how this must be read to be the given digest; nil if it is another one.
    ///
    /// The comparison need not take constant time, because its result does not reach a sender.
    func reading(as digest: [UInt8]) -> HeaderReading? {
        if digits.count == digest.count { return digits == digest ? reading : nil }
        if digits.count < digest.count {
            guard digits.count >= Self.certainDigits else { return nil }
            if digest.starts(with: digits) { return reading(.cut(digits.count)) }
            if digest.suffix(digits.count).elementsEqual(digits) { return reading(.headless(digits.count)) }
        } else if digits.starts(with: digest) || digits.suffix(digest.count).elementsEqual(digest) {
            return reading(.extra(digits.count - digest.count))
        }
        return nil
    }

    private func reading(_ step: HeaderReading.Step) -> HeaderReading {
        HeaderReading(steps: reading.steps + [step])
    }
}

// MARK: - Shape of the signature header

/// The text in the signature header in place of `v1=` and 64 hex digits, and how it differs from that.
struct DigestShape {
    private let name: String?
    private let value: String
    private let digests: [ReceivedDigest]

    /// Creates the shape of the element that is most like a signature; nil without a header.
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

    /// The probable fault of the header, with any secret; otherwise nil.
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

    /// Whether it is the text that programs write for a value that is not set, or is not text.
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

    /// The number of characters after it that do not belong to it.
    fileprivate var extra: Int? {
        for case .extra(let count) in reading.steps { return count }
        return nil
    }
}
