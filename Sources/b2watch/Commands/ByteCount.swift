/// A number of bytes as a person writes it: `65536`, `64kB` (1,000) or `64KiB` (1,024), `1MB`, `1MiB`, `2GB`, `2GiB`.
struct ByteCount: Sendable {
    /// The most that a limit may be, in bytes: more would let few requests fill the memory.
    static let largest = 64 << 20

    /// The limit where none is given, in bytes.
    static let usual = 1 << 20

    let bytes: Int

    /// Reads a limit; nil for anything but a number of bytes from 1 to 64 MiB.
    init?(_ text: String) {
        guard let count = Self.count(text), (1...Int64(Self.largest)).contains(count) else { return nil }
        bytes = Int(count)
    }

    /// Returns a number of bytes, 0 or more; nil for any other text.
    static func count(_ text: String) -> Int64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let factor: Int64
        switch text.dropFirst(digits.count).lowercased() {
        case "", "b": factor = 1
        case "kb": factor = 1_000
        case "kib": factor = 1 << 10
        case "mb": factor = 1_000_000
        case "mib": factor = 1 << 20
        case "gb": factor = 1_000_000_000
        case "gib": factor = 1 << 30
        default: return nil
        }
        guard let number = Int64(digits) else { return nil }
        let (bytes, overflows) = number.multipliedReportingOverflow(by: factor)
        return overflows ? nil : bytes
    }
}
