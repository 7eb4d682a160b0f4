import Base
import History
import Notifications

/// A list that keeps the rows it shows and a margin, whatever its length; the newest row is the last one.
///
/// The selection is a row's id: it stays on its row while others arrive, and while other rows are listed. Answers to what
/// is no longer asked are dropped.
struct WindowedList<Row: WindowedRow> {
    private(set) var window = WindowAnswer<Row>()
    private(set) var selection: Row.ID?
    /// Whether the newest row is selected as it arrives.
    private(set) var isFollowing = true
    /// The lines on the screen, from top to bottom.
    private(set) var visible: [WindowedLine<Row>] = []
    private(set) var reading = ListReading<Row.ID>()

    /// Whether the rows are in another order than that of arrival.
    private(set) var isSorted = false
    /// The newest row shown while the screen is frozen.
    private(set) var limit: Row.ID?
    /// Whether the rows in the window are those of another list than the one that is shown now.
    private(set) var isStale = false
    /// The row to select again once it is found.
    private var home: Row.ID?
    /// The extent of the list when following ended.
    private var left: ListExtent?

    /// The number of rows that are read on each side of the selection: three screens.
    private var margin: Int { max(10, height * 3) }
    private(set) var height = 0
    private var topRow: Row.ID?
    private var topIsDay = false
    /// The line of the selection, counted from the top, when it was drawn last.
    private(set) var selectedLine = 0
    /// The line that the selection keeps as long as the user does not move it: other rows are listed around it.
    private var pinnedLine: Int?

    var selectedIndex: Int? { selection.flatMap(index(of:)) }

    var selectedRow: Row? { selectedIndex.map { window.rows[$0] } }

    /// The rows on the screen.
    var visibleRows: [Row] { visible.compactMap(\.row) }

    /// Returns the index of a row in the window, which has a few hundred at most.
    func index(of id: Row.ID) -> Int? { window.rows.firstIndex { $0.id == id } }

    /// Returns the id of the row in a line of the screen; nil where the line has none.
    func id(atLine line: Int) -> Row.ID? { visible.indices.contains(line) ? visible[line].row?.id : nil }

    // MARK: - Moving

    /// Moves the selection; up ends the following.
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

    /// Moves to the last row; where rows are in the order of arrival, follows the newest.
    private mutating func moveToEnd() {
        leaveHome()
        guard isSorted else { return follow() }
        if window.hasNewer {
            reading.goes(to: .newest)
        } else {
            selection = window.rows.last?.id ?? selection
        }
    }

    /// Selects a row of the list, wherever it is.
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

    /// Scrolls by lines, down or up; the selection moves along at the edge.
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

    mutating func stopFollowing(_ extent: ListExtent) {
        guard isFollowing else { return }
        isFollowing = false
        left = extent
        left?.latest = extent.latest.map { max($0, window.rows.last?.number ?? 0) }
        reading.goes(to: nil)
    }

    /// Follows the newest row, or stops.
    mutating func followOrNot(_ extent: ListExtent) {
        if isFollowing { stopFollowing(extent) } else { follow() }
    }

    /// Selects a row again that was selected, on the line where it was.
    mutating func goBack(to row: Row.ID, at line: Int, in extent: ListExtent) {
        go(to: row, in: extent)
        pinnedLine = line
    }

    private mutating func leaveHome() {
        home = nil
        pinnedLine = nil
    }

    /// Returns the number of rows that have arrived since following ended; nil where it is not known.
    func arrivals(_ extent: ListExtent) -> Int? {
        guard let left else { return nil }
        guard let matched = extent.matched else {
            guard let now = extent.latest, let then = left.latest else { return nil }
            return max(0, Int(now - then))
        }
        guard left.isComplete, let before = left.matched else { return nil }
        return max(0, matched - before)
    }

    // MARK: - Listing other rows

