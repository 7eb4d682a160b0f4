import Log
import Notifications
import SafeText
import Terminal

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
