import Base
import History
import Notifications
import Terminal
import Testing

@testable import Dashboard

@Suite("Searching")
struct SearchingTests {
    @Test(
        "every list has a search, and a digit typed in it shows no other tab",
        arguments: ["3", "5", "6"] as [Character])
    func everywhere(view: Character) {
        var user = User.watching(3)
        user.press(.character(view), .character("/"))
        user.type("7")
        #expect(user.model.overlays.prompt != nil && user.lines[1].contains("[\(view) "))
    }

    private func user() -> User {
        var user = User(columns: 120, rows: 36, holding: [.prod])
        user.arrive((1...200).map { Make.row($0, name: $0 % 50 == 0 ? "docs/Report-\($0).pdf" : nil) })
        return user
    }

    @Test("a search goes to the nearest row, highlights it, and Enter stays there")
    func finds() {
        var user = user()
        user.press(.up)
        user.press(.character("/"))
        user.type("rep")
        #expect(user.hasRow("Report-200", selected: true))
        let row = user.lines.firstIndex { $0.hasPrefix("▌") } ?? 0
        let column = user.lines[row].distance(of: "Report-200")
        #expect(!user.surface[row, column].style.isReversed && user.surface[row, column].style.isBold)
        #expect(user.surface[row, column + 3].style.isReversed)
        user.press(.enter)
        #expect(user.hasRow("Report-200", selected: true))
    }

    @Test("n and N go on, and tell when they go round")
    func goesOn() {
        var user = user()
        user.press(.character("/"))
        user.type("report")
        user.press(.enter)
        #expect(user.hasRow("Report-200", selected: true))
        user.press(.character("N"))
        #expect(user.hasRow("Report-150", selected: true))
        user.press(.character("n"))
        #expect(user.hasRow("Report-200", selected: true))
        #expect(!user.screen.contains("The search continued from"))
        user.press(.character("n"))
        #expect(user.hasRow("Report-50", selected: true))
        #expect(user.screen.contains("The search continued from"))
    }

    @Test("a capital makes case matter")
    func smartCase() {
        var user = user()
        user.press(.character("/"))
        user.type("rePort")
        #expect(user.screen.contains("not found"))
        #expect(user.hasRow("16:46:20", selected: true))
    }

    @Test("Esc goes back to where the search began")
    func leaves() {
        var user = user()
        user.press(.up, .up)
        let before = user.screen
        user.press(.character("/"))
        user.type("Report-50")
        #expect(user.hasRow("Report-50", selected: true))
        user.press(.escape)
        #expect(user.screen == before)
        var follower = self.user()
        follower.press(.character("/"))
        follower.type("Report-50")
        follower.press(.escape)
        #expect(follower.marks.hasSuffix("FOLLOW"))
    }

    @Test("a long search says that it runs, Esc gives it up, and what it finds then is dropped")
    func cancels() {
        var user = user()
        user.press(.character("/"))
        user.type("report")
        user.press(.enter)
        user.isSeekingHeld = true
        user.press(.character("N"))
        #expect(user.marks.contains("searching… Esc"))
        #expect(user.hasRow("Report-200", selected: true))
        user.press(.escape)
        #expect(user.forgotten.contains("seek"))
        #expect(!user.marks.contains("searching"))
        #expect(!user.waiting.isEmpty)
        for asked in user.waiting {
            for answer in user.answers(to: asked) { user.tell(.answered(answer)) }
        }
        #expect(user.hasRow("Report-200", selected: true))
    }

    @Test("e and E go from problem to problem")
    func problems() {
        var user = User(columns: 120, rows: 36, holding: [.prod])
        user.arrive((1...40).map { Make.row($0, verdict: $0 % 15 == 0 ? .invalid : .valid) })
        user.press(.character("E"))
        #expect(user.hasRow("16:43:30", selected: true))
        user.press(.character("E"))
        #expect(user.hasRow("16:43:15", selected: true))
        user.press(.character("e"), .character("e"))
        #expect(user.hasRow("16:43:15", selected: true))
        #expect(user.screen.contains("That was the last problem"))
        var calm = User.watching(9)
        calm.press(.character("e"))
        #expect(calm.screen.contains("No other problem among the rows listed."))
    }

    @Test("in the detail the lines are searched")
    func detail() {
        var user = user()
        user.bodies[200] = Array(
            (1...90).map { "line \($0) \($0 % 40 == 0 ? "needle" : "")" }.joined(separator: "\n").utf8)
        user.press(.character("v"), .enter)
        user.press(.character("/"))
        user.type("needle")
        #expect(user.screen.contains("line 40 needle"))
        user.press(.enter, .character("n"))
        #expect(user.screen.contains("line 80 needle"))
        #expect(!user.screen.contains("line 40 needle"))
        user.press(.character("n"))
        #expect(user.screen.contains("line 40 needle"))
        #expect(user.screen.contains("The search continued from"))
    }

