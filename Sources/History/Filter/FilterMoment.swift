public import Base
import Notifications

/// Times as they are written in filters and behind `:goto`: read by the clocks of one zone.
public struct FilterMoment {
    let context: FilterContext

    private static let day: Int64 = 86_400_000

    /// The accepted forms, in a few words.
    public static let examples = "10m (ago), 02:14, yesterday 02:14, 11-28, 2026-11-28 or 2026-11-28T02:14"

    /// Reads times by the context's clock and zone.
    public init(in context: FilterContext) {
        self.context = context
    }

    /// Returns the stretch of time that a text means, or nil if it is not a time: a date is a day, `02:14` a minute,
    /// `02:14:05` a second, and an age or a time with a fraction a millisecond.
    ///
    /// A recurring time, such as `02:14`, `11-28` or `monday`, is the latest that has begun.
    public func stretch(_ text: String) -> Range<Timestamp>? {
        span(text).map { Timestamp(milliseconds: $0.lowerBound)..<Timestamp(milliseconds: $0.upperBound) }
    }

    /// Returns the milliseconds that a text means, from the first to before the second.
    ///
    /// - Parameter start: A recurring time is the first that does not begin before it; nil for the latest that has
    ///   begun.
    func span(_ text: String, notBefore start: Int64? = nil) -> Range<Int64>? {
        let text = text.uppercased()
        if let moment = age(text) { return Self.stretch(from: moment, length: 1) }
        // As it is first: the end of a date looks like an offset.
        if let span = inZone(text, start) { return span }
        guard let (time, seconds) = Self.offset(atEndOf: text) else { return nil }
        var context = context
        context.secondsFromUTC = { _ in seconds }
        return FilterMoment(in: context).inZone(time, start)
    }

    /// Returns whether a text is an age, such as `10m`, which means the time since then.
    func isAge(_ text: String) -> Bool { age(text.uppercased()) != nil }

    /// Returns the time that a text means by the clocks of the context's zone.
    private func inZone(_ text: String, _ start: Int64?) -> Range<Int64>? {
        if let (time, length) = Self.clock(text) {
            return timeOfDay(time, start).map { Self.stretch(from: $0, length: length) }
        }
        if let (moment, length) = dateTime(text, start) { return Self.stretch(from: moment, length: length) }
        if let month = Self.month(text) { return first(at: month.lowerBound)..<first(at: month.upperBound) }
        guard let date = date(text, start) else { return nil }
        return first(at: date)..<first(at: date + Self.day)
    }

    private static func stretch(from moment: Int64, length: Int64) -> Range<Int64> {
        let start = min(moment, .max - length)
        return start..<start + length
    }

