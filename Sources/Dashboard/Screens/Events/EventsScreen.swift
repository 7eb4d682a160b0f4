import History
import SafeText
import Terminal

/// `1 Events`: the live list.
enum EventsScreen {
    static let columns = Columns([
        Column("TIME", minimum: 8),
        Column("SIGNATURE", minimum: 13),
        Column("TYPE", minimum: 14, ideal: 18, leaveOrder: 4),
        Column("OBJECT", minimum: 18, ideal: 40, weight: 4, cut: .middle),
        Column("SIZE", minimum: 10, leaveOrder: 3, alignment: .right),
        Column("BUCKET", minimum: 9, ideal: 16, weight: 1, leaveOrder: 2),
        Column("RULE", minimum: 9, ideal: 16, weight: 1, leaveOrder: 1),
    ])

    static func draw(_ model: DashboardModel, on surface: inout Surface) {
        let places = columns.fitted(to: surface.size.columns - ListRow.margin)
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
                    ListRow.mark(row: row, hasKeys: !model.detail.hasKeys, on: &surface)
                }
            }
        }
    }
}
