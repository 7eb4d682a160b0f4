import Base
import History
import Notifications
import Testing
import TestSupport

@Suite("Times in filters")
struct FilterMomentTests {
    /// Central Europe in 2026: clocks put forward on March 29 at 01:00 UTC, back on October 25 at 01:00 UTC.
    private static let zone: @Sendable (Timestamp) -> Int = { moment in
        1_774_746_000_000..<1_792_890_000_000 ~= moment.milliseconds ? 7_200 : 3_600
    }

    private func start(_ text: String, now: String) throws -> String {
        guard case .number(_, _, let base) = try Filter("after:\(now)", in: FilterSample.context).predicate else {
            return ""
        }
        let context = FilterContext(now: Timestamp(milliseconds: base), secondsFromUTC: Self.zone)
        guard case .number(.receivedAt, .atLeast, let moment) = try Filter("after:\(text)", in: context).predicate
        else {
            return "no number"
        }
        return Timestamp(milliseconds: moment).rfc3339
    }

    @Test(
        "are in the shown zone",
        arguments: [
            ("2026-03-10", "2026-03-10T12:00Z", "2026-03-09T23:00:00.000Z"),
            ("2026-07-01T12:00", "2026-03-10T12:00Z", "2026-07-01T10:00:00.000Z"),
            ("2026-07-01T12:00:05.5Z", "2026-03-10T12:00Z", "2026-07-01T12:00:05.500Z"),
            ("2026-07-01T12:00+05:30", "2026-03-10T12:00Z", "2026-07-01T06:30:00.000Z"),
            ("2026-07-01t12:00z", "2026-03-10T12:00Z", "2026-07-01T12:00:00.000Z"),
            ("02:14", "2026-03-10T12:00Z", "2026-03-10T01:14:00.000Z"),
            ("13:00", "2026-03-10T12:00Z", "2026-03-10T12:00:00.000Z"),
            ("13:00:01", "2026-03-10T12:00Z", "2026-03-09T12:00:01.000Z"),
            // This time does not exist on the day on which clocks are put forward.
            ("02:30", "2026-03-29T12:00Z", "2026-03-28T01:30:00.000Z"),
            ("2026-03-29T02:30", "2026-03-29T12:00Z", "2026-03-29T01:30:00.000Z"),
            // This time exists twice on the day on which clocks are put back.
            ("02:30", "2026-10-25T12:00Z", "2026-10-25T01:30:00.000Z"),
            ("02:30", "2026-10-25T01:00Z", "2026-10-25T00:30:00.000Z"),
            ("2026-10-25T02:30", "2026-10-25T12:00Z", "2026-10-25T00:30:00.000Z"),
            ("today", "2026-03-09T23:30Z", "2026-03-09T23:00:00.000Z"),
            ("yesterday", "2026-03-29T23:30Z", "2026-03-28T23:00:00.000Z"),
            ("10s", "2026-03-10T12:00Z", "2026-03-10T11:59:50.000Z"),
            ("3d", "2026-03-10T12:00Z", "2026-03-07T12:00:00.000Z"),
            ("1W", "2026-03-10T12:00Z", "2026-03-03T12:00:00.000Z"),
            ("02:14Z", "2026-03-10T12:00Z", "2026-03-10T02:14:00.000Z"),
            ("02:14+02:00", "2026-03-10T12:00Z", "2026-03-10T00:14:00.000Z"),
            ("23:30-0130", "2026-03-10T12:00Z", "2026-03-10T01:00:00.000Z"),
            ("2026-11-28Z", "2026-03-10T12:00Z", "2026-11-28T00:00:00.000Z"),
            ("2026-11-28+02:00", "2026-03-10T12:00Z", "2026-11-27T22:00:00.000Z"),
            ("2026-11-28-02", "2026-03-10T12:00Z", "2026-11-28T02:00:00.000Z"),
            ("yesterdayZ", "2026-03-09T23:30Z", "2026-03-08T00:00:00.000Z"),
            ("\"2026-11-28 14:33\"", "2026-03-10T12:00Z", "2026-11-28T13:33:00.000Z"),
            ("\"2026-11-28 14:33 +02:00\"", "2026-03-10T12:00Z", "2026-11-28T12:33:00.000Z"),
            ("tomorrow", "2026-03-09T23:30Z", "2026-03-10T23:00:00.000Z"),
            ("10min", "2026-03-10T12:00Z", "2026-03-10T11:50:00.000Z"),
            ("1h30m", "2026-03-10T12:00Z", "2026-03-10T10:30:00.000Z"),
            ("2hours", "2026-03-10T12:00Z", "2026-03-10T10:00:00.000Z"),
            ("1day", "2026-03-10T12:00Z", "2026-03-09T12:00:00.000Z"),
            ("2024-02-29", "2026-03-10T12:00Z", "2024-02-28T23:00:00.000Z"),
            ("-2h", "2026-03-10T12:00Z", "2026-03-10T10:00:00.000Z"),
            ("2h ago", "2026-03-10T12:00Z", "2026-03-10T10:00:00.000Z"),
            ("10 minutes", "2026-03-10T12:00Z", "2026-03-10T11:50:00.000Z"),
            ("yesterday 02:14", "2026-03-10T12:00Z", "2026-03-09T01:14:00.000Z"),
            ("2026-11-28 14:33", "2026-03-10T12:00Z", "2026-11-28T13:33:00.000Z"),
            ("2026-11-28 14:33 UTC", "2026-03-10T12:00Z", "2026-11-28T14:33:00.000Z"),
            ("03-09", "2026-03-10T12:00Z", "2026-03-08T23:00:00.000Z"),
            ("03-11", "2026-03-10T12:00Z", "2025-03-10T23:00:00.000Z"),
            ("03-09 02:14:07", "2026-03-10T12:00Z", "2026-03-09T01:14:07.000Z"),
            ("02-29", "2026-03-10T12:00Z", "2024-02-28T23:00:00.000Z"),
            ("\"9 Mar 02:14\"", "2026-03-10T12:00Z", "2026-03-09T01:14:00.000Z"),
            ("\"Mon 9 March 2026 02:14\"", "2026-03-10T12:00Z", "2026-03-09T01:14:00.000Z"),
            ("monday", "2026-03-10T12:00Z", "2026-03-08T23:00:00.000Z"),
            ("tue", "2026-03-10T12:00Z", "2026-03-09T23:00:00.000Z"),
            ("wed 02:14", "2026-03-10T12:00Z", "2026-03-04T01:14:00.000Z"),
            ("2026-03", "2026-03-10T12:00Z", "2026-02-28T23:00:00.000Z"),
        ])
    func zone(text: String, now: String, expected: String) throws {
        #expect(try start(text, now: now) == expected)
    }

