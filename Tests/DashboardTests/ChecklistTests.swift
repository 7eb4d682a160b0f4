import Base
import History
import Notifications
import Terminal
import Testing

@testable import Dashboard
@testable import Receiving

@Suite("The checklist")
struct ChecklistTests {
    @Test("stands while nothing has arrived, with the real address")
    func first() {
        let user = User()
        #expect(user.lines[2] == "  Nothing has arrived yet.")
        #expect(user.screen.contains(" ✓  b2watch listens at http://127.0.0.1:8080/"))
        #expect(user.screen.contains("\n     cloudflared tunnel --url http://127.0.0.1:8080\n"))
        #expect(user.screen.contains("Buckets, the bucket, Event Notifications"))
        #expect(user.screen.contains(" 4  Press s and paste the rule's signing secret"))
        #expect(user.screen.contains(" 5  Press t"))
    }

    @Test("the tunnel goes to this computer, without the path")
    func tunnel() {
        var user = User(columns: 100)
        user.tell(.listening(.listening(url: "http://0.0.0.0:9000/hook", isLoopback: false)))
        #expect(user.screen.contains("cloudflared tunnel --url http://127.0.0.1:9000\n"))
        user.tell(.listening(.listening(url: "http://[::]:9000/hook", isLoopback: false)))
        #expect(user.screen.contains("cloudflared tunnel --url http://127.0.0.1:9000\n"))
        user.tell(.listening(.listening(url: "http://[::1]:9000/", isLoopback: true)))
        #expect(user.screen.contains("cloudflared tunnel --url http://[::1]:9000\n"))
    }

    @Test("steps tick themselves")
    func ticks() {
        var user = User()
        user.tell(.listening(.starting))
        #expect(user.screen.contains(" 1  b2watch is about to listen"))
        user.tell(.listening(.listening(url: "http://127.0.0.1:8080/", isLoopback: true)))
        #expect(user.screen.contains(" ✓  b2watch listens"))
        user.tell(.keyringChanged(KeyringSummary(secrets: [.prod])))
        #expect(user.screen.contains(" ✓  Press s"))
        user.press(.character("t"))
        user.answer(SendTestEvent(), "answered 200 OK in 2 ms")
        #expect(user.screen.contains(" ✓  Press t"))
        #expect(user.screen.contains(" Test event: answered 200 OK in 2 ms"))
    }

    @Test("the public address and B2's event are ticked by what the record shows, not by any request")
    func fromB2() {
        var user = User()
        user.tell(.measured(AnswerTimesSummary(), hasReceivedFromElsewhere: true))
        #expect(user.screen.contains(" 2  Give it a public HTTPS address"), "a local request came")
        user.arrive([Make.row(1)])
        user.press(.character("c"))
        #expect(user.screen.contains(" 2  Give it a public HTTPS address"))
        user.steps.isReachable = true
        user.arrive([Make.row(2)])
        #expect(user.screen.contains(" ✓  Give it a public HTTPS address"))
        #expect(user.screen.contains(" 3  Paste that address"))
        user.steps.isCalledByB2 = true
        user.arrive([Make.row(3)])
        #expect(user.screen.contains(" ✓  Paste that address"))
    }

    @Test("goes when the first row comes, and comes back by its key")
    func goesAndComes() {
        var user = User()
        user.arrive([Make.row(1)])
        #expect(user.selected != nil)
        user.press(.character("c"))
        #expect(user.lines[2] == "  First steps")
        user.press(.escape)
        #expect(user.selected != nil)
    }

    @Test("a test event that fails says why, and ticks nothing")
    func failedTest() {
        var user = User()
        user.press(.character("t"))
        #expect(user.screen.contains("Sending a test event…"))
        user.answer(Call(SendTestEvent()), .failure(EffectFailure(TestFailure())))
        #expect(user.screen.contains(" Test event: the disk is on fire"))
        #expect(user.screen.contains(" 5  Press t"))
    }

    @Test("at 40x10 every step has its line")
    func small() {
        let user = User(columns: 40, rows: 10)
        for step in ["✓", "2", "3", "4", "5"] { #expect(user.screen.contains(" \(step)  ")) }
        #expect(user.screen.contains("cloudflared tunnel"))
        let exposed = User(columns: 40, rows: 10, isLoopback: false)
        for step in ["✓", "2", "3", "4", "5"] { #expect(exposed.screen.contains(" \(step)  ")) }
    }
}
