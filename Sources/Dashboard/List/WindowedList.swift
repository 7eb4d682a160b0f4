import Base
import History
import Notifications

/// A list of any length that keeps only the rows near the selection. The newest row is the last one.
///
/// The selection is the id of a row, so it stays on that row while rows arrive and while the list is filtered. Answers
/// to outdated questions are dropped.
struct WindowedList<Row: WindowedRow> {
    private(set) var window = ListWindow<Row>()
    private(set) var selection: Row.ID?
    /// Whether the newest row is selected whenever one arrives.
    private(set) var isFollowing = true
    /// The lines on the screen, from top to bottom.
    private(set) var visible: [WindowedLine<Row>] = []
    private(set) var reading = ListReading<Row.ID>()

    /// Whether the rows are sorted, rather than in order of arrival.
    private(set) var isSorted = false
    /// The newest row that is shown while the screen is frozen; nil if it is not frozen.
    private(set) var limit: Row.ID?
    /// Whether the rows in the window belong to the previous list, because those of the current one have not been read
    /// yet.
    private(set) var isStale = false
    /// The row to select again as soon as it is found.
    private var home: Row.ID?
    /// The extent of the list at the time when following ended.
    private var left: ListExtent?

    /// The number of rows that are read on each side of the selection: three screens of rows.
    private var margin: Int { max(10, height * 3) }
    private(set) var height = 0
    private var topRow: Row.ID?
    private var topIsDay = false
    /// The line of the selection in the last frame, counted from the top.
    private(set) var selectedLine = 0
    /// The line on which the selection stays until the user moves it, even if the rows around it change.
    private var pinnedLine: Int?

    var selectedIndex: Int? { selection.flatMap(index(of:)) }

    var selectedRow: Row? { selectedIndex.map { window.rows[$0] } }

    /// The rows on the screen.
    var visibleRows: [Row] { visible.compactMap(\.row) }

    /// Returns the index of a row in the window. The window has a few hundred rows at most.
    func index(of id: Row.ID) -> Int? { window.rows.firstIndex { $0.id == id } }

    /// Returns the id of the row on a line of the screen; nil if the line has no row.
    func id(atLine line: Int) -> Row.ID? { visible.indices.contains(line) ? visible[line].row?.id : nil }

    // MARK: - Moving

    /// Moves the selection. Moving up stops following.
    mutating func move(_ motion: Motion, in extent: ListExtent) {
        let page = max(1, height - 1)
        switch motion {
        case .up: move(by: -1, in: extent)
        case .down: move(by: 1, in: extent)
        case .pageUp: move(by: -page, in: extent)
        case .pageDown: move(by: page, in: extent)
        case .halfPageUp: move(by: -max(1, page / 2), in: extent)
        case .halfPageDown: move(by: max(1, page / 2), in: extent)
        case .toStart: moveToStart(in: extent)
        case .toEnd: moveToEnd()
        }
    }

    private mutating func move(by distance: Int, in extent: ListExtent) {
        guard let index = selectedIndex else { return }
        if reading.destination == .oldest { reading.goes(to: nil) }
        let target = min(max(0, index + distance), window.rows.count - 1)
        if distance < 0 { stopFollowing(extent) }
        leaveHome()
        selection = window.rows[target].id
    }

    private mutating func moveToStart(in extent: ListExtent) {
        stopFollowing(extent)
        leaveHome()
        if window.hasOlder {
            reading.goes(to: .oldest)
        } else {
            selection = window.rows.first?.id ?? selection
        }
    }

    /// Moves to the last row and, unless the list is sorted, follows the newest one.
    private mutating func moveToEnd() {
        leaveHome()
        guard isSorted else { return follow() }
        if window.hasNewer {
            reading.goes(to: .newest)
        } else {
            selection = window.rows.last?.id ?? selection
        }
    }

