public import Base
import History
import Notifications
import Synchronization
import Terminal

extension LogEntry: WindowedRow {
    var moment: Timestamp? { time }
    var number: Int64 { 0 }

    static func isOlder(_ one: LogPlace, than other: LogPlace) -> Bool {
        one.inode == other.inode && one.offset < other.offset
    }
}

/// The tab `6 Log`: messages of b2watch about itself, the newest last, with the selected message in full below them.
struct LogScreen: ListTab {
    static let facts = TabFacts(
        number: 6, word: "Log", meaning: "messages and warnings of b2watch itself",
        about: "What b2watch itself did and warned of",
        plain: .line(
            PlainWord("log", syntax: "[N]", "the last N lines of messages and warnings of b2watch itself") {
                $0.readLog($1)
            }))

    static let commands: [Command] = [
        .open.also(
            in: .log, "show the whole line, or the list again", footer: .narrow("open"),
            unavailable: { $0.log.list.list.selectedRow == nil ? "No line to open." : nil },
            run: { $0.log.open() })
    ]
    static let brief: [Command] = [
        .open, .editFilter, .search, .followOrNot, .sortByNext, .toStart, .toEnd, .goToTime, .toggleUtc, .pause,
        .typeCommand, .close,
    ]

    var list = FoundList(Self.columns, growth: .byRevision)
    /// A number that increases with every change of the log.
    private var moves = 0
    /// The reason why the log could not be read.
    private(set) var failure: SafeText?
    private(set) var hasBeenRead = false
    /// Whether the selected message fills the tab.
    private(set) var isOpen = false
    private var pane = TextPane()
    private var columns = 0

    /// Returns the number of lines reserved for the selected message, including the rule above it.
    private static func wholeHeight(in rows: Int) -> Int { rows < 10 ? 0 : rows < 18 ? 3 : 5 }

    var extent: ListExtent { ListExtent(latest: nil, revision: moves) }

    func extent(_ change: HistoryChange) -> ListExtent { extent }

    var isInside: Bool { isOpen }

    mutating func leaveInside() { isOpen = false }

    mutating func ask(_ reading: TabReading, _ context: inout Context) {
        // While the screen is frozen, read the log only if it has not been read before.
        guard context.session.frozen == nil || list.isEmpty else { return }
        askForRows(reading, on: .log, &context) {
            try $0.log($1)
        } then: { tab, _, failed in
            tab.failure = failed.map { "\($0.sentence)" }
            if failed == nil { tab.hasBeenRead = true }
        }
    }

    func target(column: Int, row: Int, _ model: DashboardModel, _ size: Size) -> Target? {
        if isOpen { return row == 0 ? .main : .line(row - 1) }
        guard row == 0 else { return .line(row - 1) }
        return list.sortName(at: column, model.session, columns: size.columns).map(Target.sort) ?? .main
    }

    mutating func move(_ motion: Motion, _ change: HistoryChange) {
        if isOpen { pane.move(motion) } else { list.change(extent) { $0.move(motion, in: $1) } }
    }

    mutating func scroll(by lines: Int, _ change: HistoryChange) {
        if isOpen { pane.scroll(by: lines) } else { list.change(extent) { $0.scroll(by: lines, in: $1) } }
    }

    /// Selects an entry of the list.
    mutating func select(_ id: LogPlace) {
        if id != list.selection { list.change(extent) { $0.go(to: id, in: $1) } }
    }

    /// Shows the selected message alone, or the list again.
    mutating func open() {
        isOpen.toggle()
        pane = TextPane()
        // Keep the open message in place while new ones arrive.
        if isOpen { list.change(extent) { $0.stopFollowing($1) } }
    }

    /// Records that the log has changed.
    mutating func outdate() { moves += 1 }

    // MARK: - Drawing

    mutating func settle(_ layout: Layout, _ session: Session) {
        let (size, clock) = (layout.list.size, session.clock)
        columns = size.columns
        list.settle(height: max(0, size.rows - 1 - Self.wholeHeight(in: size.rows)), days: clock)
        if list.list.selectedRow == nil { isOpen = false }
        if isOpen { pane.resize(count: wholeLines(clock).count, height: max(0, size.rows - 1)) }
    }

    func draw(_ model: DashboardModel, on surface: inout Surface) {
        let clock = model.session.clock
        if isOpen { return pane.drawPage(wholeLines(clock), on: &surface) }
        let (upper, lower) = surface.bounds.splitTop(surface.size.rows - Self.wholeHeight(in: surface.size.rows))
        surface.draw(in: upper) { drawList(model, on: &$0) }
        guard lower.rows > 1, list.list.selectedRow != nil else { return }
        let lines = wholeLines(clock)
        surface.draw(in: lower) { TextPane(count: lines.count, height: lower.rows - 1).drawPage(lines, on: &$0) }
    }

