import Browsing
import History
import SafeText
import Terminal

/// `1 Events`: the live list.
enum EventsScreen {
    /// The columns for rows whose texts are so wide.
    static func columns(_ layout: ListColumns, in order: RowOrder = .arrival) -> Columns {
        let columns = layout.choice.events
        let object = columns.firstIndex(of: .object).map { layout.eventWidths[$0] } ?? 0
        return Columns(
            columns.enumerated().map { index, column in
                let title = column.title(in: order)
                var laidOut = column.column(
                    title: title, holding: max(layout.eventWidths[index], title.width), objectWidth: object)
                laidOut.minimum = max(laidOut.minimum, title == column.title ? 0 : title.width)
                return laidOut
            })
    }

    static func widths(of rows: [EventRow], in columns: [EventColumn]) -> TextWidths {
        TextWidths(rows, titles: columns.map(\.title)) { EventLine(row: $0, clock: .utc, columns: columns).texts }
    }

    /// Where the columns stand in a list so wide, behind its margin.
    static func places(_ model: DashboardModel, columns: Int) -> [Columns.Place] {
        self.columns(model.rows.layout, in: model.listing.query.order).fitted(to: columns - model.listMargin)
    }

    static func draw(_ model: DashboardModel, on surface: inout Surface) {
        let margin = model.listMargin
        let choice = model.rows.layout.choice.events
        let places = places(model, columns: surface.size.columns)
        ListRow.drawTitles(places, margin: margin, on: &surface)
        let verdict = places.first { choice[$0.index] == .signature }
        for (index, line) in model.rows.visible.enumerated() {
            let row = index + 1
            switch line {
            case .day(let day):
                surface.rule(row: row)
                surface.put(" \(day.dayName) ", at: Point(column: 2, row: row), style: Style(.secondary))
            case .row(let event):
                EventLine(row: event, clock: model.session.clock, columns: choice)
                    .draw(places, at: row, margin: margin, on: &surface)
                model.finish(event, at: row, hasKeys: !model.detail.hasKeys, emphasis: verdict, on: &surface)
            }
        }
        if model.rows.visible.isEmpty { model.drawNothingListed(on: &surface) }
    }
}