    /// Selects a row anywhere in the list.
    mutating func go(to id: Row.ID, in extent: ListExtent) {
        stopFollowing(extent)
        leaveHome()
        if index(of: id) != nil, !isStale {
            if reading.destination != nil { reading.goes(to: nil) }
            selection = id
        } else {
            reading.goes(to: .row(id))
        }
    }

    /// Scrolls by a number of lines: down if positive, up if negative. The selection moves only if it would leave the screen.
    mutating func scroll(by lines: Int, in extent: ListExtent) {
        guard let first = topRow.flatMap(index(of:)), let selected = selectedIndex, !isStale else { return }
        // Day separators also occupy lines.
        let shown = height - visible.count { $0.row == nil }
        let top = max(0, min(first + lines, window.rows.count - shown))
        guard top != first else { return }
        stopFollowing(extent)
        leaveHome()
        if reading.destination != nil { reading.goes(to: nil) }
        (topRow, topIsDay) = (window.rows[top].id, false)
        selection = window.rows[min(max(selected, top), top + height - 1, window.rows.count - 1)].id
    }

    /// Selects the newest row, now and whenever one arrives.
    mutating func follow() {
        guard !isFollowing, !isSorted else { return }
        isFollowing = true
        leaveHome()
        left = nil
        reading.goes(to: nil)
        if !window.hasNewer { selection = window.rows.last?.id }
    }

    mutating func stopFollowing(_ extent: ListExtent) {
        guard isFollowing else { return }
        isFollowing = false
        left = extent
        left?.latest = extent.latest.map { max($0, window.rows.last?.number ?? 0) }
        reading.goes(to: nil)
    }

    /// Starts following the newest row, or stops.
    mutating func followOrNot(_ extent: ListExtent) {
        if isFollowing { stopFollowing(extent) } else { follow() }
    }

    /// Selects a row that was selected before, and shows it on its previous line.
    mutating func goBack(to row: Row.ID, at line: Int, in extent: ListExtent) {
        go(to: row, in: extent)
        pinnedLine = line
    }

    private mutating func leaveHome() {
        home = nil
        pinnedLine = nil
    }

    /// Returns the number of rows that have arrived since following ended; nil if unknown.
    func arrivals(_ extent: ListExtent) -> Int? {
        guard let left else { return nil }
        guard let matched = extent.matched else {
            guard let now = extent.latest, let then = left.latest else { return nil }
            return max(0, Int(now - then))
        }
        guard left.isComplete, let before = left.matched else { return nil }
        return max(0, matched - before)
    }

    // MARK: - Changing the list

    /// Switches to another filter or order.
    ///
    /// - Parameter fromStart: Whether to select the first row instead of keeping the selection.
    mutating func restart(isSorted: Bool, fromStart: Bool, _ extent: ListExtent) {
        if isSorted { stopFollowing(extent) }
        self.isSorted = isSorted
        home = isFollowing || fromStart ? nil : home ?? selection
        left = isFollowing ? nil : ListExtent(latest: extent.latest, isComplete: false)
        pinnedLine = fromStart ? nil : pinnedLine ?? selectedLine
        isStale = true
        reading.goes(to: fromStart ? .oldest : nil)
    }

    /// Shows a complete list of rows.
    mutating func show(all rows: [Row]) {
        window = ListWindow(rows: rows, first: 1)
        isFollowing = false
        if selectedIndex == nil { selection = rows.first?.id }
    }

    /// Shows no row newer than this one or, if nil, all rows again.
    mutating func freeze(at row: Row.ID?) {
        guard row != limit else { return }
        limit = row
        reading.goes(to: nil)
    }

    /// Stores the number of rows at the time when following ended, once all rows have been searched.
    private mutating func note(_ extent: ListExtent) {
        guard let left, !left.isComplete, extent.isComplete else { return }
        self.left = extent
        self.left?.latest = left.latest
    }

    // MARK: - Lines on the screen

