import Base
import History
import Notifications
import Terminal
import Testing

@testable import Dashboard

@Suite("3 Deliveries")
struct DeliveriesTests {
    /// Somebody who looks at some deliveries, an event each, and a request that is no notification.
    private func watching(_ count: Int64 = 3, columns: Int = 120, rows: Int = 24) -> User {
        var user = User(columns: columns, rows: rows, holding: [.prod])
        user.arrive((0..<count).map { Make.row($0 + 1) } + [Make.request(count + 1)])
        user.press(.character("3"))
        return user
    }

    @Test("has a row for each request, unjudged ones included")
    func rows() {
        var user = watching()
        user.answerTimes = [1: 1_240, 2: 420]
        user.sharing = [2: [1]]
        user.change.revision += 1
        user.wait(.seconds(1))
        user.tell(.historyChanged(user.change))
        let lines = user.lines
        #expect(lines[1].hasPrefix("  1 Events   2 Table  [3 Deliveries]  4 Actions   5 Rules   6 Log"))
        let titles = lines[2].split(separator: " ")
        #expect(
            titles == [
                "ID", "TIME", "UTC", "SIGNATURE", "STATUS", "ANSWER", "BYTES", "EVENTS", "ALSO", "FROM", "OBJECT",
            ])
        let first = lines[3].split(separator: " ").joined(separator: " ")
        #expect(first == "1 16:43:01 ✓ valid 200 1.2 ms 321 B 1 203.0.113.9 photos/2026/cat-1.jpg")
        let second = lines[4].split(separator: " ").joined(separator: " ")
        #expect(second == "2 16:43:02 ✓ valid 200 0.4 ms 321 B 1 1× 203.0.113.9 photos/2026/cat-2.jpg")
        let last = lines[6].split(separator: " ").joined(separator: " ")
        #expect(last.hasSuffix("405 – 0 B 203.0.113.9 GET /favicon.ico"), "\(last)")
        #expect(lines[6].hasPrefix("▌"))
    }

    @Test("what only lists of events have is said to be elsewhere, in the list and in the detail")
    func elsewhere() {
        var user = watching()
        for context in [BindingContext.deliveries, .detail] {
            #expect(user.model.place.nearest == context)
            for key in "emx" {
                user.press(.character(key))
                #expect(user.screen.contains("\(key) is for 1 Events, 2 Table: "), "\(key)")
            }
            user.press(.tab)
        }
        #expect(user.model.events.marks.isEmpty && user.model.overlays.prompt == nil && user.exports.isEmpty)
    }

    @Test("are filtered by their events, sorted by a column, and searched")
    func found() {
        var user = watching(30)
        user.press(.character("f"))
        user.type("cat-2")
        user.press(.enter)
        // cat-2, and cat-20 to cat-29.
        #expect(user.marks.contains("filter cat-2") && user.marks.contains("11 listed"), "\(user.marks)")
        #expect(user.screen.contains("cat-20.jpg") && !user.screen.contains("cat-19.jpg"))
        user.press(.escape)
        #expect(user.selected != nil && !user.marks.contains("listed"))
        user.answerTimes = [7: 9_000, 3: 400]
        user.press(.character(":"))
        user.type("sort answer")
        user.press(.enter)
        #expect(user.lines[2].contains("ANSWER↓"))
        #expect(user.hasRow("cat-7.jpg", selected: true), "\(user.selected ?? "")")
        user.press(.character("S"), .character("/"))
        user.type("cat-1")
        #expect(user.hasRow("cat-10.jpg", selected: true) || user.hasRow("cat-1", selected: true))
        user.press(.enter, .character("n"))
        #expect(user.marks.contains(" of 11"), "\(user.marks)")
        #expect(user.model.view == .deliveries)
    }

    @Test("the detail of a delivery is searched, and replayed from")
    func detailKeys() {
        var user = watching()
        user.press(.up, .tab, .character("/"))
        user.type("my-bucket")
        user.press(.enter)
        #expect(user.lines.contains { $0.hasPrefix("▌") && $0.contains("my-bucket") })
        #expect(user.model.bindings.binding(of: .replay, in: user.model.place)?.context == .handling)
    }

    @Test("nothing that came after the screen was frozen is listed, though it is looked at later")
    func frozenBefore() {
        var user = User(columns: 120, rows: 24, holding: [.prod])
        user.arrive((1...4).map { Make.row($0) })
        user.press(.character("P"))
        user.arrive((5...7).map { Make.row($0) })
        user.press(.character("3"))
        #expect(user.marks.hasSuffix("PAUSED +3"))
        #expect(user.hasRow("cat-4.jpg", selected: true))
        #expect(!user.screen.contains("cat-5.jpg"))
        user.press(.character("k"), .character("G"))
        #expect(user.hasRow("cat-4.jpg", selected: true))
        #expect(!user.screen.contains("cat-5.jpg"))
        user.press(.character(":"))
        user.type("goto 6")
        user.press(.enter)
        #expect(user.hasRow("cat-4.jpg", selected: true))
        user.press(.character("P"), .character("G"))
        #expect(user.hasRow("cat-7.jpg", selected: true))
    }

    @Test("has one row for a delivery of several events")
    func severalEvents() {
        var user = User(columns: 120, holding: [.prod])
        user.arrive(
            (0..<3).map { position in
                var row = Make.row(Int64(position + 1))
                (row.deliveryID, row.position, row.eventCount) = (1, position, 3)
                return row
            })
        user.press(.character("3"))
        #expect(user.lines.count { $0.contains("203.0.113.9") } == 1)
        #expect(user.selected?.hasSuffix("photos/2026/cat-1.jpg +2") == true)
        #expect(user.screen.contains("1, event 1 of 3"))
    }

    @Test(
        "says by colour which answers were slow",
        arguments: [
            (999_999, Role.plain), (1_000_000, .warning), (2_999_999, .warning), (3_000_000, .bad),
        ])
    func slowAnswers(time: Int, role: Role) {
        var user = watching()
        user.answerTimes = [1: time]
        user.change.revision += 1
        user.wait(.seconds(1))
        user.tell(.historyChanged(user.change))
        let surface = user.surface
        let line = user.lines[3]
        let place = line.prefix(upTo: line.firstRange(of: " ms")?.lowerBound ?? line.firstRange(of: " s ")!.lowerBound)
        #expect(surface[3, place.count - 1].style.role == role)
    }

    @Test("dims what is no notification")
    func unjudged() {
        var user = watching()
        user.press(.up)
        let row = user.lines.firstIndex { $0.contains("GET /favicon.ico") }
        let surface = user.surface
        let roles = (1..<110).map { surface[row ?? 0, $0] }.filter { $0.text != " " }.map(\.style.role)
        #expect(Set(roles) == [.secondary])
    }

    @Test("reads nothing while it is not seen, and what it needs when it is")
    func readsWhenSeen() {
        var user = User.watching(3)
        user.asked = []
        user.press(.character("3"))
        #expect(user.asked == [.deliveries])
        #expect(user.hasRow("16:43:03", selected: true))
        user.press(.character("1"))
        user.arrive([Make.row(4)])
        user.press(.character("3"))
        #expect(user.hasRow("16:43:04", selected: true))
    }

    @Test("is frozen with the screen, and says how many came meanwhile")
    func frozen() {
        var user = User.watching(3)
        user.press(.character("3"), .character("P"))
        let before = user.lines.dropFirst(2)
        user.arrive((4...9).map { Make.row($0) })
        #expect(user.marks.hasSuffix("PAUSED +6"))
        #expect(user.lines.dropFirst(2) == before)
        user.press(.character("P"))
        #expect(user.marks.hasSuffix("FOLLOW"))
        #expect(user.lines.dropFirst(2) != before)
    }

    @Test("follows until the user moves up, and says what came since")
    func follows() {
        var user = User.watching(50)
        user.press(.character("3"))
        user.arrive([Make.row(51)])
        #expect(user.hasRow("16:43:51", selected: true))
        user.press(.up)
        let selected = user.selected
        for id in 52...300 { user.arrive([Make.row(Int64(id))]) }
        #expect(user.selected == selected)
        #expect(user.marks.hasSuffix("+249 new"))
        #expect(user.model.deliveries.list.list.window.rows.count < 200)
        user.press(.character("G"))
        #expect(user.hasRow("16:48:00", selected: true))
        #expect(user.marks.hasSuffix("FOLLOW"))
        user.press(.character("F"))
        #expect(user.marks.hasSuffix("row 300 of 300"))
    }

    @Test("is walked through from end to end, a margin at a time")
    func walk() {
        var user = User.watching(1_000)
        user.press(.character("3"))
        user.press(.character("g"))
        #expect(user.hasRow("16:43:01", selected: true))
        for _ in 0..<999 {
            user.press(.down)
            #expect(user.model.deliveries.list.list.window.rows.count < 200)
        }
        #expect(user.hasRow("16:59:40", selected: true))
        for _ in 0..<120 { user.press(.pageUp) }
        #expect(user.hasRow("16:43:01", selected: true))
    }

    @Test("separates days")
    func days() {
        var user = User(columns: 120, holding: [.prod])
        user.arrive([Make.row(1), Make.row(2, at: 86_400_000)])
        user.press(.character("3"))
        #expect(user.lines[4].contains("─ Wed 25 November 2026 ─"))
    }

    @Test("o walks the deliveries of the same event in a circle, however far they are")
    func sameEvent() {
        var user = User.watching(1_000)
        user.sharing = [1_000: [10, 700], 10: [700, 1_000], 700: [10, 1_000]]
        user.press(.character("3"))
        user.press(.character("o"))
        #expect(user.hasRow("16:43:10", selected: true))
        #expect(user.marks.hasSuffix("row 10 of 1,000"))
        user.press(.character("o"))
        #expect(user.hasRow("16:54:40", selected: true))
        user.press(.character("o"))
        #expect(user.hasRow("16:59:40", selected: true))
        user.press(.up, .character("o"))
        #expect(user.screen.contains("No other delivery contains this event."))
        #expect(user.hasRow("16:59:39", selected: true))
    }

    @Test("shows the selected delivery in the pane, also that of no event")
    func pane() {
        var user = watching(rows: 36)
        #expect(user.screen.contains("[Summary]"))
        #expect(user.screen.contains("GET"))
        user.press(.up)
        #expect(user.screen.contains("photos/2026/cat-3.jpg"))
        user.press(.enter)
        #expect(user.model.place == .deliveryDetail)
        user.press(.character("K"))
        #expect(user.screen.contains("photos/2026/cat-2.jpg"))
        user.press(.escape, .tab)
        #expect(user.model.place == .deliveryDetail)
        user.press(.tab, .right)
        #expect(user.screen.contains("[Headers]"))
    }

    @Test(
        "keeps what matters as it narrows",
        arguments: [
            (80, ["TIME", "UTC", "SIGNATURE", "STATUS", "ANSWER", "ALSO", "FROM", "OBJECT"]),
            (63, ["TIME", "UTC", "SIGNATURE", "STATUS", "ANSWER", "ALSO", "OBJECT"]),
            (62, ["TIME", "UTC", "SIGNATURE", "STATUS", "ANSWER", "OBJECT"]),
            (60, ["TIME", "UTC", "SIGNATURE", "STATUS", "ANSWER", "OBJECT"]),
            (40, ["TIME", "UTC", "SIGNATURE", "OBJECT"]),
        ])
    func narrows(columns: Int, titles: [String]) {
        let user = watching(columns: columns)
        #expect(user.lines[2].split(separator: " ").map(String.init) == titles)
        #expect(user.lines.allSatisfy { SafeText($0).width <= columns })
    }

    @Test("styles no empty cell, for without colours a style may be a line below")
    func padding() {
        let user = watching()
        let surface = user.surface
        let column = user.lines[2].firstRange(of: "ALSO").map {
            user.lines[2].distance(from: user.lines[2].startIndex, to: $0.lowerBound)
        }
        #expect((0..<4).allSatisfy { surface[3, (column ?? 0) + $0].style == .plain })
    }

    @Test("escapes what came from outside")
    func hostile() {
        var user = User(columns: 120, holding: [.prod])
        user.arrive([Make.request(1, method: "G\u{1b}[2J", target: "/\u{202e}x")])
        user.addresses = [1: "1.2.3.4\n5"]
        user.press(.character("3"))
        #expect(user.hasRow(#"1.2.3.4\n5"#, selected: true))
        #expect(user.hasRow(#"G\x1b[2J /\u{202e}x"#, selected: true))
    }

    @Test("tells a failure once, and reads again when something has changed")
    func failure() {
        var user = User.watching(3)
        user.holdsEffects = true
        user.press(.character("3"))
        let asked = user.held.compactMap(\.asked).first { $0.slot.opening == MainView.deliveries.rawValue }
        user.held = []
        if let asked {
            let failure = EffectFailure(TestFailure())
            user.tell(.answered(Answered(slot: asked.slot, number: asked.number, answer: .failure(failure))))
        }
        #expect(user.screen.contains("The history could not be read"))
        #expect(user.held.isEmpty)
        user.holdsEffects = false
        user.arrive([Make.row(4)])
        #expect(user.hasRow("16:43:04", selected: true))
    }

    @Test("says that nothing has come")
    func empty() {
        var user = User()
        user.press(.character("3"))
        #expect(user.screen.contains("No delivery yet."))
        user.press(.enter)
        #expect(user.screen.contains("No delivery to open."))
    }
}
