import Notifications
import Terminal

/// The rule between two days of a list.
enum DayRule {
    static func draw(_ day: CalendarTime, row: Int, on surface: inout Surface) {
        surface.rule(row: row)
        surface.put(" \(day.dayName) ", at: Point(column: 2, row: row), style: Style(.secondary))
    }
}
