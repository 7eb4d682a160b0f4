import SafeText

/// Writes compact JSON on one line, in which nothing is left that a terminal would obey: control, bidi and invisible
/// characters are escaped as `\u`, which changes no value.
public struct JSONWriter: Sendable {
    /// The text so far, in UTF-8.
    public private(set) var bytes: [UInt8] = []

    /// - Parameter capacity: How many bytes there is room for before more memory is taken.
    public init(capacity: Int = 0) {
        if capacity > 0 { bytes.reserveCapacity(capacity) }
    }

    /// Writes a piece of JSON as it is.
    public mutating func syntax(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    public mutating func integer(_ number: some BinaryInteger) {
        bytes.append(contentsOf: String(number).utf8)
    }

    /// Writes a number with decimals; one that JSON cannot express, as `null`.
    public mutating func decimal(_ number: Double) {
        if number.isFinite { bytes.append(contentsOf: "\(number)".utf8) } else { syntax("null") }
    }

    public mutating func boolean(_ value: Bool) {
        syntax(value ? "true" : "false")
    }

    /// Writes a string with its quotes, or `null`.
    public mutating func string(_ text: String?) {
        guard var text else { return syntax("null") }
        bytes.append(UInt8(ascii: "\""))
        text.withUTF8 { text in
            copy(text) { byte in
                switch byte {
                case UInt8(ascii: "\""): "\\\""
                case UInt8(ascii: "\\"): "\\\\"
                case UInt8(ascii: "\n"): "\\n"
                case UInt8(ascii: "\r"): "\\r"
                case UInt8(ascii: "\t"): "\\t"
                default: nil
                }
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes JSON that was checked before, without the white space between its tokens; every value stays as it is.
    public mutating func compact(_ json: some Collection<UInt8>) {
        if json.withContiguousStorageIfAvailable({ compact($0) }) == nil {
            Array(json).withUnsafeBufferPointer { compact($0) }
        }
    }

    private mutating func compact(_ json: UnsafeBufferPointer<UInt8>) {
        var inString = false
        var isEscaped = false
        copy(json) { byte in
            if inString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
                return nil
            }
            inString = byte == UInt8(ascii: "\"")
            return [0x20, 0x0A, 0x0D, 0x09].contains(byte) ? "" : nil
        }
    }

    /// Copies UTF-8 in runs, and escapes what a terminal would obey. What is not UTF-8 ends it.
    ///
    /// - Parameter replacement: Is asked for each ASCII byte in order, and returns what to write in its place; nil to copy
    ///   it.
    @inline(__always)
    private mutating func copy(_ text: UnsafeBufferPointer<UInt8>, replacing replacement: (UInt8) -> StaticString?) {
        var copied = 0
        var index = 0
        func flush(_ bytes: inout [UInt8]) {
            if copied < index { bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied..<index])) }
        }
        while index < text.count {
            let byte = text[index]
            var length = 1
            if byte < 0x80 {
                let other = replacement(byte)
                if other == nil, (0x20..<0x7F).contains(byte) {
                    index += 1
                    continue
                }
                flush(&bytes)
                if let other { syntax(other) } else { escape(Unicode.Scalar(byte)) }
            } else {
                guard let (scalar, count) = UTF8Sequence.scalar(at: index, in: text) else { break }
                guard SafeText.mustEscape(scalar) else {
                    index += count
                    continue
                }
                flush(&bytes)
                escape(scalar)
                length = count
            }
            index += length
            copied = index
        }
        flush(&bytes)
    }

    private mutating func escape(_ scalar: Unicode.Scalar) {
        for unit in UTF16.encode(scalar) ?? .init() {
            syntax("\\u")
            let digits = String(unit, radix: 16)
            bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 4 - digits.utf8.count))
            bytes.append(contentsOf: digits.utf8)
        }
    }
}
