/// Well-formed UTF-8 byte sequences (Unicode standard, table 3-7).
enum UTF8Sequence {
    /// The length of the well-formed sequence at `index`, in bytes, or nil where there is none.
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

    /// The scalar of the well-formed sequence at `index` and its length in bytes, or nil where there is none.
    static func scalar(at index: Int, in bytes: UnsafeBufferPointer<UInt8>) -> (scalar: Unicode.Scalar, length: Int)? {
        guard let length = length(at: index, in: bytes) else { return nil }
        // The first byte of a longer sequence holds 7 - length bits of it, each other one 6.
        let mask: UInt8 = length == 1 ? 0x7F : 0x7F >> UInt8(length)
        var value = UInt32(bytes[index] & mask)
        for offset in 1..<length { value = value << 6 | UInt32(bytes[index + offset] & 0x3F) }
        return Unicode.Scalar(value).map { ($0, length) }
    }
}
