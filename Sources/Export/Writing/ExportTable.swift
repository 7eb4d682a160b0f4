import History
import Notifications

/// The table that CSV and TSV write: the sheet's five columns, and those that were asked for behind them.
struct ExportTable: Sendable {
    let options: ExportOptions

    var headers: [String] { SheetRow.headers + options.columns.map(\.header) }

    var readsDeliveries: Bool { options.columns.contains(where: \.readsDelivery) }

    /// A row's cells as text, formulas made harmless if so asked; not yet as the format writes them.
    func cells(_ item: ExportItem) -> [String] {
        let fields = item.row.sheetFields
        let values = [
            fields.eventTimestamp, fields.eventType, fields.objectName, fields.objectSize, fields.objectVersionId,
        ]
        let sheet = zip(SheetRow(fields, timestamps: options.timestamps).cells, values).map(ExportCell.init)
        let more = options.columns.map { $0.cell(item, options) }
        return (sheet + more).map { $0.string(isVerbatim: options.isVerbatim) }
    }
}
