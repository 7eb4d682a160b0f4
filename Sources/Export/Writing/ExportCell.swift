public import Notifications

/// One cell of a table.
public enum ExportCell: Sendable, Hashable {
    case empty
    /// A number, or a word of b2watch's own: no spreadsheet makes a formula of it.
    case plain(String)
    /// A number or a date in which a dot is the decimal separator.
    case decimal(String)
    /// Text that may come from outside.
    case text(String)

    /// - Parameter value: A number that is no integer came as JSON, and is a number still.
    public init(_ value: FieldValue) {
        switch value {
        case .absent, .null: self = .empty
        case .integer(let integer): self = .plain(String(integer))
        case .string(let string): self = .text(string)
        case .other(let json): self = json.utf8.first.map(Self.beginsNumber) ?? false ? .decimal(json) : .text(json)
        }
    }

    /// A cell of the sheet, made from this value.
    public init(_ cell: SheetRow.Cell, of value: FieldValue) {
        switch cell {
        case .empty: self = .empty
        case .number(let number): self = .plain(String(number))
        case .date: self = .decimal(cell.string)
        case .text(let text):
            self =
                switch value {
                case .other: ExportCell(value)
                // A moment, or a number that is none of the calendar's: neither came as text.
                case .integer: .plain(text)
                case .absent, .null, .string: .text(text)
                }
        }
    }

    /// A cell of a moment, which is never a formula.
    init(_ moment: Timestamp, as form: SheetRow.TimestampForm) {
        self.init(SheetRow.Cell(moment, as: form), of: .integer(moment.milliseconds))
    }

    /// The cell's text as a table has it.
    ///
    /// - Parameters:
    ///   - isVerbatim: False puts an apostrophe before what a spreadsheet would take for a formula.
    ///   - hasDecimalComma: Whether a comma separates the decimals of a number, not a dot.
    public func string(isVerbatim: Bool, hasDecimalComma: Bool = false) -> String {
        switch self {
        case .empty: ""
        case .plain(let text): text
        case .decimal(let text): hasDecimalComma ? text.replacing(".", with: ",") : text
        case .text(let text): isVerbatim ? text : Self.guarded(text)
        }
    }

    /// Puts an apostrophe before what a spreadsheet would take for a formula: at the start, and where a program that
    /// separates cells by another character, or does not mind quotes, would begin a cell.
    private static func guarded(_ text: String) -> String {
        guard text.utf8.contains(where: mayBeginFormula) else { return text }
        var guarded = String.UnicodeScalarView()
        var beginsCell = true
        for (index, scalar) in text.unicodeScalars.enumerated() {
            if beginsCell, isFormula(scalar, isFirst: index == 0) { guarded.append("'") }
            guarded.append(scalar)
            switch scalar {
            case ",", ";", "\t", "\n", "\r": beginsCell = true
            default: beginsCell = false
            }
        }
        return String(guarded)
    }

    /// Whether a byte begins, or is, one of the characters that `isFormula` knows.
    private static func mayBeginFormula(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"), 0x09, 0x0A, 0x0D, 0xEF: true
        default: false
        }
    }

    private static func isFormula(_ scalar: Unicode.Scalar, isFirst: Bool) -> Bool {
        switch scalar {
        case "=", "+", "-", "@": true
        case "\t", "\n", "\r": isFirst
        // Full-width, which spreadsheets of East Asian locales take for the same.
        case "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}": true
        default: false
        }
    }

    private static func beginsNumber(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
