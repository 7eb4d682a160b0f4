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

    /// Such as `Tue 24 November 2026 02:14 to 02:15`.
    static func stretch(_ stretch: Range<Timestamp>, clock: WallClock) -> SafeText {
        guard let start = clock.time(stretch.lowerBound), let end = clock.time(stretch.upperBound) else { return "?" }
        let width = stretch.upperBound.milliseconds - stretch.lowerBound.milliseconds
        if width >= day {
            let last = clock.time(Timestamp(milliseconds: stretch.upperBound.milliseconds - 1)) ?? end
            return start.isSameDay(as: last) ? "\(start.dayName)" : "\(start.dayName) to \(last.dayName)"
        }
        let digits = width >= minute ? 5 : 8
        return "\(start.dayName) \(String(start.timeOfDay.prefix(digits))) to \(String(end.timeOfDay.prefix(digits)))"
    }
}

extension CalendarTime {
    fileprivate var isMidnight: Bool { hour == 0 && minute == 0 && second == 0 }
}
