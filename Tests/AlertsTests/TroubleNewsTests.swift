import History
import Notifications
import Testing

@testable import Alerts

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

    @Test("each trouble is told once, and more of it again; what was there before is known")
    func once() {
        var news = TroubleNews(at: start)
        #expect(news.take([status([.dead: 17])], at: start) == [])
        #expect(news.take([status([.dead: 17])], at: after(1)) == [])
        let more = news.take([status([.dead: 19, .uncertain: 1])], at: after(2))
        #expect(more.map(\.kind) == [.dead, .uncertain] && more.map(\.count) == [2, 1])
        let hold = ActionHold(.onHold, until: after(20), reason: "share it", since: after(3))
        let held = news.take([status([.dead: 19, .uncertain: 1, .queued: 4], hold: hold)], at: after(3))
        #expect(held == [ActionTrouble(action: "rows", kind: .onHold, count: 4, reason: "share it")])
        #expect(news.take([status([.dead: 19, .uncertain: 1, .queued: 5], hold: hold)], at: after(4)) == [])
        // It worked again meanwhile.
        #expect(news.take([status([.dead: 19, .uncertain: 1])], at: after(5)) == [])
        #expect(news.take([status([.queued: 1], hold: hold)], at: after(6)).map(\.kind) == [.onHold])
        #expect(news.take([status([.dead: 99], isDeclared: false)], at: after(7)) == [])
    }

    @Test("an action is behind once its oldest entry has waited for ten minutes, and not right after a start")
    func backlog() {
        var news = TroubleNews(at: start)
        let old = status([.queued: 5_000], oldest: after(-3_600))
        #expect(news.take([old], at: start) == [])
        #expect(news.nextLate([old], after: start) == after(600))
        #expect(news.take([old], at: after(600)).map(\.kind) == [.backlog])
        #expect(news.take([old], at: after(601)) == [] && news.nextLate([old], after: after(601)) == nil)
        let paused = status([.queued: 5_000], oldest: after(-3_600), isPaused: true)
        #expect(paused.troubles(at: after(700)) == [] && paused.lateAt == nil)
    }

    @Test("the bell rings and the program runs, one trouble after the other, with variables about the action alone")
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
}
