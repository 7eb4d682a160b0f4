import Notifications

/// A line of separated values by RFC 4180: quotes around what needs them and doubled within. In UTF-8.
public enum CSVRecord {
    /// The end of a line.
    public static let newline: [UInt8] = [0x0D, 0x0A]

    public static let comma = UInt8(ascii: ",")
    public static let semicolon = UInt8(ascii: ";")
    public static let tab: UInt8 = 0x09
    private static let quote = UInt8(ascii: "\"")

    /// Writes a record, without the newline at its end.
    ///
    /// - Parameter isGuarded: Whether texts that a spreadsheet would read as formulas get an apostrophe before them.
    public static func append(
        _ cells: [String], separator: UInt8 = comma, isGuarded: Bool = false, to bytes: inout [UInt8]
    ) {
        var output = OutputBytes()
        for (index, var cell) in cells.enumerated() {
            if index > 0 { output.append(separator) }
            cell.withUTF8 {
                append(UnsafeRawBufferPointer($0), separator: separator, isGuarded: isGuarded, to: &output)
            }
        }
        bytes += output.array
    }

    /// Writes a cell.
    ///
    /// - Parameters:
    ///   - text: In UTF-8.
    ///   - separator: The separator of the file's cells.
    ///   - isGuarded: Whether a text that a spreadsheet would read as a formula gets an apostrophe before it.
    static func append(
        _ text: UnsafeRawBufferPointer, separator: UInt8, isGuarded: Bool, to output: inout OutputBytes
    ) {
        let (needsQuotes, isOneCell) = look(at: text, separator)
        if needsQuotes { output.append(quote) }
        if isOneCell {
            if isGuarded, Formula.begins(text, at: 0) { output.append(Formula.mark) }
            output.append(text)
        } else {
            var beginsCell = true
            for (index, byte) in text.enumerated() {
                if isGuarded, beginsCell, Formula.begins(text, at: index) { output.append(Formula.mark) }
                if byte == quote { output.append(quote) }
                output.append(byte)
                beginsCell = Formula.canFollow(byte)
            }
        }
        if needsQuotes { output.append(quote) }
    }

    /// Looks whether a cell needs quotes, and whether no program would find several cells, or quotes, in it.
    ///
    /// It needs them also for the separators of other files, at which spreadsheets of some languages would begin a cell, and
    /// for white space at an end, which some would drop.
    private static func look(
        at text: UnsafeRawBufferPointer, _ separator: UInt8
    ) -> (needsQuotes: Bool, isOneCell: Bool) {
        var needsQuotes = text.first == UInt8(ascii: " ") || text.last == UInt8(ascii: " ")
        var isOneCell = true
        for byte in text where byte <= comma || byte == semicolon {
            switch byte {
            case quote, tab, 0x0A, 0x0D: (needsQuotes, isOneCell) = (true, false)
            case semicolon:
                isOneCell = false
                if separator != tab { needsQuotes = true }
            case comma:
                isOneCell = false
                // Where a semicolon separates cells, a comma separates decimals.
                if separator == comma { needsQuotes = true }
            default: break
            }
        }
        return (needsQuotes, isOneCell)
    }

    /// Reads the first record of a text.
    ///
    /// - Returns: Its cells, and the place where the text continues after its newline; nil if the record is incomplete:
    ///   its last quote is open, or its newline is missing.
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
}

/// Texts that a spreadsheet would read as a formula.
enum Formula {
    /// The mark put before such a text.
    static let mark = UInt8(ascii: "'")

    /// Returns whether a cell would be a formula if it began at an index of its UTF-8.
    static func begins(_ text: UnsafeRawBufferPointer, at index: Int) -> Bool {
        guard index < text.count else { return false }
        switch text[index] {
        case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"): return true
        case 0x09, 0x0A, 0x0D: return index == 0
        // Full-width, which spreadsheets of East Asian locales take for the same: U+FF1D, U+FF0B, U+FF0D, U+FF20.
        case 0xEF:
            return index + 2 < text.count && text[index + 1] == 0xBC
                && [0x9D, 0x8B, 0x8D, 0xA0].contains(text[index + 2])
        default: return false
        }
    }

    /// Returns whether a cell may begin after a byte, for a program that separates cells by it, or ignores quotes.
    static func canFollow(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: ";"), 0x09, 0x0A, 0x0D: true
        default: false
        }
    }
}
