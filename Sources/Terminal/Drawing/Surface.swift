public import SafeText

/// A grid of cells to draw on, in memory: `Screen` shows it, a test reads it.
///
/// Whatever does not fit is cut at the edge. A wide character is never halved: where only one half would be left, a
/// space is.
///
/// `draw(in:_:)` gives a part of it as a surface of its own, with its own 0, 0 and its own edges, so whatever can draw
/// on a surface can draw in a corner of one.
public struct Surface: Sendable {
    /// All cells, row by row. A wide character is always followed by its right half, which is nowhere else.
    private var cells: [Cell]
    private let whole: Size
    /// The part that is drawn on.
    private var window: Rect

    /// A blank surface.
    public init(size: Size) {
        whole = size
        window = Rect(size)
        cells = Array(repeating: .blank, count: size.columns * size.rows)
    }

    /// The cells there are to draw on.
    public var size: Size { window.size }

    /// All of them, as a rectangle.
    public var bounds: Rect { Rect(size) }

    /// Draws in a part of the surface, which `body` sees as a whole surface.
    ///
    /// A rectangle that reaches over an edge gives the part within.
    @discardableResult
    public mutating func draw<Result>(in rect: Rect, _ body: (inout Surface) throws -> Result) rethrows -> Result {
        let outer = window
        defer { window = outer.intersection(Rect(whole)) }
        window = absolute(rect)
        return try body(&self)
    }

    /// Writes a text in one row, in at most that many columns, and returns the column behind it.
    @discardableResult
    public mutating func put(
        _ text: SafeText, at point: Point, columns: Int? = nil, style: Style = .plain
    ) -> Int {
        var end = size.columns
        if let columns { end = min(end, point.column + max(0, columns)) }
        let first = max(0, point.column)
        guard point.row >= 0, point.row < size.rows, first < end else { return point.column }

        let start = index(row: point.row, column: 0)
        mend(before: start + first)
        var column = point.column
        if text.isASCII, column >= 0 {
            for byte in text.string.utf8.prefix(end - column) {
                cells[start + column] = Cell(text: Cell.ascii[Int(byte & 0x7f)], style: style)
                column += 1
            }
            mend(after: start + column)
            return column
        }
        for character in text.characters {
            guard column < end else { break }
            let next = column + character.width
            if column >= 0, next <= end {
                cells[start + column] = Cell(text: String(character.text), style: style)
                for half in (column + 1)..<max(next, column + 1) {
                    cells[start + half] = Cell(text: "", style: style)
                }
            } else {
                for half in max(column, first)..<max(min(next, end), first) {
                    cells[start + half] = Cell(text: " ", style: style)
                }
            }
            column = next
        }
        column = min(column, end)
        if column > first { mend(after: start + column) }
        return column
    }

    /// Blanks a rectangle.
    public mutating func fill(_ rect: Rect, style: Style = .plain) {
        let rect = absolute(rect)
        guard rect.columns > 0 else { return }
        for row in rect.row..<rect.endRow {
            let start = row * whole.columns
            mend(before: start + rect.column)
            for column in rect.column..<rect.endColumn {
                cells[start + column] = Cell(text: " ", style: style)
            }
            mend(after: start + rect.endColumn)
        }
    }

    /// Changes how a rectangle is shown, and not what it says.
    public mutating func restyle(_ rect: Rect, _ change: (inout Style) -> Void) {
        let rect = absolute(rect)
        for row in rect.row..<rect.endRow {
            for column in rect.column..<rect.endColumn {
                change(&cells[row * whole.columns + column].style)
            }
        }
    }

    /// Draws a line from left to right, over the whole width unless said otherwise.
    public mutating func rule(row: Int, from column: Int = 0, columns: Int? = nil, style: Style = Style(.secondary)) {
        let line = SafeText(String(repeating: "─", count: max(0, size.columns - column)))
        put(line, at: Point(column: column, row: row), columns: columns, style: style)
    }

    /// Draws a line from top to bottom.
    public mutating func divider(column: Int, style: Style = Style(.secondary)) {
        for row in 0..<size.rows {
            put("│", at: Point(column: column, row: row), style: style)
        }
    }

    /// One cell; outside of the surface, a blank one that stays so.
    public subscript(row: Int, column: Int) -> Cell {
        get {
            guard contains(row: row, column: column) else { return .blank }
            return cells[index(row: row, column: column)]
        }
        set {
            guard contains(row: row, column: column) else { return }
            // Through `put`, which keeps wide characters whole. A right half alone is nothing to see.
            let text = newValue.isRightHalf ? SafeText(" ") : SafeText(newValue.text)
            put(text, at: Point(column: column, row: row), style: newValue.style)
        }
    }

    /// What a row says, without the spaces at its end.
    public func row(_ row: Int) -> String {
        guard row >= 0, row < size.rows else { return "" }
        let text = self.cells(inRow: row).map(\.text).joined()
        return String(text[..<(text.lastIndex { $0 != " " }.map(text.index(after:)) ?? text.startIndex)])
    }

    /// What all the rows say.
    public var text: String {
        (0..<size.rows).map(row).joined(separator: "\n")
    }

    /// The cells of a row.
    func cells(inRow row: Int) -> ArraySlice<Cell> {
        let start = index(row: row, column: 0)
        return cells[start..<(start + size.columns)]
    }
}

extension Surface {
    private func contains(row: Int, column: Int) -> Bool {
        row >= 0 && row < size.rows && column >= 0 && column < size.columns
    }

    private func index(row: Int, column: Int) -> Int {
        (window.row + row) * whole.columns + window.column + column
    }

    /// The part of a rectangle that is on this surface, as its place in all cells.
    private func absolute(_ rect: Rect) -> Rect {
        Rect(
            column: window.column + rect.column, row: window.row + rect.row, columns: rect.columns, rows: rect.rows
        ).intersection(window)
    }

    /// Blanks the left half that is left over where a cell's right half is about to be overwritten.
    private mutating func mend(before index: Int) {
        guard index % whole.columns > 0, cells[index].isRightHalf else { return }
        cells[index - 1].text = " "
    }

    /// Blanks the right half that is left over where the cell before was overwritten.
    private mutating func mend(after index: Int) {
        guard index % whole.columns > 0, cells[index].isRightHalf else { return }
        cells[index].text = " "
    }
}
