import Browsing
import History
import Notifications
import SafeText
import Terminal

/// `1 Events`: the live list.
enum EventsScreen {
    /// From this width on what became of actions is told in words; below it in symbols, with a legend.
    private static let roomForWords = 100
    /// A list of fewer lines has no legend: it needs them for rows.
    private static let leastLinesWithLegend = 8

    /// The columns for the rows that are there.
    private static func columns(_ model: DashboardModel, hasWords: Bool) -> Columns {
        let (layout, order) = (model.rows.layout, model.listing.query.order)
        let columns = layout.choice.events
        let object = columns.firstIndex(of: .object).map { layout.eventWidths[$0] } ?? 0
        return Columns(
            columns.enumerated().map { index, column in
                let title = column.title(in: order, reading: column == .time ? model.session.timeTitle : nil)
                let (clock, rows) = (model.session.rowClock, model.rows.window.rows)
                if column == .time { return clock.column(title, holding: rows.lazy.map(\.receivedAt)) }
                if column == .eventTime {
                    let moments = rows.lazy.compactMap(\.eventTimestamp.integer).map { Timestamp(milliseconds: $0) }
                    var laidOut = clock.column(title, holding: moments)
                    // With milliseconds, where there is room.
                    laidOut.ideal += 4
                    laidOut.leaveOrder = 3
                    return laidOut
                }
                var laidOut = column.column(
                    title: title, holding: max(layout.eventWidths[index], title.width), objectWidth: object,
                    hasWords: hasWords)
                laidOut.minimum = max(laidOut.minimum, title == column.title ? 0 : title.width)
                return laidOut
            })
    }

    static func widths(of rows: [EventRow], in columns: [EventColumn]) -> TextWidths {
        let clock = RowClock(.utc, now: Timestamp(milliseconds: 0))
        return TextWidths(rows, titles: columns.map(\.title)) {
            EventLine(row: $0, clock: clock, columns: columns).texts
        }
    }

    /// Where the columns stand in a list so wide, behind its margin.
    static func places(_ model: DashboardModel, columns: Int) -> [Columns.Place] {
        self.columns(model, hasWords: columns >= roomForWords).fitted(to: columns - model.listMargin)
    }

    static func draw(_ model: DashboardModel, on surface: inout Surface) {
        let margin = model.listMargin
        let choice = model.rows.layout.choice.events
        let places = places(model, columns: surface.size.columns)
        ListRow.drawTitles(places, margin: margin, on: &surface)
        let clock = model.session.rowClock
        let verdict = places.first { choice[$0.index] == .signature }
        for (index, line) in model.rows.visible.enumerated() {
            let row = index + 1
            switch line {
            case .day(let day):
                surface.rule(row: row)
                surface.put(" \(day.dayName) ", at: Point(column: 2, row: row), style: Style(.secondary))
            case .row(let event):
                EventLine(row: event, clock: clock, columns: choice)
                    .draw(places, at: row, margin: margin, on: &surface)
                model.finish(event, at: row, hasKeys: !model.detail.hasKeys, emphasis: verdict, on: &surface)
            }
        }
        if model.rows.visible.isEmpty { model.drawNothingListed(on: &surface) }
        if legendLines(model, in: surface.size) > 0 {
            surface.put(
                legend(model, columns: surface.size.columns - ListRow.margin),
                at: Point(column: ListRow.margin, row: surface.size.rows - 1))
        }
    }

    /// The lines at the end of a list of this size that explain symbols.
    static func legendLines(_ model: DashboardModel, in size: Size) -> Int {
        model.showsActionMarks && size.columns < roomForWords && size.rows >= leastLinesWithLegend ? 1 : 0
    }

    /// Returns the symbols of actions that are seen with their meanings; a shorter name leads them where room is short.
    private static func legend(_ model: DashboardModel, columns: Int) -> StyledLine {
        let states = Set(model.rows.visible.compactMap { $0.row?.actions })
        // States that share a symbol share its entry.
        var entries: [(glyph: String, words: [String], style: Style)] = []
        for state in EntryState.allCases.filter(states.contains) {
            if let index = entries.firstIndex(where: { $0.glyph == state.glyph }) {
                entries[index].words.append(state.word)
            } else {
                entries.append((state.glyph, [state.word], state.style))
            }
        }
        let parts = entries.map { entry in
            StyledLine("  \(entry.glyph) ", entry.style)
                + StyledLine("\(entry.words.joined(separator: " or "))", Style(.secondary))
        }
        let none = StyledLine("  none for these events", Style(.secondary))
        let meanings = parts.isEmpty ? none : parts.reduce(StyledLine()) { $0 + $1 }
        let whole = StyledLine("A actions:", Style(.secondary)) + meanings
        if whole.width <= columns { return whole }
        return (StyledLine("A:", Style(.secondary)) + meanings).clipped(to: columns)
    }
}
