import Foundation

/// Finds what may be digests in header values, however they are written.
struct DigestReader {
    /// The most that are kept, and the longest value that is read: enough for what is not meant to harm.
    private static let maximumCount = 64
    private static let maximumLength = 1024

    private(set) var digests: [ReceivedDigest] = []
    /// Whether a value was too long to be read, or held more than is kept.
    private(set) var hasSkipped = false

    /// The digests of the signature header, or where there is none, of all others.
    init(_ delivery: Delivery) {
        let lines = SignatureHeader(delivery).lines
        for line in lines { readList(line, []) }
        guard lines.isEmpty else { return }
        for header in delivery.headers { readList(header.value, [.otherHeader(header.name)]) }
    }

    /// The digests that one element of the signature header may hold.
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

    /// The digits of pairs, groups or words of them with colons, dashes, dots or spaces in between, such as `aa:bb:…`; nil
    /// where the text is not that.
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

    /// The digits of byte values in a list, such as `[170, 187, …]`; nil where the text is not that.
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
