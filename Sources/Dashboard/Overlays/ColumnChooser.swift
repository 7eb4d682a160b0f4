import History
import SafeText
import Terminal

/// `C`: which columns a list shows, and in which order.
struct ColumnChooser {
    /// A column as the chooser lists it.
    struct Choice: Hashable {
        let name: String
        let title: SafeText
        let meaning: String
        var isShown: Bool
    }

    /// The list whose columns these are.
    let view: MainView
    private(set) var choices: [Choice]
    private(set) var index = 0

    init(_ view: MainView, _ preferences: ViewPreferences) {
        self.view = view
        let columns = preferences.columns
        choices = view == .table ? Self.choices(columns.table) : Self.choices(columns.events)
    }

    /// Those shown in their order, then the others.
    private static func choices<Column: ListColumn>(_ shown: [Column]) -> [Choice] {
        (shown + Column.choosable.filter { !shown.contains($0) }).map {
            Choice(name: $0.rawValue, title: $0.title, meaning: $0.meaning, isShown: shown.contains($0))
        }
    }

    /// The columns shown, for the preferences.
    var names: [String] { choices.filter(\.isShown).map(\.name) }

    mutating func move(_ command: Command) {
        let target =
            switch command {
            case .up: index - 1
            case .down: index + 1
            case .pageUp, .halfPageUp, .toStart: 0
            default: choices.count - 1
            }
        index = min(max(0, target), choices.count - 1)
    }

    /// Selects the column in a line of so many rows. Says whether there is one.
    mutating func select(line: Int, rows: Int) -> Bool {
        let target = first(height: min(rows, choices.count + 1) - 1) + line
        guard choices.indices.contains(target) else { return false }
        index = target
        return true
    }

    /// The first choice that is in view.
    private func first(height: Int) -> Int { max(0, index - height + 1) }

    /// Shows the column, or hides it unless it is the last one.
    mutating func toggle() {
        if choices[index].isShown, names.count == 1 { return }
        choices[index].isShown.toggle()
    }

    /// Moves the column one place to the left or to the right, and the choice with it.
    mutating func shift(by distance: Int) {
        let target = index + distance
        guard choices.indices.contains(target) else { return }
        choices.swapAt(index, target)
        index = target
    }

    /// Back to the usual columns.
    mutating func reset() {
        self = ColumnChooser(view, ViewPreferences())
    }

    // MARK: - Drawing

    /// Where it stands in the view: at the right edge, so that the list is seen to change.
    func place(in main: Rect) -> Rect {
        let columns = min(main.columns * 2 / 3, 56)
        let rows = min(main.rows, choices.count + 1)
        return Rect(column: main.endColumn - columns, row: main.row, columns: columns, rows: rows)
    }

    func draw(on surface: inout Surface) {
        surface.fill(surface.bounds)
        surface.divider(column: 0)
        let title: SafeText = view == .table ? "Columns of the table" : "Columns of the event list"
        surface.put(title, at: Point(column: 2, row: 0), style: Style(.heading))
        let height = max(1, surface.size.rows - 1)
        let first = first(height: height)
        for (line, choice) in choices.dropFirst(first).prefix(height).enumerated() {
            let row = line + 1
            surface.put(
                choice.isShown ? "✓" : " ", at: Point(column: 3, row: row), style: Style(.good, bold: true))
            surface.put(choice.title, at: Point(column: 5, row: row), columns: 18)
            let meaning = SafeText(choice.meaning).clipped(to: max(0, surface.size.columns - 25))
            surface.put(meaning, at: Point(column: 24, row: row), style: Style(.secondary))
            if first + line == index {
                let bar = Rect(column: 1, row: row, columns: surface.size.columns - 1, rows: 1)
                surface.draw(in: bar) { ListRow.mark(row: 0, hasKeys: true, on: &$0) }
            }
        }
    }
}

// MARK: - Choosing

extension DashboardModel {
    mutating func performOnColumns(_ command: Command) -> [Effect] {
        switch command {
        case .chooseColumns:
            chooser = ColumnChooser(view, session.viewState.preferences)
            return []
        case .toggleColumn: chooser?.toggle()
        case .columnEarlier: chooser?.shift(by: -1)
        case .columnLater: chooser?.shift(by: 1)
        case .usualColumns: chooser?.reset()
        default: break
        }
        guard let chooser else { return [] }
        return keep { preferences in
            switch chooser.view {
            case .table: preferences.tableColumns = chooser.names
            default: preferences.eventColumns = chooser.names
            }
        }
    }

    mutating func performOnOrder(_ command: Command) -> [Effect] {
        let order = session.viewState.preferences.order
        switch command {
        case .sortByNext: return sort(by: column(beside: order, 1))
        case .sortByPrevious: return sort(by: column(beside: order, -1))
        case .turnOrder:
            guard case .by(let column, let isDescending) = order else {
                return sort(by: .by(.received, isDescending: true))
            }
            return sort(by: .by(column, isDescending: !isDescending))
        default: return sort(by: .arrival)
        }
    }

    /// Sorts by a column, beginning as is usual for it unless told; without one, in the order of arrival.
    mutating func sort(by column: SortColumn?, isDescending: Bool?) -> [Effect] {
        sort(by: column.map { .by($0, isDescending: isDescending ?? $0.beginsWithGreatest) } ?? .arrival)
    }

    private mutating func sort(by order: RowOrder) -> [Effect] {
        guard order != session.viewState.preferences.order else { return [] }
        isToShowStart = order != .arrival
        return keep { $0.order = order }
    }

    /// The order by the next column that is shown, or by the one before; beyond the last one, that of arrival.
    private func column(beside order: RowOrder, _ distance: Int) -> RowOrder {
        let columns = rows.layout.choice
        let sorts = view == .table ? columns.table.compactMap(\.sort) : columns.events.compactMap(\.sort)
        guard !sorts.isEmpty else { return .arrival }
        var index = distance > 0 ? 0 : sorts.count - 1
        if case .by(let column, _) = order, let current = sorts.firstIndex(of: column) {
            index = current + distance
        }
        guard sorts.indices.contains(index) else { return .arrival }
        return .by(sorts[index], isDescending: sorts[index].beginsWithGreatest)
    }

    private mutating func keep(_ change: (inout ViewPreferences) -> Void) -> [Effect] {
        change(&session.viewState.preferences)
        return [.keepViewState(session.viewState)]
    }
}

extension SortColumn {
    /// Of numbers and times one wants to see the greatest.
    fileprivate var beginsWithGreatest: Bool {
        switch self {
        case .received, .size, .eventTime, .status: true
        case .signature, .type, .object, .bucket, .rule: false
        }
    }
}
