import Log
import Notifications
import SafeText
import Terminal

/// The columns of the log, from left to right. As it narrows FROM leaves first, then LEVEL.
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

    func column(holding widths: TextWidths) -> Column {
        let width = widths[rawValue]
        return switch self {
        case .time: Column(title, minimum: 8)
        case .level: Column(title, minimum: width, leaveOrder: 2)
        case .source: Column(title, minimum: min(width, 20), leaveOrder: 1, spare: 20, cut: .middle)
        case .text: Column(title, minimum: 20, ideal: width, weight: 1)
        }
    }
}

/// An entry of the log as text.
struct LogEntryLine {
    let entry: LogEntry
    let clock: WallClock

    func draw(_ places: [Columns.Place], at line: Int, on surface: inout Surface) {
        for place in places {
            guard let column = LogColumn(rawValue: place.index) else { continue }
            surface.put(
                place.fit(text(column)), at: Point(column: ListRow.margin + place.start, row: line),
                columns: place.width, style: style(column))
        }
    }

    var texts: [SafeText?] { LogColumn.allCases.map(text) }

    private func text(_ column: LogColumn) -> SafeText {
        switch column {
        case .time: entry.time.flatMap(clock.time).map { "\($0.timeOfDay)" } ?? .empty
        case .level: entry.time == nil ? .empty : "\(entry.level.rawValue)"
        case .source: SafeText(cell: entry.source)
        case .text: SafeText(cell: entry.text)
        }
    }

    private func style(_ column: LogColumn) -> Style {
        column == .source ? Style(.secondary) : entry.style
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