    /// Lists other rows from now on, or the same in another order.
    ///
    /// - Parameter fromStart: Whether the first of them is to be selected rather than the row that is.
    mutating func restart(isSorted: Bool, fromStart: Bool, _ extent: ListExtent) {
        if isSorted { stopFollowing(extent) }
        self.isSorted = isSorted
        home = isFollowing || fromStart ? nil : home ?? selection
        left = isFollowing ? nil : ListExtent(latest: extent.latest, isComplete: false)
        pinnedLine = fromStart ? nil : pinnedLine ?? selectedLine
        isStale = true
        reading.goes(to: fromStart ? .oldest : nil)
    }

    /// Lists other rows, from the newest; what was asked for those before is dropped.
    mutating func startAnew() {
        var reading = reading
        reading.startAnew()
        self = WindowedList()
        self.reading = reading
    }

    /// Shows rows that are all there are.
    mutating func show(all rows: [Row]) {
        window = WindowAnswer(rows: rows, first: 1)
        isFollowing = false
        if selectedIndex == nil { selection = rows.first?.id }
    }

    /// Shows nothing newer than this row, or everything again.
    mutating func freeze(at row: Row.ID?) {
        guard row != limit else { return }
        limit = row
        reading.goes(to: nil)
    }

    /// Takes note of the number of rows at the time when following ended, once all were looked at.
    private mutating func note(_ extent: ListExtent) {
        guard let left, !left.isComplete, extent.isComplete else { return }
        self.left = extent
        self.left?.latest = left.latest
    }

    // MARK: - The lines on the screen

