import Base
import History
import Terminal

/// The thing at a point of the screen that the mouse can act on.
enum Target: Hashable {
    /// A footer hint, or a letter of a menu.
    case command(Command)
    case view(MainView)
    /// The heading of a column that sorts the rows.
    case sort(String)
    /// A line of the main content, from 0: of a list, the help, the secrets or the column chooser.
    case line(Int)
    /// The view, if it has no lines.
    case main
    case detailTab(DetailTab)
    /// A line of the detail pane, from 0.
    case detail(Int)
    case bar(Int)
    /// A name in the lists of the pulse.
    case share(PulseScreen.Section, Int)
    /// A section of the pulse below the bars, outside its names.
    case part(PulseScreen.Section)
    /// A candidate in the line opened with `:`.
    case candidate(Int)
    /// An action of the menu.
    case menuAction(Int)
    /// A line of the list of actions, from 0.
    case action(Int)
    /// A choice of the listed entries.
    case entryChoice(EntryChoice)
    /// A line of the list of entries, from 0.
    case entry(Int)
    /// The headings of the entries, at a screen column.
    case entryHeading(Int)
}

// MARK: - Targets

extension DashboardModel {
    /// Returns the target at a point; nil if the mouse can do nothing there.
    ///
    /// It uses the same rectangles and lines as drawing does. While a question is open or text is typed, nothing else
    /// is a target.
    func target(at point: Point) -> Target? {
        guard !isTooSmall else { return nil }
        let layout = layout
        if layout.footer.contains(point) {
            return Footer.line(self, columns: layout.footer.columns).action(at: point.column).map(Target.command)
        }
        if let overlay = overlays.innermost, overlay.isModal { return overlay.target(at: point, self, layout) }
        if layout.tabs.contains(point) {
            guard point.row == layout.tabs.row else { return nil }
            return TabLine(self, columns: layout.tabs.columns).tabs.action(at: point.column).map(Target.view)
        }
        if let overlay = overlays.innermost ?? (showsChecklist ? Checklist() : nil) {
            return overlay.target(at: point, self, layout)
        }
        if let pane = layout.detail, pane.contains(point) { return target(inDetail: point, of: pane) }
        return layout.list.contains(point) ? target(inList: point, of: layout.list) : nil
    }

    private func target(inDetail point: Point, of pane: Rect) -> Target {
        let row = point.row - pane.row
        guard row == 0 else { return .detail(row - 1) }
        // The pane's header begins one column from the edge.
        let tabs = detail.header(columns: pane.columns - 1)
        return tabs.action(at: point.column - pane.column - 1).map(Target.detailTab) ?? .detail(0)
    }

    private func target(inList point: Point, of list: Rect) -> Target {
        let (column, row) = (point.column - list.column, point.row - list.row)
        return current.target(column: column, row: row, self, list.size) ?? .main
    }
}

extension Rect {
    func contains(_ point: Point) -> Bool {
        (column..<endColumn).contains(point.column) && (row..<endRow).contains(point.row)
    }
}

// MARK: - Mouse events

extension DashboardModel {
    /// The number of lines for one notch of the wheel.
    private static let notch = 3

    /// Handles a mouse event. Of the buttons, only the left one does anything.
    mutating func take(_ event: MouseEvent) {
        // The target must be found first, because dropping the notices moves the view.
        let target = target(at: event.point)
        switch (event.kind, event.button) {
        case (.press, .left):
            session.dropNotices()
            target.map { click($0) }
        case (.doublePress, .left): target.map { doubleClick($0) }
        case (.wheelUp, _): target.map { wheel($0, by: -Self.notch) }
        case (.wheelDown, _): target.map { wheel($0, by: Self.notch) }
        default: break
        }
    }

    private mutating func click(_ target: Target) {
        switch target {
        case .command(let command): run(command)
        case .view(let view): show(view)
        case .sort(let column): sort(byClickOn: column)
        case .line(let line):
            detail.isFocused = false
            _ = select(line: line)
        case .main: detail.isFocused = false
        case .detailTab(let tab):
            detail.tab = tab
        case .detail(let line):
            if !detail.isFullScreen { detail.isFocused = true }
            detail.point(at: line)
        case .bar(let bar): pulse.selectBar(bar)
        case .share(let section, let index): pulse.select(section, index)
        case .part(let section): pulse.select(section)
        case .menuAction(let index): self[ActMenu.self]?.choose(index)
        case .action(let index):
            actions.focusEntries(false)
            actions.select(index)
        case .entryChoice(let choice): actions.list(choice)
        case .entry(let line): _ = selectEntry(line)
        case .entryHeading(let column):
            let places = actions.entryPlaces(session, columns: layout.list.columns)
            if let name = actions.list.table.sortName(at: column - ListRow.margin, places) {
                sort(byClickOn: name)
            }
        case .candidate(let index): self[CommandPrompt.self]?.choose(index)
        }
    }

