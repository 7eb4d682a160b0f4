import Base
import Notifications
import Testing

@testable import Receiving

@Suite struct AnswerTimesTests {
    private let origin = ContinuousClock.now

    @Test func startsEmpty() {
        #expect(AnswerTimes(origin: origin).summary(at: origin) == AnswerTimesSummary())
    }

    @Test func findsMedianAndTail() {
        let times = AnswerTimes(origin: origin)
        for milliseconds in 1...200 { times.record(.milliseconds(milliseconds), at: origin + .seconds(3)) }
        let summary = times.summary(at: origin + .seconds(4))
        #expect(summary.count == 200)
        #expect(abs(summary.median - 100_000) <= 100_000 / 16)
        #expect(abs(summary.p99 - 198_000) <= 198_000 / 16)
        #expect(summary.until == origin + .seconds(300))
    }

    @Test func forgetsAfterFiveMinutes() {
        let times = AnswerTimes(origin: origin)
        times.record(.microseconds(5), at: origin + .seconds(15))
        times.record(.microseconds(7), at: origin + .seconds(200))
        #expect(times.summary(at: origin + .seconds(309)).count == 2)
        #expect(times.summary(at: origin + .seconds(309)).until == origin + .seconds(310))
        let later = times.summary(at: origin + .seconds(310))
        #expect(later == AnswerTimesSummary(count: 1, median: 7, p99: 7, until: origin + .seconds(500)))
        #expect(times.summary(at: origin + .seconds(500)) == AnswerTimesSummary())
    }

    @Test func usesASliceAgain() {
        let times = AnswerTimes(origin: origin)
        times.record(.microseconds(5), at: origin)
        times.record(.microseconds(6), at: origin + .seconds(300))
        // Too late: its slice is in use again.
        times.record(.microseconds(4), at: origin)
        #expect(times.summary(at: origin + .seconds(300)).count == 1)
        #expect(times.summary(at: origin + .seconds(300)).median == 6)
    }

    @Test(arguments: [0, 1, 7, 8, 9, 15, 16, 17, 100, 999, 1_234, 65_535, 65_536, 1_000_000, 300_000_000])
    func bucketsAreNarrow(_ microseconds: Int) {
        let middle = TimeBuckets.middle(of: TimeBuckets.bucket(of: microseconds))
        #expect(abs(middle - microseconds) <= microseconds / 16)
    }

    @Test func takesAnyTime() {
        let times = AnswerTimes(origin: origin)
        times.record(.seconds(-1), at: origin)
        times.record(.seconds(1_000_000_000), at: origin)
        #expect(times.summary(at: origin).count == 2)
    }
}
