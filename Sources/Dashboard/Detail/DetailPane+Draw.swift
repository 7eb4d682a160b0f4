import SafeText
import Terminal

extension DetailPane {
    /// Draws the pane: a rule with its tabs, and the document below.
    func draw(on surface: inout Surface) {
        surface.rule(row: 0)
        surface.put(header(columns: surface.size.columns - 1), at: Point(column: 1, row: 0))
        let below = Rect(column: 1, row: 1, columns: surface.size.columns - 1, rows: surface.size.rows - 1)
        surface.draw(in: below) { part in
            // Another tab's lines would contradict the header: rather none until this one's are laid out.
            if let document, document.request.tab == tab, document.request.form == form {
                scroll.draw(document.lines, on: &part)
            }
        }
    }

    private func header(columns: Int) -> StyledLine {
        var tabs = tabs(withForm: true)
        if tabs.width > columns { tabs = self.tabs(withForm: false) }
        var header = StyledLine()
        if let heading = document?.request.heading, heading.width + tabs.width + 18 <= columns {
            header.append("─ ", Style(.secondary))
            header.append(heading)
            header.append(" ── ", Style(.secondary))
        }
        header = header + tabs
        if header.width < columns { header.append(" ") }
        if scroll.count > scroll.height, scroll.height > 0 {
            let place: SafeText = " \(scroll.visible.upperBound) of \(Wording.grouped(scroll.count)) "
            if header.width + place.width + 3 <= columns {
                header.append("── ", Style(.secondary))
                header.append(place, Style(.secondary))
            }
        }
        return header.clipped(to: columns)
    }

    private func tabs(withForm: Bool) -> StyledLine {
        var tabs = StyledLine()
        for each in DetailTab.allCases {
            let title = withForm && each == .body && each == tab ? "\(each.title) \(form.word)" : each.title
            let style = hasKeys ? Style(.accent, bold: true) : Style(.plain, bold: true)
            tabs.append(each == tab ? "[\(title)]" : " \(title) ", each == tab ? style : Style(.secondary))
        }
        return tabs
    }
}
