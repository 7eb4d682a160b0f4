import History
import Terminal

/// What is at a point of the screen, for the mouse.
enum Target: Hashable {
    /// A footer hint, or a letter of a menu.
    case command(Command)
    case view(MainView)
    /// The heading of a column that rows can be sorted by.
    case sort(SortColumn)
    /// A line of what fills the view, from 0: of a list, of the help, of the secrets, of the column chooser.
    case line(Int)
    /// The view, where it has no lines.
    case main
    case detailTab(DetailTab)
    /// A line of the detail pane, from 0.
    case detail(Int)
    case bar(Int)
    /// A name in the lists of the pulse.
    case share(PulseScreen.Section, Int)
    /// A part of the pulse below the bars, where no name is.
    case part(PulseScreen.Section)
    /// What the line for commands can become.
    case candidate(Int)
    /// An action of the menu.
    case menuAction(Int)
    /// An action of the list, from 0.
    case action(Int)
    /// Which entries are listed.
    case entryChoice(EntryChoice)
    /// A line of the entries, from 0.
    case entry(Int)
}

extension DashboardModel {
    /// What is at a point; nil for nothing that the mouse can do something with.
    ///
    /// Made of the same rectangles and lines that are drawn. While something is asked or typed there is nothing else.
    func target(at point: Point) -> Target? {
        guard !isTooSmall else { return nil }
        let layout = layout
        if layout.footer.contains(point) {
            return Footer.line(self, columns: layout.footer.columns).action(at: point.column).map(Target.command)
        }
        switch place {
        case .copying: return layout.notice.contains(point) ? letter(at: point, in: layout.notice) : nil
        case .acting: return layout.notice.contains(point) ? menuButton(at: point, in: layout.notice) : nil
        case .palette: return layout.prompt.contains(point) ? candidate(at: point, in: layout.prompt) : nil
        case .question, .deleting, .leaving, .filter, .search, .replay, .form: return nil
        default: break
        }
        if layout.tabs.contains(point) {
            guard point.row == layout.tabs.row else { return nil }
            return TabLine(self, columns: layout.tabs.columns).tabs.action(at: point.column).map(Target.view)
        }
        if let chooser {
            let box = chooser.place(in: layout.main)
            return box.contains(point) && point.row > box.row ? .line(point.row - box.row - 1) : nil
        }
        if help != nil || keyring != nil || page != nil || showsChecklist {
            return layout.main.contains(point) ? .line(point.row - layout.main.row) : nil
        }
        if let pane = layout.detail, pane.contains(point) { return target(inDetail: point, of: pane) }
        return layout.list.contains(point) ? target(inList: point, of: layout.list) : nil
    }

    private func letter(at point: Point, in notice: Rect) -> Target? {
        let lines = copying?.buttons(bindings, columns: notice.columns) ?? []
        let row = point.row - notice.row
        return lines.indices.contains(row) ? lines[row].action(at: point.column).map(Target.command) : nil
    }

    private func menuButton(at point: Point, in notice: Rect) -> Target? {
        let lines = acting?.buttons(bindings, columns: notice.columns) ?? []
        let row = point.row - notice.row
        guard lines.indices.contains(row) else { return nil }
        return switch lines[row].action(at: point.column) {
        case .action(let index): .menuAction(index)
        case .command(let command): .command(command)
        case nil: nil
        }
    }

    private func candidate(at point: Point, in rect: Rect) -> Target? {
        guard case .command(let line) = prompt else { return nil }
        return line.candidate(column: point.column, row: point.row - rect.row, columns: rect.columns)
            .map(Target.candidate)
    }

    private func target(inDetail point: Point, of pane: Rect) -> Target {
        let row = point.row - pane.row
        guard row == 0 else { return .detail(row - 1) }
        // The header stands one column from the edge.
        let tabs = detail.header(columns: pane.columns - 1)
        return tabs.action(at: point.column - pane.column - 1).map(Target.detailTab) ?? .detail(0)
    }

    private func target(inList point: Point, of list: Rect) -> Target {
        let (column, row) = (point.column - list.column, point.row - list.row)
        switch view {
        case .events where row == 0:
            let places = EventsScreen.places(self, columns: list.columns)
            let columns = rows.layout.choice.events
            return Self.place(at: column - listMargin, places).flatMap { columns[$0].sort }.map(Target.sort) ?? .main
        case .table where row == 0:
            let places = table.arrange(self, columns: list.columns).places
            let columns = rows.layout.choice.table
            return Self.place(at: column - listMargin, places).flatMap { columns[$0].sort }.map(Target.sort) ?? .main
        case .actions: return actions.target(column: column, row: row)
        case .pulse: return pulse.target(column: column, row: row, size: list.size)
        default: return row == 0 ? .main : .line(row - 1)
        }
    }

    /// The number of the column that stands there.
    private static func place(at column: Int, _ places: [Columns.Place]) -> Int? {
        places.first { ($0.start..<$0.start + $0.width).contains(column) }?.index
    }
}

extension Rect {
    fileprivate func contains(_ point: Point) -> Bool {
        (column..<endColumn).contains(point.column) && (row..<endRow).contains(point.row)
    }
}
