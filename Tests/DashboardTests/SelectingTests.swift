import Base
import History
import Notifications
import Terminal
import TestSupport
import Testing

@testable import Dashboard

@Suite("Marks, selection and freezing")
struct SelectingTests {
    @Test("Space selects and goes on; the count is told; Esc lets go")
    func selects() {
        var user = User.watching(9)
        #expect(user.model.actsOn?.count == 1)
        user.press(.character("g"), .character(" "), .character(" "))
        #expect(user.marks.contains("2 selected"))
        #expect(user.lines[3].hasPrefix(" ◆ 16:43:01  "))
        #expect(user.lines[5].hasPrefix("▌  16:43:03  "))
        #expect(user.model.actsOn == .chosen([1, 2]))
        user.press(.character(" "), .character("k"), .character(" "))
        #expect(user.model.actsOn == .chosen([1, 2]))
        user.press(.escape)
        #expect(user.lines[3].hasPrefix("  16:43:01  "))
        #expect(!user.screen.contains("selected"))
    }

    @Test("all rows listed are selected at the cost of one")
    func all() {
        var user = User.watching(500)
        user.press(.character("A"))
        #expect(user.marks.contains("500 selected"))
        #expect(user.model.events.selection.ids.isEmpty)
        user.press(.character("k"), .character(" "))
        #expect(user.marks.contains("499 selected"))
        user.arrive([Make.row(501)])
        #expect(user.marks.contains("499 selected"), "what comes later is not among them")
        #expect(user.model.actsOn?.query.predicate.holds(for: Make.row(499)) == false)
        #expect(user.model.actsOn?.query.predicate.holds(for: Make.row(500)) == true)
        #expect(user.model.actsOn?.query.predicate.holds(for: Make.row(501)) == false)
    }

    @Test("other rows listed end a selection of all")
    func otherRows() {
        var user = User.watching(50)
        user.press(.character("A"), .character("!"))
        #expect(!user.marks.contains("selected"))
        #expect(user.screen.contains("the selection was cleared"))
        user.press(.character("!"))
        user.press(.character(" "), .character("!"))
        #expect(user.marks.contains("1 selected"), "rows chosen one by one stay")
    }

    @Test("V selects a range")
    func range() {
        var user = User.watching(30)
        user.press(.character("g"), .character("V"), .down, .down, .down)
        #expect(user.marks.contains("1 selected, range…"))
        user.press(.character("V"))
        #expect(user.model.actsOn == .chosen([1, 2, 3, 4]))
    }

    @Test("marks stand in the margin, are gone to and listed")
    func marks() {
        var user = User.watching(9)
        user.press(.character("'"))
        #expect(user.screen.contains("No row is marked: m marks one."))
        user.press(.character("g"), .character("m"), .down, .down, .character("m"), .down)
        #expect(user.lines[3].hasPrefix(" * 16:43:01  "))
        user.press(.character("'"))
        #expect(user.hasRow("16:43:01", selected: true))
        user.press(.character("'"))
        #expect(user.selected?.hasPrefix("▌* 16:43:03") == true)
        user.press(.character("M"))
        #expect(user.marks.contains("marked only  2 of 9 events"))
        #expect(user.model.events.rows.visible.count == 2)
        user.press(.character("m"))
        #expect(user.model.events.rows.visible.count == 1)
        user.press(.character("m"))
        #expect(user.model.events.marks.isEmpty)
        #expect(user.model.events.rows.visible.count == 9)
    }

    @Test("a range shows while it grows")
    func growingRange() {
        var user = User.watching(9)
        user.press(.character("V"), .up, .up)
        #expect(user.lines.count { $0.dropFirst().hasPrefix("◆") } == 3)
        user.press(.down)
        #expect(user.lines.count { $0.dropFirst().hasPrefix("◆") } == 2)
        #expect(user.model.events.selection.ids.count == 1)
    }

    @Test("a frozen screen does not move while receiving goes on")
    func freezes() {
        var user = User.watching(30)
        user.press(.character("P"))
        let before = Array(user.lines[2...])
        user.arrive((31...45).map { Make.row($0) })
        #expect(user.marks.hasSuffix("PAUSED +15"))
        #expect(Array(user.lines[2...]) == before)
        user.press(.up, .character("G"))
        #expect(Array(user.lines[2...]) == before, "also where one moves nothing newer comes")
        user.press(.character("P"))
        #expect(user.marks.hasSuffix("FOLLOW"))
        #expect(user.hasRow("16:43:45", selected: true))
    }

    @Test("a frozen screen keeps verdicts as they were")
    func freezesVerdicts() {
        var user = User.watching(3)
        user.press(.character("P"))
        user.history = (1...3).map { Make.row($0, verdict: .invalid) }
        user.change.revision += 1
        user.now += .seconds(1)
        user.tell(.historyChanged(user.change))
        #expect(user.hasRow("✓ valid", selected: true))
        user.press(.character("P"))
        #expect(user.hasRow("✗ invalid", selected: true))
    }
}
