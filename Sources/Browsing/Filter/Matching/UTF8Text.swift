/// UTF-8 read a character (a Unicode scalar) at a time, forwards or backwards.
///
/// A byte that belongs to no well-formed sequence counts as a character of its own that equals no letter. Both
/// directions see the same characters, for a well-formed sequence has its one lead byte at its start.
struct UTF8Text {
    let base: UnsafeRawPointer
    let count: Int

    /// Nil where there is no memory, so no text.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return nil }
        (self.base, count) = (base, bytes.count)
    }

    @inline(__always)
    subscript(index: Int) -> UInt8 { base.load(fromByteOffset: index, as: UInt8.self) }

    /// The character at an index below `count`, which moves behind it.
    @inline(__always)
    func next(_ index: inout Int) -> UInt32 {
        let lead = self[index]
        if lead < 0x80 {
            index += 1
            return UInt32(lead)
        }
        return longer(lead, &index)
    }

    /// The character before an index above 0, which moves in front of it.
    func previous(_ index: inout Int) -> UInt32 {
        let last = self[index - 1]
        if last < 0x80 {
            index -= 1
            return UInt32(last)
        }
        var start = index - 1
        while start > 0, index - start < 4, self[start] & 0xC0 == 0x80 { start -= 1 }
        var end = start
        let unit = next(&end)
        if end == index {
            index = start
            return unit
        }
        index -= 1
        return Self.stray(last)
    }

    /// What a byte counts as that belongs to no well-formed sequence.
    private static func stray(_ byte: UInt8) -> UInt32 { 0x11_0000 + UInt32(byte) }

    private func longer(_ lead: UInt8, _ index: inout Int) -> UInt32 {
        let (length, least, bits): (Int, UInt32, UInt32)
        switch lead {
        case 0xC2...0xDF: (length, least, bits) = (2, 0x80, UInt32(lead & 0x1F))
        case 0xE0...0xEF: (length, least, bits) = (3, 0x800, UInt32(lead & 0x0F))
        case 0xF0...0xF4: (length, least, bits) = (4, 0x1_0000, UInt32(lead & 0x07))
        default: (length, least, bits) = (0, 0, 0)
        }
        var value = bits
        if length > 0, index + length <= count {
            var offset = 1
            while offset < length, self[index + offset] & 0xC0 == 0x80 {
                value = value << 6 | UInt32(self[index + offset] & 0x3F)
                offset += 1
            }
            if offset == length, value >= least, value <= 0x10_FFFF, !(0xD800...0xDFFF).contains(value) {
                index += length
                return value
            }
        }
        index += 1
        return Self.stray(lead)
    }
}
