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

    /// Writes the cell as it is in a table.
    ///
    /// - Parameters:
    ///   - separator: What stands between the cells of the table.
    ///   - isVerbatim: False puts an apostrophe before what a spreadsheet would take for a formula.
    func append(separator: UInt8, isVerbatim: Bool, to output: inout OutputBytes) {
        switch self {
        case .empty: break
        case .plain(var text), .decimal(var text):
            text.withUTF8 {
                CSVRecord.append(UnsafeRawBufferPointer($0), separator: separator, isGuarded: false, to: &output)
            }
        case .text(var text):
            text.withUTF8 {
                CSVRecord.append(UnsafeRawBufferPointer($0), separator: separator, isGuarded: !isVerbatim, to: &output)
            }
        }
    }

    /// Puts an apostrophe before what a spreadsheet would take for a formula: at the start, and where a program that
    /// separates cells by another character, or does not mind quotes, would begin a cell.
    private static func guarded(_ text: String) -> String {
        var text = text
        var guarded: [UInt8] = []
        text.withUTF8 { bytes in
            let bytes = UnsafeRawBufferPointer(bytes)
            var beginsCell = true
            for (index, byte) in bytes.enumerated() {
                if beginsCell, Formula.begins(bytes, at: index) {
                    // Copied only where something is put into it.
                    if guarded.isEmpty { guarded = Array(bytes[..<index]) }
                    guarded.append(Formula.mark)
                }
                if !guarded.isEmpty { guarded.append(byte) }
                beginsCell = Formula.canFollow(byte)
            }
        }
        return guarded.isEmpty ? text : String(decoding: guarded, as: UTF8.self)
    }

    private static func beginsNumber(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