    /// Reads `10s`, `10m`, `2h`, `3d`, `1w` ago, with longer names of the units and several in a row (`1h30min`), also
    /// as `-2h` and `2 hours ago`; `now`.
    private func age(_ text: String) -> Int64? {
        if text == "NOW" { return context.now.milliseconds }
        var rest = text[...]
        if rest.hasSuffix("AGO") { rest = rest.dropLast(3) }
        if rest.hasPrefix("-") { rest = rest.dropFirst() }
        guard let length = Self.length(Substring(rest.filter { $0 != " " })) else { return nil }
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

    private static func unit(_ name: some StringProtocol) -> Int64? {
        switch name {
        case "S", "SEC", "SECS", "SECOND", "SECONDS": 1_000
        case "M", "MIN", "MINS", "MINUTE", "MINUTES": 60_000
        case "H", "HR", "HRS", "HOUR", "HOURS": 3_600_000
        case "D", "DAY", "DAYS": day
        case "W", "WEEK", "WEEKS": 7 * day
        default: nil
        }
    }

    /// Returns the latest such time of day that is not after now, or the first that is not before a moment.
    private func timeOfDay(_ time: Int64, _ start: Int64?) -> Int64? {
        if let start {
            guard let date = dayStart(of: start) else { return nil }
            // Two days on: where clocks were put forward, a day may not have it.
            for on in Int64(0)...2 {
                if let next = moments(at: date + on * Self.day + time).first(where: { $0 >= start }) { return next }
            }
            return nil
        }
        guard let today else { return nil }
        let now = context.now.milliseconds
        // Two days back: where clocks were put forward, today and yesterday may not have it before now.
        for back in Int64(0)...2 {
            if let latest = moments(at: today - back * Self.day + time).last(where: { $0 <= now }) { return latest }
        }
        return nil
    }

    /// Reads `2026-01-01T02:14`, or with a space between, optionally with seconds and their parts; also returns the
    /// length of the time written.
    private func dateTime(_ text: String, _ start: Int64?) -> (moment: Int64, length: Int64)? {
        guard let middle = text.lastIndex(of: " ") ?? text.lastIndex(of: "T"),
            let (time, length) = Self.clock(text[text.index(after: middle)...]),
            let date = date(String(text[..<middle]), start)
        else { return nil }
        return (first(at: date + time), length)
    }

    /// Returns the start of `2026-01-01`, `01-01`, `1 Jan`, `1 January 2026`, `monday`, `today`, `yesterday`,
    /// `tomorrow`, as if the zone were UTC.
    private func date(_ text: String, _ start: Int64?) -> Int64? {
        switch text {
        case "TODAY": return today
        case "YESTERDAY": return today.map { $0 - Self.day }
        case "TOMORROW": return today.map { $0 + Self.day }
        default: break
        }
        if let date = Self.calendarDate(text[...]) { return date }
        if let weekday = Self.weekday(text) {
            return recurring(start) {
                ($0 / Self.day + 4) % 7 == Int64(weekday)
            } years: { _ in
                nil
            }
        }
        var words = text.split(separator: " ")
        if words.count > 1, Self.weekday(words[0]) != nil { words.removeFirst() }
        if words.count == 3, let month = Self.monthNumber(words[1]) {
            return Self.calendarDate("\(words[2])-\(month)-\(Self.two(words[0]))")
        }
        let parts =
            words.count == 2
            ? Self.monthNumber(words[1]).map { [$0, Self.two(words[0])] }
                ?? Self.monthNumber(words[0]).map { [$0, Self.two(words[1])] }
            : text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard let parts, parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }) else { return nil }
        return recurring(start) { _ in
            false
        } years: { year in
            Self.calendarDate("\(Self.four(year))-\(parts[0])-\(parts[1])")
        }
    }

    /// Returns the latest day that has begun of those that recur, or the first that is not before the day of a moment.
    ///
    /// - Parameters:
    ///   - isOne: Whether a day is one of them, of those that recur each week.
    ///   - date: The date in a year, of one that recurs each year.
    private func recurring(
        _ start: Int64?, _ isOne: (Int64) -> Bool, years date: (Int) -> Int64?
    ) -> Int64? {
        guard let day = start.map(dayStart) ?? today,
            let year = CalendarTime(Timestamp(milliseconds: day), secondsFromUTC: 0)?.year
        else { return nil }
        let step = start == nil ? -Self.day : Self.day
        if let found = (Int64(0)..<7).map({ day + $0 * step }).first(where: isOne) { return found }
        // A leap day is eight years from the next at most.
        let years = start == nil ? (0...8).map { year - $0 } : (0...8).map { year + $0 }
        return years.lazy.compactMap(date).first { start == nil ? $0 <= day : $0 >= day }
    }

    private static let months = [
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ]
    private static let fullMonths = [
        "JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY", "AUGUST", "SEPTEMBER", "OCTOBER", "NOVEMBER",
        "DECEMBER",
    ]
    private static let weekdays = ["SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"]

    /// Returns two digits for a month's name.
    private static func monthNumber(_ name: some StringProtocol) -> String? {
        let index = months.firstIndex { $0 == name } ?? fullMonths.firstIndex { $0 == name }
        return index.map { two("\($0 + 1)") }
    }

    private static func weekday(_ name: some StringProtocol) -> Int? {
        weekdays.firstIndex { $0 == name || $0.prefix(3) == name }
    }

    private static func two(_ digits: some StringProtocol) -> String {
        digits.utf8.count == 1 ? "0\(digits)" : String(digits)
    }

    private static func four(_ year: Int) -> String {
        let digits = String(year)
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }

    /// Reads `2026-11`, as if the zone were UTC.
    private static func month(_ text: String) -> Range<Int64>? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 4, parts[1].utf8.count == 2,
            let start = calendarDate("\(text)-01"), let year = Int(parts[0]), let month = Int(parts[1])
        else { return nil }
        let next = month == 12 ? "\(four(year + 1))-01-01" : "\(parts[0])-\(two("\(month + 1)"))-01"
        return start..<(calendarDate(next[...]) ?? start + 31 * day)
    }

    /// Reads the `Z`, `UTC`, `+02:00`, `+0200` or `+02` that ends a text, in seconds east of UTC; also returns the text
    /// before it.
    private static func offset(atEndOf text: String) -> (rest: String, seconds: Int)? {
        func before(_ end: String.Index) -> String { String(text[..<end].trimmingSuffix { $0 == " " }) }
        if text.hasSuffix("UTC") { return (before(text.index(text.endIndex, offsetBy: -3)), 0) }
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
    private var today: Int64? { dayStart(of: context.now.milliseconds) }

    /// Returns the start of a moment's day, as if the zone were UTC; nil outside the years that calendars have here.
    private func dayStart(of milliseconds: Int64) -> Int64? {
        let moment = Timestamp(milliseconds: milliseconds)
        let offset = context.secondsFromUTC(moment)
        guard CalendarTime(moment, secondsFromUTC: offset) != nil else { return nil }
        let local = milliseconds + Int64(offset) * 1_000
        return local - (local % Self.day + Self.day) % Self.day
    }

    /// Returns the moments at which clocks of the zone show a time, given as if the zone were UTC: two if clocks are
    /// put back, none if they are put forward.
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

    /// Reads `02:14`, `02:14:05`, `02:14:05.123`, in milliseconds, and the length of the time written.
    private static func clock(_ text: some StringProtocol) -> (time: Int64, length: Int64)? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), parts[0].count <= 2, parts[1].count == 2,
            let hours = FilterNumber.whole(parts[0]), let minutes = FilterNumber.whole(parts[1]),
            hours <= 23, minutes <= 59
        else { return nil }
        guard parts.count == 3 else { return ((hours * 60 + minutes) * 60_000, 60_000) }
        let seconds = parts[2].split(separator: ".", omittingEmptySubsequences: false)
        guard seconds.count <= 2, seconds[0].count == 2, let second = FilterNumber.whole(seconds[0]), second <= 59
        else { return nil }
        var rest: Int64 = 0
        if seconds.count == 2 {
            guard FilterNumber.whole(seconds[1]) != nil else { return nil }
            rest = FilterNumber.whole((seconds[1] + "00").prefix(3)) ?? 0
        }
        return (((hours * 60 + minutes) * 60 + second) * 1_000 + rest, seconds.count == 2 ? 1 : 1_000)
    }

    /// Reads a date that exists in the calendar, in milliseconds since 1970 as if the zone were UTC.
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

