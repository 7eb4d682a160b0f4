import Base
import Notifications
import Terminal
import Testing

@testable import Dashboard

@Suite("6 Log")
struct LogViewTests {
    private func reading(_ count: Int, columns: Int = 80, rows: Int = 24) -> User {
        var user = User.watching(1, columns: columns, rows: rows)
        for index in 0..<count { user.say("line \(index)") }
        user.press(.character("6"))
        return user
    }

    @Test("follows what others write, as long as it is shown")
    func othersLines() {
        var user = reading(1)
        #expect(user.followsLog)
        user.press(.character("1"))
        #expect(!user.followsLog)
    }

    @Test("has the newest line below, and follows")
    func follows() {
        var user = reading(3)
        #expect(user.lines[1].contains("[6 Log]"))
        #expect(user.lines[2].split(separator: " ") == ["TIME", "UTC", "LEVEL", "FROM", "WHAT"])
        #expect(user.selected == "▌ 16:43:02  info   watch[4711]  line 2")
        user.say("the history cannot be written", .error)
        #expect(user.selected?.hasSuffix("error  watch[4711]  the history cannot be written") == true)
        user.press(.up)
        user.say("and again")
        #expect(user.selected?.hasSuffix("line 2") == true)
        #expect(user.marks.hasSuffix("row 3 of 5"))
        user.press(.character("F"))
        #expect(user.selected?.hasSuffix("and again") == true)
    }

    @Test("is filtered, sorted and searched, and a digit typed in a search stays one")
    func found() {
        var user = reading(40, columns: 120)
        user.say("the disk is full", .error)
        user.press(.character("f"))
        user.type("disk")
        user.press(.enter)
        #expect(user.marks.contains("1 listed") && user.hasRow("the disk is full", selected: true))
        user.press(.escape, .character("/"))
        user.type("line 1")
        #expect(user.model.view == .log)
        #expect(user.hasRow("line 19", selected: true), "\(user.selected ?? "")")
        user.press(.enter, .character("N"))
        #expect(user.hasRow("line 18", selected: true))
        #expect(user.marks.contains("match 10 of 11"), "\(user.marks)")
        user.press(.character(">"), .character(">"))
        #expect(user.lines[2].contains("LEVEL↓"))
        #expect(user.hasRow("the disk is full", selected: true))
        user.press(.character("!"))
        #expect(user.marks.contains("1 listed"))
    }

    @Test("a search that nothing matches says so")
    func findsNothing() {
        var user = reading(40, columns: 120)
        user.press(.character("/"))
        user.type("line 4")
        #expect(!user.screen.contains("not found"))
        user.type("9")
        #expect(user.screen.contains("not found"))
    }

    @Test("holds no more than it shows and a margin")
    func windowed() {
        var user = reading(1_000)
        #expect(user.model.log.list.list.window.rows.count < 100)
        for _ in 0..<100 { user.press(.pageUp) }
        #expect(user.hasRow("line 0", selected: true))
        #expect(user.model.log.list.list.window.rows.count < 200)
        user.press(.character("G"))
        #expect(user.hasRow("line 999", selected: true))
    }

    @Test("colours what is wrong")
    func colours() {
        var user = reading(1)
        user.say("careful", .warning)
        user.say("broken", .error)
        user.say("fine")
        let (surface, lines) = (user.surface, user.lines)
        for (word, role) in [("careful", Role.warning), ("broken", .bad), ("line 0", .plain)] {
            let row = lines.firstIndex { $0.contains(word) } ?? 0
            let line = lines[row]
            let column = line.firstRange(of: word).map { line.distance(from: line.startIndex, to: $0.lowerBound) }
            #expect(surface[row, column ?? 0].style.role == role, "\(word)")
        }
    }

    @Test("shows the selected line whole below, and alone with Enter")
    func whole() {
        var user = reading(1)
        user.say((0..<300).map { "word\($0)" }.joined(separator: " "), .warning)
        #expect(user.lines.contains { $0.hasPrefix("  2026-11-24 16:43:01.000 UTC  warning  watch[4711]") })
        #expect(user.lines.contains { $0.hasPrefix("  word0 word1 ") })
        #expect(!user.screen.contains("word299"))
        user.press(.enter, .character("G"))
        #expect(user.screen.contains("word299"))
        user.press(.character("q"))
        #expect(user.screen.contains("line 0"))
        #expect(user.ending == nil)
    }

    @Test("shows what other processes wrote when it is shown again")
    func otherProcesses() {
        var user = reading(3)
        user.press(.character("1"))
        let place = LogPlace(inode: 1, offset: 4_711)
        user.log.append(LogEntry(id: place, time: nil, level: .info, source: "listen[7]", text: "from elsewhere"))
        user.wait(.seconds(1))
        user.press(.character("6"))
        #expect(user.selected?.hasSuffix("from elsewhere") == true)
    }

    @Test(
        "names the process of each line where several have written, also where there is little room",
        arguments: [60, 45])
    func shared(columns: Int) {
        var user = reading(1, columns: columns, rows: 15)
        #expect(!user.lines[2].contains("FROM"))
        let place = LogPlace(inode: 1, offset: 4_711)
        user.log.append(
            LogEntry(
                id: place, time: Timestamp(milliseconds: Make.start), level: .info, source: "listen[7]",
                text: "from elsewhere"))
        user.wait(.seconds(1))
        user.tell(.logMoved)
        #expect(user.lines[2].contains("FROM"))
        #expect(user.lines.contains { $0.contains(" watch[4711]  line 0") })
        #expect(user.lines.contains { $0.contains(" listen[7] ") && $0.contains("from elsewhere") })
    }

    @Test("goes to the oldest line where the selected one was rotated away")
    func rotatedAway() {
        var user = reading(30)
        user.press(.character("g"))
        user.log.removeFirst(10)
        user.say("new")
        #expect(user.hasRow("line 10", selected: true))
    }

    @Test("shows last words that are no line of ours")
    func lastWords() {
        var user = User.watching(1)
        user.log = [
            LogEntry(
                id: LogPlace(inode: 1, offset: 0), time: nil, level: .error, source: "", text: "Fatal\u{1b}[2J error")
        ]
        user.press(.character("6"))
        #expect(user.selected?.hasSuffix(#"Fatal\x1b[2J error"#) == true)
    }

    @Test("says what is wrong where it cannot be read, and that there is nothing")
    func failure() {
        var user = User.watching(1)
        user.logFailure = EffectFailure(TestFailure())
        user.press(.character("6"))
        #expect(user.screen.contains(String(describing: TestFailure())))
        user.logFailure = nil
        user.wait(.seconds(1))
        user.tell(.logMoved)
        #expect(user.screen.contains("Nothing is logged."))
    }

    @Test(
        "keeps what matters as it narrows",
        arguments: [
            (72, ["TIME", "UTC", "LEVEL", "FROM", "WHAT"]), (40, ["TIME", "UTC", "LEVEL", "WHAT"]),
        ])
    func narrows(columns: Int, titles: [String]) {
        let user = reading(3, columns: columns, rows: 15)
        #expect(user.lines[2].split(separator: " ").map(String.init) == titles)
        #expect(user.lines.allSatisfy { SafeText($0).width <= columns })
        #expect(user.lines[1].contains("[6 Log]"))
    }
}
