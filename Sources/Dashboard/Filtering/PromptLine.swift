import SafeText
import Terminal

/// A line above the footer in which something is typed.
enum PromptLine {
    /// Draws the label and the field in the first row, and returns where the cursor is.
    static func draw(_ label: SafeText, _ editor: LineEditor, _ style: Style, on surface: inout Surface) -> Point {
        surface.put(label, at: Point(column: 1, row: 0), style: Style(.accent, bold: true))
        let start = start(behind: label)
        let field = Rect(column: start, row: 0, columns: surface.size.columns - start, rows: 1)
        let cursor = surface.draw(in: field) { editor.draw(on: &$0, style: style) }
        return Point(column: start + cursor.column, row: 0)
    }

    /// Where the field begins.
    static func start(behind label: SafeText) -> Int { label.width + 3 }

    /// Where a character of the field's text is on the screen, be it beyond an edge.
    static func column(of index: Int, in editor: LineEditor, behind label: SafeText, columns: Int) -> Int {
        let start = start(behind: label)
        let hidden = max(0, width(editor, upTo: editor.cursor) - (columns - start - 1))
        return start + width(editor, upTo: index) - hidden
    }

    private static func width(_ editor: LineEditor, upTo index: Int) -> Int {
        SafeText(String(editor.text.prefix(index))).width
    }
}
