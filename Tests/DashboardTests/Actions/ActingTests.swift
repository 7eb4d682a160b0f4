import Base
import Foundation
import History
import Notifications
import Sending
import Terminal
import Testing

@testable import Dashboard

@Suite("Acting on rows")
struct ActingTests {
    private static let two = [Make.action("alerts", kind: "slack"), Make.action("rows")]

    @Test("one event is acted on at once")
    func one() {
        var user = User.acting(actions: Self.two)
        user.outcome = { _ in .done(ActReport(addition: Outbox.Addition(added: 1))) }
        user.press(.character("a"))
        #expect(user.screen.contains("[alerts]") && user.screen.contains("run now"))
        user.press(.tab, .character("r"))
        #expect(user.acts.map(\.deed) == [.run("rows")] && user.acts.allSatisfy { !$0.isCount })
        #expect(user.acts.first?.rows == .current(user.history[19]))
        #expect(user.screen.contains("“rows”: 1 event added."))
        user.press(.character("a"))
        #expect(user.screen.contains("[rows]"))
    }

    @Test("for many the count is confirmed first", arguments: [true, false])
    func many(isSure: Bool) {
        var user = User.acting(actions: Self.two)
        user.outcome = { request in
            request.isCount
                ? .counted(ActCount(events: 20, deliveries: 20, states: [.done: 3]))
                : .done(ActReport(addition: Outbox.Addition(added: 17, there: 3)))
        }
        user.press(.character("A"), .character("a"), .enter)
        #expect(user.screen.contains("Run “alerts” for 20 events? 3 are done already and stay. (y/n)"))
        user.press(.character(isSure ? "y" : "n"))
        #expect(user.acts.map(\.isCount) == (isSure ? [true, false] : [true]))
        if isSure { #expect(user.screen.contains("“alerts”: 17 events added, 3 done or waiting already.")) }
    }

    @Test("progress is told, X cancels, and what comes late is dropped")
    func cancelling() throws {
        var user = User.acting(actions: Self.two)
        user.press(.character("a"), .character("r"))
        let asked = try #require(user.waiting.first)
        user.report(ActOutcome.passed(5_000), of: asked)
        #expect(user.screen.contains("Adding to “alerts”: 5,000 … X cancels"))
        user.press(.character("a"))
        #expect(user.screen.contains("X cancels it."))
        user.press(.character("X"))
        #expect(user.cancelledActs == 1)
        user.finishAct(.cancelled(ActReport(passed: 1, addition: Outbox.Addition(added: 1))))
        #expect(user.screen.contains("Cancelled. “alerts”: 1 event added."))
        user.report(ActOutcome.passed(9_000), of: asked)
        #expect(user.model.session.acting == nil)
    }

    @Test("retry and skip say where there is nothing to do")
    func nothing() {
        var user = User.acting(actions: Self.two)
        user.outcome = { _ in .counted(ActCount(events: 20, deliveries: 20, states: [.done: 20])) }
        user.press(.character("A"), .character("a"), .character("t"))
        #expect(user.screen.contains("“alerts” has nothing to try again for these."))
        user.press(.character("a"), .character("s"))
        #expect(user.screen.contains("“alerts” has nothing to skip for these."))
    }

    @Test("a dry run asks for the rows, and shows the text")
    func dryRun() {
        var user = User.acting(actions: Self.two)
        user.preview = { _ in DryRun(text: Array("text=cat".utf8)) }
        user.press(.character("a"), .character("d"))
        #expect(user.previews == [Preview(action: "alerts", rows: .current(user.history[19]))])
        #expect(user.screen.contains("text=cat"))
    }

    @Test("a replay asks for a target, offers earlier ones, and counts for many")
    func replay() {
        var user = User.acting(actions: [])
        user.outcome = { request in
            var report = ActReport()
            if case .replay(let url) = request.deed { report.replay = ReplayCount(to: url ?? "http://127.0.0.1:8080/") }
            for status in [200, 200, 401] { report.replay.add(.answered(status)) }
            return request.isCount ? .counted(ActCount(events: 3, deliveries: 3)) : .done(report)
        }
        user.press(.character("r"))
        #expect(user.screen.contains("replay to") && user.screen.contains("delivery 20 again, as received"))
        user.type("localhost")
        user.press(.enter)
        #expect(user.acts.isEmpty && user.screen.contains("Write a URL"))
        user.press(.control("u"))
        user.type("http://127.0.0.1:9000/")
        user.press(.enter)
        #expect(user.acts.map(\.deed) == [.replay(to: "http://127.0.0.1:9000/")])
        #expect(user.screen.contains("Replay to http://127.0.0.1:9000/: 3 sent: 2 answered 200, 1 answered 401"))

        // The line begins empty, so that what is typed is never appended to an earlier URL.
        user.press(.character("A"), .character("r"))
        #expect(user.screen.contains("\n Up http://127.0.0.1:9000/"))
        // They are there on the smallest screen too.
        user.resize(40, 10)
        #expect(user.screen.contains("\n Up http://127.0.0.1:9000/"))
        user.resize(100, 30)
        user.type("http://[::1]:9001/hook")
        user.press(.enter)
        #expect(user.screen.contains("Replay 3 deliveries to http://[::1]:9001/hook? (y/n)"))
        user.press(.character("y"), .character("r"), .up, .up, .enter)
        #expect(user.acts.last?.deed == .replay(to: "http://127.0.0.1:9000/"))
        user.press(.character("y"), .character("r"), .up, .down, .enter)
        #expect(user.acts.last?.deed == .replay(to: nil))
        user.press(.character("y"))
        #expect(user.screen.contains("Replay to http://127.0.0.1:8080/: 3 sent"))
        #expect(user.model.session.viewState.replayTargets == ["http://127.0.0.1:9000/", "http://[::1]:9001/hook"])
    }

    @Test("the targets of replays are kept from one start to the next")
    func targetsKept() throws {
        var state = ViewState()
        for number in 1...30 { state.rememberTarget("http://127.0.0.1:\(number)/") }
        let kept = try JSONDecoder().decode(ViewState.self, from: try JSONEncoder().encode(state))
        #expect(kept == state && kept.replayTargets.count == 20)
        #expect(kept.replayTargets.first == "http://127.0.0.1:30/")
    }

    @Test("what is shown of a target masks its credentials")
    func targetMasked() {
        var count = ReplayCount(to: "https://hooks.example/services/T0AAAAAAA/abcDEF0123456789abcdEF?token=s3cret")
        count.add(.answered(200))
        #expect(
            count.sentence == "Replay to https://hooks.example/services/T0AAAAAAA/***?token=***: 1 sent: 1 answered 200"
        )
    }

