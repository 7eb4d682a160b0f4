public import Notifications

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Tells the local time of a moment.
public struct WallClock: Sendable {
    /// The zone's offset at a moment, in seconds east of UTC.
    public let secondsFromUTC: @Sendable (Timestamp) -> Int

    /// A clock for a zone.
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

    /// Such as `+01:00`.
    func offset(at timestamp: Timestamp) -> String {
        let minutes = secondsFromUTC(timestamp) / 60
        let (hours, rest) = abs(minutes).quotientAndRemainder(dividingBy: 60)
        return "\(minutes < 0 ? "-" : "+")\(hours < 10 ? "0" : "")\(hours):\(rest < 10 ? "0" : "")\(rest)"
    }
}

extension Timestamp {
    /// The time by the computer's clock.
    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }
}

extension CalendarTime {
    /// Such as `Tue 24 November 2026`.
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
