import History
import Notifications

/// The table that CSV and TSV write: the sheet's five columns, and those that were asked for behind them.
struct ExportTable: Sendable {
    let options: ExportOptions
    /// What stands between cells.
    let separator: UInt8

    /// The line of the columns' headers.
    var head: String {
        var bytes: [UInt8] = []
        CSVRecord.append(SheetRow.headers + options.columns.map(\.header), separator: separator, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    var readsDeliveries: Bool { options.columns.contains(where: \.readsDelivery) }

    var parts: RowParts { options.columns.reduce(into: []) { $0.formUnion($1.parts) } }

    /// Writes a row's cells, with formulas made harmless unless they are wanted.
    func append(_ item: ExportItem, to output: inout OutputBytes) {
        let row = item.row
        append(moment: row.eventTimestamp, to: &output)
        for value in [row.eventType, row.objectName, row.objectSize, row.objectVersionId] {
            output.append(separator)
            append(value, to: &output)
        }
        for column in options.columns {
            output.append(separator)
            column.cell(item, options).append(separator: separator, isVerbatim: options.isVerbatim, to: &output)
        }
    }

    private func append(moment value: FieldValue, to output: inout OutputBytes) {
        guard case .integer(let milliseconds) = value else { return append(value, to: &output) }
        let moment = Timestamp(milliseconds: milliseconds)
        switch options.timestamps {
        case .rfc3339: output.append(moment)
        case .epochMilliseconds: output.append(integer: milliseconds)
        case .date:
            ExportCell(moment, as: .date).append(separator: separator, isVerbatim: options.isVerbatim, to: &output)
        }
    }

    private func append(_ value: FieldValue, to output: inout OutputBytes) {
        if case .integer(let integer) = value { return output.append(integer: integer) }
        ExportCell(value).append(separator: separator, isVerbatim: options.isVerbatim, to: &output)
    }
}
