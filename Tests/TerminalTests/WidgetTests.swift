import Base
import Terminal
import Testing

@Suite struct LineEditorTests {
    private func typed(_ keys: [Key], into editor: LineEditor = LineEditor()) -> LineEditor {
        var editor = editor
        for key in keys {
            let isHandled = editor.update(.key(key))
            #expect(isHandled)
        }
        return editor
    }

    private func shown(_ editor: LineEditor, columns: Int) -> (text: String, cursor: Int) {
        var surface = Surface(size: Size(columns: columns, rows: 1))
        let cursor = editor.draw(on: &surface)
        return (surface.text, cursor.column)
    }

    @Test func edits() {
        let typing: [Key] = "one two".map(Key.character)
        #expect(typed(typing).text == "one two")
        #expect(typed(typing + [.backspace, .backspace]).text == "one t")
        #expect(typed(typing + [.home, .delete, .right, .delete]).text == "n two")
        #expect(typed(typing + [.left, .left, .character("x")]).text == "one txwo")
        #expect(typed(typing + [.control("w")]).text == "one ")
        #expect(typed(typing + [.control("w"), .control("w"), .control("w")]).text == "")
        #expect(typed(typing + [.left, .control("u")]).text == "o")
        #expect(typed(typing + [.control("a"), .right, .control("k")]).text == "o")
        #expect(typed(typing + [.control("a"), .control("e"), .character("!")]).text == "one two!")
        #expect(typed([.backspace, .delete, .left, .right]).text == "")
    }

    @Test func leavesOtherInputsAlone() {
        var editor = LineEditor("x")
        for input: Input in [.key(.enter), .key(.escape), .key(.tab), .key(.up), .key(.control("c")), .paste([0x61])] {
            let isHandled = editor.update(input)
            #expect(!isHandled)
        }
        #expect(editor.text == "x")
    }

    @Test func joinsAMarkToItsCharacter() {
        let editor = typed([.character("e"), .character("\u{301}"), .character("x"), .backspace])
        #expect(editor.text == "é")
        #expect(editor.cursor == 1)
    }

    @Test func scrollsToTheCursor() {
        #expect(shown(LineEditor("abc"), columns: 6) == ("abc", 3))
        #expect(shown(LineEditor("abcdefgh"), columns: 6) == ("…efgh", 5))
        #expect(shown(typed([.home], into: LineEditor("abcdefgh")), columns: 6) == ("abcdef", 0))
        #expect(shown(LineEditor("日本語"), columns: 6) == ("…本語", 5))
        #expect(shown(LineEditor("a\u{1b}"), columns: 8) == (#"a\x1b"#, 5))
    }

    @Test func masks() {
        let editor = LineEditor("sécret", isMasked: true)
        #expect(shown(editor, columns: 10) == ("••••••", 6))
        #expect(editor.text == "sécret")
        var dumped = ""
        dump(editor, to: &dumped)
        #expect(!dumped.contains("cret") && !"\(editor)".contains("cret"))
    }
}

@Suite struct ColumnsTests {
    private let columns = Columns([
        Column("TIME", minimum: 8),
        Column("OBJECT", minimum: 10, ideal: 20, weight: 1, cut: .middle),
        Column("SIZE", minimum: 9, leaveOrder: 2, alignment: .right),
        Column("RULE", minimum: 6, ideal: 10, leaveOrder: 1),
    ])

    private func layout(_ total: Int) -> [[Int]] {
        columns.fitted(to: total).map { [$0.index, $0.start, $0.width] }
    }

    @Test func givesRoomToIdealsAndThenByWeight() {
        #expect(layout(60) == [[0, 0, 8], [1, 10, 27], [2, 39, 9], [3, 50, 10]])
        #expect(layout(43) == [[0, 0, 8], [1, 10, 14], [2, 26, 9], [3, 37, 6]])
        #expect(layout(39) == [[0, 0, 8], [1, 10, 10], [2, 22, 9], [3, 33, 6]])
    }

    @Test func letsColumnsLeaveInTheirOrder() {
        #expect(layout(38).map { $0[0] } == [0, 1, 2])
        #expect(layout(30).map { $0[0] } == [0, 1])
        // No heading is cut: a column is left out if its heading does not fit, unless it is the only one.
        #expect(layout(16) == [[0, 0, 8], [1, 10, 6]])
        #expect(layout(15) == [[0, 0, 8]])
        #expect(layout(5) == [[0, 0, 5]])
        #expect(layout(0) == [])
    }

    @Test func aColumnLeavesBeforeOthersAreCramped() {
        let columns = Columns([
            Column("OBJECT", minimum: 10, ideal: 20), Column("RULE", minimum: 6, ideal: 9, leaveOrder: 1, spare: 5),
        ])
        #expect(columns.fitted(to: 23).map(\.width) == [15, 6])
        #expect(columns.fitted(to: 22).map(\.width) == [20])
        #expect(columns.fitted(to: 30).map(\.width) == [20, 8])
    }

    @Test func fillsItsWidthExactly() {
        for total in 39...120 {
            let last = columns.fitted(to: total).last
            #expect((last?.start ?? 0) + (last?.width ?? 0) == total)
        }
    }

    @Test func fitsTexts() throws {
        let places = columns.fitted(to: 39)
        #expect(places.map { $0.fit("日本語日本語/cat.jpg").string } == ["日本語… ", "日本…t.jpg", "日本語日…", "日本… "])
        #expect(places[2].fit("12 B").string == "     12 B")
        #expect(places[0].fit("12 B").string == "12 B    ")
    }
}

@Suite struct TextPaneTests {
    @Test func movesWithinItsText() {
        var pane = TextPane(count: 10, height: 4)
        func after(_ lines: Int) -> Range<Int> {
            pane.scroll(by: lines)
            return pane.visible
        }
        #expect(after(-1) == 0..<4)
        #expect(after(2) == 2..<6)
        #expect(after(3) == 5..<9)
        #expect(after(3) == 6..<10)
        #expect(after(-3) == 3..<7)
    }

    @Test func bringsALineIntoView() {
        var pane = TextPane(count: 10, height: 4)
        pane.ensureVisible(5)
        #expect(pane.visible == 2..<6)
        pane.ensureVisible(3)
        #expect(pane.visible == 2..<6)
        pane.ensureVisible(0)
        #expect(pane.visible == 0..<4)
        pane.ensureVisible(99)
        #expect(pane.visible == 6..<10)
    }

    @Test func staysWithinWhatShrinks() {
        var pane = TextPane(count: 100, height: 4)
        pane.scroll(by: 1000)
        pane.resize(count: 3, height: 4)
        #expect(pane.visible == 0..<3)
        pane.resize(count: 0, height: 0)
        #expect(pane.visible == 0..<0)
        pane.ensureVisible(0)
        #expect(pane.visible.isEmpty)
    }

    @Test func drawsWhatIsInView() {
        var pane = TextPane(count: 3, height: 2)
        pane.scroll(by: 1)
        var surface = Surface(size: Size(columns: 5, rows: 3))
        pane.draw([StyledLine("a"), StyledLine("b"), StyledLine("c")], on: &surface)
        #expect(surface.text == "b\nc\n")
    }
}
