/// A write-ahead log as it is in its file (https://sqlite.org/fileformat.html, 4).
struct WriteAheadLog {
    static let headerLength = 32
    static let frameHeaderLength = 24

    /// The head of a frame.
    struct Frame {
        let page: Int
        /// Pages of the database behind the transaction that this frame ends; 0 where it ends none.
        let commitSize: Int
        let salt: [UInt8]
        let checksum: [UInt32]

        init(_ bytes: some Collection<UInt8>) {
            let bytes = Array(bytes)
            page = Int(bytes.big32(0))
            commitSize = Int(bytes.big32(4))
            salt = Array(bytes[8..<16])
            checksum = [bytes.big32(16), bytes.big32(20)]
        }
    }

    let pageSize: Int
    let salt: [UInt8]
    private let isBigEndian: Bool
    private let checksum: [UInt32]
    private let source: any ByteSource

    /// Returns nil for a file that does not begin as a log does.
    init?(_ source: any ByteSource) {
        guard let header = source.bytes(at: 0, count: Self.headerLength) else { return nil }
        let magic = header.big32(0)
        guard magic & ~1 == 0x377f_0682 else { return nil }
        let size = Int(header.big32(8))
        guard size >= 512, size <= 65_536, size & (size - 1) == 0 else { return nil }
        isBigEndian = magic & 1 == 1
        pageSize = size
        salt = Array(header[16..<24])
        checksum = [header.big32(24), header.big32(28)]
        self.source = source
        guard Self.sum(header[..<24], [0, 0], isBigEndian: isBigEndian) == checksum else { return nil }
    }

    var frameLength: Int { Self.frameHeaderLength + pageSize }

    /// How many whole frames the file has room for, whatever they hold.
    var capacity: Int { max(0, (source.size ?? 0) - Self.headerLength) / frameLength }

    /// Returns the offset of a frame; the first has number 1.
    func offset(of frame: Int) -> Int { Self.headerLength + (frame - 1) * frameLength }

    func head(of frame: Int) -> Frame? {
        source.bytes(at: offset(of: frame), count: Self.frameHeaderLength).map(Frame.init)
    }

    /// Returns the page that a frame holds.
    func page(of frame: Int) -> [UInt8]? {
        source.bytes(at: offset(of: frame) + Self.frameHeaderLength, count: pageSize)
    }

    /// Reads all frames up to the first whose checksum is wrong.
    ///
    /// - Parameters:
    ///   - last: The last frame to read.
    ///   - body: Is given the number and the head of each.
    /// - Returns: The checksum behind the last of them, and its number.
    func walk(through last: Int = .max, _ body: (Int, Frame) -> Void = { _, _ in }) -> (frame: Int, checksum: [UInt32])
    {
        var sum = checksum
        var number = 0
        while number < min(last, capacity), let bytes = source.bytes(at: offset(of: number + 1), count: frameLength) {
            let frame = Frame(bytes[..<Self.frameHeaderLength])
            guard frame.salt == salt, frame.page > 0 else { break }
            var next = Self.sum(bytes[..<8], sum, isBigEndian: isBigEndian)
            next = Self.sum(bytes[Self.frameHeaderLength...], next, isBigEndian: isBigEndian)
            guard next == frame.checksum else { break }
            sum = next
            number += 1
            body(number, frame)
        }
        return (number, sum)
    }

    /// The running checksum of the format: over pairs of numbers of 32 bits.
    private static func sum(_ bytes: ArraySlice<UInt8>, _ start: [UInt32], isBigEndian: Bool) -> [UInt32] {
        var (one, two) = (start[0], start[1])
        bytes.withUnsafeBytes { buffer in
            for offset in stride(from: 0, to: buffer.count - 7, by: 8) {
                let first = buffer.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
                let second = buffer.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
                one = one &+ (isBigEndian ? UInt32(bigEndian: first) : UInt32(littleEndian: first)) &+ two
                two = two &+ (isBigEndian ? UInt32(bigEndian: second) : UInt32(littleEndian: second)) &+ one
            }
        }
        return [one, two]
    }
}
