public import Base

/// Writes compact JSON on one line, in which nothing is left that a terminal would obey: control, bidi and invisible
/// characters are escaped as `\u`, which changes no value.
public struct JSONWriter: Sendable {
    /// The text so far, in UTF-8.
    private var output: OutputBytes

    /// Begins with no text.
    ///
    /// - Parameter capacity: How many bytes there is room for before more memory is taken.
    public init(capacity: Int = 0) {
        output = OutputBytes(capacity: capacity)
    }

    /// Writes JSON behind other bytes.
    public static func append<Failure: Error>(
        to output: inout OutputBytes, _ body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        // Moved there and back: a copy would be made of what two have.
        var json = JSONWriter()
        swap(&json.output, &output)
        defer { swap(&json.output, &output) }
        try body(&json)
    }

    /// A copy of the text so far, in UTF-8.
    public var bytes: [UInt8] { output.array }

    /// Writes a piece of JSON as it is.
    public mutating func syntax(_ text: StaticString) {
        output.append(text)
    }

    public mutating func integer(_ number: some BinaryInteger) {
        if let number = Int64(exactly: number) { output.append(integer: number) } else { output.append(String(number)) }
    }

    /// Writes a number with decimals; one that JSON cannot express, as `null`.
    public mutating func decimal(_ number: Double) {
        if number.isFinite { output.append("\(number)" as String) } else { syntax("null") }
    }

    public mutating func boolean(_ value: Bool) {
        if value { syntax("true") } else { syntax("false") }
    }

    /// Writes a string with its quotes, or `null`.
    public mutating func string(_ text: String?) {
        guard var text else { return syntax("null") }
        text.withUTF8 { _ = string(utf8: UnsafeRawBufferPointer($0)) }
    }

    /// Writes a moment as a string, as `Timestamp.rfc3339` gives it, or `null`.
    public mutating func string(_ moment: Timestamp?) {
        guard let moment else { return syntax("null") }
        output.append(UInt8(ascii: "\""))
        output.append(moment)
        output.append(UInt8(ascii: "\""))
    }

    /// Writes bytes as a string with its quotes.
    ///
    /// - Returns: False where they are not UTF-8; nothing is written then.
    public mutating func string(utf8 text: UnsafeRawBufferPointer) -> Bool {
        let start = output.count
        output.append(UInt8(ascii: "\""))
        let isWhole = JSONCopy(text).string(to: &output)
        if isWhole { output.append(UInt8(ascii: "\"")) } else { output.cut(to: start) }
        return isWhole
    }

    /// Writes JSON that was checked before, without the white space between its tokens; every value stays as it is.
    public mutating func compact(_ json: some Collection<UInt8>) {
        if json.withContiguousStorageIfAvailable({ compact(UnsafeRawBufferPointer($0)) }) == nil {
            Array(json).withUnsafeBytes { compact($0) }
        }
    }

    /// Writes JSON that was checked before, without the white space between its tokens; every value stays as it is.
    public mutating func compact(_ json: UnsafeRawBufferPointer) {
        JSONCopy(json).compact(to: &output)
    }

    /// The length of the text so far, in bytes.
    public var count: Int { output.count }

    /// Removes what is written behind the first `length` bytes.
    public mutating func cut(to length: Int) { output.cut(to: length) }
}

/// The copying of UTF-8 into JSON, in runs.
private struct JSONCopy {
    /// Bytes that are copied with one look at the room.
    private static let piece = 1_024
    /// The most bytes that one byte becomes: `\u001b`.
    private static let mostOfOne = 6

    private let text: UnsafeBufferPointer<UInt8>
    private var index = 0

    init(_ text: UnsafeRawBufferPointer) {
        self.text = UnsafeBufferPointer(
            start: text.baseAddress?.assumingMemoryBound(to: UInt8.self), count: text.count)
    }

