import Base
public import History
public import Notifications

/// Turns rows, or their deliveries, into the bytes of one format. Each is given once, and nothing of it is kept.
public protocol ExportWriter: Sendable {
    /// The unit of one record of the output.
    var unit: ExportUnit { get }
    /// The parts of each row to read, if a record is an event.
    var parts: RowParts { get }
    /// Whether a record is made of more than its row.
    var readsDeliveries: Bool { get }
    /// Whether it is read if a delivery is a duplicate.
    var readsDuplicates: Bool { get }
    /// The end of a line.
    var newline: [UInt8] { get }
    /// The separator of cells, which appears within a cell only in quotes; nil if escaping for a terminal
    /// preserves it anyway.
    var separator: UInt8? { get }
    /// The lines before the first record.
    var head: [String] { get }
    /// Whether a record may have several lines of the format's own; else a line break in one is a value's.
    var hasSeveralLines: Bool { get }

    /// Writes the record of an event, without the newline at its end. In UTF-8.
    func append(_ item: ExportItem, to bytes: inout OutputBytes)

    /// Writes the record of a delivery, without the newline at its end. In UTF-8.
    ///
    /// - Throws: `JSONError` if its header fields cannot be read.
    func append(_ delivery: LentDelivery, to bytes: inout OutputBytes) throws
}

/// A format has records of one unit, and writes those.
extension ExportWriter {
    public var parts: RowParts { [] }
    public var readsDuplicates: Bool { false }
    public var separator: UInt8? { nil }

    public func append(_ item: ExportItem, to bytes: inout OutputBytes) {}
    public func append(_ delivery: LentDelivery, to bytes: inout OutputBytes) throws {}
}

/// The unit of one record of an output.
public enum ExportUnit: Sendable, Hashable {
    /// Each row of the event list that has an event; requests without one are left out.
    case events
    /// Each delivery that a row leads to, once.
    case deliveries

    /// Returns a count such as `1 event` or `12,345 deliveries`.
    public func counted(_ number: Int) -> String {
        switch self {
        case .events: Wording.count(number, "event", "events")
        case .deliveries: Wording.count(number, "delivery", "deliveries")
        }
    }
}

// MARK: - Items

/// One row of the event list with the parts of its delivery that a writer needs.
public struct ExportItem: Sendable {
    /// The row, with the writer's `parts`.
    public let row: EventRow
    /// The row's delivery without its header fields and body; nil if the writer needs none, or it is gone.
    public let record: DeliveryRecord?
    /// The row's event in that delivery, with the fields that rows do not contain.
    public let event: NotificationEvent?

    public init(_ row: EventRow, record: DeliveryRecord? = nil, event: NotificationEvent? = nil) {
        self.row = row
        self.record = record
        self.event = event
    }
}

// MARK: - Options

/// The options of a format; each uses those that apply to it.
public struct ExportOptions: Sendable {
    /// The columns after those of the sheet.
    public var columns: [ExportColumn]
    public var timestamps: SheetRow.TimestampForm
    /// Whether texts that a spreadsheet would read as a formula stay unchanged.
    public var isVerbatim: Bool
    /// The masked parts of a request.
    public var masking: Masking

    public init(
        columns: [ExportColumn] = [], timestamps: SheetRow.TimestampForm = .rfc3339, isVerbatim: Bool = false,
        masking: Masking = .masked
    ) {
        self.columns = columns
        self.timestamps = timestamps
        self.isVerbatim = isVerbatim
        self.masking = masking
    }
}

// MARK: - Formats

/// The formats that rows can be written in: the one table that the command, its help and the screen use.
public struct ExportFormat: Sendable {
    /// The name that a person types and the usual extension of a file, such as `csv`.
    public let name: String
    /// A phrase for lists.
    public let meaning: String
    /// Whether it has columns that can be chosen.
    public let hasColumns: Bool
    /// Makes its writer.
    public let writer: @Sendable (ExportOptions) -> any ExportWriter

    public static let csv = ExportFormat(
        name: "csv", meaning: "a table for spreadsheets (RFC 4180), a line an event", hasColumns: true
    ) { TableWriter(options: $0, between: CSVRecord.comma, newline: CSVRecord.newline) }

    public static let tsv = ExportFormat(
        name: "tsv", meaning: "the same with tabs between cells, and quotes around a cell with a tab or newline in it",
        hasColumns: true
    ) { TableWriter(options: $0, between: CSVRecord.tab, newline: [0x0A]) }

    public static let jsonl = ExportFormat(
        name: "jsonl", meaning: "a line of JSON a delivery, as listen --format json writes it", hasColumns: false
    ) { _ in JSONLinesWriter() }

