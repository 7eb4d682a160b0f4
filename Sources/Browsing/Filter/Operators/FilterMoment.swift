import Notifications

/// Moments as they are written in a filter.
struct FilterMoment {
    let context: FilterContext

    private static let day: Int64 = 86_400_000

    /// The moments that a text means, from the first to before the second: an age, a time of day and a moment are one
    /// millisecond long, a date a day. Nil where it is none.
    func span(_ text: String) -> Range<Int64>? {
        let text = text.uppercased()
        if let moment = age(text) { return Self.instant(moment) }
        // As it stands first: the end of a date looks like an offset.
        if let span = inZone(text) { return span }
        guard let (time, seconds) = Self.offset(atEndOf: text) else { return nil }
        var context = context
        context.secondsFromUTC = { _ in seconds }
        return FilterMoment(context: context).inZone(time)
    }

    /// What a text means by the clocks of the context's zone.
    private func inZone(_ text: String) -> Range<Int64>? {
        if let moment = timeOfDay(text) ?? dateTime(text) { return Self.instant(moment) }
        guard let start = date(text) else { return nil }
        return first(at: start)..<first(at: start + Self.day)
    }

    private static func instant(_ moment: Int64) -> Range<Int64> {
        let start = min(moment, .max - 1)
        return start..<start + 1
    }

    /// `10s`, `10m`, `2h`, `3d`, `1w` ago, with longer names of the units and several in a row (`1h30min`); `now`.
    private func age(_ text: String) -> Int64? {
        if text == "NOW" { return context.now.milliseconds }
        guard let length = Self.length(text[...]) else { return nil }
        let (moment, isTooEarly) = context.now.milliseconds.subtractingReportingOverflow(length)
        return isTooEarly ? Int64.min : moment
    }

    /// Numbers with their units, in milliseconds; what is too long for a number is the longest there is.
    private static func length(_ text: Substring) -> Int64? {
        var (rest, sum) = (text, Int64(0))
        repeat {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            let name = rest[digits.endIndex...].prefix { $0.isASCII && $0.isLetter }
            guard let count = FilterNumber.whole(digits), let unit = unit(name) else { return nil }
            let (part, isPartTooLong) = count.multipliedReportingOverflow(by: unit)
            let (total, isTooLong) = sum.addingReportingOverflow(part)
            sum = isPartTooLong || isTooLong ? .max : total
            rest = rest[name.endIndex...]
        } while !rest.isEmpty
        return sum
    }

    private static func unit(_ name: Substring) -> Int64? {
        switch name {
        case "S", "SEC", "SECS", "SECOND", "SECONDS": 1_000
        case "M", "MIN", "MINS", "MINUTE", "MINUTES": 60_000
        case "H", "HR", "HRS", "HOUR", "HOURS": 3_600_000
        case "D", "DAY", "DAYS": day
        case "W", "WEEK", "WEEKS": 7 * day
        default: nil
        }
    }

    /// The latest such time of day that is not after now.
    private func timeOfDay(_ text: String) -> Int64? {
        guard let time = Self.clock(text), let today = today else { return nil }
        let now = context.now.milliseconds
        // Two days back: where clocks were put forward, today and yesterday may not have it before now.
        for back in Int64(0)...2 {
            if let latest = moments(at: today - back * Self.day + time).last(where: { $0 <= now }) { return latest }
        }
        return nil
    }

    /// `2026-01-01T02:14`, or with a blank between, with seconds and their parts where wanted.
    private func dateTime(_ text: String) -> Int64? {
        guard let middle = text.firstIndex(of: " ") ?? text.firstIndex(of: "T"),
            let date = date(String(text[..<middle])), let time = Self.clock(text[text.index(after: middle)...])
        else { return nil }
        return first(at: date + time)
    }

    /// `2026-01-01`, `today`, `yesterday`, `tomorrow`: as if the zone were UTC.
    private func date(_ text: String) -> Int64? {
        switch text {
        case "TODAY": today
        case "YESTERDAY": today.map { $0 - Self.day }
        case "TOMORROW": today.map { $0 + Self.day }
        default: Self.calendarDate(text[...])
        }
    }

