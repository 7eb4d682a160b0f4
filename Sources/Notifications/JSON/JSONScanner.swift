import Glibc

/// A single pass over JSON text (RFC 8259, in UTF-8, no byte-order mark) that checks it and notes what it is asked for.
///
/// It allocates nothing but what the caller keeps, takes time linear in the text, and limits nesting instead of
/// recursing, so that no body can exhaust it.
struct JSONScanner {
    /// The deepest accepted nesting of arrays and objects.
    static let maximumDepth = 512

    private let bytes: UnsafeBufferPointer<UInt8>
    private(set) var index = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    /// Returns the next byte other than white space; nil at the end of the text.
    mutating func peek() -> UInt8? {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x0A, 0x0D, 0x09: index += 1
            case let byte: return byte
            }
        }
        return nil
    }

    /// Skips white space, and consumes the given byte if it is next; throws if it is not.
    mutating func expect(_ byte: UInt8, _ what: StaticString) throws(JSONError) {
        guard peek() == byte else { throw unexpected(what) }
        index += 1
    }

    /// Consumes the given byte if it is next.
    mutating func accept(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        index += 1
        return true
    }

    mutating func expectEnd() throws(JSONError) {
        guard peek() == nil else { throw unexpected("the end of the text") }
    }

    /// Visits the members of an object whose `{` is next; the visitor must consume each value.
    ///
    /// - Parameter visit: Is given the range of the member's name, quotes included.
    mutating func members(
        _ visit: (inout JSONScanner, Range<Int>) throws(JSONError) -> Void
    ) throws(JSONError) {
        try expect(UInt8(ascii: "{"), "{")
        if accept(UInt8(ascii: "}")) { return }
        repeat {
            let name = try string()
            try expect(UInt8(ascii: ":"), "a colon")
            try visit(&self, name)
        } while accept(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"), "a comma or }")
    }

    /// Visits the elements of an array whose `[` is next; the visitor must consume each of them.
    mutating func elements(_ visit: (inout JSONScanner) throws(JSONError) -> Void) throws(JSONError) {
        try expect(UInt8(ascii: "["), "[")
        if accept(UInt8(ascii: "]")) { return }
        repeat {
            try visit(&self)
        } while accept(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"), "a comma or ]")
    }

    /// Reads one value of any kind that is inside `depth` arrays and objects.
    ///
    /// - Returns: Its range.
    @discardableResult
    mutating func value(depth: Int) throws(JSONError) -> Range<Int> {
        guard let first = peek() else { throw unexpected("a value") }
        let start = index
        switch first {
        case UInt8(ascii: "{"), UInt8(ascii: "["): try container(depth: depth)
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: try number()
        }
        return start..<index
    }

    /// Consumes an array or object with its contents.
    private mutating func container(depth: Int) throws(JSONError) {
        var open = OpenContainers()
        while true {
            guard let byte = peek() else { throw unexpected("a value") }
            let isObject = byte == UInt8(ascii: "{")
            if isObject || byte == UInt8(ascii: "[") {
                guard depth + open.count < Self.maximumDepth else {
                    throw JSONError(offset: index, problem: .tooDeep)
                }
                index += 1
                open.append(isObject: isObject)
                if !accept(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    if isObject { try memberName() }
                    continue
                }
                open.removeLast()
            } else {
                try value(depth: 0)
            }
            // Behind a value: the next one, or the end of as many containers as close here.
            while let inObject = open.lastIsObject, !accept(UInt8(ascii: ",")) {
                if inObject {
                    try expect(UInt8(ascii: "}"), "a comma or }")
                } else {
                    try expect(UInt8(ascii: "]"), "a comma or ]")
                }
                open.removeLast()
            }
            guard let inObject = open.lastIsObject else { return }
            if inObject { try memberName() }
        }
    }

    private mutating func memberName() throws(JSONError) {
        try string()
        try expect(UInt8(ascii: ":"), "a colon")
    }

    /// Consumes a string, checking its escapes and its UTF-8.
    ///
    /// - Returns: Its range, quotes included.
    @discardableResult
    mutating func string() throws(JSONError) -> Range<Int> {
        guard peek() == UInt8(ascii: "\"") else { throw unexpected("a string") }
        let start = index
        index += 1
        while true {
            skipPlain()
            guard index < bytes.count else { throw unexpected("the end of the string") }
            switch bytes[index] {
            case UInt8(ascii: "\""):
                index += 1
                return start..<index
            case UInt8(ascii: "\\"): try escape()
            case ..<0x20: throw JSONError(offset: index, problem: .controlInString)
            default:
                guard let length = UTF8Sequence.length(at: index, in: bytes) else {
                    throw JSONError(offset: index, problem: .notUTF8)
                }
                index += length
            }
        }
    }

    /// Consumes the ASCII of a string up to a quote, a backslash or a control character.
    @inline(__always)
    private mutating func skipPlain() {
        guard let start = bytes.baseAddress else { return }
        var place = index
        while place + 8 <= bytes.count {
            let word = UnsafeRawPointer(start + place).loadUnaligned(as: UInt64.self)
            let count = PlainBytes.prefix(of: UInt64(littleEndian: word))
            place += count
            if count < 8 { break }
        }
        // Other bytes, and DEL, which is accepted here.
        while place < bytes.count, PlainBytes.contains(start[place]) { place += 1 }
        index = place
    }

    private mutating func escape() throws(JSONError) {
        guard index + 1 < bytes.count else {
            index = bytes.count
            throw unexpected("an escape")
        }
        switch bytes[index + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            index += 2
        case UInt8(ascii: "u"):
            index += 2
            for _ in 0..<4 {
                guard index < bytes.count, Hex.value(of: bytes[index]) != nil else { throw unexpected("a hex digit") }
                index += 1
            }
        default:
            index += 1
            throw unexpected("an escape")
        }
    }

    private mutating func word(_ word: StaticString) throws(JSONError) {
        for offset in 0..<word.utf8CodeUnitCount {
            guard index < bytes.count, bytes[index] == word.utf8Start[offset] else { throw unexpected("a value") }
            index += 1
        }
    }

    private mutating func number() throws(JSONError) {
        let start = index
        if index < bytes.count, bytes[index] == UInt8(ascii: "-") { index += 1 }
        if index < bytes.count, bytes[index] == UInt8(ascii: "0") {
            index += 1
        } else {
            guard digits() else {
                if index == start { throw unexpected("a value") }
                throw unexpected("a digit")
            }
        }
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            guard digits() else { throw unexpected("a digit") }
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
                index += 1
            }
            guard digits() else { throw unexpected("a digit") }
        }
    }

    /// Reads a run of digits; returns false if there is none here.
    private mutating func digits() -> Bool {
        let start = index
        while index < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) { index += 1 }
        return index > start
    }

    private func unexpected(_ wanted: StaticString) -> JSONError {
        JSONError(
            offset: index, problem: index < bytes.count ? .expected(wanted.description) : .ended(wanted.description))
    }
}

