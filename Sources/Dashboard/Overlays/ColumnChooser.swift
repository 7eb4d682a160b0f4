import Base
import History
import Terminal

/// The column chooser, opened with `C`: it selects and orders the columns of a list.
struct ColumnChooser: Overlay {
    static let layer = OverlayLayer.box

    /// A column in the chooser's list.
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

    /// Returns the shown columns in their order, then the others.
    private static func choices(
        _ shown: [ListColumn<EventRow>], of all: [ListColumn<EventRow>]
    ) -> [Choice] {
        (shown + all.choosable.filter { !shown.contains($0) }).map {
            Choice(name: $0.name, title: $0.title, meaning: $0.meaning, isShown: shown.contains($0))
        }
    }

    var context: BindingContext { .columns }
    var opening: Command { .toggleColumn }

    /// The names of the shown columns, as the preferences store them.
    var names: [String] { choices.filter(\.isShown).map(\.name) }

    mutating func move(_ motion: Motion) { index = motion.index(from: index, of: choices.count) }

    mutating func scroll(by lines: Int, _ session: Session) { move(lines < 0 ? .up : .down) }

    /// Selects the column on a line.
    mutating func select(line: Int, rows: Int, _ session: Session) -> Bool {
        let target = first(height: min(rows, choices.count + 1) - 1) + line
        guard choices.indices.contains(target) else { return false }
        index = target
        return true
    }

    /// Returns the index of the first visible choice.
    private func first(height: Int) -> Int { max(0, index - height + 1) }

    /// Shows the column, or hides it unless it is the last one.
    mutating func toggle() {
        if choices[index].isShown, names.count == 1 { return }
        choices[index].isShown.toggle()
    }

    /// Moves the column one position to the left or to the right, and the selection with it.
    mutating func shift(by distance: Int) {
        let target = index + distance
        guard choices.indices.contains(target) else { return }
        choices.swapAt(index, target)
        index = target
    }

    /// Restores the usual columns.
    mutating func reset() {
        self = ColumnChooser(view, ViewPreferences())
    }

    // MARK: - Drawing

    /// Returns the chooser's rectangle, at the right edge so that the list's changes stay visible.
    func rectangle(in main: Rect) -> Rect {
        let columns = min(main.columns * 2 / 3, 56)
        let rows = min(main.rows, choices.count + 1)
        return Rect(column: main.endColumn - columns, row: main.row, columns: columns, rows: rows)
    }

    func target(at point: Point, _ model: DashboardModel, _ layout: Layout) -> Target? {
        let box = rectangle(in: layout.main)
        return box.contains(point) && point.row > box.row ? .line(point.row - box.row - 1) : nil
    }

    func draw(_ model: DashboardModel, on surface: inout Surface) -> Point? {
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
        return nil
    }
}

// MARK: - Choosing and sorting

extension BindingContext {
    static let columns: BindingContext = .init(
        "columns", title: "Choosing columns", with: [.views, .everywhere],
        about: "Which columns the list shows, and in which order", way: .chooseColumns,
        symbols: { _ in [HelpBrief.Symbol("✓", Style(.good), "shown")] })
}

extension Command {
    static let chooseColumns = Command("choose-columns", "C", in: .rows, "choose the columns") {
        $0[ColumnChooser.self] = ColumnChooser($0.view, $0.session.viewState.preferences)
    }
    static let toggleColumn = Command(
        "toggle-column", " ", .enter, in: .columns, "show the column, or hide it", footer: .narrow("show or hide")
    ) { model in model.choose { $0.toggle() } }
    static let sortByNext = Command(
        "sort-by-next", ">", in: .lists, "sort by the next column", footer: .wide("sort"), plain: .same(),
        unavailable: { $0.current.hasNoList }
    ) { $0.sort(byNext: 1) }
    static let orderOfArrival = Command(
        "order-of-arrival", "S", in: .lists, "back to the order of arrival", plain: .same()
    ) { $0.sort(by: nil, isDescending: nil) }
    static let sort = Command(
        "sort",
        Arguments(
            form: "COLUMN asc|desc",
            offers: .words { before in
                let names = before.count == 1 ? sortColumns : before.count == 2 ? ["asc", "desc"] : []
                return names.map { CommandCompletion.Candidate(text: $0, meaning: "") }
            }), "sort by a column; arrival for the usual order",
        plain: .same(
            PlainWord(
                "sort", syntax: "COLUMN [asc|desc]",
                "lists by \(sortColumns.joined(separator: ", ")); follow goes back to arrival too"))
    ) { model, text throws(Fault) in try model.sort(text) }

    fileprivate static let arrival = "arrival"
    /// The words that the lists can be sorted by.
    fileprivate static let sortColumns: [String] = {
        var seen: Set<String> = []
        let others =
            DeliveriesScreen.columns.compactMap(\.sortName) + ActionsScreen.entryColumns.compactMap(\.sortName)
            + LogScreen.columns.compactMap(\.sortName)
        return (SortColumn.allCases.map(\.name) + others + [arrival]).filter { seen.insert($0).inserted }
    }()

