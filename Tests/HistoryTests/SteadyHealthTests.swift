import History
import Testing

/// How often a person is told that nothing is recorded.
@Suite struct SteadyHealthTests {
    private let start = ContinuousClock.now

    @Test func oneFailureIsReportedAtOnceAndItsEndOnceItLasts() throws {
        var health = SteadyHealth()
        #expect(health.see(.recording, at: start) == nil)
        #expect(health.see(.failing("full"), at: start) == .failing("full"))
        #expect(health.see(.recording, at: start + .seconds(1)) == nil)
        #expect(health.shown == .failing("full"))
        let due = try #require(health.due)
        #expect(health.recover(at: due - .milliseconds(1)) == nil)
        #expect(health.recover(at: due) == .recovered(failures: 1, within: .seconds(1)))
        #expect(health.shown == .recording)
        #expect(health.due == nil)
    }

    @Test func manyInARowMakeOnePairAndACount() throws {
        var health = SteadyHealth()
        var reports: [SteadyHealth.Report] = []
        var now = start
        for _ in 0..<41 {
            reports += [health.see(.failing("full"), at: now)].compactMap(\.self)
            now += .milliseconds(50)
            reports += [health.see(.recording, at: now)].compactMap(\.self)
            reports += [health.recover(at: now)].compactMap(\.self)
            now += .milliseconds(50)
        }
        #expect(reports == [.failing("full")])
        let due = try #require(health.due)
        #expect(health.recover(at: due) == .recovered(failures: 41, within: .milliseconds(4_050)))
    }

    /// At most a few reports a minute, however it goes on.
    @Test func whatRecursIsReportedEverMoreSeldom() {
        var health = SteadyHealth()
        var reports = 0
        for step in 0..<600 {
            let now = start + .milliseconds(500 * step)
            // Recording for three seconds, failing for half of one.
            let seen: HistoryHealth = step.isMultiple(of: 7) ? .failing("reason \(step % 2)") : .recording
            if health.see(seen, at: now) != nil { reports += 1 }
            if health.recover(at: now) != nil { reports += 1 }
        }
        #expect(reports < 40)
        #expect(reports > 1)
    }

    @Test func reasonsThatTakeTurnsAreNotAllReported() {
        var health = SteadyHealth()
        var reports = 0
        for step in 0..<1_000 {
            if health.see(.failing("reason \(step % 2)"), at: start + .milliseconds(step)) != nil { reports += 1 }
        }
        #expect(reports == 1)
        #expect(health.shown == .failing("reason 1"))
        #expect(health.see(.failing("another"), at: start + .seconds(3)) == .failing("another"))
    }
}
