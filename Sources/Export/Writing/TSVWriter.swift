/// Tab-separated values, a line a row whatever is in it: `\t`, `\n`, `\r` and `\\` stand for a tab, a newline, a return
/// and a backslash in a cell.
struct TSVWriter: ExportWriter {
    private let table: ExportTable

    init(_ options: ExportOptions) {
        table = ExportTable(options: options)
    }

    var unit: ExportUnit { .events }
    var readsDeliveries: Bool { table.readsDeliveries }
    var newline: [UInt8] { [0x0A] }
    var separator: UInt8? { 0x09 }
    var hasSeveralLines: Bool { false }
    var head: [String] { [table.headers.joined(separator: "\t")] }

    func append(_ item: ExportItem, to bytes: inout [UInt8]) {
        for (index, cell) in table.cells(item).enumerated() {
            if index > 0 { bytes.append(0x09) }
            for byte in cell.utf8 {
                switch byte {
                case 0x09: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "t")]
                case 0x0A: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
                case 0x0D: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "r")]
                case UInt8(ascii: "\\"): bytes += [byte, byte]
                default: bytes.append(byte)
                }
            }
        }
    }
}