    @Test("in the list of deliveries it is the delivery's events, and one replay")
    func deliveries() {
        var rows = (1...3).map { Make.row($0) }
        for (position, index) in [1, 2].enumerated() {
            (rows[index].deliveryID, rows[index].position, rows[index].eventCount) = (2, position, 2)
        }
        var user = User.acting(rows, actions: Self.two)
        user.press(.character("3"), .character("a"), .character("r"))
        #expect(user.acts.last?.rows == .chosen([2, 3]) && user.acts.last?.isCount == true)
        user.finishAct(.cancelled(ActReport()))
        user.outcome = { _ in .done(ActReport()) }
        user.press(.character("r"), .enter)
        #expect(user.acts.last?.rows == .current(rows[1]))
    }

    @Test("nobody acts where nobody can be asked")
    func obstacles() {
        var user = User.watching(3)
        user.press(.character("a"))
        #expect(user.screen.contains("Nobody runs actions here."))
        user.press(.character("r"))
        #expect(user.screen.contains("Nobody runs actions here.") && user.model.overlays.prompt == nil)
        var other = User.acting(actions: Self.two)
        other.tell(.listening(.away(ListenerAbsence(.gone, reason: "The listener is gone."))))
        other.press(.character("a"))
        #expect(other.screen.contains("The listener is gone."))
    }

    @Test("a question that comes late takes no place of another, and no key that was meant for something else")
    func lateQuestion() throws {
        var user = User.acting(actions: Self.two)
        user.press(.character("A"), .character("a"), .character("r"))
        user.tell(.measured(AnswerTimesSummary(), hasReceivedFromElsewhere: true))
        user.press(.character("q"))
        #expect(user.screen.contains("Stop receiving?"))
        user.wait(.seconds(5))
        let count = ActOutcome.counted(ActCount(events: 20, deliveries: 20))
        user.finishAct(count)
        #expect(user.screen.contains("Stop receiving?"))
        user.press(.character("n"))
        #expect(user.screen.contains("Run “alerts” for 20 events? (y/n)"))
        user.press(.character("y"))
        #expect(user.acts.count == 1 && user.model.question != nil)
        user.wait(.seconds(2))
        user.press(.character("y"))
        #expect(user.acts.count == 2)
    }

    @Test("a dry run that was overtaken by another is not shown")
    func lateDryRun() {
        var user = User.acting(actions: Self.two)
        user.press(.character("a"), .character("d"), .character("a"), .tab, .character("d"))
        user.finishPreview(user.previews[0], "first")
        #expect(user.model.page == nil)
        user.finishPreview(user.previews[1], "second")
        #expect(user.screen.contains("second"))
    }

    @Test("the menu is buttons")
    func mouse() {
        var user = User.acting(actions: Self.two)
        user.press(.character("a"))
        user.click(on: "rows", behind: 25)
        user.click(on: "skip", behind: 20)
        #expect(user.acts.map(\.deed) == [.skip("rows")])
    }

    @Test("what is told of replays is added up")
    func tally() {
        var (one, two) = (ReplayCount(), ReplayCount())
        for number in 1...1_000 { one.add(.answered(number % 500 == 0 ? 401 : 200)) }
        two.add(.answered(200))
        two.add(.unanswered("no answer in time"))
        two.add(.refused("delivery 7 is not recorded"))
        #expect(one.bad == 2 && two.bad == 2 && two.total == 3)
        one.add(two)
        #expect(one.bad == 4 && one.total == 1_003)
        #expect("\(one)" == "1,002 sent: 999 answered 200, 2 answered 401, 1 not answered; 1 not sent")
        #expect(one.sentence == "Replay: \(one); delivery 7 is not recorded")
        #expect(ReplayCount().sentence == "Replay: nothing was sent")
    }
}
