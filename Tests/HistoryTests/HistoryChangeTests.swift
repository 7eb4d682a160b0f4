import History
import Notifications
import TestSupport
import Testing

// MARK: - Tally

@Suite struct TallyTests {
    private let folder = TemporaryFolder()

    @Test(arguments: Kept.allCases)
    func countsDeliveriesByVerdictAndRows(kept: Kept) async throws {
        let history = try kept.open(folder)
        let verdicts: [SignatureVerdict] = [.valid, .valid, .invalid, .missing, .malformed, .unsupported, .unverified]
        for verdict in verdicts { #expect(await history.keep(.sample(ids: ["a", "b"], verdict))) }
        #expect(await history.keep(.sample(ids: [])))
        let request = JudgedDelivery(
            delivery: .sample(method: "GET"), judgement: Judgement(.unjudged), answer: .methodNotAllowed, events: [],
            generation: nil)
        #expect(await history.keep(request))

        let tally = history.current.tally
        #expect(SignatureVerdict.allCases.map { tally[$0] } == [3, 1, 1, 1, 1, 1, 1, 0, 0, 0])
        #expect(tally.notifications == 8)
        #expect(tally.rows == 16)
        #expect(try history.allRows.count == 16)
    }

    @Test(arguments: Kept.allCases)
    func countsTheMatchesOfEachSecret(kept: Kept) async throws {
        let history = try kept.open(folder)
        for label in ["one", "two", "one"] { #expect(await history.keep(.sample(.sample(), .valid, secret: label))) }
        #expect(await history.keep(.sample(.sample(), .invalid, secret: "two")))
        #expect(await history.keep(.sample(.sample(), .unverified)))
        #expect(try history.matches == ["one": 2, "two": 1])
        try history.rejudge(
            [(1, Judgement(.valid, secret: "three"))], generation: 2)
        #expect(try history.matches == ["one": 1, "two": 1, "three": 1])
    }

    @Test(arguments: Kept.allCases)
    func everyCommitIsTold(kept: Kept) async throws {
        let history = try kept.open(folder)
        let observer = Observer(history)
        for count in 1...5 {
            #expect(await history.keep(.sample(ids: ["a", "b", "c"])))
            let change = try #require(observer.changes.last)
            #expect(change == history.current)
            #expect(change.latestDelivery == Int64(count))
            #expect(change.latestRow == Int64(count) * 3)
            #expect(change.tally[.valid] == count)
            #expect(change.revision == 0)
        }
        #expect(observer.events.count == 5)
    }
}

// MARK: - Health

/// The number of reports that nothing can be recorded.
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

    /// There are at most a few reports a minute, whatever happens.
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

    @Test func aWriteIsTriedFromTimeToTimeWhileNothingIsRecorded() throws {
        var health = SteadyHealth()
        #expect(health.attempt == nil)
        _ = health.see(.failing("full"), at: start)
        let attempt = try #require(health.attempt)
        let begun = [attempt - .milliseconds(1), attempt, attempt].map { health.beginAttempt(at: $0) }
        #expect(begun == [false, true, false])
        #expect(try #require(health.attempt) > attempt)
        _ = health.see(.recording, at: attempt)
        #expect(health.attempt == nil)
        // It fails again before the recovery is reported.
        _ = health.see(.failing("full"), at: attempt + .milliseconds(10))
        #expect(health.attempt != nil)
        health.giveUp()
        #expect(health.attempt == nil)
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
