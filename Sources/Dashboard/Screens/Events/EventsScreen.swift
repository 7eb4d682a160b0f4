import History
import SafeText
import Terminal

/// `1 Events`: the live list.
enum EventsScreen {
    /// The columns for rows whose texts are so wide.
    static func columns(holding widths: TextWidths) -> Columns {
        Columns(EventColumn.allCases.map { $0.column(holding: widths) })
    }

    static func widths(of rows: [EventRow]) -> TextWidths {
        TextWidths(rows, titles: EventColumn.allCases.map(\.title)) { EventLine(row: $0, clock: .utc).texts }
    }

    static func draw(_ model: DashboardModel, on surface: inout Surface) {
        let places = columns(holding: model.rows.eventWidths).fitted(to: surface.size.columns - ListRow.margin)
        ListRow.drawTitles(places, on: &surface)
        for (index, line) in model.rows.visible.enumerated() {
            let row = index + 1
            switch line {
            case .day(let day):
                surface.rule(row: row)
                surface.put(" \(day.dayName) ", at: Point(column: 2, row: row), style: Style(.secondary))
            case .row(let event):
                EventLine(row: event, clock: model.session.clock).draw(places, at: row, on: &surface)
                if event.id == model.rows.selection {
                    let verdict = places.first { $0.index == EventColumn.signature.rawValue }
                    ListRow.mark(row: row, hasKeys: !model.detail.hasKeys, emphasis: verdict, on: &surface)
                }
            }
        }
    }
}
