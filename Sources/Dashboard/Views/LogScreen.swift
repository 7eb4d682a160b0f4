public import Log
public import Notifications
import SafeText
import Synchronization
import Terminal

extension LogEntry: WindowedRow {
    var moment: Timestamp? { time }
}

/// `6 Log`: what b2watch itself did and warned of, the newest line below, and the selected one whole beneath.
struct LogScreen {
    private(set) var list = WindowedList<LogEntry>()
    /// How wide the texts of the entries held are.
    private(set) var widths = Self.widths(of: [])
    /// Whether the entries held are of several processes.
    private var isShared = false
    /// Why the log could not be read.
    private(set) var failure: SafeText?
    private(set) var hasBeenRead = false
    /// Whether the selected line has the whole view.
    private(set) var isOpen = false
    private var pane = TextPane()
    private var columns = 0

    private static func widths(of entries: [LogEntry]) -> TextWidths {
        let clock = RowClock(.utc, now: Timestamp(milliseconds: 0))
        return TextWidths(entries, titles: LogColumn.allCases.map(\.title)) {
            LogEntryLine(entry: $0, clock: clock).texts
        }
    }

    /// The lines of the view for the selected entry, with the rule above it.
    private static func wholeHeight(in rows: Int) -> Int { rows < 10 ? 0 : rows < 18 ? 3 : 5 }

    // MARK: - What the user does

    mutating func move(_ command: Command) {
        if isOpen { pane.move(command) } else { list.move(command) }
    }

    mutating func scroll(by lines: Int) {
        if isOpen { pane.scroll(by: lines) } else { list.scroll(by: lines) }
    }

    /// Selects an entry of the list.
    mutating func select(_ id: LogPlace) {
        if id != list.selection { list.jump(to: id) }
    }

    mutating func followOrNot() {
        if list.isFollowing { list.stopFollowing() } else { list.follow() }
    }

    /// Shows the selected line alone, or the list again.
    mutating func open() {
        isOpen.toggle()
        pane = TextPane()
        // What is read stays where it is.
        if isOpen { list.stopFollowing() }
    }

    mutating func close() { isOpen = false }

    // MARK: - What is read

    mutating func outdate() { list.outdate() }

    mutating func request(at now: ContinuousClock.Instant) -> WindowTicket<LogPlace>? { list.request(at: now) }

    mutating func take(_ answer: WindowAnswer<LogEntry>, generation: Int) {
        guard list.take(answer, generation: generation) else { return }
        widths = Self.widths(of: answer.rows)
        isShared = Set(answer.rows.map(\.source).filter { !$0.isEmpty }).count > 1
        (failure, hasBeenRead) = (nil, true)
    }

    mutating func readingFailed(_ sentence: SafeText, generation: Int) {
        list.readingFailed(generation: generation)
        failure = sentence
    }

    // MARK: - What is seen

    mutating func settle(size: Size, clock: WallClock) {
        columns = size.columns
        list.settle(height: max(0, size.rows - 1 - Self.wholeHeight(in: size.rows)), days: clock)
        if list.selectedRow == nil { isOpen = false }
        if isOpen { pane.resize(count: wholeLines(clock).count, height: max(0, size.rows - 1)) }
    }

    func draw(_ model: DashboardModel, on surface: inout Surface) {
        let clock = model.session.clock
        if isOpen {
            drawWhole(wholeLines(clock), pane, on: &surface)
            return
        }
        let (upper, lower) = surface.bounds.splitTop(surface.size.rows - Self.wholeHeight(in: surface.size.rows))
        surface.draw(in: upper) { drawList(model.session, on: &$0) }
        guard lower.rows > 1, list.selectedRow != nil else { return }
        let lines = wholeLines(clock)
        surface.draw(in: lower) { drawWhole(lines, TextPane(count: lines.count, height: lower.rows - 1), on: &$0) }
    }

    private func drawList(_ session: Session, on surface: inout Surface) {
        let clock = session.rowClock
        let columns = Columns(
            LogColumn.allCases.map { column in
                column == .time
                    ? clock.column(session.timeTitle, holding: list.held.rows.lazy.compactMap(\.time))
                    : column.column(holding: widths, isShared: isShared)
            })
        let places = columns.fitted(to: surface.size.columns - ListRow.margin)
        ListRow.drawTitles(places, on: &surface)
        if list.visible.isEmpty { drawNothing(on: &surface) }
        for (index, line) in list.visible.enumerated() {
            switch line {
            case .day(let day): DayRule.draw(day, row: index + 1, on: &surface)
            case .row(let entry):
                LogEntryLine(entry: entry, clock: clock).draw(places, at: index + 1, on: &surface)
                if entry.id == list.selection {
                    let level = places.first { $0.index == LogColumn.level.rawValue }
                    ListRow.mark(row: index + 1, hasKeys: true, emphasis: level, on: &surface)
                }
            }
        }
    }

