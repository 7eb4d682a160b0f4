import Notifications

/// A list that holds what it shows and a margin, however much there is to read; the newest row stands below.
///
/// The selection is a row's id: it stays on its row while others arrive. Answers to what is no longer asked are
/// dropped.
struct WindowedList<Row: WindowedRow> {
    typealias Request = WindowRequest<Row.ID>

    private(set) var held = WindowAnswer<Row>()
    private(set) var selection: Row.ID?
    /// Whether the newest row is selected as it arrives.
    private(set) var isFollowing = true
    /// What is seen of the rows, from top to bottom.
    private(set) var visible: [WindowedLine<Row>] = []
    /// When a postponed question will be asked.
    private(set) var deadline: ContinuousClock.Instant?

    private var height = 0
    private var topRow: Row.ID?
    private var topIsDay = false

    /// Where the user wants to be, if elsewhere than in the rows held.
    private var goal: Request.Anchor?
    /// Whether there may be other rows by now than those held.
    private var isOutdated = true
    /// Whether the last question failed: it is not asked again before something has changed.
    private var hasFailed = false
    private var generation = 0
    private var outstanding: WindowTicket<Row.ID>?
    private var lastRead: ContinuousClock.Instant?

    /// How far the list reaches over the selection on both sides: three screens.
    private var margin: Int { max(10, height * 3) }

    private var selectedIndex: Int? {
        selection.flatMap { id in held.rows.firstIndex { $0.id == id } }
    }

    var selectedRow: Row? { selectedIndex.map { held.rows[$0] } }

    /// The rows on the screen.
    var visibleRows: [Row] { visible.compactMap(\.row) }

    // MARK: - What the user does

    /// Moves by a command; what moves up ends the following.
    mutating func move(_ command: Command) {
        hasFailed = false
        let page = max(1, height - 1)
        switch command {
        case .up: move(by: -1)
        case .down: move(by: 1)
        case .pageUp: move(by: -page)
        case .pageDown: move(by: page)
        case .halfPageUp: move(by: -max(1, height / 2))
        case .halfPageDown: move(by: max(1, height / 2))
        case .toStart:
            stopFollowing()
            if held.hasOlder { goes(to: .oldest) } else { selection = held.rows.first?.id }
        case .toEnd: follow()
        default: break
        }
    }

    private mutating func move(by distance: Int) {
        guard let index = selectedIndex else { return }
        if distance < 0 { stopFollowing() }
        selection = held.rows[min(max(0, index + distance), held.rows.count - 1)].id
    }

    /// Shows what is so many lines further down, or up; the selection comes along at the edge.
    mutating func scroll(by lines: Int) {
        guard let first = held.rows.firstIndex(where: { $0.id == topRow }), let selected = selectedIndex else { return }
        // The rules between days take lines too.
        let shown = height - visible.count { $0.row == nil }
        let top = max(0, min(first + lines, held.rows.count - shown))
        guard top != first else { return }
        hasFailed = false
        stopFollowing()
        goes(to: nil)
        (topRow, topIsDay) = (held.rows[top].id, false)
        selection = held.rows[min(max(selected, top), top + height - 1, held.rows.count - 1)].id
    }

    /// Selects a row, wherever it is.
    mutating func jump(to id: Row.ID) {
        hasFailed = false
        stopFollowing()
        goes(to: nil)
        if held.rows.contains(where: { $0.id == id }) { selection = id } else { goes(to: .row(id)) }
    }

    /// Other rows are listed from now on, from the newest: what was asked for those before is dropped.
    mutating func restart() {
        (held, selection, visible, topRow) = (WindowAnswer(), nil, [], nil)
        isFollowing = true
        outdate()
        goes(to: nil)
    }

    /// Selects the newest row, and each newer one as it arrives.
    mutating func follow() {
        guard !isFollowing else { return }
        isFollowing = true
        goes(to: held.hasNewer ? .newest : nil)
        if !held.hasNewer { selection = held.rows.last?.id }
    }

    mutating func stopFollowing() {
        guard isFollowing else { return }
        isFollowing = false
        goes(to: nil)
    }

    /// An answer on its way is to be dropped.
    private mutating func goes(to goal: Request.Anchor?) {
        self.goal = goal
        generation += 1
    }

    // MARK: - What is read

    /// There may be other rows by now.
    mutating func outdate() {
        isOutdated = true
        hasFailed = false
    }

    /// There are newer rows than those held.
    mutating func noteNewer() {
        if isFollowing { outdate() } else { held.hasNewer = true }
    }

