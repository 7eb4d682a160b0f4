import History
import Notifications

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

    // MARK: - What the user does

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

    // MARK: - What is listed

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

    // MARK: - What is seen

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

    // MARK: - What is read

    /// The rows to read next; nil while an answer is awaited or enough is held.
    mutating func request(_ extent: ListExtent, at now: ContinuousClock.Instant) -> RowReading.Ticket? {
        note(extent)
        if extent.matched == nil, let last = window.rows.last?.id, last < extent.latestRow { window.hasNewer = true }
        return reading.take(wanted(extent), extent, at: now)
    }

    /// Whether rows are still to come for what there is to list. What could not be read is not awaited.
    func awaits(_ extent: ListExtent) -> Bool { reading.awaits(wanted(extent)?.request, extent) }

    /// Whether the rows held are those of all that was found, at one moment at least.
    func isRead(_ extent: ListExtent) -> Bool {
        guard !isStale, let read = reading.extentRead else { return false }
        return read.isComplete || read.matched == extent.matched
    }

    private func wanted(_ extent: ListExtent) -> (request: RowRequest, isUrgent: Bool)? {
        switch reading.destination {
        case .oldest: return (RowRequest(.oldest, before: 0, after: margin), true)
        case .newest: return (RowRequest(.newest, before: margin, after: 0), true)
        case .row(let id): return (RowRequest(.row(id), before: margin, after: margin), true)
        case nil: break
        }
        guard extent.latestRow > 0 || !window.rows.isEmpty else { return nil }
        let (isOutdated, hasFoundMore) = (reading.isOutdated(extent), reading.hasFoundMore(extent))
        if isFollowing || selection == nil {
            let isFar = isStale || window.rows.isEmpty || (window.hasOlder && window.rows.count < margin)
            guard isFar || window.hasNewer || isOutdated || hasFoundMore else { return nil }
            return (RowRequest(end, before: margin, after: 0), isFar)
        }
        guard let selection = home ?? selection else { return nil }
        guard let index = selectedIndex, !isStale else {
            return (RowRequest(.row(selection), before: margin, after: margin), true)
        }
        let isNearStart = index < height
        let isNearEnd = window.rows.count - 1 - index < height
        let isAtEdge = (isNearStart && window.hasOlder) || (isNearEnd && window.hasNewer)
        let isTouched = hasFoundMore && (isSorted || home != nil || isNearStart || isNearEnd)
        guard isAtEdge || isOutdated || isTouched else { return nil }
        return (RowRequest(.row(selection), before: margin, after: margin), isAtEdge)
    }

    /// Where the list ends: with the newest row, unless the screen is frozen.
    private var end: RowRequest.Anchor { isSorted ? .newest : limit.map { .row($0) } ?? .newest }

    /// Takes rows that were read, unless they were read for something else than what is wanted now.
    mutating func take(_ answer: RowWindow, generation: Int) {
        let place = selectedIndex ?? 0
        guard let request = reading.finish(generation) else { return }
        let isAllFound = reading.extentRead?.isComplete ?? true
        isStale = false
        window = limit.map { answer.limited(to: $0) } ?? answer
        measure()
        if let destination = reading.destination, request.anchor == destination {
            switch destination {
            case .oldest: selection = window.rows.first?.id
            case .newest: selection = window.rows.last?.id
            case .row(let id): selection = index(of: id) == nil ? neighbour(of: id, at: place) : id
            }
            // While rows are still being found, others may come to stand at the start.
            if destination != .oldest || isAllFound && !window.rows.isEmpty { reading.arrived() }
        } else if isFollowing || selection == nil {
            selection = window.rows.last?.id
        } else if let home, index(of: home) != nil {
            selection = home
        } else if selectedIndex == nil, let lost = home ?? selection {
            selection = neighbour(of: lost, at: place) ?? lost
        }
        if isAllFound { home = nil }
    }

    /// Who takes the place of a row that is gone: the next older one, or who stands where it stood.
    private func neighbour(of lost: Int64, at place: Int) -> Int64? {
        guard !window.rows.isEmpty else { return nil }
        if isSorted { return window.rows[min(place, window.rows.count - 1)].id }
        return (window.rows.last { $0.id < lost } ?? window.rows.first)?.id
    }

    /// Nothing came of a question. It is asked again once something has changed.
    mutating func readingFailed(generation: Int) {
        _ = reading.finish(generation)
    }
}

