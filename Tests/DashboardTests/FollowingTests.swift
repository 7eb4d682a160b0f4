import Base
import History
import Notifications
import Terminal
import Testing

@testable import Dashboard

@Suite("Following, and staying")
struct FollowingTests {
    @Test("the newest row is followed until the user moves up")
    func follows() {
        var user = User.watching(3)
        user.arrive([Make.row(4)])
        #expect(user.hasRow("16:43:04", selected: true))
        user.press(.up)
        user.arrive([Make.row(5)])
        #expect(user.hasRow("16:43:03", selected: true))
        #expect(user.marks.hasSuffix("+1 new"))
    }

    @Test("the selection stays on its event while 1,000 arrive")
    func selectionStays() {
        var user = User.watching(50)
        user.press(.up, .up, .up)
        let before = user.selected
        let place = user.lines.firstIndex { $0.hasPrefix("▌") }
        for id in 51...1_050 { user.arrive([Make.row(Int64(id))]) }
        #expect(user.selected == before)
        #expect(user.lines.firstIndex { $0.hasPrefix("▌") } == place)
        #expect(user.marks.hasSuffix("+1,000 new"))
        #expect(user.model.events.rows.window.rows.count < 200)
        user.press(.character("G"))
        #expect(user.hasRow("17:00:30", selected: true))
        #expect(user.marks.hasSuffix("FOLLOW"))
    }

    @Test("a long history is walked through from end to end, a margin at a time")
    func walk() {
        var user = User.watching(1_000)
        for _ in 0..<120 { user.press(.pageUp) }
        #expect(user.lines[3].hasPrefix("▌ 16:43:01"))
        for _ in 0..<999 {
            user.press(.down)
            #expect(user.model.events.rows.window.rows.count < 200)
        }
        #expect(user.hasRow("16:59:40", selected: true))
        #expect(!user.model.events.rows.isFollowing)
    }

    @Test("F follows and stops")
    func toggles() {
        var user = User.watching(3)
        user.press(.character("F"))
        #expect(user.marks.hasSuffix("row 3 of 3"))
        user.arrive([Make.row(4)])
        #expect(user.hasRow("16:43:03", selected: true))
        user.press(.character("F"))
        #expect(user.hasRow("16:43:04", selected: true))
    }

    @Test("where the selected row is gone, the next older one is selected")
    func goneRow() {
        var user = User.watching(10)
        user.press(.up)
        user.history.removeAll { $0.id == 9 }
        user.change.revision += 1
        user.now += .seconds(1)
        user.tell(.historyChanged(user.change))
        #expect(user.hasRow("16:43:08", selected: true))
    }

    @Test("verdicts judged again are read again")
    func rejudged() {
        var user = User.watching(3)
        user.history = (1...3).map { Make.row($0, verdict: .invalid) }
        user.change.revision += 1
        user.now += .seconds(1)
        user.tell(.historyChanged(user.change))
        #expect(user.hasRow("✗ invalid", selected: true))
    }
}
