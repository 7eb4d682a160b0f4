import Browsing
import History
import Notifications
import SafeText
import Terminal

/// `2 Table`: the rows as the spreadsheet has them, under its own five headers unless others were chosen.
///
/// The rows are read with those of the event list, so a delivery without a readable event is among them; it would not
/// be in the sheet, and says so.
struct TableScreen {
    var timestamps = SheetRow.TimestampForm.rfc3339
    /// The first column shown; what stands left of it was scrolled away.
    private(set) var firstColumn = 0

    mutating func scroll(by columns: Int, of count: Int) {
        firstColumn = min(max(0, firstColumn + columns), count - 1)
    }

    /// So few columns are not worth cutting a name for.
    private static let little = 6

    /// The columns for rows whose texts are so wide.
    func columns(_ layout: ListColumns, in order: RowOrder = .arrival, width total: Int) -> Columns {
        let gap = total < 100 ? 1 : 2
        let shown = layout.choice.table.enumerated().dropFirst(firstColumn)
        var columns = shown.map { index, column in
            let title = column.title(in: order)
            var laidOut = column.column(
                title: title, holding: max(layout.tableWidths[index], title.width), timestamps: timestamps)
            laidOut.minimum = max(laidOut.minimum, title == column.title ? 0 : title.width)
            return laidOut
        }
        // Types and names share what room there is before the columns beside them get any of it.
        let room = total - columns.map(\.minimum).reduce(0, +) - gap * (columns.count - 1)
        for (place, column) in shown.map(\.element).enumerated() where room > 0 && column.isReadFirst {
            // What lacks only a little gets it whole.
            let lack = columns[place].ideal - columns[place].minimum
            columns[place].minimum += lack <= min(room, Self.little) ? lack : min(lack, room / 2)
        }
        return Columns(columns, gap: gap)
    }

    static func widths(of rows: [EventRow], in columns: [TableColumn]) -> TextWidths {
        TextWidths(rows, titles: columns.map(\.title)) { row in
            guard row.position != nil else { return [] }
            let sheet = SheetRow(row.sheetFields)
            return columns.map { $0.text(of: row, sheet: sheet) }
        }
    }

    /// Where the columns stand in a list so wide, behind its margin; their numbers begin with the first one shown.
    func places(_ model: DashboardModel, columns: Int) -> [Columns.Place] {
        let width = columns - model.listMargin
        return self.columns(model.rows.layout, in: model.listing.query.order, width: width).fitted(to: width)
    }

    func draw(_ model: DashboardModel, on surface: inout Surface) {
        let margin = model.listMargin
        let layout = model.rows.layout
        let places = places(model, columns: surface.size.columns)
        ListRow.drawTitles(places, margin: margin, on: &surface)
        for (index, line) in model.rows.visible.enumerated() {
            guard let row = line.row else { continue }
            draw(row, layout.choice.table, places, at: index + 1, margin: margin, on: &surface)
            model.finish(row, at: index + 1, hasKeys: true, on: &surface)
        }
        if model.rows.visible.isEmpty { model.drawNothingListed(on: &surface) }
        drawMore(at: 0, places, of: layout.choice.table.count, on: &surface)
    }

    private func draw(
        _ row: EventRow, _ columns: [TableColumn], _ places: [Columns.Place], at line: Int, margin: Int,
        on surface: inout Surface
    ) {
        if let note = EventLine.note(row) {
            let text: SafeText = note + "  (not in the sheet)"
            surface.put(
                text.clippedInMiddle(to: surface.size.columns - margin), at: Point(column: margin, row: line),
                style: Style(.secondary))
            return
        }
        let sheet = SheetRow(row.sheetFields, timestamps: timestamps)
        for place in places {
            let column = columns[place.index + firstColumn]
            surface.put(
                place.fit(column.text(of: row, sheet: sheet)),
                at: Point(column: margin + place.start, row: line), columns: place.width,
                style: Self.style(column, row))
        }
    }

    private static func style(_ column: TableColumn, _ row: EventRow) -> Style {
        switch column {
        case .verdict: row.verdict.style
        case .sheet: row.sheet?.style ?? Style(.secondary)
        default: .plain
        }
    }

    /// Arrows tell that there are columns beyond the edges.
    private func drawMore(at row: Int, _ places: [Columns.Place], of count: Int, on surface: inout Surface) {
        if firstColumn > 0 { surface.put("←", at: Point(column: 0, row: row), style: Style(.accent)) }
        let isCut =
            places.count < count - firstColumn || places.last.map { $0.width < $0.column.minimum } ?? false
        if isCut {
            surface.put("→", at: Point(column: surface.size.columns - 1, row: row), style: Style(.accent))
        }
    }
}
