internal import Foundation
internal import Notifications

/// What is said where nothing has come for too long. It stands there until something comes, and no clock moves it on; so
/// it names the moment since when.
struct QuietWarning {
    /// How long nothing may come.
    let limit: Duration
    /// Since when nothing has come, by the clocks of a zone so many seconds east of UTC.
    let since: Timestamp
    let secondsFromUTC: Int

    init(limit: Duration, since: Timestamp, secondsFromUTC: Int) {
        (self.limit, self.since, self.secondsFromUTC) = (limit, since, secondsFromUTC)
    }

    /// For a limit that has just been reached, by this computer's clock and zone.
    init(reachedNow limit: Duration) {
        let start = Date(timeIntervalSinceNow: -(limit / .seconds(1)))
        self.init(
            limit: limit, since: Timestamp(milliseconds: Int64(start.timeIntervalSince1970 * 1_000)),
            secondsFromUTC: TimeZone.current.secondsFromGMT(for: start))
    }

    var text: String {
        let length = "nothing has come for \(AlertWatch.words(limit)) and more"
        guard let time = CalendarTime(since, secondsFromUTC: secondsFromUTC) else { return length }
        return "\(length) (since \(time.date) \(time.timeOfDay) \(offset))"
    }

    /// Such as `+01:00`.
    private var offset: String {
        let (hours, minutes) = (abs(secondsFromUTC) / 60).quotientAndRemainder(dividingBy: 60)
        return "\(secondsFromUTC < 0 ? "-" : "+")\(hours < 10 ? "0" : "")\(hours):\(minutes < 10 ? "0" : "")\(minutes)"
    }
}