    /// The commands that choose columns and sort by them.
    static let ofColumns: [Command] =
        Motion.commands(in: .columns, hasSpace: false) { $0[ColumnChooser.self]?.move($1) } + [
            sort, sortByNext,
            Command("sort-by-previous", "<", in: .lists, "sort by the previous column", plain: .same()) {
                $0.sort(byNext: -1)
            },
            Command("turn-order", "I", in: .lists, "reverse the order", plain: .same()) { $0.turnOrder() },
            orderOfArrival, chooseColumns, toggleColumn,
            Command("column-later", "J", in: .columns, "move the column down", footer: .medium("down")) { model in
                model.choose { $0.shift(by: 1) }
            },
            Command("column-earlier", "K", in: .columns, "move the column up", footer: .medium("up")) { model in
                model.choose { $0.shift(by: -1) }
            },
            Command("usual-columns", "r", in: .columns, "back to the usual columns", footer: .medium("usual")) {
                model in
                model.choose { $0.reset() }
            },
        ]
}

extension DashboardModel {
    /// Changes the choice, and shows and saves the chosen columns.
    fileprivate mutating func choose(_ change: (inout ColumnChooser) -> Void) {
        guard var chooser = self[ColumnChooser.self] else { return }
        change(&chooser)
        self[ColumnChooser.self] = chooser
        keep { preferences in
            switch chooser.view {
            case .table: preferences.tableColumns = chooser.names
            default: preferences.eventColumns = chooser.names
            }
        }
    }

    /// Sorts by the column that is typed after `sort`.
    fileprivate mutating func sort(_ text: String) throws(Command.Fault) {
        let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
        guard let name = words.first, words.count <= 2, Command.sortColumns.contains(name) else {
            let name = words.count <= 2 ? words.first ?? "" : ""
            throw Command.Fault(unknown: name, of: "sort", Command.sortColumns)
        }
        guard words.count < 2 || ["asc", "desc"].contains(words[1]) else {
            throw Command.Fault("“sort” takes asc or desc behind the column, not “\(words[1])”.")
        }
        try showList("sort")
        if name == Command.arrival { return sort(by: nil, isDescending: nil) }
        let names = found == nil ? SortColumn.allCases.map(\.name) : sortNames
        guard names.contains(name) else {
            throw Command.Fault("“\(name)” is not a column of this list; it takes \(names.joined(separator: ", ")).")
        }
        sort(by: name, isDescending: words.count < 2 ? nil : words[1] == "desc")
    }

    fileprivate mutating func sort(byNext distance: Int) {
        sort(by: name(beside: order, distance), isDescending: nil)
    }

    fileprivate mutating func turnOrder() {
        guard let order else {
            return sort(by: sortNames.first { $0 == "received" || $0 == "time" }, isDescending: true)
        }
        sort(by: order.column, isDescending: !order.isDescending)
    }

    /// The names of the columns that the list can be sorted by.
    var sortNames: [String] {
        found?.sortNames ?? (view == .table ? events.sheetTable : events.eventTable).columns.compactMap(\.sortName)
    }

    /// Sorts by a column, in the column's usual direction unless one is given; without a column, in the order of
    /// arrival.
    mutating func sort(by column: String?, isDescending: Bool?) {
        let order = column.map { name in
            ListOrder(column: name, isDescending: isDescending ?? Self.beginsWithGreatest.contains(name))
        }
        guard order != self.order else { return }
        guard found == nil else {
            found?.order = order
            return
        }
        events.isToShowStart = order != nil
        let sort = order.flatMap { order in SortColumn.allCases.first { $0.name == order.column } }
        keep { $0.order = sort.map { .by($0, isDescending: order?.isDescending ?? false) } ?? .arrival }
    }

    /// The columns that are sorted with the greatest value first: numbers and times.
    private static let beginsWithGreatest: Set<String> = [
        "received", "size", "event-time", "status", "id", "time", "answer", "bytes", "events", "also", "level", "tries",
        "next", "last",
    ]

    /// Returns the next or the previous column to sort by; nil, which means the order of arrival, past either end.
    private func name(beside order: ListOrder?, _ distance: Int) -> String? {
        let names = sortNames
        var index = distance > 0 ? 0 : names.count - 1
        if let current = order.flatMap({ names.firstIndex(of: $0.column) }) { index = current + distance }
        return names.indices.contains(index) ? names[index] : nil
    }

    private mutating func keep(_ change: (inout ViewPreferences) -> Void) {
        change(&session.viewState.preferences)
        request(.keepViewState(session.viewState))
    }
}

extension SortColumn {
    /// The name as a user types it.
    var name: String { self == .eventTime ? "event-time" : rawValue }
}
