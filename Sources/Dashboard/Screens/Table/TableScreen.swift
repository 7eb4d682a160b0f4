import History
import Notifications
import SafeText
import Terminal

/// `2 Table`: the rows as the spreadsheet has them, under its own five headers.
///
/// The rows are read with those of the event list, so a delivery without a readable event is among them; it would not
/// be in the sheet, and says so.
struct TableScreen {
    var timestamps = SheetRow.TimestampForm.rfc3339
    /// The first column shown; what stands left of it was scrolled away.
    private(set) var firstColumn = 0

    /// At 80 columns all five are there, if only just.
    private static let widths: [(minimum: Int, ideal: Int, weight: Int)] = [
        (24, 24, 0), (11, 33, 1), (12, 40, 4), (11, 11, 0), (17, 66, 2),
    ]

    mutating func scroll(by columns: Int) {
        firstColumn = min(max(0, firstColumn + columns), SheetRow.headers.count - 1)
    }

    func columns(in total: Int) -> Columns {
        Columns(
            zip(SheetRow.headers, Self.widths).enumerated().dropFirst(firstColumn).map { index, column in
                let (title, width) = column
                return Column(
                    "\(title)", minimum: width.minimum, ideal: width.ideal, weight: width.weight,
                    alignment: index == 3 ? .right : .left, cut: .middle)
            }, gap: total < 100 ? 1 : 2)
    }

    func draw(_ model: DashboardModel, on surface: inout Surface) {
        let width = surface.size.columns - ListRow.margin
        let places = columns(in: width).fitted(to: width)
        ListRow.drawTitles(places, on: &surface)
        if model.rows.visible.isEmpty {
            surface.put("No row yet.", at: Point(column: ListRow.margin, row: 2), style: Style(.secondary))
        }
        for (index, line) in model.rows.visible.enumerated() {
            guard let row = line.row else { continue }
            draw(row, places, at: index + 1, clock: model.session.clock, on: &surface)
            if row.id == model.rows.selection {
                ListRow.mark(row: index + 1, hasKeys: true, on: &surface)
            }
        }
        drawMore(at: 0, places, on: &surface)
    }

    private func draw(
        _ row: EventRow, _ places: [Columns.Place], at line: Int, clock: WallClock, on surface: inout Surface
    ) {
        if let note = EventLine(row: row, clock: clock).note {
            let text: SafeText = note + "  (not in the sheet)"
            surface.put(
                text.clippedInMiddle(to: surface.size.columns - ListRow.margin),
                at: Point(column: ListRow.margin, row: line), style: Style(.secondary))
            return
        }
        let cells = SheetRow(row.sheetFields, timestamps: timestamps).cells
        for place in places {
            let cell = cells[place.index + firstColumn]
            surface.put(
                place.fit(SafeText(cell: cell.string)), at: Point(column: ListRow.margin + place.start, row: line),
                columns: place.width)
        }
    }

    /// Arrows tell that there are columns beyond the edges.
    private func drawMore(at row: Int, _ places: [Columns.Place], on surface: inout Surface) {
        if firstColumn > 0 { surface.put("←", at: Point(column: 0, row: row), style: Style(.accent)) }
        let isCut =
            places.count < SheetRow.headers.count - firstColumn
            || places.last.map { $0.width < $0.column.minimum } ?? false
        if isCut {
            surface.put("→", at: Point(column: surface.size.columns - 1, row: row), style: Style(.accent))
        }
    }
}