    private func drawNothing(on surface: inout Surface) {
        let text = failure.map { "\($0)" } ?? (hasBeenRead ? "Nothing is logged." : "")
        for (row, line) in Prose.lines(text, columns: surface.size.columns - 3).enumerated() {
            let style = failure == nil ? Style(.secondary) : Style(.bad)
            surface.put(line, at: Point(column: ListRow.margin, row: row + 2), style: style)
        }
    }

    private func drawWhole(_ lines: [StyledLine], _ pane: TextPane, on surface: inout Surface) {
        surface.rule(row: 0)
        if lines.count > pane.height {
            let place: SafeText = " \(pane.visible.upperBound) of \(Wording.grouped(lines.count)) "
            surface.put(place, at: Point(column: 2, row: 0), style: Style(.secondary))
        }
        let below = Rect(
            column: ListRow.margin, row: 1, columns: surface.size.columns - ListRow.margin, rows: surface.size.rows - 1)
        surface.draw(in: below) { pane.draw(lines, on: &$0) }
    }

    /// The selected entry, whole, in lines.
    private func wholeLines(_ clock: WallClock) -> [StyledLine] {
        guard let entry = list.selectedRow else { return [] }
        let text = Prose.lines(entry.text, columns: max(8, columns - 3), style: entry.style)
        guard let time = entry.time else { return text }
        let head: SafeText =
            "\(clock.time(time).map { "\($0.date) \($0.timeOfDay).\($0.fraction) \(clock.zone(at: time))" } ?? "?")"
            + "  \(entry.level.rawValue)  \(SafeText(cell: entry.source))"
        return [StyledLine(head.clipped(to: max(8, columns - 3)), Style(.secondary))] + text
    }
}

extension LogRequest {
    init(_ request: WindowRequest<LogPlace>) {
        let anchor: Anchor =
            switch request.anchor {
            case .newest: .newest
            case .oldest: .oldest
            case .row(let place): .entry(place)
            }
        self.init(anchor, before: request.before, after: request.after)
    }
}

extension WindowAnswer<LogEntry> {
    init(_ window: LogWindow) {
        self.init(rows: window.entries, hasOlder: window.hasOlder, hasNewer: window.hasNewer)
    }
}

// MARK: - Columns and lines

/// The columns of the log, from left to right. As it narrows FROM leaves first, then LEVEL; where several processes have
/// written what is shown, FROM stays longest.
enum LogColumn: Int, CaseIterable {
    case time, level, source, text

    var title: SafeText {
        switch self {
        case .time: "TIME"
        case .level: "LEVEL"
        case .source: "FROM"
        case .text: "WHAT"
        }
    }

    /// - Parameter isShared: Whether the lines are of several processes.
    func column(holding widths: TextWidths, isShared: Bool) -> Column {
        let width = widths[rawValue]
        return switch self {
        case .time: Column(title, minimum: 8)
        case .level: Column(title, minimum: width, leaveOrder: 2)
        case .source:
            Column(
                title, minimum: min(width, 20), leaveOrder: isShared ? 3 : 1, spare: isShared ? 0 : 20, cut: .middle)
        case .text: Column(title, minimum: 20, ideal: width, weight: 1)
        }
    }
}

/// An entry of the log as text.
struct LogEntryLine: CellLine {
    let entry: LogEntry
    let clock: RowClock

    func cell(_ column: LogColumn, width: Int) -> (text: SafeText, style: Style) {
        switch column {
        case .time: (entry.time.map { clock.text($0, columns: width) } ?? .empty, entry.style)
        case .level: (entry.time == nil ? .empty : "\(entry.level.rawValue)", entry.style)
        case .source: (SafeText(cell: entry.source), Style(.secondary))
        case .text: (SafeText(cell: entry.text), entry.style)
        }
    }
}

extension LogEntry {
    /// How the entry looks; the level's word says the same without colour.
    var style: Style {
        switch level {
        case .info: .plain
        case .warning: Style(.warning)
        case .error: Style(.bad)
        }
    }
}

// MARK: - Reading

/// Reads what b2watch itself did and warned of. Called off the screen's thread.
///
/// Who writes to the log in the dashboard's own process tells it with `Dashboard.announceLog()`.
public protocol LogReading: Sendable {
    /// Entries of the log.
    ///
    /// - Throws: Errors whose text is a sentence.
    func entries(_ request: LogRequest) throws -> LogWindow

    /// Returns the dated entry nearest to a stretch of time: the first in it, or the nearer of those on both sides; nil where
    /// no entry has a date.
    ///
    /// - Throws: Errors whose text is a sentence.
    func place(nearestTo stretch: Range<Timestamp>) throws -> LogPlace?

    /// Tells when there are other lines, whoever wrote them, for as long as the follower is kept.
    ///
    /// - Parameter tell: Is called on another thread, and only takes note.
    /// - Returns: Nil where it cannot be told.
    func follow(_ tell: @escaping @Sendable () -> Void) -> LogFollower?
}

extension LogReader: LogReading {}

// MARK: - Following

/// The follower of the log, while there is one.
final class LogFollowing: Sendable {
    private let follower = Mutex<LogFollower?>(nil)

    /// Keeps this one; the one before ends.
    func hold(_ new: LogFollower?) {
        follower.withLock { $0 = new }
    }
}
