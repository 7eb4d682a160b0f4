import SafeText
import Terminal

extension DetailPane {
    /// Draws the pane: a rule with its tabs, and the document below.
    func draw(on surface: inout Surface) {
        surface.rule(row: 0)
        surface.put(
            header(columns: surface.size.columns - 1).line.clipped(to: surface.size.columns - 1),
            at: Point(column: 1, row: 0))
        // Another tab's lines would contradict the header: rather none until this one's are laid out.
        guard let document, isCurrent else { return }
        let below = Rect(column: 0, row: 1, columns: surface.size.columns, rows: surface.size.rows - 1)
        surface.draw(in: below) { part in
            let lines = DocumentLines(document: document, folding: folding, sideways: sideways)
            for (row, place) in scroll.visible.clamped(to: 0..<folding.count).enumerated() {
                lines.draw(folding.line(at: place), row: row, on: &part)
                if hasCursor ? place == cursor : folding.line(at: place) == match {
                    part.put("▌", at: Point(column: 0, row: row), style: Style(.accent, bold: true))
                }
            }
        }
    }

    /// The rule's text, in which the tabs are buttons; it begins one column from the edge.
    func header(columns: Int) -> ButtonLine<DetailTab> {
        var tabs = tabs(withForm: true)
        if tabs.width > columns { tabs = self.tabs(withForm: false) }
        var header = ButtonLine<DetailTab>()
        if let heading = document?.request.heading, heading.width + tabs.width + 18 <= columns {
            header.append(StyledLine("─ ", Style(.secondary)))
            header.append(StyledLine(heading))
            header.append(StyledLine(" ── ", Style(.secondary)))
        }
        header.append(tabs)
        if header.width < columns { header.append(StyledLine(" ")) }
        // Without a document the lines are those of the row before.
        if document != nil, scroll.count > scroll.height, scroll.height > 0 {
            let place: SafeText = " \(scroll.visible.upperBound) of \(Wording.grouped(scroll.count)) "
            if header.width + place.width + 3 <= columns {
                header.append(StyledLine("── ", Style(.secondary)))
                header.append(StyledLine(place, Style(.secondary)))
            }
        }
        return header
    }

    private func tabs(withForm: Bool) -> ButtonLine<DetailTab> {
        var tabs = ButtonLine<DetailTab>()
        for each in self.tabs {
            let title = withForm && each == .body && each == tab ? "\(each.title) \(form.word)" : each.title
            let style = hasKeys ? Style(.accent, bold: true) : Style(.plain, bold: true)
            tabs.append(
                StyledLine(each == tab ? "[\(title)]" : " \(title) ", each == tab ? style : Style(.secondary)), each)
        }
        return tabs
    }
}
