/// A width and a height, in character cells.
public struct Size: Sendable, Hashable {
    /// The width.
    public var columns: Int
    /// The height.
    public var rows: Int

    /// A size; neither side is less than 0.
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

    /// A place.
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

    /// A rectangle; neither side is less than 0.
    public init(column: Int, row: Int, columns: Int, rows: Int) {
        self.column = column
        self.row = row
        self.columns = max(0, columns)
        self.rows = max(0, rows)
    }

    /// All of a size.
    public init(_ size: Size) {
        self.init(column: 0, row: 0, columns: size.columns, rows: size.rows)
    }

    /// Its width and height.
    public var size: Size { Size(columns: columns, rows: rows) }

    /// The column after its last one.
    public var endColumn: Int { column + columns }

    /// The row after its last one.
    public var endRow: Int { row + rows }

    /// The part that both cover.
    public func intersection(_ other: Rect) -> Rect {
        let column = max(self.column, other.column)
        let row = max(self.row, other.row)
        return Rect(
            column: column, row: row,
            columns: min(endColumn, other.endColumn) - column, rows: min(endRow, other.endRow) - row)
    }

    /// Cuts off the topmost rows: they, and what is left.
    public func splitTop(_ rows: Int) -> (top: Rect, rest: Rect) {
        let rows = min(max(0, rows), self.rows)
        return (
            Rect(column: column, row: row, columns: columns, rows: rows),
            Rect(column: column, row: row + rows, columns: columns, rows: self.rows - rows)
        )
    }

    /// Cuts off the leftmost columns: they, and what is left.
    public func splitLeft(_ columns: Int) -> (left: Rect, rest: Rect) {
        let columns = min(max(0, columns), self.columns)
        return (
            Rect(column: column, row: row, columns: columns, rows: rows),
            Rect(column: column + columns, row: row, columns: self.columns - columns, rows: rows)
        )
    }
}
