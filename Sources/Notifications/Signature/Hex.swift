/// Bytes as pairs of hex digits.
enum Hex {
    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    static func encode(_ digest: SHA256.Digest) -> String {
        withUnsafeBytes(of: digest) { encode($0) }
    }

    /// The bytes, or nil where the text is not pairs of hex digits, in either case.
    static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in text.utf8 {
            guard let digit = value(of: character) else { return nil }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return high == nil ? bytes : nil
    }

    /// The digest that 64 hex digits are, in either case; nil where the text is anything else.
    static func digest(_ text: UnsafeRawBufferPointer) -> SHA256.Digest? {
        guard text.count == 2 * SHA256.byteCount else { return nil }
        var digest = SHA256.Digest()
        let isHex = withUnsafeMutableBytes(of: &digest) { digest in
            for place in 0..<SHA256.byteCount {
                guard let high = value(of: text[2 * place]), let low = value(of: text[2 * place + 1]) else {
                    return false
                }
                digest[place] = high << 4 | low
            }
            return true
        }
        return isHex ? digest : nil
    }

    /// The value of one hex digit, in either case.
    static func value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
