import Notifications

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
