import Base
import History
import Notifications
import Terminal
import Testing

@testable import Dashboard

@Suite("Filtering")
struct FilteringTests {
    /// Of 60 rows every tenth is invalid.
    private func user(columns: Int = 120, rows: Int = 36) -> User {
        var user = User(columns: columns, rows: rows, holding: [.prod])
        user.arrive((1...60).map { Make.row($0, verdict: $0 % 10 == 0 ? .invalid : .valid) })
        return user
    }

    private func rowTimes(_ user: User) -> [String] {
        user.model.events.rows.visible.compactMap { $0.row.map { "\($0.id)" } }
    }

    @Test("a filter is typed, applied and told at the right of the tabs")
    func applies() {
        var user = user()
        user.press(.character("f"))
        user.type("sig:invalid")
        #expect(user.screen.contains(" filter  sig:invalid"))
        user.press(.enter)
        #expect(user.marks.hasSuffix("filter sig:invalid   6 of 60 events   FOLLOW"))
        #expect(rowTimes(user) == ["10", "20", "30", "40", "50", "60"])
        #expect(user.kept.last?.filters == ["sig:invalid"])
    }

    @Test("the beginning of an operator's name empties no list, and Enter takes it as a word")
    func unfinishedOperator() {
        var user = User.watching(3, columns: 120)
        user.press(.character("f"))
        user.type("cat-2")
        #expect(user.marks.hasSuffix("1 of 3 events   FOLLOW"))
        user.type(" sig")
        #expect(user.marks.hasSuffix("1 of 3 events   FOLLOW"))
        user.press(.enter)
        #expect(user.marks.contains("0 of 3 events"))
    }

    @Test("while it is typed the list shows what it lets through, and Esc brings back what was")
    func preview() {
        var user = user()
        user.press(.up, .up)
        let before = user.screen
        user.press(.character("f"))
        user.type("sig:invalid")
        #expect(rowTimes(user).count == 6)
        user.press(.escape)
        #expect(user.screen == before)
        #expect(user.kept.isEmpty)
    }

    @Test("green as it parses, red as it does not, with a mark at the place and what was expected")
    func errors() {
        var user = user(columns: 80, rows: 24)
        user.press(.character("f"))
        user.type("sig:invalid")
        let line = user.lines.firstIndex { $0.hasPrefix(" filter  ") } ?? 0
        #expect(user.surface[line, 9].style.role == .good)
        user.paste(" size>big")
        let row = user.lines.firstIndex { $0.hasPrefix(" filter  ") } ?? 0
        #expect(user.surface[row, 9].style.role == .bad)
        let caret = user.lines[row + 1].firstIndex(of: "^").map {
            user.lines[row + 1].distance(from: user.lines[row + 1].startIndex, to: $0)
        }
        #expect(caret == 9 + "sig:invalid size>".count)
        #expect(user.surface[row, 9 + 17].style.isUnderlined)
        #expect(rowTimes(user).count == 6, "the last filter that could be read stays in force")
        user.press(.enter)
        #expect(user.model.place.nearest == .filter, "a wrong filter is not applied")
    }

    @Test("a backslash switches it off and on")
    func toggles() {
        var user = user()
        user.press(.character("\\"))
        #expect(user.screen.contains("No filter: f writes one."))
        user.press(.character("f"))
        user.type("sig:invalid")
        user.press(.enter, .character("\\"))
        #expect(user.marks.hasSuffix("filter off sig:invalid   FOLLOW"))
        #expect(rowTimes(user).count > 6)
        user.press(.character("\\"))
        #expect(rowTimes(user).count == 6)
    }

    @Test("what cannot be read says which filter is listed still")
    func former() {
        var user = User.watching(9, columns: 160)
        user.press(.character("f"))
        user.type("cat is:")
        #expect(user.screen.contains("The list still shows “cat is”."))
        user.press(.backspace, .backspace, .backspace)
        #expect(!user.screen.contains("still shows"))
    }

    @Test("an empty list says how to leave it")
    func nothing() {
        var user = user()
        user.press(.character("f"))
        user.type("sig:missing")
        user.press(.enter)
        #expect(user.screen.contains("Nothing matches; Esc clears the filter."))
        #expect(user.marks.contains("0 of 60 events"))
        user.press(.escape)
        #expect(user.hasRow("16:44:00", selected: true))
    }

