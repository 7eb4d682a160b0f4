import History

/// The rows that are held, the selected one, and which part of them is seen.
///
/// Holds what it shows and a margin, whatever the length of the history. The selection is a row's id: it stays on its
/// row while others arrive.
struct RowList {
    private(set) var window = RowWindow()
    /// How wide the texts of the rows held are, in each of the views.
    private(set) var eventWidths = EventsScreen.widths(of: [])
    private(set) var sheetWidths = TableScreen.widths(of: [])
    private(set) var selection: Int64?
    /// Whether the newest row is selected as it arrives.
    private(set) var isFollowing = true
    /// The newest row there was when following ended.
    private(set) var newestWhenLeft: Int64 = 0
    /// What is seen of the rows, from top to bottom.
    private(set) var visible: [RowLine] = []
    var reading = RowReading()

    /// How far the list reaches over the selection on both sides: three screens.
    private var margin: Int { max(10, height * 3) }
    private var height = 0
    private var topRow: Int64?
    private var topIsDay = false

    var selectedIndex: Int? {
        selection.flatMap { index(of: $0) }
    }

    var selectedRow: EventRow? {
        selectedIndex.map { window.rows[$0] }
    }

    private func index(of id: Int64) -> Int? {
        // The ids rise, so the row is found by halving.
        var (low, high) = (0, window.rows.count)
        while low < high {
            let middle = (low + high) / 2
            if window.rows[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < window.rows.count && window.rows[low].id == id ? low : nil
    }
}

// What the user does.
extension RowList {
    /// Moves the selection up or down; up ends the following.
    mutating func move(by distance: Int, latest: Int64) {
        guard let index = selectedIndex else { return }
        let target = min(max(0, index + distance), window.rows.count - 1)
        if distance < 0 { stopFollowing(latest: latest) }
        selection = window.rows[target].id
    }

    mutating func moveToOldest(latest: Int64) {
        stopFollowing(latest: latest)
        if window.hasOlder {
            reading.goes(to: .oldest)
        } else {
            selection = window.rows.first?.id
        }
    }

    /// Selects the newest row, and each newer one as it arrives.
    mutating func follow() {
        guard !isFollowing else { return }
        isFollowing = true
        reading.goes(to: nil)
        if !window.hasNewer { selection = window.rows.last?.id }
    }

    mutating func stopFollowing(latest: Int64) {
        guard isFollowing else { return }
        isFollowing = false
        newestWhenLeft = max(latest, window.rows.last?.id ?? 0)
        reading.goes(to: nil)
    }
}

// What is read.
extension RowList {
    /// The rows to read next; nil while an answer is awaited or enough is held.
    mutating func request(_ change: HistoryChange, at now: ContinuousClock.Instant) -> RowReading.Ticket? {
        if let last = window.rows.last?.id, last < change.latestRow { window.hasNewer = true }
        return reading.take(wanted(change), change, at: now)
    }

    private func wanted(_ change: HistoryChange) -> (request: RowRequest, isUrgent: Bool)? {
        if reading.destination == .oldest {
            return (RowRequest(.oldest, before: 0, after: margin), true)
        }
        guard change.latestRow > 0 || !window.rows.isEmpty else { return nil }
        if isFollowing || selection == nil {
            let isFar = window.rows.isEmpty || (window.hasOlder && window.rows.count < margin)
            guard isFar || window.hasNewer || reading.isOutdated(change) else { return nil }
            return (RowRequest(.newest, before: margin, after: 0), isFar)
        }
        guard let selection, let index = selectedIndex else { return nil }
        let isAtEdge =
            (index < height && window.hasOlder) || (window.rows.count - 1 - index < height && window.hasNewer)
        guard isAtEdge || reading.isOutdated(change) else { return nil }
        return (RowRequest(.row(selection), before: margin, after: margin), isAtEdge)
    }

    /// Takes rows that were read, unless they were read for something else than what is wanted now.
    mutating func take(_ answer: RowWindow, generation: Int) {
        guard let request = reading.finish(generation) else { return }
        window = answer
        eventWidths = EventsScreen.widths(of: answer.rows)
        sheetWidths = TableScreen.widths(of: answer.rows)
        if reading.destination == .oldest, request.anchor == .oldest {
            selection = window.rows.first?.id
            reading.arrived()
        } else if isFollowing {
            selection = window.rows.last?.id
        } else if selectedIndex == nil, let lost = selection {
            // The row is gone: the next older one takes its place.
            selection = (window.rows.last { $0.id < lost } ?? window.rows.first)?.id
        } else if selection == nil {
            selection = window.rows.last?.id
        }
    }
}

extension RowList {
    /// Nothing came of a question. It is asked again once something has changed.
    mutating func readingFailed(generation: Int) {
        _ = reading.finish(generation)
    }
}

// What is seen.
extension RowList {
    /// Chooses the part that is seen, so that the selection is within it and no line stays empty without need.
    mutating func settle(height: Int, days clock: WallClock?) {
        self.height = height
        let lines = RowLine.lines(for: window.rows, days: clock)
        guard height > 0, !lines.isEmpty else {
            visible = []
            return
        }
        let selected = lines.firstIndex { $0.row?.id == selection } ?? lines.count - 1
        var top = lines.firstIndex { ($0.row?.id ?? 0) >= (topRow ?? .max) } ?? lines.count
        if topIsDay, top > 0, lines[top - 1].row == nil { top -= 1 }
        // A rule between days goes with the row below it.
        let first = selected > 0 && lines[selected - 1].row == nil && height > 1 ? selected - 1 : selected
        top = min(top, first)
        top = max(top, selected - height + 1)
        top = isFollowing ? lines.count - height : min(top, lines.count - height)
        top = max(0, top)

        visible = Array(lines[top..<min(lines.count, top + height)])
        topIsDay = visible.first?.row == nil
        topRow = visible.lazy.compactMap(\.row).first?.id
    }
}
