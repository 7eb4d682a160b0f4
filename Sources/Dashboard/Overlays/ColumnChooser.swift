import Base
import History
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
        choices =
            view == .table
            ? Self.choices(columns.table, of: TableScreen.columns)
            : Self.choices(columns.events, of: EventsScreen.columns)
    }

    /// Those shown in their order, then the others.
    private static func choices(
        _ shown: [ListColumn<EventRow>], of all: [ListColumn<EventRow>]
    ) -> [Choice] {
        (shown + all.choosable.filter { !shown.contains($0) }).map {
            Choice(name: $0.name, title: $0.title, meaning: $0.meaning, isShown: shown.contains($0))
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
        switch command {
        case .sortByNext: return sort(by: name(beside: order, 1), isDescending: nil)
        case .sortByPrevious: return sort(by: name(beside: order, -1), isDescending: nil)
        case .turnOrder:
            guard let order else {
                return sort(by: sortNames.first { $0 == "received" || $0 == "time" }, isDescending: true)
            }
            return sort(by: order.column, isDescending: !order.isDescending)
        default: return sort(by: nil, isDescending: nil)
        }
    }

    /// The names of the columns that the list can be sorted by.
    var sortNames: [String] {
        found?.sortNames ?? (view == .table ? sheetTable : eventTable).columns.compactMap(\.sortName)
    }

    /// Sorts by a column, beginning as is usual for it unless told; without one, in the order of arrival.
    mutating func sort(by column: String?, isDescending: Bool?) -> [Effect] {
        let order = column.map { name in
            ListOrder(column: name, isDescending: isDescending ?? Self.beginsWithGreatest.contains(name))
        }
        guard order != self.order else { return [] }
        guard found == nil else {
            found?.order = order
            return []
        }
        isToShowStart = order != nil
        let sort = order.flatMap { order in SortColumn.allCases.first { $0.name == order.column } }
        return keep { $0.order = sort.map { .by($0, isDescending: order?.isDescending ?? false) } ?? .arrival }
    }

    /// Of numbers and times one wants to see the greatest.
    private static let beginsWithGreatest: Set<String> = [
        "received", "size", "event-time", "status", "id", "time", "answer", "bytes", "events", "also", "level", "tries",
        "next", "last",
    ]

    /// The next column to sort by, or the one before; nil, for the order of arrival, beyond the last one.
    private func name(beside order: ListOrder?, _ distance: Int) -> String? {
        let names = sortNames
        var index = distance > 0 ? 0 : names.count - 1
        if let current = order.flatMap({ names.firstIndex(of: $0.column) }) { index = current + distance }
        return names.indices.contains(index) ? names[index] : nil
    }

    private mutating func keep(_ change: (inout ViewPreferences) -> Void) -> [Effect] {
        change(&session.viewState.preferences)
        return [.keepViewState(session.viewState)]
    }
}