    @Test("an empty list says how many rows each term alone would leave, and goes on counting as rows arrive")
    func explains() {
        var user = user()
        user.press(.character("f"))
        user.type("sig:invalid and not type:created bucket:zzz (object:cat-1 or object:cat-2)")
        user.press(.enter)
        let start = user.lines.firstIndex { $0.contains("Each term alone matches:") } ?? 0
        let terms = user.lines[(start + 1)...(start + 5)].map {
            $0.split(separator: " ", maxSplits: 1).map(String.init)
        }
        #expect(terms.map { $0.first } == ["6", "0", "0", "11", "11"])
        #expect(terms[0].last == " sig:invalid")
        #expect(terms[1].last?.contains("not type:created") == true)
        #expect(terms[2].last?.contains("bucket:zzz") == true)
        user.arrive([Make.row(61, name: "x.jpg", verdict: .invalid)])
        #expect(user.lines[start + 1].split(separator: " ").first == "7")
        #expect(user.counted.last?.allSatisfy { $0.first == 61 } == true)
        user.press(.escape)
        #expect(!user.model.events.counts.isRunning)
        #expect(!user.screen.contains("alone matches"))
    }

    @Test("counts that are under way are given up with the filter")
    func givesUpCounting() {
        var user = user()
        user.holdsCounts = true
        user.press(.character("f"))
        user.type("sig:missing")
        user.press(.enter)
        #expect(user.screen.contains("  …  sig:missing"))
        user.press(.escape)
        #expect(user.forgotten.last == "counts" && !user.model.events.counts.isRunning)
    }

    @Test("Esc clears the filter where nothing else is open, the footer says so, and \\ brings it back")
    func escapes() {
        var user = user(columns: 80, rows: 24)
        #expect(!(user.lines.last?.contains("Esc") ?? true))
        user.press(.character("f"))
        user.type("sig:invalid")
        user.press(.enter)
        #expect(user.lines.last?.contains("Esc clear filter") == true)
        user.press(.tab)
        #expect(user.lines.last?.contains("clear filter") == false, "the pane is left first")
        user.press(.escape)
        #expect(rowTimes(user).count == 6)
        user.press(.character("A"))
        #expect(user.lines.last?.contains("Esc deselect") == true)
        user.press(.escape)
        #expect(rowTimes(user).count == 6)
        user.press(.escape)
        #expect(rowTimes(user).count > 6)
        #expect(!user.screen.contains("sig:invalid"))
        user.press(.character("\\"))
        #expect(rowTimes(user).count == 6)
        user.press(.character("!"), .escape)
        #expect(rowTimes(user).count > 6)
        user.press(.character("!"))
        #expect(user.lines.last?.contains("Esc") == true)
        user.press(.escape)
        #expect(rowTimes(user).count > 6)
    }

    @Test("an export of nothing is refused with what to do")
    func exportsNothing() {
        var user = user()
        user.press(.character("f"))
        user.type("sig:missing")
        user.press(.enter, .character("x"))
        #expect(user.screen.contains("No row matches the filter, so nothing can be exported: Esc clears it."))
    }

    @Test("while it runs it says so, and shows what is found, the newest first")
    func runs() {
        var user = user()
        user.lookedAt = 15
        user.press(.character("f"))
        user.type("sig:invalid")
        user.press(.enter)
        #expect(user.marks.contains("2 of 60 events …"))
        #expect(rowTimes(user) == ["50", "60"])
        user.lookedAt = 35
        user.now += .seconds(1)
        user.reportProgress()
        #expect(rowTimes(user) == ["30", "40", "50", "60"])
        user.lookedAt = nil
        user.now += .seconds(1)
        user.reportProgress()
        #expect(user.marks.contains("6 of 60 events   FOLLOW"))
        #expect(rowTimes(user).count == 6)
    }

    @Test("what is told of an older query is dropped")
    func stale() {
        var user = user()
        user.press(.character("f"))
        user.type("sig:invalid")
        user.press(.enter)
        user.tell(.browsed(BrowseProgress(generation: user.queryGeneration - 1, matched: 99, scanned: 1, total: 99)))
        #expect(user.marks.contains("6 of 60 events"))
    }