    /// Writes all of it as the inner of a string.
    ///
    /// - Returns: Whether all was UTF-8; what is not ends it.
    consuming func string(to output: inout OutputBytes) -> Bool {
        var copy = self
        var isWhole = true
        while copy.index < copy.text.count, isWhole {
            copy.writePiece(to: &output) { copy, place, end in
                var out = 0
                while copy.index < end {
                    out += copy.plain(to: place + out, upTo: end)
                    guard copy.index < end else { break }
                    let byte = copy.text[copy.index]
                    switch byte {
                    case UInt8(ascii: "\""), UInt8(ascii: "\\"): out += copy.escape(byte, to: place + out)
                    case 0x0A: out += copy.escape(UInt8(ascii: "n"), to: place + out)
                    case 0x0D: out += copy.escape(UInt8(ascii: "r"), to: place + out)
                    case 0x09: out += copy.escape(UInt8(ascii: "t"), to: place + out)
                    default:
                        guard let length = copy.character(to: place + out) else {
                            isWhole = false
                            return out
                        }
                        out += length
                    }
                }
                return out
            }
        }
        return isWhole
    }

    /// Writes all of it, which is JSON, without the white space between tokens. What is not UTF-8 ends it.
    consuming func compact(to output: inout OutputBytes) {
        var copy = self
        var inString = false
        var isEscaped = false
        var isWhole = true
        while copy.index < copy.text.count, isWhole {
            copy.writePiece(to: &output) { copy, place, end in
                var out = 0
                while copy.index < end {
                    if inString, !isEscaped { out += copy.plain(to: place + out, upTo: end) }
                    guard copy.index < end else { break }
                    let byte = copy.text[copy.index]
                    if !inString {
                        inString = byte == UInt8(ascii: "\"")
                        switch byte {
                        case 0x20, 0x0A, 0x0D, 0x09:
                            copy.index += 1
                            continue
                        default: break
                        }
                    } else if isEscaped {
                        isEscaped = false
                    } else {
                        isEscaped = byte == UInt8(ascii: "\\")
                        inString = byte != UInt8(ascii: "\"")
                    }
                    if byte &- 0x20 < 0x5F {
                        place[out] = byte
                        out += 1
                        copy.index += 1
                    } else {
                        guard let length = copy.character(to: place + out) else {
                            isWhole = false
                            return out
                        }
                        out += length
                    }
                }
                return out
            }
        }
    }

    /// Writes the output for the next bytes. The last character of a piece may end some bytes behind it.
    @inline(__always)
    private mutating func writePiece(
        to output: inout OutputBytes, _ body: (inout JSONCopy, UnsafeMutablePointer<UInt8>, _ end: Int) -> Int
    ) {
        let end = min(text.count, index + Self.piece)
        // And eight more, for words are written whole.
        output.write(atMost: (end - index + 4) * Self.mostOfOne) { place in body(&self, place, end) }
    }

    /// Copies bytes up to the first that is a quote, a backslash, a control character or not ASCII, eight at a time.
    ///
    /// - Returns: How many.
    @inline(__always)
    private mutating func plain(to place: UnsafeMutablePointer<UInt8>, upTo end: Int) -> Int {
        guard let start = text.baseAddress else { return 0 }
        let first = index
        var at = first
        while at + 8 <= end {
            let word = UnsafeRawPointer(start + at).loadUnaligned(as: UInt64.self)
            // Written whole: what follows is written over what is too much of it.
            UnsafeMutableRawPointer(place + (at - first)).storeBytes(of: word, as: UInt64.self)
            let count = PlainBytes.prefix(of: UInt64(littleEndian: word))
            at += count
            if count < 8 {
                index = at
                return at - first
            }
        }
        while at < end, PlainBytes.contains(start[at]), start[at] != 0x7F {
            place[at - first] = start[at]
            at += 1
        }
        index = at
        return at - first
    }

    /// Writes a backslash and a byte for the next one.
    @inline(__always)
    private mutating func escape(_ byte: UInt8, to place: UnsafeMutablePointer<UInt8>) -> Int {
        place[0] = UInt8(ascii: "\\")
        place[1] = byte
        index += 1
        return 2
    }

    /// Copies the next character, or writes it as `\u` and hex digits if a terminal would obey it.
    ///
    /// - Returns: The number of bytes written; nil if the next bytes are not UTF-8.
    private mutating func character(to place: UnsafeMutablePointer<UInt8>) -> Int? {
        guard let (scalar, length) = UTF8Sequence.scalar(at: index, in: text) else { return nil }
        defer { index += length }
        if SafeText.mustEscape(scalar) { return Self.escape(scalar, to: place) }
        for offset in 0..<length { place[offset] = text[index + offset] }
        return length
    }

