import Base
import History
public import Notifications

/// A column that can follow those of the sheet.
public struct ExportColumn: Sendable {
    /// The name that a person types, such as `event-id`.
    public let name: String
    /// Its header in the table.
    public let header: String
    /// The parts of a row that its value needs.
    let parts: RowParts
    /// Whether its value is in the delivery only, which is then read whole.
    let readsDelivery: Bool
    let cell: @Sendable (ExportItem, ExportOptions) -> ExportCell

    private init(
        _ name: String, _ header: String, _ parts: RowParts = [], readsDelivery: Bool = false,
        _ cell: @escaping @Sendable (ExportItem, ExportOptions) -> ExportCell
    ) {
        self.name = name
        self.header = header
        self.parts = parts
        self.readsDelivery = readsDelivery
        self.cell = cell
    }

    /// All that there are.
    public static let all: [ExportColumn] = [
        ExportColumn("received", "Received", .outcome) { ExportCell($0.row.receivedAt, as: $1.timestamps) },
        ExportColumn("signature", "Signature", .outcome) { item, _ in .plain(item.row.verdict.word) },
        // A secret with another binding proves nothing, so its label is left out.
        ExportColumn("secret", "Secret", .outcome) { item, _ in
            item.row.verdict.isBySecret ? text(item.row.secret) : .empty
        },
        ExportColumn("status", "Status", .outcome) { item, _ in .plain(String(item.row.status)) },
        ExportColumn("duplicate", "Duplicate", .duplicate) { item, _ in .plain(item.row.isDuplicate ? "yes" : "no") },
        ExportColumn("bucket", "Bucket", .names) { item, _ in ExportCell(item.row.bucketName) },
        ExportColumn("rule", "Rule", .names) { item, _ in ExportCell(item.row.matchedRuleName) },
        ExportColumn("event-id", "Event ID", .names) { item, _ in ExportCell(item.row.eventId) },
        ExportColumn("delivery", "Delivery") { item, _ in .plain(String(item.row.deliveryID)) },
        ExportColumn("position", "Position") { item, _ in
            item.row.position.map { .plain(String($0 + 1)) } ?? .empty
        },
        ExportColumn("events", "Events", .delivery) { item, _ in .plain(String(item.row.eventCount)) },
        ExportColumn("method", "Method", .delivery) { item, _ in .text(item.row.method) },
        ExportColumn("path", "Path", .delivery) { item, options in .text(options.masking.target(item.row.target)) },
        ExportColumn("node", "Node", .delivery) { item, _ in text(item.row.node) },
        ExportColumn("bytes", "Body Bytes", .delivery) { item, _ in .plain(String(item.row.bodyLength)) },
        ExportColumn("from", "Remote Address", readsDelivery: true) { item, _ in
            text(item.record?.delivery.remoteAddress)
        },
        ExportColumn("answer", "Answer", readsDelivery: true) { item, _ in text(item.record?.answer) },
        ExportColumn("account", "Account ID", readsDelivery: true) { item, _ in
            ExportCell(item.event?.accountId ?? .absent)
        },
        ExportColumn("bucket-id", "Bucket ID", readsDelivery: true) { item, _ in
            ExportCell(item.event?.bucketId ?? .absent)
        },
        ExportColumn("event-version", "Event Version", readsDelivery: true) { item, _ in
            ExportCell(item.event?.eventVersion ?? .absent)
        },
    ]

    /// The number of columns before these in a table: those of the sheet.
    public static let sheetCount = SheetRow.headers.count

    /// Their names as a list to read.
    public static let names = all.map(\.name).joined(separator: ", ")

    /// Reads names with commas between them.
    ///
    /// - Throws: `ExportColumnError` for an unknown or repeated name.
    public static func columns(_ list: String) throws(ExportColumnError) -> [ExportColumn] {
        var columns: [ExportColumn] = []
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            let name = part.drop { $0 == " " }.split(separator: " ", maxSplits: 1).first.map(String.init) ?? ""
            guard let column = all.first(where: { $0.name == name }) else { throw .unknown(String(part)) }
            guard !columns.contains(where: { $0.name == name }) else { throw .twice(name) }
            columns.append(column)
        }
        return columns
    }

    private static func text(_ text: String?) -> ExportCell { text.map { .text($0) } ?? .empty }
}

/// The problem of a list of columns.
public enum ExportColumnError: Error, Sendable, Hashable, CustomStringConvertible {
    case unknown(String)
    case twice(String)

    public var description: String {
        switch self {
        case .unknown(let name):
            "“\(name)” is not a column that can be added: the sheet's five are always there, and there are"
                + " \(ExportColumn.names)"
        case .twice(let name): "the column “\(name)” is there twice: write it once"
        }
    }
}

// MARK: - Cells

/// One cell of a table.
public enum ExportCell: Sendable, Hashable {
    case empty
    /// A number, or a word of b2watch's own: no spreadsheet makes a formula of it.
    case plain(String)
    /// A number or a date in which a dot is the decimal separator.
    case decimal(String)
    /// Text that may be from outside.
    case text(String)

    /// - Parameter value: A number that is not an integer is stored as JSON, and is still a number.
    public init(_ value: FieldValue) {
        switch value {
        case .absent, .null: self = .empty
        case .integer(let integer): self = .plain(String(integer))
        case .string(let string): self = .text(string)
        case .other(let json): self = json.utf8.first.map(Self.beginsNumber) ?? false ? .decimal(json) : .text(json)
        }
    }

    /// Creates a cell of the sheet from this value.
    public init(_ cell: SheetRow.Cell, of value: FieldValue) {
        switch cell {
        case .empty: self = .empty
        case .number(let number): self = .plain(String(number))
        case .date: self = .decimal(cell.string)
        case .text(let text):
            self =
                switch value {
                case .other: ExportCell(value)
                // A time, or a number that is not a date: neither was received as text.
                case .integer: .plain(text)
                case .absent, .null, .string: .text(text)
                }
        }
    }

    /// Creates a cell with a time, which is never a formula.
    init(_ moment: Timestamp, as form: SheetRow.TimestampForm) {
        self.init(SheetRow.Cell(moment, as: form), of: .integer(moment.milliseconds))
    }

    /// Returns the cell's text for a table.
    ///
    /// - Parameters:
    ///   - isVerbatim: False puts an apostrophe before a text that a spreadsheet would read as a formula.
    ///   - hasDecimalComma: Whether a comma separates the decimals of a number, not a dot.
    public func string(isVerbatim: Bool, hasDecimalComma: Bool = false) -> String {
        switch self {
        case .empty: ""
        case .plain(let text): text
        case .decimal(let text): hasDecimalComma ? text.replacing(".", with: ",") : text
        case .text(let text): isVerbatim ? text : Self.guarded(text)
        }
    }

    /// Writes the cell for a table.
    ///
    /// - Parameters:
    ///   - separator: The separator of the table's cells.
    ///   - isVerbatim: False puts an apostrophe before a text that a spreadsheet would read as a formula.
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

    /// Puts an apostrophe before a text that a spreadsheet would read as a formula: at the start, and where a program
    /// that separates cells by another character, or ignores quotes, would begin a cell.
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
