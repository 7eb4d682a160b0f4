import History
import Notifications

/// Comma-separated values by RFC 4180: CRLF behind each line, quotes around what needs them and doubled within. UTF-8,
/// without a byte-order mark.
struct CSVWriter: ExportWriter {
    private let table: ExportTable

    init(_ options: ExportOptions) {
        table = ExportTable(options: options, separator: CSVRecord.comma)
    }

    var unit: ExportUnit { .events }
    var parts: RowParts { table.parts }
    var readsDeliveries: Bool { table.readsDeliveries }
    var newline: [UInt8] { CSVRecord.newline }
    var hasSeveralLines: Bool { false }

    var head: [String] { [table.head] }

    func append(_ item: ExportItem, to bytes: inout OutputBytes) {
        table.append(item, to: &bytes)
    }
}
