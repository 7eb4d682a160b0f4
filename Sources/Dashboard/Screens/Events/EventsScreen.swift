import Browsing
import History
import SafeText
import Terminal

/// `1 Events`: the live list.
enum EventsScreen {
    /// From this width on what became of actions is told in words; below it in symbols, with a legend.
    private static let roomForWords = 100
    /// A list of fewer lines has no legend: it needs them for rows.
    private static let leastLinesWithLegend = 8

    /// The columns for rows whose texts are so wide.
    static func columns(_ layout: ListColumns, in order: RowOrder = .arrival, hasWords: Bool = true) -> Columns {
        let columns = layout.choice.events
        let object = columns.firstIndex(of: .object).map { layout.eventWidths[$0] } ?? 0
        return Columns(
            columns.enumerated().map { index, column in
                let title = column.title(in: order)
                var laidOut = column.column(
                    title: title, holding: max(layout.eventWidths[index], title.width), objectWidth: object,
                    hasWords: hasWords)
                laidOut.minimum = max(laidOut.minimum, title == column.title ? 0 : title.width)
                return laidOut
            })
    }

    static func widths(of rows: [EventRow], in columns: [EventColumn]) -> TextWidths {
        TextWidths(rows, titles: columns.map(\.title)) { EventLine(row: $0, clock: .utc, columns: columns).texts }
    }

    /// Where the columns stand in a list so wide, behind its margin.
    static func places(_ model: DashboardModel, columns: Int) -> [Columns.Place] {
        self.columns(
            model.rows.layout, in: model.listing.query.order, hasWords: columns >= roomForWords
        ).fitted(to: columns - model.listMargin)
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
        if legendLines(model, in: surface.size) > 0 {
            surface.put(
                legend(model).clipped(to: surface.size.columns - ListRow.margin),
                at: Point(column: ListRow.margin, row: surface.size.rows - 1))
        }
    }

    /// The lines at the end of a list of this size that explain symbols.
    static func legendLines(_ model: DashboardModel, in size: Size) -> Int {
        model.showsActionMarks && size.columns < roomForWords && size.rows >= leastLinesWithLegend ? 1 : 0
    }

    /// The symbols of actions that are seen, and what they mean.
    private static func legend(_ model: DashboardModel) -> StyledLine {
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
        return parts.reduce(StyledLine("A actions:", Style(.secondary))) { $0 + $1 }
            + (parts.isEmpty ? StyledLine("  none for these events", Style(.secondary)) : StyledLine())
    }
}
