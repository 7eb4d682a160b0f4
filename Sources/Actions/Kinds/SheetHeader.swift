internal import Base
internal import Foundation
internal import History
internal import Notifications
internal import Sending
internal import Settings

/// The first row of a sheet: it assigns a value to each column. Columns are found by their header's text, so a column
/// that is moved, or inserted, is filled at its new place.
struct SheetHeader: Sendable {
    /// The texts as they are in the sheet.
    let texts: [String]
    /// The value of each column; nil leaves it empty.
    let columns: [SheetColumn?]

    /// - Parameter texts: If a header appears twice the first column is filled.
    init(_ texts: [String]) {
        self.texts = texts
        var taken: Set<String> = []
        columns = texts.map { text in
            guard let column = SheetColumn.of(header: text), taken.insert(column.header).inserted else { return nil }
            return column
        }
    }

    /// Creates the header of a new sheet.
    init(adding more: [SheetColumn]) {
        self.init((SheetColumn.tutorial + more).map(\.header))
    }

    /// Whether the header is empty.
    var isEmpty: Bool { texts.allSatisfy { SheetColumn.folded($0).isEmpty } }

    /// Whether there is a column to fill.
    var isUseful: Bool { columns.contains { $0 != nil } }

    /// The headers of the columns that are filled, in their order.
    var filled: [String] { columns.compactMap(\.?.header) }

    /// The column of the event's timestamp.
    var timestampColumn: Int? { columns.firstIndex { $0?.isTimestamp ?? false } }

    /// The ranges of neighbouring columns that are filled.
    var filledRanges: [ClosedRange<Int>] {
        columns.indices.reduce(into: []) { ranges, column in
            guard columns[column] != nil else { return }
            if let last = ranges.last, last.upperBound == column - 1 {
                ranges[ranges.count - 1] = last.lowerBound...column
            } else {
                ranges.append(column...column)
            }
        }
    }

    /// Returns one value for each column.
    func values(_ item: ActionItem, _ options: SheetOptions) -> [SheetValue] {
        columns.map { column in
            guard let column else { return .empty }
            let value = column.value(item, options.timestamps)
            return column.isSize && options.sizes == .number ? value.number : value
        }
    }

    // MARK: - Headings that are missing

    /// The filled columns, a bit for each of `SheetColumn.all`: short enough to be stored with the rows.
    var bits: Int {
        SheetColumn.all.enumerated().reduce(0) { bits, column in
            filled.contains(column.element.header) ? bits | 1 << column.offset : bits
        }
    }

    /// Returns the headers of the columns that were filled before and no longer are.
    ///
    /// - Parameter bits: The columns that were filled before.
    func lost(since bits: Int) -> [String] {
        SheetColumn.all.enumerated().filter { bits >> $0.offset & 1 == 1 }.map(\.element.header).filter {
            !filled.contains($0)
        }
    }

    /// Returns a warning about columns that were filled before and no longer are: their headings were renamed or
    /// removed.
    ///
    /// - Parameters:
    ///   - bits: The columns that were filled before.
    ///   - place: The first row in words, such as `row 1 of “Sheet1”`.
    ///   - old: The previous header, if known.
    func lossWarning(since bits: Int, in place: String, old: SheetHeader?) -> String? {
        let lost = lost(since: bits)
        guard !lost.isEmpty else { return nil }
        let names = lost.map { header -> String in
            guard let index = old?.columns.firstIndex(where: { $0?.header == header }), texts.indices.contains(index),
                columns[index] == nil, !SheetColumn.folded(texts[index]).isEmpty
            else { return "“\(header)”" }
            return "“\(header)” (it is “\(texts[index])” now)"
        }
        let (subject, object) =
            names.count == 1
            ? ("the heading \(names[0]) is", "its column stays")
            : ("the headings \(names.joined(separator: ", ")) are", "their columns stay")
        return "\(subject) gone from \(place): \(object) empty from here on; write it back, unless this is meant"
    }

    /// Returns the headers of those columns that a new sheet would have and this one does not.
    func missing(of options: SheetOptions) -> [String] {
        SheetHeader(adding: options.columns).filled.filter { !filled.contains($0) }
    }

    /// Returns the filled columns, and those that are not, in words.
    func summary(_ options: SheetOptions) -> String {
        let missing = missing(of: options)
        return "filled are \(filled.joined(separator: ", "))"
            + (missing.isEmpty ? "" : "; there is no heading for \(missing.joined(separator: ", "))")
    }
}

// MARK: - Columns and cells

/// A column that b2watch can fill, known by its header.
struct SheetColumn: Sendable {
    /// The name in `columns:`; nil for the tutorial's five, which are always present.
    let name: String?
    /// As it is written in a fresh sheet.
    let header: String
    /// An alternative header: that of an export.
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

    /// Returns the column of a header: white space at its ends and upper and lower case do not matter.
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

// MARK: - Options

/// The settings that all kinds that write rows share.
struct SheetOptions: Sendable {
    /// The columns after the tutorial's five in a sheet without a header.
    var columns: [SheetColumn] = []
    var timestamps = SheetRow.TimestampForm.rfc3339
    var sizes = Sizes.exact

    /// The format of sizes.
    enum Sizes: Sendable, Hashable {
        /// A number if a sheet's number can represent it exactly, else text.
        case exact
        /// Always as a number, which a sheet rounds beyond 2^53.
        case number
    }

    /// Reads `columns`, `timestamps` and `sizes`; adds their problems to those of the reading.
    init(_ reading: inout ActionReading) {
        let names = SheetColumn.more.compactMap(\.name)
        for name in reading.texts("columns", expected: "a list of \(names.joined(separator: ", "))", orOne: true) ?? []
        {
            guard let column = SheetColumn.more.first(where: { $0.name == name.value }) else {
                reading.problem(
                    "“\(name.value)” is not a column that can be added: the tutorial's five are always there, and there are"
                        + " \(names.joined(separator: ", "))", at: name.position)
                continue
            }
            guard !columns.contains(where: { $0.name == name.value }) else {
                reading.problem("the column “\(name.value)” is there twice: write it once", at: name.position)
                continue
            }
            columns.append(column)
        }
        if let form = reading.choice(
            "timestamps", of: ["rfc3339": SheetRow.TimestampForm.rfc3339, "epoch": .epochMilliseconds, "date": .date])
        {
            timestamps = form
        }
        if let form = reading.choice("sizes", of: ["exact": Sizes.exact, "number": .number]) { sizes = form }
    }

    init(
        columns: [SheetColumn] = [], timestamps: SheetRow.TimestampForm = .rfc3339, sizes: Sizes = .exact
    ) {
        self.columns = columns
        self.timestamps = timestamps
        self.sizes = sizes
    }
}

// MARK: - Forms of a timestamp

extension SheetRow.TimestampForm {
    /// Creates the format that a text of a sheet has; nil if it has neither, such as a text that a person wrote.
    init?(of text: String) {
        let bytes = Array(text.utf8)
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        // A sheet may show a number with commas or dots between thousands.
        let number = bytes.filter { $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: ".") }
        if number.count >= 12, number.allSatisfy(digits.contains) {
            self = .epochMilliseconds
            return
        }
        func matches(_ pattern: String) -> Bool {
            bytes.count > pattern.utf8.count
                && zip(bytes, pattern.utf8).allSatisfy { $1 == UInt8(ascii: "d") ? digits.contains($0) : $0 == $1 }
        }
        if matches("dddd-dd-ddTdd:dd:dd") {
            self = .rfc3339
        } else if matches("dddd-dd-dd dd:dd:dd") {
            self = .date
        } else {
            return nil
        }
    }
}