    @Test("the newest row that matches is followed, and new ones are counted where one does not follow")
    func follows() {
        var user = user()
        user.press(.character("f"))
        user.type("sig:invalid")
        user.press(.enter)
        user.arrive([Make.row(61)])
        #expect(user.hasRow("16:44:00", selected: true))
        user.arrive([Make.row(62, verdict: .invalid)])
        #expect(user.hasRow("16:44:02", selected: true))
        user.press(.up)
        user.arrive([Make.row(63), Make.row(64, verdict: .invalid)])
        #expect(
            user.marks.hasSuffix("7 of 64 events   +1 new") || user.marks.hasSuffix("8 of 64 events   +1 new"),
            "\(user.marks)")
        #expect(user.hasRow("16:44:00", selected: true))
    }

    @Test("the selected row stays selected where it is listed, also if it is found late")
    func selectionStays() {
        var user = user()
        user.press(.character("g"))
        for _ in 0..<9 { user.press(.down) }
        #expect(user.hasRow("16:43:10", selected: true))
        user.lookedAt = 20
        user.press(.character("f"))
        user.type("sig:invalid")
        user.press(.enter)
        user.lookedAt = nil
        user.now += .seconds(1)
        user.reportProgress()
        #expect(user.hasRow("16:43:10", selected: true))
        user.press(.character("\\"))
        #expect(user.hasRow("16:43:10", selected: true))
    }

    @Test("problems only, with the filter and without")
    func problems() {
        var user = user(columns: 140)
        user.press(.character("!"))
        #expect(user.marks.hasSuffix("problems only   6 of 60 events   FOLLOW"))
        user.press(.character("f"))
        user.type("object:cat-30")
        user.press(.enter)
        #expect(user.marks.hasSuffix("filter object:cat-30   problems only   1 of 60 events   FOLLOW"))
        user.press(.character("!"), .character("\\"))
        #expect(user.marks.hasSuffix("FOLLOW"))
        #expect(!user.marks.contains("problems"))
    }

    @Test("up and down bring back what was typed, each once")
    func history() {
        var state = ViewState()
        state.filters = ["sig:invalid", "type:created"]
        var user = User(columns: 120, rows: 36, holding: [.prod], viewState: state)
        user.arrive((1...9).map { Make.row($0) })
        user.press(.character("f"))
        user.type("du")
        user.press(.up)
        #expect(user.screen.contains(" filter  sig:invalid"))
        user.press(.up, .up)
        #expect(user.screen.contains(" filter  type:created"))
        user.press(.down, .down)
        #expect(user.screen.contains(" filter  du\n"))
        user.press(.up, .up, .enter)
        #expect(user.kept.last?.filters == ["type:created", "sig:invalid"])
    }

    @Test("a paste goes into the line, as one line")
    func paste() {
        var user = user()
        user.press(.character("f"))
        user.paste("sig:invalid\nq\n")
        #expect(user.ending == nil)
        #expect(user.screen.contains(" filter  sig:invalid q"))
    }

    @Test("a long filter gives way to the counts", arguments: [60, 80])
    func narrow(columns: Int) {
        var user = user(columns: columns, rows: 24)
        user.press(.character("f"))
        user.type("sig:invalid object:cat type:created")
        user.press(.enter)
        #expect(user.marks.contains("6 of 60 events"))
        #expect(user.marks.hasSuffix("FOLLOW"))
    }
}

@Suite("Completing a filter")
struct CompletionTests {
    @Test("Tab completes operators, and values that were seen")
    func completes() {
        var user = User.watching(3, columns: 120, rows: 36)
        user.press(.character("f"))
        user.type("buc")
        user.press(.tab)
        #expect(user.screen.contains(" filter  bucket:"))
        user.press(.tab)
        #expect(user.screen.contains(" filter  bucket:my-bucket"))
    }

    @Test("Tab completes what was seen long ago, too")
    func recorded() {
        var user = User.watching(3, columns: 120, rows: 36)
        user.recorded = SeenValues([Make.row(1, bucket: "archive")])
        user.press(.character("f"))
        user.type("bucket:a")
        user.press(.tab)
        #expect(user.screen.contains(" filter  bucket:archive"))
    }

    @Test("several candidates are below the line, and each Tab puts one of them in at once")
    func several() {
        var user = User(columns: 120, rows: 36, holding: [.prod])
        user.arrive(["one", "two"].enumerated().map { Make.row(Int64($0 + 1), bucket: "b-\($1)") })
        user.press(.character("f"))
        user.type("bucket:")
        #expect(user.screen.contains(" b-two  b-one\n"))
        user.press(.tab)
        #expect(user.screen.contains(" filter  bucket:b-two\n"))
        user.press(.tab)
        #expect(user.screen.contains(" filter  bucket:b-one\n"))
        user.press(.backTab)
        #expect(user.screen.contains(" filter  bucket:b-two\n"))
    }

