public import Base
import Glibc
import Notifications
import Terminal

/// A converter from moments to local times.
public struct WallClock: Sendable {
    /// The zone's offset from UTC at a moment, in seconds, positive to the east.
    public let secondsFromUTC: @Sendable (Timestamp) -> Int

    /// Creates a clock for a zone.
    public init(secondsFromUTC: @escaping @Sendable (Timestamp) -> Int) {
        self.secondsFromUTC = secondsFromUTC
    }

    /// The zone of this computer, or of the variable `TZ`.
    public static let local = WallClock { timestamp in
        var seconds = time_t(timestamp.milliseconds / 1_000)
        var parts = tm()
        guard localtime_r(&seconds, &parts) != nil else { return 0 }
        return parts.tm_gmtoff
    }

    /// Coordinated Universal Time.
    public static let utc = WallClock { _ in 0 }

    func time(_ timestamp: Timestamp) -> CalendarTime? {
        CalendarTime(timestamp, secondsFromUTC: secondsFromUTC(timestamp))
    }

    /// Returns the date, the time and the zone of a moment; outside the calendar, its milliseconds.
    func text(_ moment: Timestamp, hasFraction: Bool = false) -> SafeText {
        guard let time = time(moment) else { return "\(moment.milliseconds) ms" }
        return "\(time.date) \(time.timeOfDay)\(hasFraction ? ".\(time.fraction)" : "") \(zone(at: moment))"
    }

    /// Returns the zone at a moment, for headings: `UTC`, or an offset such as `+01` or `+05:30`.
    func zone(at timestamp: Timestamp) -> String {
        // A zone that differs from UTC for part of the year is shown as an offset all year.
        let quarter: Int64 = 91 * 86_400_000
        let isUTC = (Int64(0)..<4).allSatisfy {
            secondsFromUTC(Timestamp(milliseconds: timestamp.milliseconds - $0 * quarter)) == 0
        }
        if isUTC { return "UTC" }
        let offset = offset(at: timestamp)
        return offset.hasSuffix(":00") ? String(offset.dropLast(3)) : offset
    }

    /// Returns the offset, such as `+01:00`.
    func offset(at timestamp: Timestamp) -> String {
        let minutes = secondsFromUTC(timestamp) / 60
        let (hours, rest) = abs(minutes).quotientAndRemainder(dividingBy: 60)
        return "\(minutes < 0 ? "-" : "+")\(hours < 10 ? "0" : "")\(hours):\(rest < 10 ? "0" : "")\(rest)"
    }
}

/// A formatter for times in lists: the time alone for today, the date and the time for all other days.
struct RowClock {
    let clock: WallClock
    private let today: CalendarTime?

    /// - Parameter now: The current moment, which defines today.
    init(_ clock: WallClock, now: Timestamp) {
        self.clock = clock
        today = clock.time(now)
    }

    /// Returns a moment in at most this many columns: `02:14:07` for today, `11-28 02:14:07` for another day,
    /// `2025-11-28 02:14:07` for another year. If there is less room, omits the seconds, or shows the date alone.
    func text(_ moment: Timestamp, columns: Int = .max) -> SafeText {
        guard let time = clock.time(moment) else { return "?" }
        guard let today, !time.isSameDay(as: today) else { return "\(time.timeOfDay)" }
        let date = time.year == today.year ? String(time.date.dropFirst(5)) : time.date
        let forms = ["\(date) \(time.timeOfDay)", "\(date) \(time.timeOfDay.prefix(5))"]
        return SafeText(forms.first { $0.utf8.count <= columns } ?? date)
    }

    /// Returns the column for some moments: as narrow as a time if all of them are today.
    func column(_ title: SafeText, holding moments: some Sequence<Timestamp>) -> Column {
        var (first, last): (Timestamp?, Timestamp?)
        for moment in moments {
            first = first.map { min($0, moment) } ?? moment
            last = last.map { max($0, moment) } ?? moment
        }
        let widths = [first, last].compactMap { $0.map { text($0).width } }
        let ideal = widths.max() ?? 8
        return Column(title, minimum: max(title.width, min(ideal, 11)), ideal: max(title.width, ideal))
    }
}

extension CalendarTime {
    /// The day in words, such as `Tue 24 November 2026`.
    var dayName: String {
        let months = [
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
            "November", "December",
        ]
        let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        // Sakamoto's rule for the day of the week.
        let shifts = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4]
        let year = month < 3 ? self.year - 1 : self.year
        let weekday = (year + year / 4 - year / 100 + year / 400 + shifts[month - 1] + day) % 7
        return "\(weekdays[(weekday + 7) % 7]) \(day) \(months[month - 1]) \(self.year)"
    }

    func isSameDay(as other: CalendarTime) -> Bool {
        (year, month, day) == (other.year, other.month, other.day)
    }
}

// MARK: - Days

/// The line between two days of a list.
enum DayRule {
    static func draw(_ day: CalendarTime, row: Int, on surface: inout Surface) {
        surface.rule(row: row)
        surface.put(" \(day.dayName) ", at: Point(column: 2, row: row), style: Style(.secondary))
    }
}
