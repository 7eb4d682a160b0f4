import CZlib

// MARK: - Hex

/// Bytes as pairs of hex digits.
public enum Hex {
    /// Returns two digits for each byte.
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
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

    /// Returns the bytes of pairs of hex digits, in either case; nil if the text is anything else.
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

    /// Returns the digest that 64 hex digits spell, in either case; nil if the text is anything else.
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

    /// Returns the value of one hex digit, in either case.
    static func value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

// MARK: - Base64

/// Base64 in both alphabets (RFC 4648, 4 and 5), with or without its padding.
enum Base64 {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let word = group.enumerated().reduce(UInt32(0)) { $0 | UInt32($1.element) << (16 - 8 * $1.offset) }
            for place in 0..<4 {
                let digit = digits[Int(word >> (18 - 6 * place) & 63)]
                text.append(place <= group.count ? digit : UInt8(ascii: "="))
            }
        }
        return text
    }

    /// Returns the bytes of a base64 text; nil if the text is not base64.
    static func decode(_ text: [UInt8]) -> [UInt8]? {
        var rest = text[...]
        while rest.last == UInt8(ascii: "="), text.count - rest.count < 2 { rest.removeLast() }
        guard !rest.isEmpty, rest.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        var word: UInt32 = 0
        var bits = 0
        for character in rest {
            guard let value = value(of: character) else { return nil }
            word = word << 6 | value
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: word >> bits))
            }
        }
        return bytes
    }

    private static func value(of character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}

// MARK: - Percent-encoding

/// Percent-encoding (RFC 3986), as forms use it too.
enum Percent {
    /// Returns the bytes with all but unreserved characters encoded, as `encodeURIComponent` and Python's `quote` do.
    static func encode(_ bytes: [UInt8]) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        var output: [UInt8] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                output.append(byte)
            default: output += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return output
    }

    /// Returns the bytes decoded; a percent sign without two hex digits stays.
    ///
    /// - Parameter plusIsSpace: As in forms.
    static func decode(_ bytes: some Collection<UInt8>, plusIsSpace: Bool) -> [UInt8] {
        var output: [UInt8] = []
        var rest = Array(bytes)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2, let high = Hex.value(of: rest[rest.startIndex]),
                let low = Hex.value(of: rest[rest.startIndex + 1])
            {
                output.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else {
                output.append(byte == UInt8(ascii: "+") && plusIsSpace ? 0x20 : byte)
            }
        }
        return output
    }
}

// MARK: - Zlib

/// Compresses and decompresses whole bodies by the system's zlib, in bounded memory.
enum Zlib {
    /// The format around the compressed bytes.
    enum Format: CaseIterable {
        /// RFC 1952.
        case gzip
        /// RFC 1950: what HTTP calls `deflate`.
        case zlib
        /// RFC 1951, with nothing around it.
        case raw

        /// As zlib names it: the base-2 logarithm of the window, and the format.
        fileprivate var windowBits: Int32 {
            switch self {
            case .gzip: 15 + 16
            case .zlib: 15
            case .raw: -15
            }
        }

        /// Goes behind “compressed with”.
        var name: String {
            switch self {
            case .gzip: "gzip"
            case .zlib: "zlib (HTTP's deflate)"
            case .raw: "raw deflate"
            }
        }
    }

    /// Returns the bytes that were compressed; nil if these are not such a stream, if it does not end with them, or if
    /// it unpacks to more than `limit` bytes.
    static func decompress(_ bytes: [UInt8], _ format: Format, limit: Int) -> [UInt8]? {
        guard !bytes.isEmpty, limit > 0 else { return nil }
        var stream = z_stream()
        guard b2_inflate_init(&stream, format.windowBits) == Z_OK else { return nil }
        defer { inflateEnd(&stream) }
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: min(limit, 32 << 10))
        var input = bytes
        return input.withUnsafeMutableBufferPointer { input -> [UInt8]? in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(clamping: input.count)
            while true {
                let (status, count) = buffer.withUnsafeMutableBufferPointer { buffer -> (Int32, Int) in
                    stream.next_out = buffer.baseAddress
                    stream.avail_out = UInt32(clamping: buffer.count)
                    let status = inflate(&stream, Z_NO_FLUSH)
                    return (status, buffer.count - Int(stream.avail_out))
                }
                guard output.count + count <= limit else { return nil }
                output += buffer[..<count]
                switch status {
                case Z_STREAM_END: return stream.avail_in == 0 ? output : nil
                // What needs more input than there is was cut short.
                case Z_OK where count > 0 || stream.avail_in > 0: continue
                default: return nil
                }
            }
        }
    }

    /// Returns the bytes compressed; nil where zlib refuses.
    ///
    /// The gzip header names no time, and Unix.
    static func compress(_ bytes: [UInt8], _ format: Format, level: Int32) -> [UInt8]? {
        var stream = z_stream()
        guard b2_deflate_init(&stream, level, format.windowBits) == Z_OK else { return nil }
        defer { deflateEnd(&stream) }
        var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))) + 32)
        var input = bytes
        let status = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(clamping: input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(clamping: output.count)
                return deflate(&stream, Z_FINISH)
            }
        }
        guard status == Z_STREAM_END else { return nil }
        return Array(output.prefix(Int(stream.total_out)))
    }
}