    private static let events = (0..<12).map { #"{"objectName":"batch/file-\#($0).txt","eventId":"id-\#($0)"}"# }

    /// Somebody in the Body tab of a delivery of 12 events, with all of them folded.
    private func folded() -> User {
        var user = FoldingTests.reading("{\"events\":[\(Self.events.joined(separator: ","))]}", columns: 80, rows: 40)
        user.press(.character("g"), .character("Z"))
        return user
    }

    @Test("what is found in a folded part unfolds it, is underlined, and has the cursor")
    func unfolds() throws {
        var user = folded()
        let before = user.screen
        user.press(.character("/"))
        user.type("file-7")
        let row = try #require(user.lines.firstIndex { $0.contains("batch/file-7.txt") })
        #expect(user.lines[row].hasPrefix("▌"))
        let column = user.lines[row].distance(of: "file-7")
        let style = user.surface[row, column].style
        #expect(style.isReversed && style.isUnderlined && style.isBold)
        user.type("x")
        #expect(!user.screen.contains("batch/file-7.txt") && user.screen.contains("not found"))
        user.press(.backspace, .enter, .character("y"), .character("v"))
        #expect(user.clipboard.map { String(decoding: $0, as: UTF8.self) } == "batch/file-7.txt")
        // Nothing else is unfolded.
        #expect(user.lines.count { $0.contains("{…}") } == 11)
        user.press(.character("/"))
        user.type("file-9")
        user.press(.escape)
        #expect(user.lines.count { $0.contains("{…}") } == 11)
        var other = folded()
        other.press(.character("/"))
        other.type("file-7")
        other.press(.escape)
        #expect(other.screen == before)
    }

    @Test("n and N move the cursor from one place found to the next")
    func movesCursor() {
        var user = FoldingTests.reading("{\"events\":[\(Self.events.prefix(3).joined(separator: ","))]}", columns: 80)
        user.press(.character("g"), .character("/"))
        user.type("eventId")
        user.press(.enter)
        #expect(user.hasRow("id-0", selected: true))
        user.press(.character("n"))
        #expect(user.hasRow("id-1", selected: true))
        user.press(.character("n"), .character("n"))
        #expect(user.hasRow("id-0", selected: true))
        #expect(user.screen.contains("The search continued from"))
        user.press(.character("N"))
        #expect(user.hasRow("id-2", selected: true))
        // From where one is, be it by other keys.
        user.press(.character("g"), .character("n"))
        #expect(user.hasRow("id-0", selected: true))
    }

    @Test("where there is no cursor, a bar marks the line found until Esc")
    func bar() {
        var user = user()
        user.press(.enter, .character("/"))
        user.type("Event id")
        user.press(.enter)
        #expect(user.hasRow("Event id", selected: true))
        // Closes the pane, gives up the search, and opens the pane again.
        user.press(.escape, .escape, .enter)
        #expect(user.screen.contains("Event id"))
        #expect(user.selected == nil)
    }

    @Test("what is found to the right of the view is scrolled to")
    func sideways() {
        var user = FoldingTests.reading(String(repeating: "-", count: 200) + "needle", columns: 80)
        user.press(.character("w"), .character("/"))
        #expect(!user.screen.contains("needle"))
        user.type("needle")
        #expect(user.screen.contains("-needle"))
    }

    @Test("jumps to problems and marks do not speak of a search when they go round")
    func wrapping() {
        var user = User.watching(3, columns: 120)
        user.press(.character("m"), .character("k"), .character("'"), .character("'"))
        #expect(user.screen.contains("the other end of the list"))
        #expect(!user.screen.contains("The search continued from"))
    }

    @Test("highlights go with Esc")
    func clears() {
        var user = user()
        user.press(.character("/"))
        user.type("cat")
        user.press(.enter)
        let row = user.lines.firstIndex { $0.contains("cat-198") } ?? 0
        let column = user.lines[row].distance(of: "cat-198")
        #expect(user.surface[row, column].style.isReversed)
        user.press(.escape)
        #expect(!user.surface[row, column].style.isReversed)
    }
}

extension String {
    /// How many characters stand before a text.
    fileprivate func distance(of text: String) -> Int {
        guard let range = self.ranges(of: text).first else { return 0 }
        return distance(from: startIndex, to: range.lowerBound)
    }
}
