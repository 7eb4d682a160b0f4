import Base
import History
import Notifications
import Terminal
import Testing

@testable import Dashboard

@Suite("5 Rules")
struct RulesTests {
    private func watching() -> User {
        var user = User(columns: 120, holding: [.prod])
        user.arrive([
            Make.row(1, bucket: "photos", rule: "all"), Make.row(2, verdict: .invalid, bucket: "photos", rule: "all"),
            Make.row(3, bucket: "photos", rule: "thumbnails"), Make.row(4, bucket: "archive", rule: "all"),
            Make.request(5),
        ])
        user.press(.character("5"))
        user.wait(.milliseconds(50))
        return user
    }

    @Test("has a row for each bucket and rule, with the share of each verdict")
    func rows() {
        let user = watching()
        #expect(user.lines[1].contains("[5 Rules]"))
        let rows = user.lines[3...5].map { $0.split(separator: " ").joined(separator: " ") }
        #expect(rows.contains { $0.contains("photos all 2 16:43:02 50 % 50 %") }, "\(rows)")
        #expect(rows.contains { $0.contains("photos thumbnails 1 16:43:03 100 %") }, "\(rows)")
        #expect(rows.contains { $0.contains("archive all 1") }, "\(rows)")
    }

    @Test("counts what arrives, and counts again where verdicts change")
    func grows() {
        var user = watching()
        user.arrive([Make.row(6, bucket: "photos", rule: "thumbnails")])
        user.wait(.milliseconds(50))
        #expect(
            user.screen.contains("thumbnails")
                && user.lines.contains { $0.contains("thumbnails") && $0.contains(" 2 ") })
        user.history = user.history.map { row in
            var row = row
            row.verdict = row.position == nil ? row.verdict : .invalid
            return row
        }
        user.change.revision += 1
        user.tell(.historyChanged(user.change))
        user.wait(.seconds(2))
        #expect(!user.lines[3...6].contains { $0.contains("100 %") && $0.contains("valid") })
    }

    @Test("l lists the events of the rule")
    func enter() {
        var user = watching()
        user.press(.character("g"), .character("/"))
        user.type("thumb")
        user.press(.enter, .character("l"))
        #expect(user.model.view == .events)
        #expect(user.marks.contains("1 of 5 events"), "\(user.marks)")
        #expect(user.hasRow("thumbnails", selected: true))
    }

    @Test("is sorted and filtered as every list")
    func found() {
        var user = watching()
        user.press(.character(":"))
        user.type("sort events")
        user.press(.enter)
        #expect(user.lines[2].contains("EVENTS↓") && user.lines[3].contains(" 2 "))
        user.press(.character("f"))
        user.type("bucket:archive")
        user.press(.enter)
        #expect(user.marks.contains("1 listed"), "\(user.marks)")
        #expect(!user.screen.contains("thumbnails"))
    }
}
