import SafeText
import Terminal

extension DashboardModel {
    /// Draws the whole screen, and returns where the cursor is, if it is to be seen.
    func draw(on surface: inout Surface) -> Point? {
        guard !isTooSmall else {
            drawTooSmall(on: &surface)
            return nil
        }
        let layout = layout
        let lines = StatusLines(self, columns: layout.top.columns)
        let top = TopLine(session: session).line(columns: layout.top.columns)
        surface.put(top, at: Point(column: 0, row: layout.top.row))
        surface.draw(in: layout.tabs) { TabLine(self, columns: $0.size.columns).draw(on: &$0) }
        surface.draw(in: layout.warnings) { Self.draw(lines.warnings, on: &$0) }
        surface.draw(in: layout.notice) { Self.draw(lines.notice, on: &$0) }
        let footer = Footer.line(self, columns: layout.footer.columns).line
        surface.put(footer, at: Point(column: 0, row: layout.footer.row))
        let cursorOfMain = drawMain(layout, on: &surface)
        if let prompt, layout.prompt.rows > 0 {
            let cursor = surface.draw(in: layout.prompt) { part in
                switch prompt {
                case .filter(let line): line.draw(filterSurroundings, on: &part)
                case .search(let line): line.draw(on: &part)
                case .export(let line): line.draw(on: &part)
                case .replay(let line): line.draw(bindings, on: &part)
                case .command(let line): line.draw(on: &part)
                }
            }
            return question == nil ? cursor.map { Point(column: $0.column, row: $0.row + layout.prompt.row) } : nil
        }
        return question == nil ? cursorOfMain : nil
    }

    private func drawMain(_ layout: Layout, on surface: inout Surface) -> Point? {
        if let help {
            let cursor = surface.draw(in: layout.main) { help.draw(on: &$0) }
            return cursor.map { Point(column: $0.column + layout.main.column, row: $0.row + layout.main.row) }
        } else if let keyring {
            let cursor = surface.draw(in: layout.main) { keyring.draw(session.keyring, bindings, on: &$0) }
            return cursor.map { Point(column: $0.column + layout.main.column, row: $0.row + layout.main.row) }
        } else if let page {
            surface.draw(in: layout.main) { page.draw(on: &$0) }
        } else if showsChecklist {
            surface.draw(in: layout.main) { Checklist.draw(session, on: &$0) }
        } else {
            surface.draw(in: layout.list) { list in
                switch view {
                case .events: EventsScreen.draw(self, on: &list)
                case .table: table.draw(self, on: &list)
                case .deliveries: deliveries.draw(self, on: &list)
                case .actions: actions.draw(self, on: &list)
                case .log: log.draw(self, on: &list)
                case .pulse: pulse.draw(session, on: &list)
                }
            }
            if let pane = layout.detail { surface.draw(in: pane) { detail.draw(on: &$0) } }
            if let pattern {
                for (rect, current) in [(layout.list, nil), (layout.detail, detail.rowOfMatch)] {
                    guard let rect else { continue }
                    let below = Rect(
                        column: rect.column, row: rect.row + 1, columns: rect.columns, rows: max(0, rect.rows - 1))
                    SearchHighlight.draw(pattern, in: below, current: current, on: &surface)
                }
            }
            if layout.isBeside, let pane = layout.detail {
                surface.draw(in: Rect(column: pane.column - 1, row: pane.row, columns: 1, rows: pane.rows)) {
                    $0.divider(column: 0)
                }
            }
            if let chooser {
                surface.draw(in: chooser.place(in: layout.main)) { chooser.draw(on: &$0) }
            }
        }
        return nil
    }

    private static func draw(_ lines: [StyledLine], on surface: inout Surface) {
        for (row, line) in lines.enumerated() { surface.put(line, at: Point(column: 0, row: row)) }
    }

    private func drawTooSmall(on surface: inout Surface) {
        let (needed, size) = (Layout.minimum, session.size)
        let text = "\(needed.columns)x\(needed.rows) at least, this is \(size.columns)x\(size.rows)"
        Self.draw(Prose.lines(text, columns: max(1, size.columns), style: .plain), on: &surface)
    }
}
