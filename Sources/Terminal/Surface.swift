public import Base

/// A grid of cells to draw on, in memory: `Screen` shows it, a test reads it.
///
/// Text that does not fit is cut at the edge. A wide character is never halved: a remaining half becomes a space.
///
/// `draw(in:_:)` provides a part of it as a separate surface, with its own 0, 0 and its own edges, so everything that
/// draws on a surface can draw in a corner of one.
public struct Surface: Sendable {
    /// All cells, row by row. A wide character is always followed by its right half, which is nowhere else.
    private var cells: [Cell]
    private let whole: Size
    /// The part that is drawn on.
    private var window: Rect

    /// Creates a blank surface.
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

    /// Writes a text in one row, in at most this number of columns, and returns the next column.
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

    /// Changes the style of a rectangle, and not its text.
    public mutating func restyle(_ rect: Rect, _ change: (inout Style) -> Void) {
        let rect = absolute(rect)
        for row in rect.row..<rect.endRow {
            for column in rect.column..<rect.endColumn {
                change(&cells[row * whole.columns + column].style)
            }
        }
    }

    /// Draws a line from left to right, over the whole width by default.
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

    /// Returns the text of a row, without the spaces at its end.
    public func row(_ row: Int) -> String {
        guard row >= 0, row < size.rows else { return "" }
        let text = self.cells(inRow: row).map(\.text).joined()
        return String(text[..<(text.lastIndex { $0 != " " }.map(text.index(after:)) ?? text.startIndex)])
    }

    /// The text of all rows.
    public var text: String {
        (0..<size.rows).map(row).joined(separator: "\n")
    }

    /// Returns the cells of a row.
    func cells(inRow row: Int) -> ArraySlice<Cell> {
        let start = index(row: row, column: 0)
        return cells[start..<(start + size.columns)]
    }

    // MARK: - Places in the grid

    private func contains(row: Int, column: Int) -> Bool {
        row >= 0 && row < size.rows && column >= 0 && column < size.columns
    }

    private func index(row: Int, column: Int) -> Int {
        (window.row + row) * whole.columns + window.column + column
    }

    /// Returns the part of a rectangle that is on this surface, as a place in all cells.
    private func absolute(_ rect: Rect) -> Rect {
        Rect(
            column: window.column + rect.column, row: window.row + rect.row, columns: rect.columns, rows: rect.rows
        ).intersection(window)
    }

    /// Blanks the left half that remains when a cell's right half is about to be overwritten.
    private mutating func mend(before index: Int) {
        guard index % whole.columns > 0, cells[index].isRightHalf else { return }
        cells[index - 1].text = " "
    }

    /// Blanks the right half that remains when the cell before was overwritten.
    private mutating func mend(after index: Int) {
        guard index % whole.columns > 0, cells[index].isRightHalf else { return }
        cells[index].text = " "
    }
}

// MARK: - Cells

/// One cell of a surface.
public struct Cell: Sendable, Hashable {
    /// One spacing character with its combining marks; empty for the right half of a wide one.
    public internal(set) var text: String
    /// The style.
    public var style: Style

    /// Nothing in it.
    public static let blank = Cell(text: " ", style: .plain)

    /// Whether it is the right half of a wide character.
    var isRightHalf: Bool { text.isEmpty }

    /// The text of each ASCII character, made in advance: nearly all cells have one.
    static let ascii = (UInt8(0)..<128).map { String(Unicode.Scalar($0)) }
}

// MARK: - Geometry

/// A width and a height, in character cells.
public struct Size: Sendable, Hashable {
    /// The width.
    public var columns: Int
    /// The height.
    public var rows: Int

    /// Creates a size; neither side is less than 0.
    public init(columns: Int, rows: Int) {
        self.columns = max(0, columns)
        self.rows = max(0, rows)
    }
}

/// A cell's place; the top left one is 0, 0.
public struct Point: Sendable, Hashable {
    /// Counted from the left.
    public var column: Int
    /// Counted from the top.
    public var row: Int

    /// Creates a place.
    public init(column: Int, row: Int) {
        self.column = column
        self.row = row
    }
}

/// A rectangle of cells.
public struct Rect: Sendable, Hashable {
    /// Its first column.
    public var column: Int
    /// Its first row.
    public var row: Int
    /// Its width.
    public var columns: Int
    /// Its height.
    public var rows: Int

    /// Creates a rectangle; neither side is less than 0.
    public init(column: Int, row: Int, columns: Int, rows: Int) {
        self.column = column
        self.row = row
        self.columns = max(0, columns)
        self.rows = max(0, rows)
    }

    /// Creates the rectangle of a whole size.
    public init(_ size: Size) {
        self.init(column: 0, row: 0, columns: size.columns, rows: size.rows)
    }

    /// Its width and height.
    public var size: Size { Size(columns: columns, rows: rows) }

    /// The column after its last one.
    public var endColumn: Int { column + columns }

    /// The row after its last one.
    public var endRow: Int { row + rows }

    /// Returns the part that both cover.
    public func intersection(_ other: Rect) -> Rect {
        let column = max(self.column, other.column)
        let row = max(self.row, other.row)
        return Rect(
            column: column, row: row,
            columns: min(endColumn, other.endColumn) - column, rows: min(endRow, other.endRow) - row)
    }

    /// Returns the topmost rows, and the rest.
    public func splitTop(_ rows: Int) -> (top: Rect, rest: Rect) {
        let rows = min(max(0, rows), self.rows)
        return (
            Rect(column: column, row: row, columns: columns, rows: rows),
            Rect(column: column, row: row + rows, columns: columns, rows: self.rows - rows)
        )
    }

    /// Returns the leftmost columns, and the rest.
    public func splitLeft(_ columns: Int) -> (left: Rect, rest: Rect) {
        let columns = min(max(0, columns), self.columns)
        return (
            Rect(column: column, row: row, columns: columns, rows: rows),
            Rect(column: column + columns, row: row, columns: self.columns - columns, rows: rows)
        )
    }
}