    /// Chooses the lines on the screen so that the selection is visible and no line stays empty unnecessarily.
    ///
    /// - Parameter clock: The clock that decides where a day separator is drawn; nil for no separators.
    mutating func settle(height: Int, days clock: WallClock?) {
        self.height = height
        let lines = WindowedLine.lines(for: window.rows, days: isSorted ? nil : clock)
        guard height > 0, !lines.isEmpty else {
            visible = []
            return
        }
        let selected = lines.firstIndex { $0.row?.id == selection } ?? lines.count - 1
        // If the row at the top no longer exists, keep the selection on its line.
        let topIndex = pinnedLine == nil ? topRow.flatMap { id in lines.firstIndex { $0.row?.id == id } } : nil
        var top = topIndex ?? max(0, selected - (pinnedLine ?? selectedLine))
        if topIsDay, topIndex != nil, top > 0, lines[top - 1].row == nil { top -= 1 }
        // A day separator stays together with the row below it.
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

    // MARK: - Reading

    /// Returns the next request; nil while an answer is outstanding or the window has enough rows.
    mutating func request(_ extent: ListExtent, at now: ContinuousClock.Instant) -> WindowRequest<Row.ID>? {
        note(extent)
        if extent.matched == nil, let last = window.rows.last?.number, let latest = extent.latest, last < latest {
            window.hasNewer = true
        }
        return reading.request(wanted(extent), extent, at: now)
    }

    /// Returns whether an answer is outstanding or a request is due. A request that failed is not counted.
    func awaits(_ extent: ListExtent) -> Bool { reading.awaits(wanted(extent)?.request, extent) }

    /// Returns whether the window was read after all rows, or as many as now, had been found.
    func isRead(_ extent: ListExtent) -> Bool {
        guard !isStale, let read = reading.extentRead else { return false }
        return read.isComplete || read.matched == extent.matched
    }

    private func wanted(_ extent: ListExtent) -> (request: WindowRequest<Row.ID>, isUrgent: Bool)? {
        let around = { (anchor: WindowRequest<Row.ID>.Anchor) in
            WindowRequest(anchor, before: margin, after: margin)
        }
        let end = WindowRequest(end, before: margin, after: 0)
        switch reading.destination {
        case .oldest: return (WindowRequest(.oldest, before: 0, after: margin), true)
        case .newest: return (WindowRequest(.newest, before: margin, after: 0), true)
        case .row(let id): return (around(.row(id)), true)
        case nil: break
        }
        guard extent.latest ?? 1 > 0 || !window.rows.isEmpty else { return nil }
        let (isOutdated, hasFoundMore) = (reading.isOutdated(extent), reading.hasFoundMore(extent))
        if isFollowing || selection == nil {
            let isShort = window.hasOlder && window.rows.count < margin
            let isFar = isStale || window.rows.isEmpty && reading.extentRead == nil || isShort
            guard isFar || window.rows.isEmpty || window.hasNewer || isOutdated || hasFoundMore else { return nil }
            return (end, isFar || window.rows.isEmpty)
        }
        guard let selection = home ?? selection else { return nil }
        guard let index = selectedIndex, !isStale else { return (around(.row(selection)), true) }
        let isNearStart = index < height
        let isNearEnd = window.rows.count - 1 - index < height
        let isAtEdge = (isNearStart && window.hasOlder) || (isNearEnd && window.hasNewer)
        let isTouched = hasFoundMore && (isSorted || home != nil || isNearStart || isNearEnd)
        guard isAtEdge || isOutdated || isTouched else { return nil }
        return (around(.row(selection)), isAtEdge)
    }

    /// The position to read when following: the newest row, or the last one shown while the screen is frozen.
    private var end: WindowRequest<Row.ID>.Anchor { isSorted ? .newest : limit.map { .row($0) } ?? .newest }

    /// Applies the answer to the last request.
    ///
    /// - Returns: False if the answer is no longer wanted and was dropped.
    @discardableResult
    mutating func apply(_ answer: ListWindow<Row>) -> Bool {
        let place = selectedIndex ?? 0
        guard let request = reading.finish() else { return false }
        let isAllFound = reading.extentRead?.isComplete ?? true
        isStale = false
        window = limit.map { answer.limited(to: $0) } ?? answer
        if let destination = reading.destination, request.anchor == destination {
            switch destination {
            case .oldest: selection = window.rows.first?.id
            case .newest: selection = window.rows.last?.id
            case .row(let id): selection = index(of: id) == nil ? neighbour(of: id, at: place) : id
            }
            // While rows are still being found, more may appear before the first one.
            if destination != .oldest || isAllFound && !window.rows.isEmpty { reading.arrived() }
        } else if isFollowing || selection == nil {
            selection = window.rows.last?.id
        } else if let home, index(of: home) != nil {
            selection = home
        } else if selectedIndex == nil, let lost = home ?? selection {
            selection = neighbour(of: lost, at: place) ?? lost
        }
        if isAllFound { home = nil }
        return true
    }

    /// Returns the row to select in place of one that no longer exists: the next older row or, in a sorted list, the
    /// row at its position.
    private func neighbour(of lost: Row.ID, at place: Int) -> Row.ID? {
        guard !window.rows.isEmpty else { return nil }
        if isSorted { return window.rows[min(place, window.rows.count - 1)].id }
        return (window.rows.last { Row.isOlder($0.id, than: lost) } ?? window.rows.first)?.id
    }

    /// Ends a request that failed. It is repeated only after the list has changed.
    mutating func readingFailed() {
        _ = reading.finish()
    }

    // MARK: - Position in the list

    /// The number of rows in the window before the first one on the screen.
    var rowsAboveScreen: Int { topRow.flatMap(index(of:)) ?? 0 }
}

// MARK: - Rows and windows

/// A row of a list that is read in windows.
protocol WindowedRow: Identifiable, Hashable, Sendable where ID: Hashable & Sendable {
    /// The time that decides on which day the row belongs; nil if unknown.
    var moment: Timestamp? { get }
    /// The row's number, which increases with every arrival and is used to count arrivals. 0 if rows have no numbers.
    var number: Int64 { get }

