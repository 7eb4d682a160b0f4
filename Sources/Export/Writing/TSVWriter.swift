import History
import Notifications

/// Tab-separated values: as CSV, with a tab between cells and a newline behind each line. A cell with a tab, a newline or a
/// quote in it has quotes around it, so that a program reads the same cells from both.
struct TSVWriter: ExportWriter {
    private let table: ExportTable

    init(_ options: ExportOptions) {
        table = ExportTable(options: options, separator: CSVRecord.tab)
    }

    var unit: ExportUnit { .events }
    var parts: RowParts { table.parts }
    var readsDeliveries: Bool { table.readsDeliveries }
    var newline: [UInt8] { [0x0A] }
    var separator: UInt8? { CSVRecord.tab }
    var hasSeveralLines: Bool { false }

    var head: [String] { [table.head] }

    func append(_ item: ExportItem, to bytes: inout OutputBytes) {
        table.append(item, to: &bytes)
    }
}