    @Test(
        "that are not valid are refused",
        arguments: [
            "2026-13-01", "2026-02-29", "2026-1-1", "26-01-01", "24:00", "2:5", "10", "m", "--5m", "5m ago ago",
            "13-01", "02-30", "2026-13", "2026-01-01T",
            "T02:14",
            "2026-01-01T02:14+25:00", "2026-01-01T02:14+1", "02:14:60", "02:14:05.", "10mZ", "nowZ", "1h30", "h10",
            "02:14+2", "2026-01-01+24:00", "02:14+0:200",
            "١٠m", "１０m",
        ])
    func refused(text: String) {
        #expect(filterError("after:\(text)") != nil)
    }

    @Test(
        "may be so distant that calculations would overflow",
        arguments: [Int64.min, .max, 0, -62_167_219_200_000, 253_402_300_799_999])
    func extremes(now: Int64) {
        let context = FilterContext(now: Timestamp(milliseconds: now)) { _ in 50_400 }
        for text in [
            "999999999999999999w", "1s", "now", "today", "02:14", "0000-01-01", "9999-12-31", "9999-12-31T23:59",
            "monday", "02-29", "9999-12", "02:14..02:13", "today..tomorrow",
            "..now", "12-31..01-01",
        ] {
            for name in ["after", "on", "time"] { _ = filterError("\(name):\(text)", in: context) }
        }
    }

    @Test("are those of the calendar")
    func everyDate() throws {
        var random = SeededGenerator(seed: 2)
        for _ in 0..<2_000 {
            let moment = Timestamp(milliseconds: .random(in: -62_167_219_200_000..<253_402_300_800_000, using: &random))
            let filter = try Filter("after:\(moment.rfc3339)", in: FilterSample.context)
            #expect(filter.predicate == .number(.receivedAt, .atLeast, moment.milliseconds))
        }
    }

    @Test(
        "that form a range include the whole last second",
        arguments: [
            ("02:10..02:20", "2026-03-10T01:10:00.000Z", "2026-03-10T01:21:00.000Z"),
            ("23:50..00:10", "2026-03-09T22:50:00.000Z", "2026-03-09T23:11:00.000Z"),
            ("yesterday 02:10..02:20", "2026-03-09T01:10:00.000Z", "2026-03-09T01:21:00.000Z"),
            ("2026-02-27T02:10..02:20:30", "2026-02-27T01:10:00.000Z", "2026-02-27T01:20:31.000Z"),
            ("2026-03-08..2026-03-09", "2026-03-07T23:00:00.000Z", "2026-03-09T23:00:00.000Z"),
            ("12-30..01-02", "2025-12-29T23:00:00.000Z", "2026-01-02T23:00:00.000Z"),
            ("03-01", "2026-02-28T23:00:00.000Z", "2026-03-01T23:00:00.000Z"),
            ("02:14", "2026-03-10T01:14:00.000Z", "2026-03-10T01:15:00.000Z"),
            ("02:14:07", "2026-03-10T01:14:07.000Z", "2026-03-10T01:14:08.000Z"),
            ("2026-02", "2026-01-31T23:00:00.000Z", "2026-02-28T23:00:00.000Z"),
            ("2h..1h", "2026-03-10T10:00:00.000Z", "2026-03-10T11:00:00.001Z"),
        ])
    func ranges(text: String, start: String, end: String) throws {
        let context = FilterContext(now: Timestamp(milliseconds: FilterSample.now), secondsFromUTC: Self.zone)
        guard
            case .all(let parts) = try Filter("time:\(text)", in: context).predicate,
            case .number(.receivedAt, .atLeast, let first) = parts.first,
            case .number(.receivedAt, .less, let last) = parts.last
        else {
            Issue.record("no range")
            return
        }
        #expect(Timestamp(milliseconds: first).rfc3339 == start)
        #expect(Timestamp(milliseconds: last).rfc3339 == end)
    }

    @Test("that form a range can be written as terms")
    func span() throws {
        let (start, end) = (Timestamp(milliseconds: 1_000), Timestamp(milliseconds: 2_000))
        let filter = try Filter(FilterTerm.arrived(from: start, before: end), in: FilterSample.context)
        #expect(filter.predicate == .all([.number(.receivedAt, .atLeast, 1_000), .number(.receivedAt, .less, 2_000)]))
    }
}