    /// Chooses the lines on the screen, so that the selection is among them and no line stays empty without need.
    ///
    /// - Parameter clock: The clock of the rules between days; nil for no rules.
    mutating func settle(height: Int, days clock: WallClock?) {
        self.height = height
        let lines = WindowedLine.lines(for: window.rows, days: isSorted ? nil : clock)
        guard height > 0, !lines.isEmpty else {
            visible = []
            return
        }
        let selected = lines.firstIndex { $0.row?.id == selection } ?? lines.count - 1
        // Where the row at the top is gone, the selection at least keeps its line.
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

    // MARK: - Reading

    /// Returns the next request; nil while an answer is awaited or the window has enough.
    mutating func request(_ extent: ListExtent, at now: ContinuousClock.Instant) -> WindowTicket<Row.ID>? {
        note(extent)
        if extent.matched == nil, let last = window.rows.last?.number, let latest = extent.latest, last < latest {
            window.hasNewer = true
        }
        return reading.request(wanted(extent), extent, at: now)
    }

    /// Returns whether rows are still to arrive. What could not be read is not awaited.
    func awaits(_ extent: ListExtent) -> Bool { reading.awaits(wanted(extent)?.request, extent) }

    /// Returns whether the window is of all rows that were found, at one moment at least.
    func isRead(_ extent: ListExtent) -> Bool {
        guard !isStale, let read = reading.extentRead else { return false }
        return read.isComplete || read.matched == extent.matched
    }

    private func wanted(_ extent: ListExtent) -> (request: WindowRequest<Row.ID>, isUrgent: Bool)? {
        let around = { (anchor: WindowRequest<Row.ID>.Anchor) in
            WindowRequest(anchor: anchor, before: margin, after: margin)
        }
        let end = WindowRequest(anchor: end, before: margin, after: 0)
        switch reading.destination {
        case .oldest: return (WindowRequest(anchor: .oldest, before: 0, after: margin), true)
        case .newest: return (WindowRequest(anchor: .newest, before: margin, after: 0), true)
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

    /// The end of the list: the newest row, or the last one before the screen was frozen.
    private var end: WindowRequest<Row.ID>.Anchor { isSorted ? .newest : limit.map { .row($0) } ?? .newest }

    /// Applies an answer.
    ///
    /// - Returns: False where it answers what is no longer asked.
    @discardableResult
    mutating func apply(_ answer: WindowAnswer<Row>, generation: Int) -> Bool {
        let place = selectedIndex ?? 0
        guard let request = reading.finish(generation) else { return false }
        let isAllFound = reading.extentRead?.isComplete ?? true
        isStale = false
        window = limit.map { answer.limited(to: $0) } ?? answer
        if let destination = reading.destination, request.anchor == destination {
            switch destination {
            case .oldest: selection = window.rows.first?.id
            case .newest: selection = window.rows.last?.id
            case .row(let id): selection = index(of: id) == nil ? neighbour(of: id, at: place) : id
            }
            // While rows are still being found, others may be placed at the start.
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

    /// Returns the row in the place of one that is gone: the next older one, or the one in its line.
    private func neighbour(of lost: Row.ID, at place: Int) -> Row.ID? {
        guard !window.rows.isEmpty else { return nil }
        if isSorted { return window.rows[min(place, window.rows.count - 1)].id }
        return (window.rows.last { Row.isOlder($0.id, than: lost) } ?? window.rows.first)?.id
    }

    /// Ends a question that failed. It is asked again once something has changed.
    mutating func readingFailed(generation: Int) {
        _ = reading.finish(generation)
    }

    // MARK: - The place in the list

    /// The number of rows in the window before the first one on the screen.
    var rowsAboveScreen: Int { topRow.flatMap(index(of:)) ?? 0 }
}

// MARK: - Rows and windows

/// A row of a list that is read by stretches.
protocol WindowedRow: Identifiable, Hashable, Sendable where ID: Hashable & Sendable {
    /// The time by which days are told apart; nil where it is not known.
    var moment: Timestamp? { get }
    /// The number by which arrivals are counted: it rises from row to row. 0 where rows have none.
    var number: Int64 { get }

    /// Returns whether a row arrived before another one, as far as their ids tell.
    static func isOlder(_ one: ID, than other: ID) -> Bool
}

extension WindowedRow where ID: Comparable {
    static func isOlder(_ one: ID, than other: ID) -> Bool { one < other }
}

extension EventRow: WindowedRow {
    var moment: Timestamp? { receivedAt }
    var number: Int64 { id }
}

/// The rows that are wanted: so many before (older than) and behind (newer than) a place.
struct WindowRequest<ID: Hashable & Sendable>: Hashable, Sendable {
    enum Anchor: Hashable, Sendable {
        case newest
        case oldest
        /// The row with this id, or where it is not there one near it.
        case row(ID)
    }

    var anchor: Anchor
    var before: Int
    var after: Int
}

/// A request on its way.
struct WindowTicket<ID: Hashable & Sendable>: Hashable, Sendable {
    let request: WindowRequest<ID>
    let generation: Int
}

/// Rows in sequence, the oldest first.
struct WindowAnswer<Row: WindowedRow>: Hashable, Sendable {
    var rows: [Row] = []
    var hasOlder = false
    var hasNewer = false
    /// The number of the first row among all that are listed, counted from 1; nil where it is not known.
    var first: Int?

    /// Returns the same without the rows that are newer than this one.
    fileprivate func limited(to row: Row.ID) -> WindowAnswer {
        guard rows.contains(where: { Row.isOlder(row, than: $0.id) }) else { return self }
        return WindowAnswer(
            rows: rows.filter { !Row.isOlder(row, than: $0.id) }, hasOlder: hasOlder, hasNewer: false, first: first)
    }
}

/// One line of a list: a row, or the rule between two days.
enum WindowedLine<Row: WindowedRow>: Hashable {
    case row(Row)
    /// The day that begins below.
    case day(CalendarTime)

    var row: Row? {
        if case .row(let row) = self { row } else { nil }
    }

    /// Returns the lines of these rows, with a rule wherever the date changes between two.
    ///
    /// - Parameter clock: The clock that gives the date; nil for no rules.
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

/// The extent of a list, as far as it is known: it tells whether the rows in the window are still those to show.
struct ListExtent: Hashable {
    /// The number of the newest row, whether it is listed or not; nil where rows have no numbers.
    var latest: Int64?
    /// Grows whenever what was recorded before may read differently.
    var revision = 0
    /// Changes with what belongs to the rows, such as the states of actions.
    var marks: Int64 = 0
    /// The rows found so far; nil where every row is listed as it arrived.
    var matched: Int?
    /// Whether all rows were looked at.
    var isComplete = true
}

extension ListExtent {
    /// The extent of the events listed; of every row as it arrived unless there is a count of those found.
    init(_ change: HistoryChange, matched: Int? = nil, isComplete: Bool = true) {
        self.init(
            latest: change.latestRow, revision: change.revision, marks: change.outbox, matched: matched,
            isComplete: isComplete)
    }
}

// MARK: - The reading

/// The time from one frame to the next.
enum ListPace {
    static let frame = Duration.milliseconds(33)
}

/// The rhythm of reading rows: one question at a time, and no more of them than frames.
///
/// However fast deliveries arrive, what the newest changes ask for waits for the next frame; what a key asks for does
/// not.
struct ListReading<ID: Hashable & Sendable> {
    typealias Request = WindowRequest<ID>

    /// The place where the user wants to be, if elsewhere than in the window.
    private(set) var destination: Request.Anchor?
    /// When a postponed question will be asked.
    private(set) var deadline: ContinuousClock.Instant?
    /// The extent of the list when the window was asked for.
    private(set) var extentRead: ListExtent?

    private var generation = 0
    private var outstanding: WindowTicket<ID>?
    private var lastRead: ContinuousClock.Instant?
    /// The last question, and the state of the list it was asked of: not to be asked again.
    private var asked: (request: Request, extent: ListExtent)?

    /// Returns whether the rows in the window may read differently by now.
    func isOutdated(_ extent: ListExtent) -> Bool {
        extentRead.map { $0.revision != extent.revision || $0.marks != extent.marks } ?? false
    }

    /// Returns whether rows were found, or lost, since those in the window were asked for.
    func hasFoundMore(_ extent: ListExtent) -> Bool {
        extentRead.map { $0.matched != extent.matched } ?? false
    }

    /// The user wants something else now: an answer on its way is to be dropped.
    mutating func goes(to destination: Request.Anchor?) {
        self.destination = destination
        generation += 1
        asked = nil
    }

    mutating func arrived() {
        destination = nil
    }

    /// Forgets what was read.
    mutating func startAnew() {
        goes(to: nil)
        extentRead = nil
    }

    /// Returns whether an answer is on its way, or something is still to be asked.
    func awaits(_ wanted: Request?, _ extent: ListExtent) -> Bool {
        if outstanding != nil { return true }
        return wanted.map { asked?.request != $0 || asked?.extent != extent } ?? false
    }

    /// Returns what to ask now.
    mutating func request(
        _ wanted: (request: Request, isUrgent: Bool)?, _ extent: ListExtent, at now: ContinuousClock.Instant
    ) -> WindowTicket<ID>? {
        deadline = nil
        guard let wanted, outstanding == nil else { return nil }
        if let asked, asked.request == wanted.request, asked.extent == extent { return nil }
        // What was never asked before is what a key has asked for; the same again is what was found since.
        let isUrgent = asked.map { wanted.isUrgent && $0.request != wanted.request } ?? true
        if !isUrgent, let lastRead, now < lastRead + ListPace.frame {
            deadline = lastRead + ListPace.frame
            return nil
        }
        let ticket = WindowTicket(request: wanted.request, generation: generation)
        outstanding = ticket
        asked = (wanted.request, extent)
        lastRead = now
        return ticket
    }

    /// Ends what was asked.
    ///
    /// - Returns: The question, or nil where the answer is stale.
    mutating func finish(_ generation: Int) -> Request? {
        guard let ticket = outstanding, ticket.generation == generation else { return nil }
        outstanding = nil
        guard generation == self.generation else { return nil }
        extentRead = asked?.extent
        return ticket.request
    }
}
