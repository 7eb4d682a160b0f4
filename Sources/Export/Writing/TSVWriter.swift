/// Tab-separated values: as CSV, with a tab between cells and a newline behind each line. A cell with a tab, a newline or a
/// quote in it has quotes around it, so that a program reads the same cells from both.
struct TSVWriter: ExportWriter {
    private let table: ExportTable

    init(_ options: ExportOptions) {
        table = ExportTable(options: options)
    }

    var unit: ExportUnit { .events }
    var readsDeliveries: Bool { table.readsDeliveries }
    var newline: [UInt8] { [0x0A] }
    var separator: UInt8? { CSVRecord.tab }
    var hasSeveralLines: Bool { false }

    var head: [String] {
        var bytes: [UInt8] = []
        CSVRecord.append(table.headers, separator: CSVRecord.tab, to: &bytes)
        return [String(decoding: bytes, as: UTF8.self)]
    }

    func append(_ item: ExportItem, to bytes: inout [UInt8]) {
        CSVRecord.append(table.cells(item), separator: CSVRecord.tab, to: &bytes)
    }
}
