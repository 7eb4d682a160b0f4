/// A number of bytes as a person writes it: `65536`, `64kB` (1,000) or `64KiB` (1,024), `1MB`, `1MiB`.
struct ByteCount: Sendable {
    /// More would let few requests fill the memory.
    static let largest = 64 << 20

    /// What is taken where nothing is said, in bytes.
    static let usual = 1 << 20

    let bytes: Int

    /// Nil for what is no number of bytes from 1 to 64 MiB.
    init?(_ text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let factor: Int
        switch text.dropFirst(digits.count).lowercased() {
        case "", "b": factor = 1
        case "kb": factor = 1_000
        case "kib": factor = 1 << 10
        case "mb": factor = 1_000_000
        case "mib": factor = 1 << 20
        default: return nil
        }
        guard let number = Int(digits) else { return nil }
        let (bytes, overflows) = number.multipliedReportingOverflow(by: factor)
        guard !overflows, (1...Self.largest).contains(bytes) else { return nil }
        self.bytes = bytes
    }
}