extension RowWindow {
    /// Without the rows that are newer than this one.
    fileprivate func limited(to row: Int64) -> RowWindow {
        guard rows.contains(where: { $0.id > row }) else { return self }
        return RowWindow(rows: rows.filter { $0.id <= row }, hasOlder: hasOlder, hasNewer: false)
    }
}

// MARK: - The reading

/// The rhythm of reading rows: one question at a time, and no more of them than frames.
///
/// However fast deliveries arrive, what the newest changes ask for waits for the next frame; what a key asks for does
/// not.
struct RowReading {
    /// The time from one frame to the next.
    static let frame = Duration.milliseconds(33)

    /// A question on its way.
    struct Ticket: Hashable {
        let request: RowRequest
        let generation: Int
    }

    /// Where the user wants to be, if elsewhere than in the rows held.
    private(set) var destination: RowRequest.Anchor?
    /// When a postponed question will be asked.
    private(set) var deadline: ContinuousClock.Instant?
    /// What there was to list when the rows held were asked for.
    private(set) var extentRead: ListExtent?

    private var generation = 0
    private var outstanding: Ticket?
    private var lastRead: ContinuousClock.Instant?
    /// What was asked last, and of which state of the list: not to be asked again.
    private var asked: (request: RowRequest, extent: ListExtent)?

    /// Whether rows held may read differently by now.
    func isOutdated(_ extent: ListExtent) -> Bool {
        extentRead.map { $0.revision != extent.revision || $0.outbox != extent.outbox } ?? false
    }

    /// Whether rows were found, or lost, since those held were asked for.
    func hasFoundMore(_ extent: ListExtent) -> Bool {
        extentRead.map { $0.matched != extent.matched } ?? false
    }

    /// The user wants something else now: an answer on its way is to be dropped.
    mutating func goes(to destination: RowRequest.Anchor?) {
        self.destination = destination
        generation += 1
        asked = nil
    }

    mutating func arrived() {
        destination = nil
    }

    /// Whether an answer is on its way, or something is still to be asked.
    func awaits(_ wanted: RowRequest?, _ extent: ListExtent) -> Bool {
        if outstanding != nil { return true }
        return wanted.map { asked?.request != $0 || asked?.extent != extent } ?? false
    }

    /// What to ask now.
    mutating func take(
        _ wanted: (request: RowRequest, isUrgent: Bool)?, _ extent: ListExtent, at now: ContinuousClock.Instant
    ) -> Ticket? {
        deadline = nil
        guard let wanted, outstanding == nil else { return nil }
        if let asked, asked.request == wanted.request, asked.extent == extent { return nil }
        // What was never asked before is what a key has asked for; the same again is what was found since.
        let isUrgent = asked.map { wanted.isUrgent && $0.request != wanted.request } ?? true
        if !isUrgent, let lastRead, now < lastRead + Self.frame {
            deadline = lastRead + Self.frame
            return nil
        }
        let ticket = Ticket(request: wanted.request, generation: generation)
        outstanding = ticket
        asked = (wanted.request, extent)
        lastRead = now
        return ticket
    }

    /// Ends what was asked.
    ///
    /// - Returns: The question, or nil where the answer is stale.
    mutating func finish(_ generation: Int) -> RowRequest? {
        guard let ticket = outstanding, ticket.generation == generation else { return nil }
        outstanding = nil
        guard generation == self.generation else { return nil }
        extentRead = asked?.extent
        return ticket.request
    }
}

// MARK: - Lines

/// One line of a list: a row, or the rule between two days.
enum RowLine: Hashable {
    case row(EventRow)
    /// The day that begins below.
    case day(CalendarTime)

    var row: EventRow? {
        if case .row(let row) = self { row } else { nil }
    }

    /// The lines for these rows, with a rule wherever the date changes between two.
    ///
    /// - Parameter clock: What tells the date; nil for no rules.
    static func lines(for rows: [EventRow], days clock: WallClock?) -> [RowLine] {
        guard let clock else { return rows.map(RowLine.row) }
        var lines: [RowLine] = []
        lines.reserveCapacity(rows.count + 2)
        var last: CalendarTime?
        for row in rows {
            let time = clock.time(row.receivedAt)
            if let last, let time, !time.isSameDay(as: last) { lines.append(.day(time)) }
            lines.append(.row(row))
            last = time
        }
        return lines
    }
}
