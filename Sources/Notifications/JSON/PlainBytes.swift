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