    /// What to read next; nil while an answer is awaited or enough is held.
    ///
    /// What a key asks for is asked at once; what only has changed, no more often than there are frames.
    mutating func request(at now: ContinuousClock.Instant) -> WindowTicket<Row.ID>? {
        deadline = nil
        guard outstanding == nil, !hasFailed, let (request, isUrgent) = wanted else { return nil }
        if !isUrgent, let lastRead, now < lastRead + RowReading.frame {
            deadline = lastRead + RowReading.frame
            return nil
        }
        let ticket = WindowTicket(request: request, generation: generation)
        (outstanding, lastRead, isOutdated) = (ticket, now, false)
        return ticket
    }

    private var wanted: (request: Request, isUrgent: Bool)? {
        if let goal { return (Request(anchor: goal, before: margin, after: margin), true) }
        if isFollowing || selection == nil {
            let isShort = held.hasOlder && held.rows.count < margin
            guard isOutdated || isShort else { return nil }
            return (Request(anchor: .newest, before: margin, after: 0), held.rows.isEmpty || isShort)
        }
        guard let selection, let index = selectedIndex else { return nil }
        let isAtEdge =
            (index < height && held.hasOlder) || (held.rows.count - 1 - index < height && held.hasNewer)
        guard isOutdated || isAtEdge else { return nil }
        return (Request(anchor: .row(selection), before: margin, after: margin), isAtEdge)
    }

    /// Takes rows that were read.
    ///
    /// - Returns: False where they were read for something else than what is wanted now.
    @discardableResult
    mutating func take(_ answer: WindowAnswer<Row>, generation: Int) -> Bool {
        guard let ticket = outstanding, ticket.generation == generation else { return false }
        outstanding = nil
        guard generation == self.generation else {
            isOutdated = true
            return false
        }
        held = answer
        switch goal {
        case .oldest: selection = held.rows.first?.id
        case .row(let id): selection = id
        case .newest, nil: if isFollowing || selection == nil { selection = held.rows.last?.id }
        }
        goal = nil
        if selectedIndex == nil, !held.rows.isEmpty {
            // The row is gone: the one in its place is taken, which is the oldest where the older ones went with it.
            selection = held.rows[held.hasOlder ? min(ticket.request.before, held.rows.count - 1) : 0].id
        }
        return true
    }

    /// Nothing came of a question.
    mutating func readingFailed(generation: Int) {
        guard outstanding?.generation == generation else { return }
        outstanding = nil
        goal = nil
        hasFailed = generation == self.generation
    }

    // MARK: - What is seen

    /// Chooses the part that is seen, so that the selection is within it and no line stays empty without need.
    mutating func settle(height: Int, days clock: WallClock) {
        self.height = height
        let lines = WindowedLine.lines(for: held.rows, days: clock)
        guard height > 0, !lines.isEmpty else {
            visible = []
            return
        }
        let selected = lines.firstIndex { $0.row?.id == selection } ?? lines.count - 1
        var top = lines.firstIndex { $0.row?.id == topRow } ?? lines.count
        if topIsDay, top > 0, lines[top - 1].row == nil { top -= 1 }
        // A rule between days goes with the row below it.
        let first = selected > 0 && lines[selected - 1].row == nil && height > 1 ? selected - 1 : selected
        top = max(min(top, first), selected - height + 1)
        top = max(0, isFollowing ? lines.count - height : min(top, lines.count - height))

        visible = Array(lines[top..<min(lines.count, top + height)])
        topIsDay = visible.first?.row == nil
        topRow = visible.lazy.compactMap(\.row).first?.id
    }
}

// MARK: - Rows and windows

/// A row of a list that is read by stretches: of deliveries, of the log.
protocol WindowedRow: Identifiable, Hashable, Sendable where ID: Hashable & Sendable {
    /// When it happened, by which days are told apart; nil where it is not known.
    var moment: Timestamp? { get }
}

/// Which rows are wanted: so many before (older than) and behind (newer than) a place.
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

/// A question on its way.
struct WindowTicket<ID: Hashable & Sendable>: Hashable, Sendable {
    let request: WindowRequest<ID>
    let generation: Int
}

/// Rows that stand together, the oldest first.
struct WindowAnswer<Row: WindowedRow>: Hashable, Sendable {
    var rows: [Row] = []
    var hasOlder = false
    var hasNewer = false
}

/// One line of a list: a row, or the rule between two days.
enum WindowedLine<Row: WindowedRow>: Hashable {
    case row(Row)
    /// The day that begins below.
    case day(CalendarTime)

    var row: Row? {
        if case .row(let row) = self { row } else { nil }
    }

    /// The lines for these rows, with a rule wherever the date changes between two.
    static func lines(for rows: [Row], days clock: WallClock) -> [Self] {
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
