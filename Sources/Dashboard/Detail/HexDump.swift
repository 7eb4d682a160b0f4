import SafeText
import Terminal

/// Bytes as offset, hex and ASCII.
struct HexDump {
    let bytes: [UInt8]
    let columns: Int

    /// 16 bytes a line take 76 columns; where that is too wide, 8 or 4.
    private var bytesPerLine: Int {
        [16, 8].first { 10 + $0 * 4 + 1 <= columns } ?? 4
    }

    var lines: [StyledLine] {
        stride(from: 0, to: bytes.count, by: bytesPerLine).map { start in
            line(at: start, bytes[start..<min(bytes.count, start + bytesPerLine)])
        }
    }

    private func line(at offset: Int, _ part: ArraySlice<UInt8>) -> StyledLine {
        let position = String(offset, radix: 16)
        var line = StyledLine(
            "\(String(repeating: "0", count: max(0, 8 - position.utf8.count)) + position)  ", Style(.secondary))
        let hex = part.map { $0 < 16 ? "0\(String($0, radix: 16))" : String($0, radix: 16) }.joined(separator: " ")
        line.append(SafeText(hex).padded(to: bytesPerLine * 3 + 1))
        let ascii = part.map { (0x20...0x7e).contains($0) ? Character(Unicode.Scalar($0)) : "." }
        line.append(SafeText(String(ascii)), Style(.secondary))
        return line
    }
}
