import Base
import Foundation
import Notifications
import Testing
import TestSupport

@Suite struct TimestampTests {
    /// Compares with Foundation's calendar, which is Gregorian in all years.
    private func foundation(_ milliseconds: Int64, secondsFromUTC: Int) throws -> CalendarParts {
        var calendar = Calendar(identifier: .iso8601)
        calendar.timeZone = try #require(TimeZone(secondsFromGMT: secondsFromUTC))
        let second = (Double(milliseconds) / 1_000).rounded(.down)
        let parts = calendar.dateComponents(
            [.era, .year, .month, .day, .hour, .minute, .second], from: Date(timeIntervalSince1970: second))
        return CalendarParts(
            year: parts.era == 0 ? 1 - (parts.year ?? 0) : parts.year ?? 0, month: parts.month ?? 0,
            day: parts.day ?? 0, hour: parts.hour ?? 0, minute: parts.minute ?? 0, second: parts.second ?? 0,
            millisecond: Int(milliseconds - Int64(second) * 1_000))
    }

    private struct CalendarParts: Equatable {
        var year, month, day, hour, minute, second, millisecond: Int

        init(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, millisecond: Int) {
            (self.year, self.month, self.day) = (year, month, day)
            (self.hour, self.minute, self.second, self.millisecond) = (hour, minute, second, millisecond)
        }

        init(_ time: CalendarTime) {
            self.init(
                year: time.year, month: time.month, day: time.day, hour: time.hour, minute: time.minute,
                second: time.second, millisecond: time.millisecond)
        }
    }

    @Test func agreesWithFoundationAtRandomMoments() throws {
        var random = SeededGenerator(seed: 3)
        // From 1600: before that, Foundation uses the Julian calendar, even for ISO 8601.
        let years: Range<Int64> = -11_676_096_000_000..<253_402_300_800_000
        for _ in 0..<5_000 {
            let milliseconds = Int64.random(in: years, using: &random)
            let offset = Int.random(in: -56...56, using: &random) * 900
            guard let time = CalendarTime(Timestamp(milliseconds: milliseconds), secondsFromUTC: offset) else {
                #expect(!years.contains(milliseconds + Int64(offset) * 1_000))
                continue
            }
            #expect(
                CalendarParts(time) == (try foundation(milliseconds, secondsFromUTC: offset)),
                "\(milliseconds) at \(offset)")
        }
    }

    /// Tests all years, or those around each kind of leap year and at both ends.
    @Test(
        arguments: LongTests.areWanted
            ? [0...9_999] : [0...4, 1_896...1_904, 1_996...2_004, 2_096...2_104, 9_995...9_999])
    func everyDayFollowsTheOneBefore(years: ClosedRange<Int>) {
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        var expected = (year: years.lowerBound, month: 1, day: 1)
        // Days since the first of January of the year 0, which is a leap year.
        func day(ofYear year: Int) -> Int64 {
            Int64(year * 365 + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400)
        }
        for day in day(ofYear: years.lowerBound)..<day(ofYear: years.upperBound + 1) {
            let moment = Timestamp(milliseconds: -62_167_219_200_000 + day * 86_400_000)
            let time = CalendarTime(moment, secondsFromUTC: 0)
            guard let time, (time.year, time.month, time.day) == expected else {
                Issue.record("\(moment.rfc3339) is not \(expected)")
                return
            }
            let year = expected.year
            let isLeap = year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
            expected.day += 1
            if expected.day > lengths[expected.month - 1] + (isLeap && expected.month == 2 ? 1 : 0) {
                expected = expected.month == 12 ? (year + 1, 1, 1) : (year, expected.month + 1, 1)
            }
        }
        #expect(expected == (years.upperBound + 1, 1, 1))
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"), (7, "1970-01-01T00:00:00.007Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"), (951_868_799_999, "2000-02-29T23:59:59.999Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"), (1_767_262_272_345, "2026-01-01T10:11:12.345Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"), (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            // Years outside the range of RFC 3339.
            (253_402_300_800_000, "253402300800000"), (-62_167_219_200_001, "-62167219200001"),
            (.max, "9223372036854775807"), (.min, "-9223372036854775808"),
        ] as [(Int64, String)])
    func isRFC3339(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).rfc3339 == text)
    }

    @Test func anOffsetMovesTheDate() throws {
        let moment = Timestamp(milliseconds: 1_767_225_599_999)
        let utc = try #require(CalendarTime(moment, secondsFromUTC: 0))
        #expect("\(utc.date) \(utc.timeOfDay).\(utc.fraction)" == "2025-12-31 23:59:59.999")
        let east = try #require(CalendarTime(moment, secondsFromUTC: 5 * 3_600 + 1_800))
        #expect("\(east.date) \(east.timeOfDay)" == "2026-01-01 05:29:59")
        let west = try #require(CalendarTime(moment, secondsFromUTC: -9 * 3_600))
        #expect("\(west.date) \(west.timeOfDay)" == "2025-12-31 14:59:59")
    }

    @Test func isInNoCalendarWhereTheOffsetLeavesItsYears() {
        #expect(CalendarTime(Timestamp(milliseconds: 253_402_300_799_999), secondsFromUTC: 1) == nil)
        #expect(CalendarTime(Timestamp(milliseconds: -62_167_219_200_000), secondsFromUTC: -1) == nil)
        #expect(CalendarTime(Timestamp(milliseconds: .max), secondsFromUTC: 50_400) == nil)
        #expect(CalendarTime(Timestamp(milliseconds: .min), secondsFromUTC: -50_400) == nil)
    }

    @Test func momentsAreOrdered() {
        #expect(Timestamp(milliseconds: -1) < Timestamp(milliseconds: 0))
        #expect(!(Timestamp(milliseconds: 0) < Timestamp(milliseconds: 0)))
    }
}
