import History

/// The rows that are held, the selected one, and which part of them is seen.
///
/// Holds what it shows and a margin, whatever the length of the list. The selection is a row's id: it stays on its
/// row while others arrive, and while other rows are listed.
struct RowList {
    var window = RowWindow()
    /// The columns of both views, and how wide the texts of the rows held are in them.
    private(set) var layout = ListColumns()
    var selection: Int64?
    /// Whether the newest row is selected as it arrives.
    var isFollowing = true
    /// What is seen of the rows, from top to bottom.
    private(set) var visible: [RowLine] = []
    var reading = RowReading()

    /// Whether the rows stand in another order than that of arrival.
    var isSorted = false
    /// The newest row shown while the screen is frozen.
    private(set) var limit: Int64?
    /// Whether the rows held are those of another list than the one that is shown now.
    var isStale = false
    /// The row to select again once it is found.
    var home: Int64?
    /// What there was when following ended.
    private var left: ListExtent?

    /// How far the list reaches over the selection on both sides: three screens.
    var margin: Int { max(10, height * 3) }
    private(set) var height = 0
    private var topRow: Int64?
    private var topIsDay = false
    /// How far below the top the selection was seen last.
    private(set) var selectedLine = 0
    /// Where the selection is to be seen as long as the user does not move it: other rows are listed around it.
    private var pinnedLine: Int?

    var selectedIndex: Int? {
        selection.flatMap { index(of: $0) }
    }

    var selectedRow: EventRow? {
        selectedIndex.map { window.rows[$0] }
    }

    /// The place of a row among those held, which are a few hundred at most.
    func index(of id: Int64) -> Int? {
        window.rows.firstIndex { $0.id == id }
    }
}

// What the user does.
extension RowList {
    /// Moves the selection up or down; up ends the following.
    mutating func move(by distance: Int, in extent: ListExtent) {
        guard let index = selectedIndex else { return }
        if reading.destination == .oldest { reading.goes(to: nil) }
        let target = min(max(0, index + distance), window.rows.count - 1)
        if distance < 0 { stopFollowing(extent) }
        leaveHome()
        selection = window.rows[target].id
    }

    mutating func moveToStart(in extent: ListExtent) {
        stopFollowing(extent)
        leaveHome()
        if window.hasOlder {
            reading.goes(to: .oldest)
        } else {
            selection = window.rows.first?.id ?? selection
        }
    }

    /// To the last row; where rows stand in the order of arrival, to the newest and to each newer one as it arrives.
    mutating func moveToEnd() {
        leaveHome()
        guard isSorted else { return follow() }
        if window.hasNewer {
            reading.goes(to: .newest)
        } else {
            selection = window.rows.last?.id ?? selection
        }
    }

    /// Selects a row of the list, wherever it is.
    mutating func go(to id: Int64, in extent: ListExtent) {
        stopFollowing(extent)
        leaveHome()
        if index(of: id) != nil, !isStale {
            if reading.destination != nil { reading.goes(to: nil) }
            selection = id
        } else {
            reading.goes(to: .row(id))
        }
    }

    /// Shows what is so many lines further down, or up; the selection comes along at the edge.
    mutating func scroll(by lines: Int, in extent: ListExtent) {
        guard let first = topRow.flatMap(index(of:)), let selected = selectedIndex, !isStale else { return }
        // The rules between days take lines too.
        let shown = height - visible.count { $0.row == nil }
        let top = max(0, min(first + lines, window.rows.count - shown))
        guard top != first else { return }
        stopFollowing(extent)
        leaveHome()
        if reading.destination != nil { reading.goes(to: nil) }
        (topRow, topIsDay) = (window.rows[top].id, false)
        selection = window.rows[min(max(selected, top), top + height - 1, window.rows.count - 1)].id
    }

