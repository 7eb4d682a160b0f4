import Base
import Foundation
import History
import Notifications
import Testing

@testable import Receiving

@Suite("Alerts")
struct AlertsTests {
    private let start = ContinuousClock.now

    private func problem(_ delivery: Int64, object: String = "a.txt") -> ProblemReport {
        let row = EventRow(
            id: delivery, deliveryID: delivery, position: 0, eventCount: 1, receivedAt: Timestamp(milliseconds: 0),
            verdict: .invalid)
        var problem = Problem(row)
        problem.object = object
        return ProblemReport(count: 1, latest: problem)
    }

    @Test("ring the bell for the configured events, once a second")
    func bell() {
        var problems = Alerts(AlertSettings(bell: .problem), at: start)
        #expect(problems.arrived(hasEvents: true, problems: nil, at: start) == [])
        #expect(problems.arrived(hasEvents: true, problems: problem(1), at: start) == [.ring])
        #expect(problems.arrived(hasEvents: true, problems: problem(2), at: start + .milliseconds(999)) == [])
        #expect(problems.arrived(hasEvents: true, problems: problem(3), at: start + .seconds(1)) == [.ring])

        var events = Alerts(AlertSettings(bell: .event), at: start)
        #expect(events.arrived(hasEvents: false, problems: nil, at: start) == [])
        #expect(events.arrived(hasEvents: true, problems: nil, at: start) == [.ring])

        var silent = Alerts(AlertSettings(), at: start)
        #expect(silent.arrived(hasEvents: true, problems: problem(1), at: start) == [])
        #expect(silent.deadline == nil)
    }

    @Test(
        "run one program at a time; later problems are reported together, a second after its start at the earliest"
    )
    func program() {
        var alerts = Alerts(AlertSettings(onProblem: ["notify"]), at: start)
        #expect(alerts.arrived(hasEvents: true, problems: problem(1), at: start) == [.run(["notify"], problem(1))])
        #expect(alerts.arrived(hasEvents: true, problems: problem(2), at: start) == [])
        #expect(alerts.arrived(hasEvents: true, problems: problem(3), at: start + .seconds(5)) == [])
        #expect(alerts.deadline == nil)
        let both = ProblemReport(count: 2, latest: problem(3).latest)
        #expect(alerts.ended(at: start + .seconds(6)) == [.run(["notify"], both)])
        #expect(alerts.ended(at: start + .milliseconds(6_010)) == [])
        #expect(alerts.arrived(hasEvents: true, problems: problem(4), at: start + .milliseconds(6_020)) == [])
        #expect(alerts.deadline == start + .seconds(7))
        #expect(alerts.tick(at: start + .seconds(7)) == [.run(["notify"], problem(4))])
        #expect(alerts.deadline == nil)
    }

    @Test("warn of a quiet time once, until something arrives")
    func quiet() {
        var alerts = Alerts(AlertSettings(quietAfter: .seconds(60)), at: start)
        #expect(alerts.deadline == start + .seconds(60))
        _ = alerts.arrived(hasEvents: true, problems: nil, at: start + .seconds(10))
        #expect(alerts.tick(at: start + .seconds(60)) == [])
        #expect(alerts.tick(at: start + .seconds(70)) == [.quiet(.seconds(60))])
        #expect(alerts.deadline == nil)
        #expect(alerts.tick(at: start + .seconds(700)) == [])
        #expect(alerts.arrived(hasEvents: false, problems: nil, at: start + .seconds(800)) == [.quietIsOver])
        #expect(alerts.deadline == start + .seconds(860))
    }

    @Test("apply other settings at once")
    func change() {
        var alerts = Alerts(AlertSettings(quietAfter: .seconds(60)), at: start)
        _ = alerts.tick(at: start + .seconds(60))
        #expect(alerts.change(AlertSettings(bell: .event), at: start + .seconds(61)) == [.quietIsOver])
        #expect(alerts.deadline == nil)
        #expect(alerts.arrived(hasEvents: true, problems: nil, at: start + .seconds(62)) == [.ring])
    }

    @Test("put nothing into the program's environment that could control a terminal")
    func environment() {
        let report = problem(7, object: "\u{1b}]0;x\u{7}" + String(repeating: "é", count: 5_000))
        let environment = report.environment
        #expect(environment["B2WATCH_PROBLEMS"] == "1" && environment["B2WATCH_DELIVERY"] == "7")
        #expect(environment["B2WATCH_VERDICT"] == "invalid")
        let object = environment["B2WATCH_OBJECT"] ?? ""
        #expect(object.hasPrefix("\\x1b]0;x\\x07é") && object.count == 1_000)
        #expect(environment["B2WATCH_STATUS"] == "200")
        #expect(AlertWatch.words(.seconds(9_000)) == "2 h 30 min")
        #expect(AlertWatch.words(.milliseconds(500)) == "500 ms")
    }

    @Test("warn of a quiet time with its start, which stays correct")
    func quietSince() {
        let since = Timestamp(milliseconds: 1_795_538_580_000)
        let warning = QuietWarning(limit: .seconds(1_800), since: since, secondsFromUTC: -12_600)
        #expect(warning.text == "nothing has arrived for 30 min and more (since 2026-11-24 13:13:00 -03:30)")
        func aMinuteAgo() -> Int64 { Int64(Date.now.timeIntervalSince1970 * 1_000) - 60_000 }
        let before = aMinuteAgo()
        let now = QuietWarning(reachedNow: .seconds(60)).since.milliseconds
        #expect(before - 1 <= now && now <= aMinuteAgo() + 1)
    }
}

// MARK: - Actions in trouble