    private func drawList(_ model: DashboardModel, on surface: inout Surface) {
        var context = ListContext(model.session, order: list.order)
        context.isShared = Set(list.list.window.rows.map(\.source).filter { !$0.isEmpty }).count > 1
        let places = list.table.places(context, width: list.width(in: surface.size.columns))
        var drawing = ListDrawing<LogEntry>(places: places, context: context)
        (drawing.emphasis, drawing.extent) = ("level", list.extent(extent))
        list.table.draw(list.list, drawing, on: &surface)
        guard list.isEmpty else { return }
        if failure == nil {
            model.drawNothing(hasBeenRead ? "Nothing is logged." : .empty, row: 2, on: &surface)
        } else {
            drawNothing(on: &surface)
        }
    }

    private func drawNothing(on surface: inout Surface) {
        let lines = Prose.lines("\(failure ?? .empty)", columns: surface.size.columns - 3)
        for (row, line) in lines.enumerated() {
            surface.put(line, at: Point(column: ListRow.margin, row: row + 2), style: Style(.bad))
        }
    }

    /// Returns the lines of the selected message in full.
    private func wholeLines(_ clock: WallClock) -> [StyledLine] {
        guard let entry = list.list.selectedRow else { return [] }
        let text = Prose.lines(entry.text, columns: max(8, columns - 3), style: entry.style)
        guard let time = entry.time else { return text }
        let head: SafeText =
            clock.text(time, hasFraction: true) + "  \(entry.level.rawValue)  \(SafeText(cell: entry.source))"
        return [StyledLine(head.clipped(to: max(8, columns - 3)), Style(.secondary))] + text
    }
}

// MARK: - Columns

extension LogScreen {
    /// The columns, from left to right. As the list narrows, FROM is hidden first, then LEVEL. If the displayed
    /// messages are from several processes, FROM is hidden last.
    static let columns: [ListColumn<LogEntry>] = [
        ListColumn(
            name: "time", title: "TIME", key: { $0.time.map { .number($0.milliseconds) } }, moment: { $0.time },
            room: { Column($0.title, minimum: 8) },
            cell: { entry, context, width in
                Cell(entry.time.map { context.clock.text($0, columns: width) } ?? .empty, entry.style)
            }),
        ListColumn(
            name: "level", title: "LEVEL",
            key: { entry in LogLevel.allCases.firstIndex(of: entry.level).map { .number(Int64($0)) } },
            room: { Column($0.title, minimum: $0.width, leaveOrder: 2) },
            cell: { entry, _, _ in Cell(entry.time == nil ? .empty : "\(entry.level.rawValue)", entry.style) }),
        ListColumn(
            name: "from", title: "FROM", key: { .text($0.source) },
            room: { room in
                let isShared = room.context.isShared
                return Column(
                    room.title, minimum: min(room.width, 20), leaveOrder: isShared ? 3 : 1, spare: isShared ? 0 : 20,
                    cut: .middle)
            }, cell: { entry, _, _ in Cell(SafeText(cell: entry.source), Style(.secondary)) }),
        ListColumn(
            name: "what", title: "WHAT", key: { .text($0.text) },
            room: { Column($0.title, minimum: 20, ideal: $0.width, weight: 1) },
            cell: { entry, _, _ in Cell(SafeText(cell: entry.text), entry.style) }),
    ]
}

extension LogScreen {
    /// Returns a function that decides whether a message matches a filter by its text or time.
    static func holds(_ predicate: RowPredicate) -> (LogEntry) -> Bool {
        { entry in
            predicate.holds(at: entry.time) { _, pattern in
                pattern("\(entry.level.rawValue) \(entry.source)") || pattern(entry.text)
            } isProblem: {
                entry.level != .info
            }
        }
    }
}

extension LogReading {
    /// The log as the source of a list.
    var source: ListSource<LogEntry> {
        ListSource {
            try entries($0)
        } keep: { predicate, entries in
            entries.filter(LogScreen.holds(predicate))
        }
    }
}

extension LogEntry {
    /// The style of the message. The word for its level carries the same information without colour.
    var style: Style {
        switch level {
        case .info: .plain
        case .warning: Style(.warning)
        case .error: Style(.bad)
        }
    }
}

// MARK: - Reading

/// Read access to the log of b2watch. The functions are called on background threads.
///
/// Code that writes to the log in the dashboard's own process announces this with `Dashboard.announceLog()`.
public protocol LogReading: Sendable {
    /// Returns entries of the log.
    ///
    /// - Throws: Errors whose text is a sentence.
    func entries(_ request: WindowRequest<LogPlace>) throws -> ListWindow<LogEntry>

    /// Returns the position of the dated entry nearest to a time range: the first one in the range, or else the closest
    /// one before or after it. Returns nil if no entry has a date.
    ///
    /// - Throws: Errors whose text is a sentence.
    func place(nearestTo stretch: Range<Timestamp>) throws -> LogPlace?

    /// Reports changes of the log by any process until the returned follower is released.
    ///
    /// - Parameter tell: A function that is called on another thread after a change. It must return quickly.
    /// - Returns: The follower, or nil if changes cannot be observed.
    func follow(_ tell: @escaping @Sendable () -> Void) -> LogFollower?
}

extension LogReader: LogReading {}

// MARK: - Following

/// The current follower of the log, if any.
final class LogFollowing: Sendable {
    private let follower = Mutex<LogFollower?>(nil)

    /// Stores a follower. The previous one stops.
    func hold(_ new: LogFollower?) {
        follower.withLock { $0 = new }
    }
}