    /// Writes a character as `\u` and hex digits, one beyond the first plane as two of them.
    ///
    /// - Returns: How many bytes that are.
    private static func escape(_ scalar: Unicode.Scalar, to place: UnsafeMutablePointer<UInt8>) -> Int {
        var length = 0
        for unit in UTF16.encode(scalar) ?? .init() {
            place[length] = UInt8(ascii: "\\")
            place[length + 1] = UInt8(ascii: "u")
            for digit in 0..<4 {
                let value = UInt8(truncatingIfNeeded: unit >> UInt16(12 - 4 * digit)) & 15
                place[length + 2 + digit] = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
            }
            length += 6
        }
        return length
    }
}

// MARK: - Output

/// Bytes of an output, written one behind the other into memory that grows.
///
/// A writer asks once for as much room as it may need and then writes through a pointer. An array would check its room and
/// its owner for each byte.
public struct OutputBytes: Sendable {
    /// The first `count` of these are written; the others are room.
    private var memory: [UInt8] = []
    /// The number of bytes written.
    public private(set) var count = 0

    /// Begins with no bytes.
    ///
    /// - Parameter capacity: How many there is room for before more memory is taken.
    public init(capacity: Int = 0) {
        if capacity > 0 { memory = [UInt8](repeating: 0, count: capacity) }
    }

    /// A copy of the bytes.
    public var array: [UInt8] { Array(memory[..<count]) }

    /// Removes all bytes and keeps the room.
    public mutating func removeAll() { count = 0 }

    /// Removes the bytes behind the first `length`; a greater length changes nothing.
    public mutating func cut(to length: Int) { count = max(0, min(count, length)) }

    // MARK: - Writing

    /// Writes up to `room` bytes.
    ///
    /// - Parameter body: Writes at the pointer, and returns how many bytes it has written.
    @inline(__always)
    mutating func write(atMost room: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Int) {
        if memory.count - count < room { grow(by: room) }
        let end = count
        count += memory.withUnsafeMutableBufferPointer { memory in
            guard let start = memory.baseAddress else { return 0 }
            return body(start + end)
        }
    }

    /// Writes a byte.
    public mutating func append(_ byte: UInt8) {
        write(atMost: 1) { place in
            place.pointee = byte
            return 1
        }
    }

    /// Writes a text of the program's own.
    public mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Writes bytes.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        write(atMost: bytes.count) { place in
            UnsafeMutableRawPointer(place).copyMemory(from: source, byteCount: bytes.count)
            return bytes.count
        }
    }

    /// Writes bytes.
    public mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    /// Writes a text as UTF-8.
    public mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Writes the same byte some times; none where `times` is less than 1.
    public mutating func append(_ byte: UInt8, times: Int) {
        guard times > 0 else { return }
        write(atMost: times) { place in
            place.update(repeating: byte, count: times)
            return times
        }
    }

    /// Writes a number in decimal digits.
    public mutating func append(integer: Int64) {
        write(atMost: 20) { place in
            var rest = integer.magnitude
            var length = integer < 0 ? 1 : 0
            var digits = 1
            var power: UInt64 = 10
            while digits < 20, rest >= power {
                digits += 1
                if digits < 20 { power *= 10 }
            }
            length += digits
            var index = length
            repeat {
                index -= 1
                place[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            if integer < 0 { place[0] = UInt8(ascii: "-") }
            return length
        }
    }

    /// Writes a moment as `Timestamp.rfc3339` gives it.
    public mutating func append(_ moment: Timestamp) {
        guard let time = CalendarTime(moment, secondsFromUTC: 0) else { return append(integer: moment.milliseconds) }
        write(atMost: CalendarTime.rfc3339Length) { time.writeRFC3339(to: $0) }
    }

    private mutating func grow(by room: Int) {
        let size = max(count + room, 2 * memory.count, 256)
        memory = [UInt8](unsafeUninitializedCapacity: size) { new, used in
            guard let start = new.baseAddress else { return }
            memory.withUnsafeBufferPointer { old in
                if let old = old.baseAddress { start.initialize(from: old, count: count) }
            }
            (start + count).initialize(repeating: 0, count: size - count)
            used = size
        }
    }
}