/// The arrays and objects that are open at a place, the innermost last: a bit each, so that nothing is allocated.
private struct OpenContainers {
    private(set) var count = 0
    private var areObjects = SIMD8<UInt64>()

    /// Whether the innermost is an object; nil where none is open.
    var lastIsObject: Bool? {
        count == 0 ? nil : areObjects[(count - 1) / 64] >> UInt64((count - 1) % 64) & 1 == 1
    }

    /// Opens another one; there must be fewer than `JSONScanner.maximumDepth`.
    mutating func append(isObject: Bool) {
        let bit: UInt64 = 1 << UInt64(count % 64)
        if isObject { areObjects[count / 64] |= bit } else { areObjects[count / 64] &= ~bit }
        count += 1
    }

    mutating func removeLast() { count -= 1 }
}

/// The reason why a text is not JSON, and the place.
public struct JSONError: Error, Sendable, Hashable {
    /// Bytes from the start of the text.
    public let offset: Int
    public let problem: Problem

    public enum Problem: Sendable, Hashable {
        /// This was expected, and something else is there.
        case expected(String)
        /// The text ends where this was expected.
        case ended(String)
        /// A byte below 0x20 in a string, not escaped.
        case controlInString
        case notUTF8
        /// A byte-order mark, which RFC 8259 (8.1) forbids to send.
        case byteOrderMark
        /// Nested deeper than 512.
        case tooDeep
    }
}

extension JSONError: CustomStringConvertible {
    /// A sentence without its full stop, such as `expected a colon at byte 17`. Bytes are counted from 1.
    public var description: String {
        switch problem {
        case .expected(let what): "expected \(what) at byte \(offset + 1)"
        case .ended(let what): "the text ends after byte \(offset) where \(what) was expected"
        case .controlInString: "an unescaped control character in a string at byte \(offset + 1)"
        case .notUTF8: "not UTF-8 at byte \(offset + 1)"
        case .byteOrderMark: "a byte-order mark at the start"
        case .tooDeep: "nested deeper than \(JSONScanner.maximumDepth) at byte \(offset + 1)"
        }
    }
}

// MARK: - Strings

