import Terminal

/// Makes what is searched for stand out, wherever it is drawn.
enum SearchHighlight {
    /// Turns the colours about in the rows of a rectangle where the pattern stands: in a bar that is reversed already,
    /// back. Bold with it, so that it shows on any terminal.
    ///
    /// - Parameter current: The row of what was found last, which is underlined too.
    static func draw(_ pattern: SearchPattern, in rect: Rect, current: Int? = nil, on surface: inout Surface) {
        surface.draw(in: rect) { part in
            for row in 0..<part.size.rows {
                let cells = (0..<part.size.columns).map { part[row, $0].text }
                for range in pattern.ranges(in: cells) {
                    part.restyle(Rect(column: range.lowerBound, row: row, columns: range.count, rows: 1)) {
                        $0.isReversed.toggle()
                        $0.isBold = true
                        if row == current { $0.isUnderlined = true }
                    }
                }
            }
        }
    }
}
