/// Strict UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
enum UTF8Scalar {
    /// The scalar that the bytes begin with and its length, or nil where they do not begin with one.
    static func first(in bytes: UnsafeBufferPointer<UInt8>) -> (Unicode.Scalar, Int)? {
        guard let lead = bytes.first else { return nil }
        let (length, least, bits): (Int, UInt32, UInt32)
        switch lead {
        case 0x00...0x7f: (length, least, bits) = (1, 0, UInt32(lead))
        case 0xc2...0xdf: (length, least, bits) = (2, 0x80, UInt32(lead & 0x1f))
        case 0xe0...0xef: (length, least, bits) = (3, 0x800, UInt32(lead & 0x0f))
        case 0xf0...0xf4: (length, least, bits) = (4, 0x1_0000, UInt32(lead & 0x07))
        default: return nil
        }
        guard bytes.count >= length else { return nil }
        var value = bits
        for byte in bytes[1..<length] {
            guard byte & 0xc0 == 0x80 else { return nil }
            value = value << 6 | UInt32(byte & 0x3f)
        }
        guard value >= least, let scalar = Unicode.Scalar(value) else { return nil }
        return (scalar, length)
    }
}