/// The text of a JSON string: from the bytes of a checked one to a `String`.
enum JSONString {
    /// Decodes a string that `JSONScanner` has checked.
    ///
    /// A surrogate without its other half, which the grammar allows, becomes U+FFFD.
    ///
    /// - Parameter bytes: The string with its quotes.
    static func decode(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> String {
        let inner = bytes.dropFirst().dropLast()
        let plain = UnsafeBufferPointer(rebasing: inner)
        guard let start = plain.baseAddress, memchr(start, Int32(UInt8(ascii: "\\")), plain.count) != nil else {
            return String(decoding: plain, as: UTF8.self)
        }

        var units: [UInt16] = []
        var text = ""
        // Escapes may spell a surrogate pair, so runs of them are decoded together as UTF-16.
        func flush() {
            if !units.isEmpty { text += String(decoding: units, as: UTF16.self) }
            units.removeAll(keepingCapacity: true)
        }
        var rest = inner
        while let backslash = rest.firstIndex(of: UInt8(ascii: "\\")) {
            if backslash > rest.startIndex {
                flush()
                text += String(decoding: rest[..<backslash], as: UTF8.self)
            }
            let escape = rest[backslash...].dropFirst()
            guard let kind = escape.first else { break }
            if kind == UInt8(ascii: "u") {
                let digits = escape.dropFirst().prefix(4)
                units.append(digits.reduce(0) { $0 << 4 | UInt16(Hex.value(of: $1) ?? 0) })
                rest = escape.dropFirst(5)
            } else {
                units.append(unescaped(kind))
                rest = escape.dropFirst()
            }
        }
        flush()
        return text + String(decoding: rest, as: UTF8.self)
    }

    private static func unescaped(_ kind: UInt8) -> UInt16 {
        switch kind {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: UInt16(kind)
        }
    }
}

/// The bytes of a JSON string that need no decoding: ASCII except quotes, backslashes and control characters.
enum PlainBytes {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let tops: UInt64 = 0x8080_8080_8080_8080

    /// Whether a byte is one; DEL is.
    @inline(__always)
    static func contains(_ byte: UInt8) -> Bool {
        byte &- 0x20 < 0x60 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    /// Returns the number of plain bytes among eight, the lowest first, before the first that is not plain, or is DEL.
    @inline(__always)
    static func prefix(of word: UInt64) -> Int {
        let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
        let backslashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
        // The top bit of each byte that was less than what is taken from it, and perhaps of some above it: the lowest is
        // right. One added to DEL, or a byte that is not ASCII, sets it too.
        let hits =
            ((word &- ones &* 0x20) & ~word | (quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes
                | (word &+ ones) | word) & tops
        return hits.trailingZeroBitCount / 8
    }
}

// MARK: - UTF-8

/// Well-formed UTF-8 byte sequences (Unicode standard, table 3-7).
enum UTF8Sequence {
    /// Returns the length of the well-formed sequence at `index`, in bytes; nil without such a sequence.
    static func length(at index: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        func continues(_ offset: Int, from low: UInt8 = 0x80, to high: UInt8 = 0xBF) -> Bool {
            index + offset < bytes.count && bytes[index + offset] >= low && bytes[index + offset] <= high
        }
        switch bytes[index] {
        case 0x00...0x7F: return 1
        case 0xC2...0xDF: return continues(1) ? 2 : nil
        case 0xE0: return continues(1, from: 0xA0) && continues(2) ? 3 : nil
        case 0xED: return continues(1, to: 0x9F) && continues(2) ? 3 : nil
        case 0xE1...0xEF: return continues(1) && continues(2) ? 3 : nil
        case 0xF0: return continues(1, from: 0x90) && continues(2) && continues(3) ? 4 : nil
        case 0xF1...0xF3: return continues(1) && continues(2) && continues(3) ? 4 : nil
        case 0xF4: return continues(1, to: 0x8F) && continues(2) && continues(3) ? 4 : nil
        default: return nil
        }
    }

    /// Returns the scalar of the well-formed sequence at `index` and its length in bytes; nil without such a sequence.
    static func scalar(at index: Int, in bytes: UnsafeBufferPointer<UInt8>) -> (scalar: Unicode.Scalar, length: Int)? {
        guard let length = length(at: index, in: bytes) else { return nil }
        // The first byte of a longer sequence has 7 - length bits of it, each other byte 6.
        let mask: UInt8 = length == 1 ? 0x7F : 0x7F >> UInt8(length)
        var value = UInt32(bytes[index] & mask)
        for offset in 1..<length { value = value << 6 | UInt32(bytes[index + offset] & 0x3F) }
        return Unicode.Scalar(value).map { ($0, length) }
    }
}
