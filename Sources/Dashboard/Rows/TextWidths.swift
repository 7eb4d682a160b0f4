import SafeText

/// How wide the texts of each column are, over all rows held.
///
/// Over those rather than over the few that are seen: so the columns do not jump with every line that is scrolled.
struct TextWidths: Hashable {
    /// What is wider is taken to be so wide: no column asks for more.
    static let most = 120

    private var widths: [Int]

    /// - Parameters:
    ///   - titles: The column's titles, which are texts too.
    ///   - cells: The texts of a row; nil where the row has none in that column.
    init<Row>(_ rows: [Row], titles: [SafeText], cells: (Row) -> [SafeText?]) {
        widths = titles.map(\.width)
        for row in rows {
            for (index, cell) in cells(row).enumerated() {
                if let cell { widths[index] = max(widths[index], min(cell.width, Self.most)) }
            }
        }
    }

    subscript(column: Int) -> Int { widths[column] }
}