    /// Returns whether a row arrived before another one, according to their ids.
    static func isOlder(_ one: ID, than other: ID) -> Bool
}

extension WindowedRow where ID: Comparable {
    static func isOlder(_ one: ID, than other: ID) -> Bool { one < other }
}

extension EventRow: WindowedRow {
    var moment: Timestamp? { receivedAt }
    var number: Int64 { id }
}

extension ListWindow where Row: WindowedRow {
    /// Returns a copy without the rows that are newer than the given one.
    fileprivate func limited(to row: Row.ID) -> ListWindow {
        guard rows.contains(where: { Row.isOlder(row, than: $0.id) }) else { return self }
        return ListWindow(
            rows: rows.filter { !Row.isOlder(row, than: $0.id) }, hasOlder: hasOlder, hasNewer: false, first: first)
    }
}

/// A line of a list: a row, or the separator between two days.
enum WindowedLine<Row: WindowedRow>: Hashable {
    case row(Row)
    /// A separator with the day that begins below it.
    case day(CalendarTime)

    var row: Row? {
        if case .row(let row) = self { row } else { nil }
    }

    /// Returns the lines of these rows, with a separator wherever the date changes.
    ///
    /// - Parameter clock: The clock that gives the date; nil for no separators.
    static func lines(for rows: [Row], days clock: WallClock?) -> [Self] {
        guard let clock else { return rows.map(Self.row) }
        var lines: [Self] = []
        lines.reserveCapacity(rows.count + 2)
        var last: CalendarTime?
        for row in rows {
            let time = row.moment.flatMap(clock.time)
            if let last, let time, !time.isSameDay(as: last) { lines.append(.day(time)) }
            lines.append(.row(row))
            last = time ?? last
        }
        return lines
    }
}

// MARK: - Extent

/// The known extent of a list. A change of it shows whether the rows in the window may be outdated.
struct ListExtent: Hashable {
    /// The number of the newest row, whether listed or not; nil if rows have no numbers.
    var latest: Int64?
    /// A number that increases whenever recorded rows may have changed.
    var revision = 0
    /// A number that changes with data that belongs to the rows, such as the states of actions.
    var marks: Int64 = 0
    /// The number of rows found so far; nil if all rows are listed in order of arrival.
    var matched: Int?
    /// Whether all rows have been searched.
    var isComplete = true
}

extension ListExtent {
    /// Creates the extent of the list of events. Without `matched`, it is the extent of all rows in order of arrival.
    init(_ change: HistoryChange, matched: Int? = nil, isComplete: Bool = true) {
        self.init(
            latest: change.latestRow, revision: change.revision, marks: change.outbox, matched: matched,
            isComplete: isComplete)
    }
}

// MARK: - Reading pace

/// The minimum time between two frames.
enum ListPace {
    static let frame = Duration.milliseconds(33)
}

/// The state of reading rows. A request that is due to new deliveries waits for the answer to the one before, and for
/// the next frame. A request that is due to a key press does not wait, and replaces the one before.
struct ListReading<ID: Hashable & Sendable> {
    typealias Request = WindowRequest<ID>

