import Glibc

/// A moment, in milliseconds since 1970-01-01 00:00 UTC: the unit and epoch of B2's own `eventTimestamp`.
public struct Timestamp: Sendable, Hashable, Comparable {
    public let milliseconds: Int64

    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// The time by the computer's clock.
    public static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }

    public static func < (one: Timestamp, other: Timestamp) -> Bool {
        one.milliseconds < other.milliseconds
    }

    /// RFC 3339 in UTC with milliseconds, such as `2026-11-23T16:43:05.123Z`.
    ///
    /// RFC 3339 ends with the year 9999; a moment outside the years 0 to 9999 is given as its raw milliseconds.
    public var rfc3339: String {
        guard let time = CalendarTime(self, secondsFromUTC: 0) else { return String(milliseconds) }
        return String(unsafeUninitializedCapacity: CalendarTime.rfc3339Length) { text in
            text.baseAddress.map { time.writeRFC3339(to: $0) } ?? 0
        }
    }
}

/// The parts of a moment as a calendar and a clock at a given offset show them.
public struct CalendarTime: Sendable, Hashable {
    public let year: Int
    public let month: Int
    public let day: Int
    public let hour: Int
    public let minute: Int
    public let second: Int
    public let millisecond: Int

    /// Returns nil outside the years 0 to 9999.
    ///
    /// - Parameter secondsFromUTC: The zone's offset, in seconds east of UTC.
    public init?(_ timestamp: Timestamp, secondsFromUTC: Int) {
        let yearZero: Int64 = -62_167_219_200_000
        let yearTenThousand: Int64 = 253_402_300_800_000
        guard (yearZero..<yearTenThousand).contains(timestamp.milliseconds) else { return nil }
        let local = timestamp.milliseconds + Int64(secondsFromUTC) * 1_000
        guard (yearZero..<yearTenThousand).contains(local) else { return nil }

        let inDay: Int64 = 86_400_000
        let days = local >= 0 ? local / inDay : (local - inDay + 1) / inDay
        let rest = Int(local - days * inDay)
        hour = rest / 3_600_000
        minute = rest / 60_000 % 60
        second = rest / 1_000 % 60
        millisecond = rest % 1_000

        // Days to a date in the proleptic Gregorian calendar, counted in years that begin on the first of March,
        // so that a leap day is the last of its year.
        let shifted = Int(days) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// The date, such as `2026-11-23`.
    public var date: String { "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))" }

    /// The time, such as `16:43:05`.
    public var timeOfDay: String { "\(padded(hour, 2)):\(padded(minute, 2)):\(padded(second, 2))" }

    /// The milliseconds, such as `007`.
    public var fraction: String { padded(millisecond, 3) }

    private func padded(_ number: Int, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }

    // MARK: - As bytes

    /// The length of what `writeRFC3339(to:)` writes.
    public static let rfc3339Length = 24

    /// Writes the moment as RFC 3339 in UTC, which its parts must be of.
    ///
    /// - Returns: The number of bytes written.
    public func writeRFC3339(to place: UnsafeMutablePointer<UInt8>) -> Int {
        func digits(_ number: Int, _ count: Int, at start: Int) {
            var rest = number
            for index in stride(from: start + count - 1, through: start, by: -1) {
                place[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
        }
        digits(year, 4, at: 0)
        place[4] = UInt8(ascii: "-")
        digits(month, 2, at: 5)
        place[7] = UInt8(ascii: "-")
        digits(day, 2, at: 8)
        place[10] = UInt8(ascii: "T")
        digits(hour, 2, at: 11)
        place[13] = UInt8(ascii: ":")
        digits(minute, 2, at: 14)
        place[16] = UInt8(ascii: ":")
        digits(second, 2, at: 17)
        place[19] = UInt8(ascii: ".")
        digits(millisecond, 3, at: 20)
        place[23] = UInt8(ascii: "Z")
        return Self.rfc3339Length
    }
}

// MARK: - Amounts of time

/// Buckets for amounts of time, in any unit. A bucket's width grows with the amount: eight buckets for each doubling,
/// so that a bucket's middle is within a sixteenth of each amount in it.
public enum TimeBuckets {
    private static let steps = 8
    /// The number of buckets; the last one takes all larger amounts too.
    public static let count = steps * 30

    /// Returns the bucket of an amount; negative amounts are in the first.
    public static func bucket(of amount: Int) -> Int {
        guard amount >= steps else { return max(0, amount) }
        let doublings = Int.bitWidth - 1 - amount.leadingZeroBitCount - 3
        let step = amount >> doublings & (steps - 1)
        return min(steps * (doublings + 1) + step, count - 1)
    }

    /// Returns the amount in the middle of a bucket.
    public static func middle(of bucket: Int) -> Int {
        guard bucket >= steps else { return bucket }
        let doublings = bucket / steps - 1
        let low = (steps + bucket % steps) << doublings
        return low + (1 << doublings) / 2
    }

    /// Returns the amount of the `rank`th smallest, ranks counting from 1, given the number of amounts in each bucket.
    public static func amount(at rank: Int, in counts: [some BinaryInteger]) -> Int {
        var seen = 0
        for (bucket, count) in counts.enumerated() {
            seen += Int(count)
            if seen >= rank { return middle(of: bucket) }
        }
        return 0
    }
}
