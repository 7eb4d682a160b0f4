import Base
import History
import Terminal

/// The rows selected for commands that act on several rows.
///
/// Rows selected one by one are stored as ids. A selection of all rows stores the query of the list instead, so that
/// its size does not depend on the number of rows.
struct RowSelection: Hashable {
    /// All rows that a list contained at one moment.
    struct Whole: Hashable {
        let query: BrowseQuery
        /// The number of the newest row at that moment.
        let latestRow: Int64
        /// The number of rows; nil until all of them have been found.
        var count: Int?
    }

    /// The ids of the selected rows or, if `whole` is set, of the rows excluded from it.
    private(set) var ids: Set<Int64> = []
    private(set) var whole: Whole?
    /// The first row of a range that has not been completed.
    var rangeStart: Int64?

    var isEmpty: Bool { whole == nil && ids.isEmpty }

    /// The number of selected rows; nil until it is known.
    var count: Int? {
        guard let whole else { return ids.count }
        return whole.count.map { max(0, $0 - ids.count) }
    }

    /// Returns whether a row of the displayed list is selected.
    func contains(_ row: EventRow) -> Bool {
        guard let whole else { return ids.contains(row.id) }
        return row.id <= whole.latestRow && !ids.contains(row.id)
    }

    mutating func toggle(_ row: EventRow) {
        if let whole, row.id > whole.latestRow { return }
        if ids.remove(row.id) == nil { ids.insert(row.id) }
    }

    mutating func add(_ rows: some Sequence<Int64>) {
        if whole == nil { ids.formUnion(rows) } else { ids.subtract(rows) }
    }

    mutating func choose(_ whole: Whole) {
        self = RowSelection()
        self.whole = whole
    }

    /// Drops a selection of all rows if another list is displayed, because it could not be shown there. Returns whether
    /// it did.
    mutating func leave(_ query: BrowseQuery) -> Bool {
        guard let whole, whole.query.predicate != query.predicate else { return false }
        self = RowSelection()
        return true
    }

    /// Sets the number of rows once all rows of the list have been found.
    mutating func found(_ count: Int) {
        if whole != nil, whole?.count == nil { whole?.count = count }
    }
}

// MARK: - Rows a command acts on

/// The rows that a command acts on: the selected rows, or the current row if none is selected.
enum ActedRows: Sendable, Hashable {
    case current(EventRow)
    /// Rows that were selected one by one.
    case chosen(Set<Int64>)
    /// All rows of a list up to the newest one at the time, with exceptions. `count` includes the exceptions; it is nil
    /// if unknown.
    case all(of: BrowseQuery, latestRow: Int64, except: Set<Int64>, count: Int?)

    /// The query that lists the rows, in the order of the list they were selected in.
    var query: BrowseQuery {
        switch self {
        case .current(let row): return BrowseQuery(.rows([row.id]))
        case .chosen(let ids): return BrowseQuery(.rows(ids))
        case .all(let query, let latestRow, let left, _):
            var parts = [query.predicate, .number(.row, .atMost, latestRow)]
            if !left.isEmpty { parts.append(.not(.rows(left))) }
            return BrowseQuery(.all(parts), order: query.order)
        }
    }

    /// The number of rows; nil if unknown.
    var count: Int? {
        switch self {
        case .current: 1
        case .chosen(let ids): ids.count
        case .all(_, _, let left, let count): count.map { max(0, $0 - left.count) }
        }
    }

    /// The number of rows, in words.
    var words: String { count.map { Wording.count($0, "row", "rows") } ?? "all rows" }

    /// The deliveries of the rows, in words.
    var deliveryWords: String {
        switch self {
        case .current(let row): "delivery \(row.deliveryID)"
        case .chosen, .all: "the deliveries of \(words)"
        }
    }
}

// MARK: - Selecting and marking

extension Command {
    static let toggleSelected = Command(
        "toggle-selected", " ", in: .rows, "select or deselect the row, and go to the next",
        plain: .row(PlainWord("select", "selects or deselects the current event, and goes to the next"))
    ) { $0.toggleSelected() }
    fileprivate static let selectAll = Command(
        "select-all", "A", "*", in: .rows, "select all rows listed", plain: .same()
    ) { $0.selectAll() }
    fileprivate static let selectRange = Command(
        "select-range", "V", in: .rows, "begin a range at the row; again, select it", plain: .same()
    ) { $0.selectRange() }
    static let toggleMark = Command(
        "toggle-mark", "m", in: .browsing, "mark the rows selected, or the current one",
        plain: .same(PlainWord("mark", "marks or unmarks the current event; show-marked lists those marked"))
    ) { $0.toggleMark() }
    static let showMarked = Command(
        "show-marked", "M", in: .browsing, "only marked rows, or all", plain: .same()
    ) { $0.showMarked() }

