import Base
import History
import Notifications

/// The list of events, which the tabs Events and Table share: its rows, its filter, its marks and its selection.
struct EventsModel {
    var rows = WindowedList<EventRow>()
    /// The columns of the tab Events, measured for the rows in memory.
    private(set) var eventTable = ListTable(EventsScreen.usualColumns)
    /// The columns of the tab Table, measured for the rows in memory.
    private(set) var sheetTable = ListTable(TableScreen.usualColumns)
    var filter = RowFilter()
    /// The query that lists the rows.
    var listing = Listing()
    /// The subject of the search for a row that runs now.
    var seeking: SeekAim?
    var counts = MatchCounts()
    /// The values that complete filters, from all recorded events.
    var recordedValues = SeenValues()
    var marks: Set<Int64> = []
    var selection = RowSelection()
    /// Whether the next new list begins at its start.
    var isToShowStart = false

    /// Applies the chosen columns, and measures them again if they have changed or the rows are new.
    mutating func measure(_ columns: ColumnChoice, isNew: Bool) {
        let rows = rows.window.rows
        if isNew || columns.events != eventTable.columns { eventTable = ListTable(columns.events, rows: rows) }
        if isNew || columns.table != sheetTable.columns { sheetTable = ListTable(columns.table, rows: rows) }
    }

    /// Returns the number of the first loaded row among the listed events, counted from 1, and the number of listed
    /// events.
    func extent(_ shown: HistoryChange) -> (first: Int, total: Int)? {
        guard let first = rows.window.rows.first else { return nil }
        guard !listing.query.isPlain else {
            let total = shown.tally.rows
            return (max(1, total - Int(shown.latestRow - first.id)), total)
        }
        return rows.window.first.map { ($0, max(listing.progress?.matched ?? 0, $0 + rows.window.rows.count - 1)) }
    }
}

// MARK: - Listing and reading rows

extension DashboardModel {
    var events: EventsModel {
        get { context.events }
        set { context.events = newValue }
    }

    /// The extent of the list of events.
    var extent: ListExtent { events.listing.extent(of: shown) }

    /// The number of the first loaded row among the listed events, counted from 1, and the number of listed events.
    var rowExtent: (first: Int, total: Int)? { events.extent(shown) }

    /// Whether the list of events is longer than the screen, so that a scroll bar needs a column.
    var hasScrollBar: Bool {
        rowExtent.map { ScrollBar.isNeeded(total: $0.total, height: events.rows.height) } ?? false
    }

    /// Updates the list to match the filter, the marks and the order.
    mutating func relist() {
        let preview = self[FilterPrompt.self]?.preview
        let query = BrowseQuery(
            events.filter.predicate(preview: found == nil ? preview : nil, marks: events.marks),
            order: session.viewState.preferences.order)
        guard events.listing.show(query) else { return }
        events.rows.restart(isSorted: query.order != .arrival, fromStart: events.isToShowStart, extent)
        events.isToShowStart = false
        if events.selection.leave(query) {
            session.tell("The list has changed, so the selection was cleared.", .secondary)
        }
        if events.seeking != nil { cancelSeeking() }
        request(.browse(query, generation: events.listing.generation, shown))
    }

    /// Applies the progress of the query that lists the rows.
    mutating func apply(_ progress: BrowseProgress) {
        guard events.listing.take(progress) else { return }
        if let failure = progress.failure { session.tell("The rows could not be found: \(failure)", .bad) }
        if !events.listing.isRunning { events.selection.found(progress.matched) }
    }

    /// Asks for the rows that the list needs and does not have.
    mutating func askForRows() {
        guard let request = events.rows.request(extent, at: session.now) else { return }
        ask("rows", on: .rows) { outside, _ in
            try outside.rows(request)
        } then: { model, result in
            switch result {
            case .success(let window):
                if model.events.rows.apply(window) { model.measure(isNew: true) }
            case .failure(let failure):
                model.events.rows.readingFailed()
                model.session.tell("The history could not be read: \(failure.sentence)", .bad)
            }
        }
    }

    /// Applies the chosen columns, and adds the columns that are shown only if there are actions.
    mutating func measure(isNew: Bool = false) {
        var columns = session.viewState.preferences.columns
        if showsActionMarks {
            let place =
                columns.events.firstIndex { $0.name == "signature" }.map { $0 + 1 } ?? min(1, columns.events.count)
            columns.events.insert(contentsOf: EventsScreen.actionsColumn, at: place)
        }
        if actions.hasSheet { columns.table = TableScreen.sheetColumn + columns.table }
        events.measure(columns, isNew: isNew)
    }
}
