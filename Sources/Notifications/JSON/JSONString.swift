#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

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

/// The bytes of a JSON string that stand for themselves: ASCII but for quotes, backslashes and control characters.
enum PlainBytes {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let tops: UInt64 = 0x8080_8080_8080_8080

    /// Whether a byte is one; DEL is.
    @inline(__always)
    static func contains(_ byte: UInt8) -> Bool {
        byte &- 0x20 < 0x60 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    /// How many of eight bytes, the lowest first, stand before the first that is none, or is DEL.
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