    /// The `Z`, `+02:00`, `+0200` or `+02` that ends a text, in seconds east of UTC, and what stands before it.
    private static func offset(atEndOf text: String) -> (rest: String, seconds: Int)? {
        func before(_ end: String.Index) -> String { String(text[..<end].trimmingSuffix { $0 == " " }) }
        if text.last == "Z" { return (before(text.index(before: text.endIndex)), 0) }
        guard let sign = text.lastIndex(where: { $0 == "+" || $0 == "-" }) else { return nil }
        let written = text[text.index(after: sign)...]
        let digits = written.filter { $0 != ":" }
        let colon = written.firstIndex(of: ":").map { written.distance(from: written.startIndex, to: $0) }
        guard let number = FilterNumber.whole(digits), digits.count == 2 || digits.count == 4,
            colon == nil || colon == 2 && written.count == 5
        else { return nil }
        let (hours, minutes) = digits.count == 2 ? (number, 0) : (number / 100, number % 100)
        guard hours <= 23, minutes <= 59 else { return nil }
        let seconds = Int(hours * 60 + minutes) * 60
        return (before(sign), text[sign] == "+" ? seconds : -seconds)
    }

    /// The start of this day, as if the zone were UTC. Nil outside the years that calendars have here.
    private var today: Int64? {
        let offset = context.secondsFromUTC(context.now)
        guard CalendarTime(context.now, secondsFromUTC: offset) != nil else { return nil }
        let local = context.now.milliseconds + Int64(offset) * 1_000
        return local - (local % Self.day + Self.day) % Self.day
    }

    /// The moments at which clocks of the zone show a time, given as if the zone were UTC: two where clocks are put back,
    /// none where they are put forward.
    private func moments(at local: Int64) -> [Int64] {
        let offsets = Set([offset(at: local - Self.day), offset(at: local + Self.day)])
        return offsets.map { local - $0 }.filter { offset(at: $0) == local - $0 }.sorted()
    }

    private func first(at local: Int64) -> Int64 {
        moments(at: local).first ?? local - offset(at: local - Self.day)
    }

    private func offset(at milliseconds: Int64) -> Int64 {
        Int64(context.secondsFromUTC(Timestamp(milliseconds: milliseconds))) * 1_000
    }

    /// `02:14`, `02:14:05`, `02:14:05.123`, in milliseconds.
    private static func clock(_ text: some StringProtocol) -> Int64? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), parts[0].count <= 2, parts[1].count == 2,
            let hours = FilterNumber.whole(parts[0]), let minutes = FilterNumber.whole(parts[1]),
            hours <= 23, minutes <= 59
        else { return nil }
        guard parts.count == 3 else { return (hours * 60 + minutes) * 60_000 }
        let seconds = parts[2].split(separator: ".", omittingEmptySubsequences: false)
        guard seconds.count <= 2, seconds[0].count == 2, let second = FilterNumber.whole(seconds[0]), second <= 59
        else { return nil }
        var rest: Int64 = 0
        if seconds.count == 2 {
            guard FilterNumber.whole(seconds[1]) != nil else { return nil }
            rest = FilterNumber.whole((seconds[1] + "00").prefix(3)) ?? 0
        }
        return ((hours * 60 + minutes) * 60 + second) * 1_000 + rest
    }

    /// A date that the calendar has, in milliseconds since 1970 as if the zone were UTC.
    private static func calendarDate(_ text: Substring) -> Int64? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count == 4, parts[1].count == 2, parts[2].count == 2,
            let year = FilterNumber.whole(parts[0]), let month = FilterNumber.whole(parts[1]),
            let date = FilterNumber.whole(parts[2]), 1...12 ~= month
        else { return nil }
        // Years that begin in March, so that a leap day is the last of its year.
        let (marchYear, marchMonth) = month > 2 ? (year, month - 3) : (year - 1, month + 9)
        let leapDays = floor(marchYear, 4) - floor(marchYear, 100) + floor(marchYear, 400)
        let days = marchYear * 365 + leapDays + (153 * marchMonth + 2) / 5 + date - 1 - 719_468
        guard let found = CalendarTime(Timestamp(milliseconds: days * day), secondsFromUTC: 0),
            (Int64(found.year), Int64(found.month), Int64(found.day)) == (year, month, date)
        else { return nil }
        return days * day
    }

    private static func floor(_ number: Int64, _ divisor: Int64) -> Int64 {
        number >= 0 ? number / divisor : (number - divisor + 1) / divisor
    }
}

extension Substring {
    fileprivate func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> Substring {
        let end = lastIndex { !isTrimmed($0) }
        return end.map { self[...$0] } ?? prefix(0)
    }
}
