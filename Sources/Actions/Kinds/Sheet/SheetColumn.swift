internal import Export
internal import Foundation
internal import History
internal import Notifications

/// A column that b2watch can fill, known by its header.
struct SheetColumn: Sendable {
    /// What `columns:` calls it; nil for the tutorial's five, which are always there.
    let name: String?
    /// As it is written in a fresh sheet.
    let header: String
    /// What else its header may be: that of an export.
    let otherHeader: String?
    let value: @Sendable (ActionItem, SheetRow.TimestampForm) -> SheetValue

    private init(
        _ name: String?, _ header: String, or otherHeader: String? = nil,
        _ value: @escaping @Sendable (ActionItem, SheetRow.TimestampForm) -> SheetValue
    ) {
        self.name = name
        self.header = header
        self.otherHeader = otherHeader
        self.value = value
    }

    /// The tutorial's five, in its order.
    static let tutorial: [SheetColumn] = {
        let fields: [@Sendable (SheetFields) -> FieldValue] = [
            { $0.eventTimestamp }, { $0.eventType }, { $0.objectName }, { $0.objectSize }, { $0.objectVersionId },
        ]
        return zip(SheetRow.headers, fields).enumerated().map { index, column in
            let (header, field) = column
            return SheetColumn(nil, header) { item, form in
                let fields = item.row.sheetFields
                return SheetValue(cell: SheetRow(fields, timestamps: form).cells[index], source: field(fields))
            }
        }
    }()

    /// Those that can be asked for. Their order stays: `SheetHeader.bits` is kept in spreadsheets.
    static let more: [SheetColumn] = [
        SheetColumn("bucket", "Bucket") { item, _ in SheetValue(item.row.bucketName) },
        SheetColumn("rule", "Rule") { item, _ in SheetValue(item.row.matchedRuleName) },
        SheetColumn("event-id", "Event ID") { item, _ in SheetValue(item.row.eventId) },
        SheetColumn("account", "Account", or: "Account ID") { item, _ in
            SheetValue(item.event?.accountId ?? .absent)
        },
        SheetColumn("received", "Received") { SheetValue($0.row.receivedAt, as: $1) },
        SheetColumn("verdict", "Verdict", or: "Signature") { item, _ in SheetValue(.string(item.row.verdict.word)) },
    ]

    static let all = tutorial + more

    /// Whether it is the one to compare forms of timestamps by.
    var isTimestamp: Bool { header == SheetRow.headers[0] }
    /// Whether its values are moments.
    var isMoment: Bool { isTimestamp || name == "received" }
    var isSize: Bool { header == SheetRow.headers[3] }

    /// The column of a header: white space at its ends and upper and lower case do not matter.
    static func of(header: String) -> SheetColumn? {
        let key = folded(header)
        return all.first { folded($0.header) == key || $0.otherHeader.map(folded) == key }
    }

    static func folded(_ header: String) -> String {
        let blank = CharacterSet.whitespacesAndNewlines.union(CharacterSet(charactersIn: "\u{FEFF}"))
        return header.trimmingCharacters(in: blank).lowercased()
    }
}

/// A cell with the field that it was made of.
struct SheetValue: Sendable, Hashable {
    let cell: SheetRow.Cell
    let source: FieldValue

    init(cell: SheetRow.Cell, source: FieldValue) {
        self.cell = cell
        self.source = source
    }

    init(_ value: FieldValue) {
        self.init(cell: SheetRow.Cell(value), source: value)
    }

    init(_ moment: Timestamp, as form: SheetRow.TimestampForm) {
        self.init(cell: SheetRow.Cell(moment, as: form), source: .integer(moment.milliseconds))
    }

    /// The value of a size as a number: of a text of digits too, which B2 does not send today.
    var number: SheetValue {
        guard case .text(let text) = cell, let number = Int64(text), String(number) == text else { return self }
        return SheetValue(cell: .number(number), source: .integer(number))
    }

    static let empty = SheetValue(.absent)

    /// As a table in a file has it.
    var exported: ExportCell { ExportCell(cell, of: source) }
}
