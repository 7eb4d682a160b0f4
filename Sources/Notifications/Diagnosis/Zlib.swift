import CZlib

/// Compresses and decompresses whole bodies by the system's zlib, in bounded memory.
enum Zlib {
    /// What stands around the compressed bytes.
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

    /// Returns the bytes that were compressed; nil where these are no such stream, where it does not end with them, or
    /// where it holds more than `limit` bytes.
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