    public static let curl = ExportFormat(
        name: "curl", meaning: "a shell script that sends each delivery again", hasColumns: false
    ) { CurlWriter($0) }

    public static let all = [csv, tsv, jsonl, curl]

    /// Returns the format of this name; otherwise nil.
    public static func named(_ name: String) -> ExportFormat? { all.first { $0.name == name } }
}

// MARK: - Tables

/// CSV by RFC 4180, and TSV: the sheet's five columns, and then the requested ones. UTF-8, without a byte-order mark.
///
/// In both, a cell that needs quotes has them, so that a program reads the same cells from both.
struct TableWriter: ExportWriter {
    let options: ExportOptions
    /// The byte between cells.
    let between: UInt8
    let newline: [UInt8]

    var unit: ExportUnit { .events }
    var hasSeveralLines: Bool { false }
    var separator: UInt8? { between == CSVRecord.tab ? between : nil }

    /// The line of the columns' headers.
    var head: [String] {
        var bytes: [UInt8] = []
        CSVRecord.append(SheetRow.headers + options.columns.map(\.header), separator: between, to: &bytes)
        return [String(decoding: bytes, as: UTF8.self)]
    }

    var readsDeliveries: Bool { options.columns.contains(where: \.readsDelivery) }

    var parts: RowParts { options.columns.reduce(into: []) { $0.formUnion($1.parts) } }

    /// Writes a row's cells, with formulas made harmless unless they are wanted.
    func append(_ item: ExportItem, to output: inout OutputBytes) {
        let row = item.row
        append(moment: row.eventTimestamp, to: &output)
        for value in [row.eventType, row.objectName, row.objectSize, row.objectVersionId] {
            output.append(between)
            append(value, to: &output)
        }
        for column in options.columns {
            output.append(between)
            column.cell(item, options).append(separator: between, isVerbatim: options.isVerbatim, to: &output)
        }
    }

    private func append(moment value: FieldValue, to output: inout OutputBytes) {
        guard case .integer(let milliseconds) = value else { return append(value, to: &output) }
        let moment = Timestamp(milliseconds: milliseconds)
        switch options.timestamps {
        case .rfc3339: output.append(moment)
        case .epochMilliseconds: output.append(integer: milliseconds)
        case .date:
            ExportCell(moment, as: .date).append(separator: between, isVerbatim: options.isVerbatim, to: &output)
        }
    }

    private func append(_ value: FieldValue, to output: inout OutputBytes) {
        if case .integer(let integer) = value { return output.append(integer: integer) }
        ExportCell(value).append(separator: between, isVerbatim: options.isVerbatim, to: &output)
    }
}

// MARK: - JSON

/// A line of JSON for each delivery, with the keys that `listen` writes.
struct JSONLinesWriter: ExportWriter {
    var unit: ExportUnit { .deliveries }
    var readsDeliveries: Bool { true }
    var readsDuplicates: Bool { true }
    var newline: [UInt8] { [0x0A] }
    var hasSeveralLines: Bool { false }
    var head: [String] { [] }

    func append(_ delivery: LentDelivery, to bytes: inout OutputBytes) throws {
        try JSONWriter.append(to: &bytes) { json in try DeliveryJSON.append(delivery, to: &json) }
    }
}

// MARK: - curl

/// A shell script that sends each delivery again with curl: only printable ASCII, and nothing runs until the script
/// does.
struct CurlWriter: ExportWriter {
    private let masking: Masking

    init(_ options: ExportOptions) {
        masking = options.masking
    }

    var unit: ExportUnit { .deliveries }
    var readsDeliveries: Bool { true }
    var newline: [UInt8] { [0x0A] }
    var hasSeveralLines: Bool { true }

    var head: [String] {
        let lines = [
            "#!/bin/sh",
            "# Requests that b2watch recorded, as curl commands: run with sh, this sends all of them again.",
        ]
        let mask =
            "# What may be secret in headers and URLs is \(Masking.mask); b2watch export --unmasked writes it out."
        return masking == .masked ? lines + [mask] : lines
    }

    func append(_ delivery: LentDelivery, to bytes: inout OutputBytes) throws {
        let record = try delivery.record()
        let command = CurlCommand(record.delivery, to: nil, masking)
        // No text from outside is in a comment, because shells may treat comments differently.
        bytes.append("\n# Delivery \(record.id), \(record.delivery.receivedAt.rfc3339)\n" as String)
        for sentence in command.shortcomings { bytes.append("# \(sentence)\n" as String) }
        bytes.append(command.text)
    }
}
