import History
import Notifications

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
