import SafeText
import Terminal

/// A row of a list as text: a cell for each column.
protocol CellLine {
    associatedtype ColumnName: CaseIterable, RawRepresentable<Int>

    /// What a column shows where it is so wide.
    func cell(_ column: ColumnName, width: Int) -> (text: SafeText, style: Style)
}

extension CellLine {
    /// The texts of all columns.
    var texts: [SafeText?] { ColumnName.allCases.map { cell($0, width: .max).text } }

    /// Draws the row; the places are those of all columns.
    func draw(_ places: [Columns.Place], at line: Int, on surface: inout Surface) {
        for place in places {
            guard let column = ColumnName(rawValue: place.index) else { continue }
            let (text, style) = cell(column, width: place.width)
            // Without its padding: where there are no colours a style may be a line below.
            let shown = text.width < place.width ? text : place.fit(text)
            let indent = place.column.alignment == .right ? place.width - shown.width : 0
            surface.put(
                shown, at: Point(column: ListRow.margin + place.start + indent, row: line), columns: place.width,
                style: style)
        }
    }
}