    /// The commands for selecting and marking.
    static let ofSelection: [Command] = [
        toggleSelected, selectAll, selectRange, toggleMark,
        Command("next-mark", "'", in: .browsing, "to the next mark", plain: .row()) { $0.goToNextMark() },
        showMarked,
    ]
}

extension DashboardModel {
    /// The rows that a command acts on: the selected rows, or the current row; nil if the list is empty.
    var actsOn: ActedRows? {
        if let whole = events.selection.whole {
            return .all(of: whole.query, latestRow: whole.latestRow, except: events.selection.ids, count: whole.count)
        }
        if !events.selection.ids.isEmpty { return .chosen(events.selection.ids) }
        return events.rows.selectedRow.map(ActedRows.current)
    }

    /// The number of columns to the left of a list: the bar, one column each for the signs of marked and selected rows,
    /// and a blank.
    var listMargin: Int { ListRow.margin + (events.marks.isEmpty ? 0 : 1) + (events.selection.isEmpty ? 0 : 1) }

    /// Returns the settings for drawing a list of events, with signs next to marked and selected rows.
    func rowDrawing(_ places: [Columns.Place], _ context: ListContext) -> ListDrawing<EventRow> {
        var drawing = ListDrawing<EventRow>(places: places, context: context, margin: listMargin)
        drawing.extent = rowExtent
        drawing.signs = { row in
            var signs: [(text: SafeText, column: Int, role: Role)] = []
            if events.marks.contains(row.id) { signs.append(("*", 1, .notice)) }
            if !events.selection.isEmpty, events.selection.contains(row) || isInRange(row) {
                signs.append(("◆", events.marks.isEmpty ? 1 : 2, .accent))
            }
            return signs
        }
        return drawing
    }

    /// Returns whether a row is between the start of the unfinished range and the current row.
    private func isInRange(_ row: EventRow) -> Bool {
        guard let start = events.selection.rangeStart, let first = events.rows.index(of: start),
            let last = events.rows.selectedIndex,
            let index = events.rows.index(of: row.id)
        else { return false }
        return (min(first, last)...max(first, last)).contains(index)
    }

    fileprivate mutating func toggleSelected() {
        guard let row = events.rows.selectedRow else { return }
        events.selection.toggle(row)
        events.selection.rangeStart = nil
        moveInList(.down)
    }

    fileprivate mutating func showMarked() {
        if !filter.showsMarked, events.marks.isEmpty { return tellNoMarks() }
        filter.showsMarked.toggle()
    }

    fileprivate mutating func goToNextMark() {
        if events.marks.isEmpty { tellNoMarks() } else { seek(.mark, .rows(events.marks), .next) }
    }

    private mutating func tellNoMarks() {
        session.tell("No row is marked: \(bindings.name(of: .toggleMark)) marks one.", .notice)
    }

    fileprivate mutating func selectAll() {
        let count =
            events.listing.query.isPlain
            ? shown.rows : events.listing.isRunning ? nil : events.listing.progress?.matched
        guard count != 0 else { return }
        events.selection.choose(
            RowSelection.Whole(query: events.listing.query, latestRow: shown.latestRow, count: count))
    }

    /// Starts a range at the current row or, if one is started, selects its rows.
    fileprivate mutating func selectRange() {
        guard let row = events.rows.selectedRow else { return }
        guard let start = events.selection.rangeStart else {
            events.selection.add([row.id])
            events.selection.rangeStart = row.id
            session.tell(
                "\(bindings.name(of: .selectRange)) again, on another row, selects all from here to there.",
                .secondary)
            return
        }
        events.selection.rangeStart = nil
        guard let first = events.rows.index(of: start), let last = events.rows.selectedIndex else {
            session.tell(
                "The range is too long for that: select all with \(bindings.name(of: .selectAll)), or filter first.",
                .notice)
            return
        }
        events.selection.add(events.rows.window.rows[min(first, last)...max(first, last)].map(\.id))
    }

    /// Marks the rows that a command acts on, or unmarks them if all of them are marked.
    fileprivate mutating func toggleMark() {
        let before = events.marks
        switch actsOn {
        case .current(let row): mark([row.id])
        case .chosen(let ids): mark(ids)
        case .all where filter.showsMarked:
            events.marks = []
            filter.showsMarked = false
            events.selection = RowSelection()
        case .all: session.tell("Too many rows to mark at once: use a filter to list them again.", .notice)
        case nil: break
        }
        if events.marks != before { request(.keepMarked(events.marks)) }
    }

    private mutating func mark(_ ids: Set<Int64>) {
        if ids.isSubset(of: events.marks) { events.marks.subtract(ids) } else { events.marks.formUnion(ids) }
        if events.marks.isEmpty { filter.showsMarked = false }
    }
}
