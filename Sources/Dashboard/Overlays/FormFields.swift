import Base
import Terminal

/// The fields of a form, a line for each, with the cursor in one of them.
struct FormFields<Field: Hashable & Sendable>: Sendable {
    /// The fields, from top to bottom.
    let order: [Field]
    /// The field with the cursor.
    var current: Field
    private var editors: [Field: LineEditor]

    init(_ order: [Field], at current: Field, _ editors: [Field: LineEditor]) {
        (self.order, self.current, self.editors) = (order, current, editors)
    }

    subscript(_ field: Field) -> LineEditor {
        get { editors[field] ?? LineEditor() }
        set { editors[field] = newValue }
    }

    /// Moves the cursor to a later or an earlier field; past either end it goes on at the other.
    mutating func move(by distance: Int) {
        let index = order.firstIndex(of: current) ?? 0
        current = order[(index + distance + order.count) % order.count]
    }

    mutating func type(_ key: Key) { _ = self[current].update(.key(key)) }

    mutating func insert(_ text: String) { self[current].insert(text) }

    /// Draws a title and, below it, the fields.
    ///
    /// - Parameters:
    ///   - columns: The greatest width of a text.
    ///   - lowest: The number of rows from which there are empty lines around the fields. On a lower screen the remarks
    ///     need them.
    /// - Returns: The cursor's position, and the row for the remarks.
    func draw(
        _ title: SafeText, columns: Int, lowest: Int, on surface: inout Surface, name: (Field) -> SafeText
    ) -> (cursor: Point, end: Int) {
        surface.put(
            title.clipped(to: surface.size.columns - ListRow.margin), at: Point(column: ListRow.margin, row: 0),
            style: Style(.heading))
        var cursor = Point(column: 0, row: 0)
        let gap = surface.size.rows < lowest ? 0 : 1
        for (index, field) in order.enumerated() {
            let row = 1 + gap + index
            let hasFocus = field == current
            surface.put(
                (hasFocus ? "▌ " : "  ") + name(field), at: Point(column: 0, row: row),
                style: Style(hasFocus ? .accent : .secondary, bold: hasFocus))
            let rect = Rect(column: 12, row: row, columns: min(columns, surface.size.columns - 13), rows: 1)
            let point = surface.draw(in: rect) { self[field].draw(on: &$0, style: Style(.plain, underlined: true)) }
            if hasFocus { cursor = Point(column: rect.column + point.column, row: row) }
        }
        return (cursor, 1 + order.count + gap * 2)
    }
}
