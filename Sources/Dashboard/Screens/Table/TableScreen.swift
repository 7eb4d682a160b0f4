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

    mutating func scroll(by columns: Int) {
        firstColumn = min(max(0, firstColumn + columns), SheetRow.headers.count - 1)
    }

    /// The columns for rows whose texts are so wide. At 80 columns all five are there, if only just.
    func columns(in total: Int, holding widths: TextWidths) -> Columns {
        Columns(
            SheetRow.headers.indices.dropFirst(firstColumn).map { column($0, holding: widths[$0]) },
            gap: total < 100 ? 1 : 2)
    }

    private func column(_ index: Int, holding width: Int) -> Column {
        let title = Self.titles[index]
        return switch index {
        case 0: Column(title, minimum: timestamps == .rfc3339 ? 24 : 15, cut: .middle)
        case 1: Column(title, minimum: 11, ideal: min(width, 40), cut: .middle)
        case 2: Column(title, minimum: 12, ideal: max(12, min(width, 40)), weight: 1, cut: .middle)
        case 3: Column(title, minimum: 11, ideal: min(width, 19), alignment: .right, cut: .middle)
        default: Column(title, minimum: 17, ideal: max(17, min(width, 104)), cut: .middle)
        }
    }

    private static let titles = SheetRow.headers.map { SafeText($0) }

    static func widths(of rows: [EventRow]) -> TextWidths {
        TextWidths(rows, titles: titles) { row in
            guard row.position != nil else { return [] }
            return SheetRow(row.sheetFields).cells.map { SafeText(cell: $0.string) }
        }
    }

    func draw(_ model: DashboardModel, on surface: inout Surface) {
        let width = surface.size.columns - ListRow.margin
        let places = columns(in: width, holding: model.rows.sheetWidths).fitted(to: width)
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
