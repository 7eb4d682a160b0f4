import Base
import Foundation
import History
import Notifications
import Terminal
import Testing

@testable import Dashboard
@testable import Receiving

@Suite("Actions that need somebody")
struct ActionTroubleTests {
    private static let reason =
        "sheets.example answered 403 Forbidden: share the spreadsheet with b2watch@sample.iam as an editor"

    private static func held() -> ListedAction {
        var action = Make.action("rows", [.done: 3, .queued: 5_000], kind: "google-sheet")
        action.status.hold = ActionHold(
            .onHold, until: Timestamp(milliseconds: Make.start + 240_000), reason: reason,
            since: Timestamp(milliseconds: Make.start))
        return action
    }

    private func user(_ actions: [ListedAction], columns: Int) -> User {
        User.acting(size: Size(columns: columns, rows: 24), actions: actions)
    }

    @Test("are marked at the tab and in the top line, on every tab and at every width", arguments: [60, 80, 120])
    func marks(columns: Int) {
        let dead = Make.action("alerts", [.done: 2, .dead: 17, .uncertain: 1])
        let calm = user([Make.action("rows", [.done: 3])], columns: columns)
        #expect(
            !calm.lines[0].contains("actions") && !calm.lines[1].contains("4!") && !calm.lines[1].contains("Actions!"))
        var user = user([dead, Self.held()], columns: columns)
        for key in ["1", "3", "4"] {
            user.press(.character(Character(key)))
            let top = user.lines[0]
            #expect(
                top.contains("actions 19!") || top.contains("actions: rows on hold, 17 dead, 1 uncertain"), "\(top)")
            #expect(user.lines[1].contains("Actions!") || user.lines[1].contains("4!"), "\(user.lines[1])")
        }
    }

    @Test("say how soon they are tried, the status first, and drop no count", arguments: [80, 120])
    func list(columns: Int) {
        var dead = Make.action("a-long-name-for-alerts", [.done: 2, .dead: 17, .uncertain: 1, .skipped: 4])
        dead.status.lastReason = "/usr/local/bin/make-thumbnail ended with status 3: no such image"
        var user = user([dead, Self.held()], columns: columns)
        user.press(.character("4"))
        let title = user.lines[2]
        for name in ["QUEUED", "FAILED", "DEAD", "UNCERTAIN", "SKIPPED"] where name != "FAILED" {
            #expect(title.contains(name), "\(title)")
        }
        #expect(!user.screen.contains("waiting until"))
        #expect(!user.lines[3...5].joined().contains("on hold, retry in 4…"), "a state is not cut: \(user.screen)")
        #expect(user.screen.contains("on hold, in 4 min") || user.screen.contains("on hold, retry in 4 min"))
        if columns == 120 { #expect(user.screen.contains("on hold, retry in 4 min")) }
        user.press(.down)
        #expect(user.screen.contains("On hold, 5,000 events wait, next try in 4 min: sheets.example answered 403"))
        user.press(.character("R"))
        #expect(user.actionCalls == calls(RetryAction("rows", in: [.failed, .dead, .onHold])))
    }

    @Test("count what is on hold for a leaked secret, and retry it by the action's name", arguments: [60, 80, 120])
    func leaked(columns: Int) {
        var user = user([Make.action("rows", [.done: 3, .failed: 1, .onHold: 2])], columns: columns)
        user.press(.character("4"))
        #expect(user.lines[2].contains("ON HOLD"), "\(user.lines[2])")
        if columns == 120 { #expect(user.lines[0].contains("actions: 2 entries on hold"), "\(user.lines[0])") }
        user.press(.character("R"))
        let question = "Retry “rows” for all 1 entry that failed, and 2 verified by a secret deleted as leaked?"
        #expect(user.model.question?.text(user.model.bindings).hasPrefix(question) == true)
        user.press(.character("y"))
        #expect(user.actionCalls == calls(RetryAction("rows", in: [.failed, .dead, .onHold])))
        user.arrive([Make.row(9)])
        user = self.user([Make.action("rows", [.done: 3, .onHold: 2])], columns: columns)
        user.press(.character("4"), .character("R"))
        #expect(user.screen.contains("Retry “rows” for 2 entries verified by a secret"))
    }

    @Test("are skipped as a whole, after a question")
    func skipAll() {
        var user = user([Self.held()], columns: 100)
        user.press(.character("4"), .character("D"))
        #expect(user.screen.contains("Skip 5,000 entries of “rows” that wait or are dead? (y/n)"))
        user.press(.character("y"))
        #expect(user.actionCalls == calls(SkipAction("rows", in: [.queued, .failed, .dead, .onHold])))
    }

    @Test("that has nothing left to do is not said to wait", arguments: [80, 120])
    func nothingWaits(columns: Int) {
        var action = Make.action("rows", [.done: 3, .onHold: 2], reason: "the secret was deleted")
        action.status.hold = ActionHold(
            .failing, until: Timestamp(milliseconds: Make.start + 240_000), reason: "no answer")
        var user = user([action], columns: columns)
        user.press(.character("4"))
        #expect(user.screen.contains("Last error: the secret was deleted") && !user.screen.contains("0 events wait"))
        var held = Make.action("rows", [.done: 3, .onHold: 2])
        held.status.hold = ActionHold(.onHold, until: Timestamp(milliseconds: Make.start), reason: "403 Forbidden")
        user = self.user([held], columns: columns)
        user.press(.character("4"))
        #expect(
            user.screen.contains("On hold: 403 Forbidden") && !user.screen.contains("events wait"), "\(user.screen)")
        action.status.counts[.failed] = 1
        user = self.user([action], columns: columns)
        user.press(.character("4"))
        #expect(user.screen.contains("Next try in 4 min, 1 event waits: no answer"))
        #expect(!user.lines[3].contains("…") || columns == 80, "\(user.lines[3])")
        #expect(user.lines[3].contains("in 4 min"))
    }

    @Test("are told of once, by whoever runs them")
    func toldOnce() {
        var user = user([Make.action("rows", [.done: 3])], columns: 100)
        user.tell(.notice("action rows fails and is tried again: nothing listens at 127.0.0.1:7999"))
        user.actions = [Make.action("rows", [.done: 3, .failed: 1], reason: "nothing listens at 127.0.0.1:7999")]
        user.outboxMoves()
        #expect(user.screen.components(separatedBy: "nothing listens at").count == 2, "\(user.screen)")
    }

    @Test("are behind once an entry has waited for ten minutes; nothing wakes the screen for another reason")
    func late() {
        var user = user([Make.action("rows", [.queued: 3], oldest: 0)], columns: 120)
        #expect(!user.lines[0].contains("late"))
        #expect(user.model.deadline != nil)
        user.wait(.seconds(601))
        #expect(user.lines[0].contains("actions: 3 late"), "\(user.lines[0])")
        #expect(user.model.deadline == nil)
    }

    @Test(
        "tell a reason in few words, what went wrong first",
        arguments: [
            ("Slack answered 403 Forbidden: ask them", "403 Forbidden: ask them"),
            ("/usr/local/bin/make ended with status 3: no image", "status 3: no image"),
            ("/srv/a/events.csv cannot be written (Permission denied)", "cannot be written (Permission denied)"),
            ("given up after 3 d: x.example answered 500", "given up: 500"),
            ("refused, while others were done: x.example answered 404 Not Found", "404 Not Found"),
            (
                "the secret prod (3f9a) that verified it was deleted as leaked: retry or skip it",
                "secret leaked: prod (3f9a)"
            ),
            ("nothing listens at x.example", "nothing listens at x.example"),
        ])
    func brief(reason: String, expected: String) {
        #expect(EntryReason.brief(reason) == expected)
    }

    @Test("say how soon something is, in a few letters")
    func soon() {
        let now = Timestamp(milliseconds: Make.start)
        func soon(_ seconds: Int64) -> String {
            ActionLine.soon(Timestamp(milliseconds: Make.start + seconds * 1_000), now, .utc).string
        }
        #expect(soon(20) == "in < 1 min" && soon(240) == "in 4 min" && soon(230) == "in 4 min")
        #expect(soon(80_000).count == 5 && soon(80_000).contains(":"))
        #expect(soon(90_000) == "in 25 h" && soon(700_000) == "in 8 days")
    }
}
