import SafeText

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
        let isWhole = Escape.copy(text, to: &output) { byte in
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): .after(UInt8(ascii: "\\"), byte)
            case 0x0A: .after(UInt8(ascii: "\\"), UInt8(ascii: "n"))
            case 0x0D: .after(UInt8(ascii: "\\"), UInt8(ascii: "r"))
            case 0x09: .after(UInt8(ascii: "\\"), UInt8(ascii: "t"))
            default: .copied
            }
        }
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
        var inString = false
        var isEscaped = false
        _ = Escape.copy(json, to: &output) { byte in
            if inString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
                return .copied
            }
            switch byte {
            case UInt8(ascii: "\""):
                inString = true
                return .copied
            case 0x20, 0x0A, 0x0D, 0x09: return .dropped
            default: return .copied
            }
        }
    }

    /// The length of the text so far, in bytes.
    public var count: Int { output.count }

    /// Removes what is written behind the first `length` bytes.
    public mutating func cut(to length: Int) { output.cut(to: length) }
}

/// The copying of UTF-8 into JSON.
private enum Escape {
    /// What becomes of an ASCII byte.
    enum Replacement {
        /// It is copied, or escaped where a terminal would obey it.
        case copied
        case dropped
        /// Two bytes take its place.
        case after(UInt8, UInt8)
    }

    /// Bytes that are copied with one look at the room.
    private static let piece = 1_024
    /// The most bytes that one byte becomes: `\u001b`.
    private static let mostOfOne = 6

    /// Copies UTF-8, and escapes what a terminal would obey. What is not UTF-8 ends it.
    ///
    /// - Parameter replacement: Is asked for each ASCII byte in order.
    /// - Returns: Whether all was UTF-8.
    @inline(__always)
    static func copy(
        _ text: UnsafeRawBufferPointer, to output: inout OutputBytes, replacing replacement: (UInt8) -> Replacement
    ) -> Bool {
        guard let start = text.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return true }
        let text = UnsafeBufferPointer(start: start, count: text.count)
        var index = 0
        var isWhole = true
        while index < text.count, isWhole {
            // The last character of a piece may be some bytes longer.
            let end = min(text.count, index + piece)
            output.write(atMost: (end - index + 4) * mostOfOne) { place in
                var out = 0
                while index < end {
                    let byte = text[index]
                    if byte < 0x80 {
                        switch replacement(byte) {
                        case .copied:
                            if byte &- 0x20 < 0x5F {
                                place[out] = byte
                                out += 1
                            } else {
                                out += escape(Unicode.Scalar(byte), to: place + out)
                            }
                        case .dropped: break
                        case .after(let first, let second):
                            place[out] = first
                            place[out + 1] = second
                            out += 2
                        }
                        index += 1
                    } else {
                        guard let (scalar, length) = UTF8Sequence.scalar(at: index, in: text) else {
                            isWhole = false
                            break
                        }
                        if SafeText.mustEscape(scalar) {
                            out += escape(scalar, to: place + out)
                        } else {
                            for offset in 0..<length { place[out + offset] = text[index + offset] }
                            out += length
                        }
                        index += length
                    }
                }
                return out
            }
        }
        return isWhole
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
