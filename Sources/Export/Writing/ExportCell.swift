public import Notifications

/// One cell of a table.
public enum ExportCell: Sendable, Hashable {
    case empty
    /// A number, or a word of b2watch's own: no spreadsheet makes a formula of it.
    case plain(String)
    /// Text that may come from outside.
    case text(String)

    /// - Parameter value: A number that is no integer came as JSON, and is a number still.
    public init(_ value: FieldValue) {
        switch value {
        case .absent, .null: self = .empty
        case .integer(let integer): self = .plain(String(integer))
        case .string(let string): self = .text(string)
        case .other(let json): self = json.utf8.first.map(Self.beginsNumber) ?? false ? .plain(json) : .text(json)
        }
    }

    /// A cell of the sheet, made from this value.
    public init(_ cell: SheetRow.Cell, of value: FieldValue) {
        switch cell {
        case .empty: self = .empty
        case .number(let number): self = .plain(String(number))
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

    init(_ moment: Timestamp, as form: SheetRow.TimestampForm) {
        switch form {
        case .rfc3339: self = .plain(moment.rfc3339)
        case .epochMilliseconds: self = .plain(String(moment.milliseconds))
        }
    }

    /// The cell's text as a table has it.
    ///
    /// - Parameter isVerbatim: False puts an apostrophe before what a spreadsheet would take for a formula.
    public func string(isVerbatim: Bool) -> String {
        switch self {
        case .empty: ""
        case .plain(let text): text
        case .text(let text): !isVerbatim && Self.isFormula(text) ? "'" + text : text
        }
    }

    private static func isFormula(_ text: String) -> Bool {
        switch text.unicodeScalars.first {
        case "=", "+", "-", "@", "\t", "\n", "\r": true
        // Full-width, which spreadsheets of East Asian locales take for the same.
        case "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}": true
        default: false
        }
    }

    private static func beginsNumber(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