@Suite("Alerts about actions")
struct TroubleNewsTests {
    private let start = Timestamp(milliseconds: 1_000_000_000)

    private func status(
        _ counts: [EntryState: Int], hold: ActionHold? = nil, oldest: Timestamp? = nil, isDeclared: Bool = true,
        isPaused: Bool = false
    ) -> ActionStatus {
        ActionStatus(
            id: 1, name: "rows", kind: "csv", summary: "rows", isPaused: isPaused, isDeclared: isDeclared,
            counts: counts, oldestWaiting: oldest, lastReason: "404", hold: hold)
    }

    private func after(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: start.milliseconds + seconds * 1_000) }

    @Test("report each trouble once, and again when it grows; earlier troubles are known")
    func once() {
        var news = TroubleNews(at: start)
        #expect(news.update([status([.dead: 17])], at: start) == [])
        #expect(news.update([status([.dead: 17])], at: after(1)) == [])
        let more = news.update([status([.dead: 19, .uncertain: 1])], at: after(2))
        #expect(more.map(\.kind) == [.dead, .uncertain] && more.map(\.count) == [2, 1])
        let hold = ActionHold(.onHold, until: after(20), reason: "share it", since: after(3))
        let held = news.update([status([.dead: 19, .uncertain: 1, .queued: 4], hold: hold)], at: after(3))
        #expect(held == [ActionTrouble(action: "rows", kind: .onHold, count: 4, reason: "share it")])
        #expect(news.update([status([.dead: 19, .uncertain: 1, .queued: 5], hold: hold)], at: after(4)) == [])
        // The action worked again in between.
        #expect(news.update([status([.dead: 19, .uncertain: 1])], at: after(5)) == [])
        #expect(news.update([status([.queued: 1], hold: hold)], at: after(6)).map(\.kind) == [.onHold])
        #expect(news.update([status([.dead: 99], isDeclared: false)], at: after(7)) == [])
    }

    @Test("report an action as late when its oldest entry has waited for ten minutes, and not right after a start")
    func backlog() {
        var news = TroubleNews(at: start)
        let old = status([.queued: 5_000], oldest: after(-3_600))
        #expect(news.update([old], at: start) == [])
        #expect(news.nextLate([old], after: start) == after(600))
        #expect(news.update([old], at: after(600)).map(\.kind) == [.backlog])
        #expect(news.update([old], at: after(601)) == [] && news.nextLate([old], after: after(601)) == nil)
        let paused = status([.queued: 5_000], oldest: after(-3_600), isPaused: true)
        #expect(paused.troubles(at: after(700)) == [] && paused.lateAt == nil)
    }

    @Test("ring the bell and run the program for one trouble after the other, with variables about the action only")
    func told() {
        let start = ContinuousClock.now
        var alerts = Alerts(AlertSettings(bell: .problem, onProblem: ["notify"]), at: start)
        let dead = ActionTrouble(action: "rows", kind: .dead, count: 3, reason: "404 \u{1b}[2J")
        let hold = ActionTrouble(action: "sms", kind: .onHold, count: 9, reason: "20003")
        #expect(alerts.troubled([], at: start) == [])
        #expect(alerts.troubled([dead, hold], at: start) == [.ring, .runForAction(["notify"], dead)])
        #expect(alerts.troubled([dead], at: start + .milliseconds(10)) == [])
        #expect(alerts.ended(at: start + .seconds(2)) == [.runForAction(["notify"], hold)])
        #expect(alerts.ended(at: start + .seconds(4)) == [.runForAction(["notify"], dead)])
        #expect(alerts.ended(at: start + .seconds(6)) == [] && alerts.deadline == nil)
        let environment = dead.environment
        #expect(environment["B2WATCH_PROBLEM"] == "action" && environment["B2WATCH_ACTION"] == "rows")
        #expect(environment["B2WATCH_ACTION_PROBLEM"] == "dead" && environment["B2WATCH_PROBLEMS"] == "3")
        #expect(environment["B2WATCH_REASON"] == "404 \\x1b[2J" && environment["B2WATCH_DELIVERY"] == "")
        #expect(Set(environment.keys) == Set(ProblemReport.variables))
        var silent = Alerts(AlertSettings(), at: start)
        #expect(silent.troubled([dead], at: start) == [])
    }

    @Test func aBucketThatNeedsAPersonIsReported() {
        let start = ContinuousClock.now
        var alerts = Alerts(AlertSettings(bell: .problem, onProblem: ["notify"]), at: start)
        let missing = BucketTrouble(bucket: "photos", kind: .missing, count: 3, reason: "3 missing \u{1b}[2J")
        let failed = BucketTrouble(bucket: "photos", kind: .failed, reason: "no key")
        #expect(alerts.troubled(missing, at: start) == [.ring, .runForBucket(["notify"], missing)])
        #expect(alerts.troubled(failed, at: start + .seconds(2)) == [.ring])
        #expect(alerts.troubled(failed, at: start + .seconds(4)) == [.ring])
        #expect(alerts.ended(at: start + .seconds(5)) == [.runForBucket(["notify"], failed)])
        #expect(alerts.ended(at: start + .seconds(7)) == [] && alerts.deadline == nil)
        let environment = missing.environment
        #expect(environment["B2WATCH_PROBLEM"] == "bucket" && environment["B2WATCH_BUCKET_PROBLEM"] == "missing")
        #expect(environment["B2WATCH_BUCKET"] == "photos" && environment["B2WATCH_PROBLEMS"] == "3")
        #expect(environment["B2WATCH_REASON"] == "3 missing \\x1b[2J")
        #expect(Set(environment.keys) == Set(ProblemReport.variables))
    }
}
