import Notifications
import SafeText
import Terminal

/// Draws a document's lines: margin, number, mark, and as much of the text as is in view.
struct DocumentLines {
    /// The columns left of the text: the cursor's bar and a blank.
    static let margin = ListRow.margin

    let document: DetailDocument
    let folding: Folding
    let sideways: Int

    private var layout: DocumentLayout { document.layout }

    /// Draws a line of the document in a row of the surface.
    func draw(_ line: Int, row: Int, on surface: inout Surface) {
        let margin = Self.margin
        let source = layout.source(ofLine: line)
        if let source, layout.isFirst(line) { drawGutter(source, row: row, from: margin, on: &surface) }
        let gutter = source == nil ? margin : margin + layout.gutter
        let text = source.flatMap { folded($0, line) } ?? document.lines[line]
        let room = Rect(column: gutter, row: row, columns: max(0, surface.size.columns - gutter), rows: 1)
        surface.draw(in: room) { part in
            // A note wraps always, and stays.
            draw(text, sideways: source == nil ? 0 : sideways, on: &part)
        }
    }

    private func drawGutter(_ source: Int, row: Int, from column: Int, on surface: inout Surface) {
        if layout.numberColumns > 0 {
            let number = SafeText("\(source + 1)")
            let end = column + layout.numberColumns - 1
            surface.put(number, at: Point(column: end - number.width, row: row), style: Style(.secondary))
        }
        let mark = Point(column: column + layout.numberColumns, row: row)
        if source == layout.badLine { surface.put("▸", at: mark, style: Style(.bad, bold: true)) }
        if source == layout.event?.lowerBound { surface.put("▸", at: mark, style: Style(.accent, bold: true)) }
    }

    /// What stands for a container that is folded: its beginning, its end, and what it holds.
    private func folded(_ source: Int, _ line: Int) -> StyledLine? {
        guard folding.folded.contains(source), let fold = layout.fold(opening: source) else { return nil }
        var text = document.lines[line]
        text.append("…", Style(.secondary))
        let closing = document.lines[layout.firstLine(ofSource: fold.lines.upperBound)]
        // All but its indent.
        text = text + StyledLine(Array(closing.spans.dropFirst()))
        let (one, many) = fold.isObject ? ("field", "fields") : ("element", "elements")
        text.append(" \(Wording.grouped(fold.count)) \(fold.count == 1 ? one : many)", Style(.secondary))
        return text
    }

    private func draw(_ text: StyledLine, sideways: Int, on surface: inout Surface) {
        let columns = surface.size.columns
        let staying = sideways > 0 ? min(layout.stayingColumns, columns) : 0
        surface.draw(in: Rect(column: 0, row: 0, columns: staying, rows: 1)) { part in
            part.put(text, at: Point(column: 0, row: 0))
        }
        surface.draw(in: Rect(column: staying, row: 0, columns: columns - staying, rows: 1)) { part in
            part.put(text, at: Point(column: -sideways - staying, row: 0))
        }
        let style = Style(.accent, bold: true)
        if sideways > 0, text.width > staying { surface.put("‹", at: Point(column: staying, row: 0), style: style) }
        if text.width - sideways > columns { surface.put("›", at: Point(column: columns - 1, row: 0), style: style) }
    }
}
