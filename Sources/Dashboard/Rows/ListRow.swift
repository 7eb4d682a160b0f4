import SafeText
import Terminal

/// What the rows of all lists have in common: a margin, and the mark of the selected one in it.
enum ListRow {
    /// The columns left of a row's text: the bar of the selected row, and a blank so that it never touches the text.
    static let margin = 2

    static func drawTitles(_ places: [Columns.Place], margin: Int = margin, on surface: inout Surface) {
        for place in places {
            surface.put(
                place.fit(place.column.heading(in: place.width)), at: Point(column: margin + place.start, row: 0),
                style: Style(.secondary, bold: true))
        }
    }

    /// Marks a row as selected: with the keys, as one reversed bar; without them, bold. Both show without colours.
    ///
    /// The bar is of one colour, for reversed cells of several would be blocks; so what stands out in it is bold.
    ///
    /// - Parameters:
    ///   - emphasis: What is bold in the bar, if anything is.
    ///   - margin: The columns left of the first one.
    static func mark(
        row: Int, hasKeys: Bool, emphasis: Columns.Place? = nil, margin: Int = margin, on surface: inout Surface
    ) {
        surface.put("▌", at: Point(column: 0, row: row), style: Style(.accent, bold: true))
        let rest = Rect(column: 1, row: row, columns: surface.size.columns - 1, rows: 1)
        surface.restyle(rest) { style in
            if hasKeys { style = Style(.plain, reversed: true) } else { style.isBold = true }
        }
        guard let emphasis else { return }
        surface.restyle(Rect(column: margin + emphasis.start, row: row, columns: emphasis.width, rows: 1)) {
            $0.isBold = true
        }
    }
}
