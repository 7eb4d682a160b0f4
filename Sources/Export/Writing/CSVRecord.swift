/// A line of separated values by RFC 4180: quotes around what needs them and doubled within. In UTF-8.
public enum CSVRecord {
    /// What ends a line.
    public static let newline: [UInt8] = [0x0D, 0x0A]

    public static let comma = UInt8(ascii: ",")
    public static let semicolon = UInt8(ascii: ";")
    public static let tab: UInt8 = 0x09

    /// Writes a record, without the newline at its end.
    public static func append(_ cells: [String], separator: UInt8 = comma, to bytes: inout [UInt8]) {
        for (index, cell) in cells.enumerated() {
            if index > 0 { bytes.append(separator) }
            if needsQuotes(cell, separator) {
                bytes.append(UInt8(ascii: "\""))
                for byte in cell.utf8 {
                    if byte == UInt8(ascii: "\"") { bytes.append(byte) }
                    bytes.append(byte)
                }
                bytes.append(UInt8(ascii: "\""))
            } else {
                bytes.append(contentsOf: cell.utf8)
            }
        }
    }

    /// Reads the first record of a text.
    ///
    /// - Returns: Its cells, and where the text goes on behind its newline; nil where the record does not end: its last
    ///   quote is open, or no newline is behind it.
    public static func first(
        of bytes: some Collection<UInt8>, separator: UInt8 = comma
    ) -> (cells: [String], length: Int)? {
        var cells: [String] = []
        var cell: [UInt8] = []
        var isQuoted = false
        // Within quotes, a quote was just read: it ends the cell, or is the first of two.
        var isClosing = false
        for (index, byte) in bytes.enumerated() {
            if isQuoted, !isClosing {
                if byte == UInt8(ascii: "\"") { isClosing = true } else { cell.append(byte) }
                continue
            }
            switch byte {
            case UInt8(ascii: "\"") where isClosing:
                cell.append(byte)
                isClosing = false
            case UInt8(ascii: "\"") where cell.isEmpty && !isQuoted:
                isQuoted = true
            case separator:
                cells.append(String(decoding: cell, as: UTF8.self))
                cell = []
                isQuoted = false
                isClosing = false
            case 0x0A:
                if !isQuoted, cell.last == 0x0D { cell.removeLast() }
                cells.append(String(decoding: cell, as: UTF8.self))
                return (cells, index + 1)
            case 0x0D where isClosing: break
            default: cell.append(byte)
            }
        }
        return nil
    }

    /// Returns true also for the separators of other files, at which spreadsheets of some languages would begin a cell, and
    /// for white space at an end, which some would drop.
    private static func needsQuotes(_ cell: String, _ separator: UInt8) -> Bool {
        if cell.utf8.first == UInt8(ascii: " ") || cell.utf8.last == UInt8(ascii: " ") { return true }
        return cell.utf8.contains { byte in
            switch byte {
            case UInt8(ascii: "\""), tab, 0x0A, 0x0D: true
            case semicolon: separator != tab
            // Where a semicolon separates cells, a comma separates decimals.
            case comma: separator == comma
            default: false
            }
        }
    }
}
