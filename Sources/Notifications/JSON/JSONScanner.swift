/// A single pass over JSON text (RFC 8259, in UTF-8, no byte-order mark) that checks it and notes what it is asked for.
///
/// It allocates nothing but what the caller keeps, takes time linear in the text, and limits nesting instead of
/// recursing, so that no body can exhaust it.
struct JSONScanner {
    /// The deepest nesting of arrays and objects that is taken.
    static let maximumDepth = 512

    private let bytes: UnsafeBufferPointer<UInt8>
    private(set) var index = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    /// The next byte that is no white space, nil at the end of the text.
    mutating func peek() -> UInt8? {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x0A, 0x0D, 0x09: index += 1
            case let byte: return byte
            }
        }
        return nil
    }

    /// Takes the given byte behind any white space.
    mutating func expect(_ byte: UInt8, _ what: StaticString) throws(JSONError) {
        guard peek() == byte else { throw unexpected(what) }
        index += 1
    }

    /// Takes the given byte if it is next.
    mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        index += 1
        return true
    }

    mutating func expectEnd() throws(JSONError) {
        guard peek() == nil else { throw unexpected("the end of the text") }
    }

    /// Visits the members of an object whose `{` is next; the visitor must take each value.
    ///
    /// - Parameter visit: Is given the range of the member's name, quotes included.
    mutating func members(
        _ visit: (inout JSONScanner, Range<Int>) throws(JSONError) -> Void
    ) throws(JSONError) {
        try expect(UInt8(ascii: "{"), "{")
        if take(UInt8(ascii: "}")) { return }
        repeat {
            let name = try string()
            try expect(UInt8(ascii: ":"), "a colon")
            try visit(&self, name)
        } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"), "a comma or }")
    }

    /// Visits the elements of an array whose `[` is next; the visitor must take each.
    mutating func elements(_ visit: (inout JSONScanner) throws(JSONError) -> Void) throws(JSONError) {
        try expect(UInt8(ascii: "["), "[")
        if take(UInt8(ascii: "]")) { return }
        repeat {
            try visit(&self)
        } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"), "a comma or ]")
    }

    /// Takes one value of any kind that stands inside `depth` arrays and objects.
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

    /// Takes an array or object with all that is in it.
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
                if !take(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    if isObject { try memberName() }
                    continue
                }
                open.removeLast()
            } else {
                try value(depth: 0)
            }
            // Behind a value: the next one, or the end of as many containers as close here.
            while let inObject = open.lastIsObject, !take(UInt8(ascii: ",")) {
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

    /// Takes a string, checking its escapes and its UTF-8.
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

    /// Takes the ASCII of a string up to a quote, a backslash or a control character.
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
        // The rest, and DEL, which is taken here.
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

    /// Takes a run of digits; false where there is none.
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

/// What keeps a text from being JSON, and where.
public struct JSONError: Error, Sendable, Hashable {
    /// Bytes from the start of the text.
    public let offset: Int
    public let problem: Problem

    public enum Problem: Sendable, Hashable {
        /// Something else stands where this was expected.
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
