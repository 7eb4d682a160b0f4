/// Collects a bracketed paste up to the sequence that ends it.
struct PasteCollector {
    static let begin = Array("\u{1b}[200~".utf8)
    static let end = Array("\u{1b}[201~".utf8)

    private let limit: Int
    private var collected: [UInt8] = []
    /// How much of the ending the last bytes have been.
    private var matched = 0
    private var isTooLong = false
    private var followsReturn = false

    init(limit: Int) {
        self.limit = limit
    }

    /// What was pasted, once it is over; nil if it was too long.
    var bytes: [UInt8]? { isTooLong ? nil : collected }

    /// Takes the next byte, and says whether it was the last one.
    mutating func take(_ byte: UInt8) -> Bool {
        if byte == Self.end[matched] {
            matched += 1
            return matched == Self.end.count
        }
        // Only its first byte can begin the ending anew, as that byte is nowhere else in it.
        for byte in Self.end[..<matched] { keep(byte) }
        matched = 0
        if byte == Self.end[0] { matched = 1 } else { keep(byte) }
        return false
    }

    /// Keeps a byte; CR, and CR with LF, are one LF.
    private mutating func keep(_ byte: UInt8) {
        defer { followsReturn = byte == ASCII.carriageReturn }
        guard !(byte == ASCII.lineFeed && followsReturn) else { return }
        guard collected.count < limit else {
            isTooLong = true
            collected = []
            return
        }
        if !isTooLong { collected.append(byte == ASCII.carriageReturn ? ASCII.lineFeed : byte) }
    }
}
