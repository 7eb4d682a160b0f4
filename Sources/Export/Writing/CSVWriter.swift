/// Comma-separated values by RFC 4180: CRLF behind each line, quotes around what needs them and doubled within. UTF-8,
/// without a byte-order mark.
struct CSVWriter: ExportWriter {
    private let table: ExportTable

    init(_ options: ExportOptions) {
        table = ExportTable(options: options)
    }

    var unit: ExportUnit { .events }
    var readsDeliveries: Bool { table.readsDeliveries }
    var newline: [UInt8] { CSVRecord.newline }
    var hasSeveralLines: Bool { false }

    var head: [String] {
        var bytes: [UInt8] = []
        CSVRecord.append(table.headers, to: &bytes)
        return [String(decoding: bytes, as: UTF8.self)]
    }

    func append(_ item: ExportItem, to bytes: inout [UInt8]) {
        CSVRecord.append(table.cells(item), to: &bytes)
    }
}