    @Test("a time that nothing was received at is given with its date")
    func emptyTime() {
        var user = User.watching(5, columns: 80)
        user.press(.character("f"))
        user.type("time:02:10..02:20")
        user.press(.enter)
        #expect(user.screen.contains("time:02:10..02:20   from 2026-11-24 02:10:00 to 2026-11-24 02:21:00 UTC"))
    }

    @Test("a value that no event has is named, and those that there are")
    func unknownValue() {
        var user = User(columns: 120, rows: 36, holding: [.prod])
        user.arrive([Make.row(1, bucket: "photos"), Make.row(2, bucket: "docs"), Make.row(3, bucket: "photos")])
        user.press(.character("f"))
        user.type("sig:valid or bucket:phot,zzz")
        #expect(user.screen.contains("No event has the bucket “zzz”."))
        #expect(user.screen.contains("there are photos, docs"))
        user.press(.backspace, .backspace, .backspace)
        user.type("do")
        #expect(!user.screen.contains("No event has"))
        // What only rows have that are not held is counted, and not named as missing before that.
        user.holdsCounts = true
        user.press(.backspace, .backspace)
        user.type("yyy")
        #expect(!user.screen.contains("No event has"))
        #expect(user.counted.last?.count == 1)
    }

    @Test(
        "a value that no event has is named where it is excluded too",
        arguments: [
            "not bucket:zzz", "bucket!=zzz", "bucket:photos -(bucket:docs or bucket:zzz)",
        ])
    func unknownExcludedValue(text: String) {
        var user = User(columns: 120, rows: 36, holding: [.prod])
        user.arrive([Make.row(1, bucket: "photos"), Make.row(2, bucket: "docs")])
        user.press(.character("f"))
        user.type(text)
        #expect(user.screen.contains("No event has the bucket “zzz”."))
        for _ in 0..<4 { user.press(.backspace) }
        #expect(!user.screen.contains("No event has"))
    }

    @Test("u reads the filter's times in the zone that is shown then, and counts ages back as before")
    func otherZone() {
        // 16:43:01 to 16:43:40 UTC, an hour later here.
        var user = User(columns: 120, rows: 60, holding: [.prod], clock: WallClock { _ in 3_600 })
        user.arrive((1...40).map { Make.row($0) })
        func count(_ user: User) -> Int { user.model.events.rows.visible.compactMap(\.row).count }
        user.press(.character("f"))
        user.type("after:17:43:31")
        user.press(.enter)
        #expect(user.marks.contains("0 of 40 events") || count(user) == 40)
        let before = user.model.filter.filter
        user.press(.character("u"))
        #expect(user.model.filter.filter.text == before.text)
        #expect(user.model.filter.filter.predicate != before.predicate)
        user.press(.character("u"))
        #expect(user.model.filter.filter == before)
        user.press(.character("f"))
        for _ in 0..<20 { user.press(.backspace) }
        user.type("after:10m")
        user.press(.enter)
        let age = user.model.filter.filter
        user.wait(.seconds(100))
        user.press(.character("u"))
        #expect(user.model.filter.filter == age)
    }

    @Test("Tab says where there is nothing to complete, until something else is typed")
    func nothingToComplete() {
        var user = User.watching(3)
        user.press(.character("f"))
        user.type("xyz")
        user.press(.tab)
        #expect(user.screen.contains("No known value completes this."))
        user.type("z")
        #expect(!user.screen.contains("No known value completes this."))
    }

    @Test("where nothing matches, all that leaves rows out is named")
    func namesAll() {
        var user = User.watching(3, columns: 120)
        user.press(.character("f"))
        user.type("object:zzz")
        user.press(.enter, .character("!"))
        #expect(user.screen.contains("Esc clears the filter, ! lists more than problems."))
    }

    @Test("the help covers the line in which a filter is typed")
    func helpOverPrompt() {
        var user = User.watching(3, columns: 120)
        user.press(.character("f"))
        user.type("object:zzz")
        user.press(.function(1))
        #expect(!user.screen.contains("object:zzz"))
        user.press(.escape)
        #expect(user.screen.contains(" filter  object:zzz"))
    }
}
