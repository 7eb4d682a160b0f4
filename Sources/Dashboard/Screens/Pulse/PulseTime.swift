import Notifications
import SafeText

/// Moments as the axis and the line below the bars say them.
enum PulseTime {
    private static let day: Int64 = 86_400_000
    private static let minute: Int64 = 60_000

    /// Below the axis: a time, or a date where one is a day or more from the next.
    static func tick(_ moment: Timestamp, barWidth: Int64, distance: Int64, clock: WallClock) -> SafeText? {
        guard let time = clock.time(moment) else { return nil }
        if distance >= day { return "\(time.date)" }
        // Above an hour a bar, midnight says which day begins.
        if barWidth >= 60 * minute { return time.isMidnight ? "\(time.date)" : "\(String(time.timeOfDay.prefix(5)))" }
        return "\(barWidth >= minute ? String(time.timeOfDay.prefix(5)) : time.timeOfDay)"
    }

    /// Such as `Tue 24 November 2026 02:14 to 02:15`, or short, `2026-11-24 02:14 to 02:15`.
    static func stretch(_ stretch: Range<Timestamp>, clock: WallClock, isShort: Bool = false) -> SafeText {
        func day(_ time: CalendarTime) -> String { isShort ? time.date : time.dayName }
        guard let start = clock.time(stretch.lowerBound), let end = clock.time(stretch.upperBound) else { return "?" }
        let width = stretch.upperBound.milliseconds - stretch.lowerBound.milliseconds
        if width >= Self.day {
            let last = clock.time(Timestamp(milliseconds: stretch.upperBound.milliseconds - 1)) ?? end
            let zone = clock.zone(at: stretch.lowerBound)
            return start.isSameDay(as: last) ? "\(day(start)) \(zone)" : "\(day(start)) to \(day(last)) \(zone)"
        }
        let digits = width >= minute ? 5 : 8
        let (first, last) = (start.timeOfDay.prefix(digits), end.timeOfDay.prefix(digits))
        return "\(day(start)) \(String(first)) to \(String(last)) \(clock.zone(at: stretch.lowerBound))"
    }
}

extension CalendarTime {
    fileprivate var isMidnight: Bool { hour == 0 && minute == 0 && second == 0 }
}