// What is written with spaces and between dots.
extension FilterMoment {
    /// Returns whether a word behind a space belongs to a time: `02:14` to `yesterday`, `min` to `10`, `..` to what it
    /// ends.
    static func continues(_ value: String, with word: String) -> Bool {
        let last = last(of: value)
        let next = first(of: word.uppercased())
        if word.hasPrefix("..") { return !value.hasSuffix("..") }
        if value.hasSuffix("..") { return looksLikeTime(next) }
        let final = last.split(separator: " ").last.map(String.init) ?? last
        if clock(next) != nil { return clock(final) == nil && isDateLike(final) }
        if next == "AGO" { return true }
        if ["UTC", "Z"].contains(next) || offset(atEndOf: next)?.rest.isEmpty == true {
            return clock(final) != nil || calendarDate(final[...]) != nil
        }
        return unit(next) != nil && FilterNumber.whole(final) != nil
    }

    /// Returns the part of a range, or of any other text, that is before `..`.
    private static func first(of text: String) -> String {
        text.firstRange(of: "..").map { String(text[..<$0.lowerBound]) } ?? text
    }

    private static func last(of text: String) -> String {
        let text = text.uppercased()
        return text.firstRange(of: "..").map { String(text[$0.upperBound...]) } ?? text
    }

    private static func isDateLike(_ text: String) -> Bool {
        ["TODAY", "YESTERDAY", "TOMORROW"].contains(text) || weekday(text) != nil || calendarDate(text[...]) != nil
            || text.utf8.count == 5 && month("2000-" + text.prefix(2)) != nil && text.dropFirst(2).first == "-"
    }

    private static func looksLikeTime(_ text: String) -> Bool {
        clock(text) != nil || text == "NOW" || isDateLike(text) || length(text[...]) != nil
            || text.contains("T") && text.first.flatMap(\.wholeNumberValue) != nil
    }
}

extension Substring {
    fileprivate func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> Substring {
        let end = lastIndex { !isTrimmed($0) }
        return end.map { self[...$0] } ?? prefix(0)
    }
}
