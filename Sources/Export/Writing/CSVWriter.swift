/// Comma-separated values by RFC 4180: CRLF behind each line, quotes around what needs them and doubled within. UTF-8,
/// without a byte-order mark.
struct CSVWriter: ExportWriter {
    private let table: ExportTable

    init(_ options: ExportOptions) {
        table = ExportTable(options: options)
    }

    var unit: ExportUnit { .events }
    var readsDeliveries: Bool { table.readsDeliveries }
    var newline: [UInt8] { [0x0D, 0x0A] }
    var hasSeveralLines: Bool { false }

    var head: [String] {
        var bytes: [UInt8] = []
        append(table.headers, to: &bytes)
        return [String(decoding: bytes, as: UTF8.self)]
    }

    func append(_ item: ExportItem, to bytes: inout [UInt8]) {
        append(table.cells(item), to: &bytes)
    }

    private func append(_ cells: [String], to bytes: inout [UInt8]) {
        for (index, cell) in cells.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            if Self.needsQuotes(cell) {
                bytes.append(UInt8(ascii: "\""))
                for byte in cell.utf8 {
                    if byte == UInt8(ascii: "\"") { bytes.append(byte) }
                    bytes.append(byte)
                }
                bytes.append(UInt8(ascii: "\""))
            } else {
                bytes.append(contentsOf: cell.utf8)
            }
        }
    }

    /// Also for semicolons and tabs, at which spreadsheets of some languages would begin a cell, and for white space at
    /// an end, which some would drop.
    private static func needsQuotes(_ cell: String) -> Bool {
        if cell.utf8.first == UInt8(ascii: " ") || cell.utf8.last == UInt8(ascii: " ") { return true }
        return cell.utf8.contains { byte in
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: ";"), 0x09, 0x0A, 0x0D: true
            default: false
            }
        }
    }
}