    /// Handles the second click of two. The first one has already selected the line.
    private mutating func doubleClick(_ target: Target) {
        switch target {
        // On buttons and tabs a double click means two clicks.
        case .command, .view, .sort, .detailTab, .main, .menuAction, .entryChoice, .entryHeading, .part:
            click(target)
        case .action: run(.focusDetail)
        case .entry(let line): if selectEntry(line) { run(.open) }
        case .candidate:
            click(target)
            perform(.runCommand)
        case .line(let line): if select(line: line) { open() }
        case .detail: detail.isFullScreen = true
        case .bar, .share:
            click(target)
            run(PulseScreen.listSelection)
        }
    }

    private mutating func wheel(_ target: Target, by lines: Int) {
        switch target {
        case .line, .main, .sort:
            if changeInnermost({ $0.scroll(by: lines, $1.session) }) == nil, !showsChecklist { scrollList(by: lines) }
        case .detail, .detailTab: detail.scroll(by: lines)
        case .bar: pulse.pan(by: lines)
        case .share(let section, _), .part(let section): pulse.scroll(section, by: lines)
        case .action: actions.moveAction(by: lines < 0 ? -1 : 1)
        case .entry, .entryChoice, .entryHeading: changeFound { $0.scroll(by: lines, $1) }
        case .command, .view, .candidate, .menuAction: break
        }
    }

    private mutating func scrollList(by lines: Int) {
        if view.showsRows { events.rows.scroll(by: lines, in: extent) } else { current.scroll(by: lines, shown) }
    }

    /// Selects the item on a line of the view. Returns whether there is one.
    private mutating func select(line: Int) -> Bool {
        let rows = layout.main.rows
        if let isThere = changeInnermost({ $0.select(line: line, rows: rows, $1.session) }) { return isThere }
        guard !showsChecklist else { return false }
        guard view.showsRows else {
            return current.isInside ? false : changeFound { $0.select(line: line, $1) } ?? false
        }
        guard let id = self.events.rows.id(atLine: line) else { return false }
        if id != self.events.rows.selection { self.events.rows.go(to: id, in: extent) }
        return true
    }

    /// Selects the entry on a line of its list. Returns whether there is one.
    private mutating func selectEntry(_ line: Int) -> Bool {
        guard let id = actions.list.list.id(atLine: line) else { return false }
        actions.select(entry: id, shown)
        return true
    }

    /// Opens the selected item, as Enter does.
    private mutating func open() { run(overlays.innermost?.opening ?? .open) }

    /// Sorts by the clicked column, or reverses the order if the rows are sorted by it already.
    private mutating func sort(byClickOn column: String) {
        sort(by: column, isDescending: order.flatMap { $0.column == column ? !$0.isDescending : nil })
    }
}

// MARK: - Lines of buttons

/// A line with parts that can be clicked. The same columns are used for drawing and for clicks.
struct ButtonLine<Action: Hashable> {
    private(set) var line: StyledLine
    private var buttons: [(columns: Range<Int>, action: Action)] = []

    init(_ line: StyledLine = StyledLine()) {
        self.line = line
    }

    var width: Int { line.width }

    /// Appends a part. With an action, the part is a button.
    mutating func append(_ part: StyledLine, _ action: Action? = nil) {
        let start = line.width
        line = line + part
        if let action { buttons.append((columns: start..<line.width, action: action)) }
    }

    mutating func append(_ other: ButtonLine) {
        let start = line.width
        line = line + other.line
        buttons += other.buttons.map { button in
            (columns: button.columns.lowerBound + start..<button.columns.upperBound + start, action: button.action)
        }
    }

    /// Returns the action of a click in a column.
    func action(at column: Int) -> Action? {
        buttons.first { $0.columns.contains(column) }?.action
    }

    /// Appends a button to the last of some lines, or to a new one if it does not fit.
    ///
    /// - Parameters:
    ///   - gap: The blanks before the button.
    ///   - indent: The beginning of a new line.
    static func append(
        _ part: StyledLine, _ action: Action, gap: SafeText, indent: SafeText, to lines: inout [ButtonLine],
        columns: Int
    ) {
        if let last = lines.last, last.width + gap.width + part.width > columns {
            lines.append(ButtonLine(StyledLine(indent)))
        }
        lines[lines.count - 1].append(StyledLine(gap))
        lines[lines.count - 1].append(part, action)
    }

    /// Returns the action of a click on one of some lines, which begin at the top of a rectangle.
    static func action(at point: Point, in rect: Rect, of lines: [ButtonLine]) -> Action? {
        let row = point.row - rect.row
        guard rect.contains(point), lines.indices.contains(row) else { return nil }
        return lines[row].action(at: point.column - rect.column)
    }
}