    /// Selects the newest row, and each newer one as it arrives.
    mutating func follow() {
        guard !isFollowing, !isSorted else { return }
        isFollowing = true
        leaveHome()
        left = nil
        reading.goes(to: nil)
        if !window.hasNewer { selection = window.rows.last?.id }
    }

    private mutating func leaveHome() {
        home = nil
        pinnedLine = nil
    }

    /// Selects a row again that was selected, and shows it where it was seen.
    mutating func goBack(to row: Int64, at line: Int, in extent: ListExtent) {
        go(to: row, in: extent)
        pinnedLine = line
    }

    mutating func stopFollowing(_ extent: ListExtent) {
        guard isFollowing else { return }
        isFollowing = false
        left = extent
        left?.latestRow = max(extent.latestRow, window.rows.last?.id ?? 0)
        reading.goes(to: nil)
    }

    /// How many rows have come since following ended; nil where that is not known.
    func arrivals(_ extent: ListExtent) -> Int? {
        guard let left else { return nil }
        guard let matched = extent.matched else { return max(0, Int(extent.latestRow - left.latestRow)) }
        guard left.isComplete, let before = left.matched else { return nil }
        return max(0, matched - before)
    }
}

// What is listed.
extension RowList {
    /// Other rows are listed from now on, or in another order.
    ///
    /// - Parameter fromStart: Whether the first of them is to be selected rather than the row that is.
    mutating func restart(isSorted: Bool, fromStart: Bool, _ extent: ListExtent) {
        if isSorted { stopFollowing(extent) }
        self.isSorted = isSorted
        home = isFollowing || fromStart ? nil : home ?? selection
        left = isFollowing ? nil : ListExtent(HistoryChange(latestRow: extent.latestRow), isComplete: false)
        pinnedLine = fromStart ? nil : pinnedLine ?? selectedLine
        isStale = true
        reading.goes(to: fromStart ? .oldest : nil)
    }

    /// Shows nothing newer than this row, or everything again.
    mutating func freeze(at row: Int64?) {
        limit = row
        reading.goes(to: nil)
    }

    /// Takes other columns.
    mutating func show(_ columns: ListColumns.Choice) {
        guard columns != layout.choice else { return }
        layout = ListColumns(columns, rows: window.rows)
    }

    mutating func measure() {
        layout = ListColumns(layout.choice, rows: window.rows)
    }

    /// What was found when following ended is known once all was looked at.
    mutating func note(_ extent: ListExtent) {
        guard let left, !left.isComplete, extent.isComplete else { return }
        self.left = extent
        self.left?.latestRow = left.latestRow
    }
}

// What is seen.
extension RowList {
    /// Chooses the part that is seen, so that the selection is within it and no line stays empty without need.
    mutating func settle(height: Int, days clock: WallClock?) {
        self.height = height
        let lines = RowLine.lines(for: window.rows, days: isSorted ? nil : clock)
        guard height > 0, !lines.isEmpty else {
            visible = []
            return
        }
        let selected = lines.firstIndex { $0.row?.id == selection } ?? lines.count - 1
        // Where the row at the top is gone, the selection at least stays where it is seen.
        let topIndex = pinnedLine == nil ? topRow.flatMap { id in lines.firstIndex { $0.row?.id == id } } : nil
        var top = topIndex ?? max(0, selected - (pinnedLine ?? selectedLine))
        if topIsDay, topIndex != nil, top > 0, lines[top - 1].row == nil { top -= 1 }
        // A rule between days goes with the row below it.
        let first = selected > 0 && lines[selected - 1].row == nil && height > 1 ? selected - 1 : selected
        top = min(top, first)
        top = max(top, selected - height + 1)
        top = isFollowing ? lines.count - height : min(top, lines.count - height)
        top = max(0, top)

        visible = Array(lines[top..<min(lines.count, top + height)])
        topIsDay = visible.first?.row == nil
        topRow = visible.lazy.compactMap(\.row).first?.id
        selectedLine = selected - top
    }
}