    /// The position that the user has asked for, if it is outside the window.
    private(set) var destination: Request.Anchor?
    /// The time at which a postponed request is due.
    private(set) var deadline: ContinuousClock.Instant?
    /// The extent of the list at the time when the window was requested.
    private(set) var extentRead: ListExtent?

    /// Whether the answer to the last request is awaited.
    private var isOutstanding = false
    private var lastRead: ContinuousClock.Instant?
    /// The last request and the extent of the list at that time, so that the same request is not repeated.
    private var asked: (request: Request, extent: ListExtent)?

    /// Returns whether rows in the window may have changed since they were requested.
    func isOutdated(_ extent: ListExtent) -> Bool {
        extentRead.map { $0.revision != extent.revision || $0.marks != extent.marks } ?? false
    }

    /// Returns whether the number of matching rows has changed since the window was requested.
    func hasFoundMore(_ extent: ListExtent) -> Bool {
        extentRead.map { $0.matched != extent.matched } ?? false
    }

    /// Sets the position that the user asks for. An outstanding answer will be dropped.
    mutating func goes(to destination: Request.Anchor?) {
        self.destination = destination
        isOutstanding = false
        asked = nil
    }

    mutating func arrived() {
        destination = nil
    }

    /// Returns whether an answer is outstanding or a request is due.
    func awaits(_ wanted: Request?, _ extent: ListExtent) -> Bool {
        if isOutstanding { return true }
        return wanted.map { asked?.request != $0 || asked?.extent != extent } ?? false
    }

    /// Returns the request to send now, if any.
    mutating func request(
        _ wanted: (request: Request, isUrgent: Bool)?, _ extent: ListExtent, at now: ContinuousClock.Instant
    ) -> Request? {
        deadline = nil
        guard let wanted, !isOutstanding else { return nil }
        if let asked, asked.request == wanted.request, asked.extent == extent { return nil }
        // A request different from the last one is due to a key press; the same request is repeated because of new
        // rows.
        let isUrgent = asked.map { wanted.isUrgent && $0.request != wanted.request } ?? true
        if !isUrgent, let lastRead, now < lastRead + ListPace.frame {
            deadline = lastRead + ListPace.frame
            return nil
        }
        isOutstanding = true
        asked = (wanted.request, extent)
        lastRead = now
        return wanted.request
    }

    /// Ends the outstanding request.
    ///
    /// - Returns: The request, or nil if its answer is no longer wanted.
    mutating func finish() -> Request? {
        guard isOutstanding, let asked else { return nil }
        isOutstanding = false
        extentRead = asked.extent
        return asked.request
    }
}
