import Base
import Terminal
import Testing

@Suite struct SurfaceTests {
    private var surface = Surface(size: Size(columns: 8, rows: 3))

    @Test mutating func cutsAtItsEdges() {
        let end = surface.put("0123456789", at: Point(column: 2, row: 0))
        surface.put("0123456789", at: Point(column: -7, row: 1))
        surface.put("0123456789", at: Point(column: 1, row: 2), columns: 3)
        surface.put("nowhere", at: Point(column: 0, row: 3))
        surface.put("nowhere", at: Point(column: 8, row: 0))
        surface.put("nowhere", at: Point(column: -20, row: -1))
        #expect(end == 8)
        #expect(surface.text == "  012345\n789\n 012")
    }

    @Test mutating func neverHalvesAWideCharacter() {
        surface.put("日本語", at: Point(column: 3, row: 0))
        surface.put("日本語", at: Point(column: -1, row: 1))
        surface.put("日本語", at: Point(column: 0, row: 2), columns: 3)
        #expect(surface.text == "   日本\n 本語\n日")
        #expect(surface[0, 7].text == " ")
        #expect(surface[1, 0].text == " ")
    }

    @Test mutating func blanksTheOtherHalfOfWhatItOverwrites() {
        surface.put("日本語", at: Point(column: 0, row: 0))
        surface.put("x", at: Point(column: 1, row: 0))
        surface.put("y", at: Point(column: 2, row: 0))
        #expect(surface.row(0) == " xy 語")
        surface.put("日本語", at: Point(column: 0, row: 1))
        surface.fill(Rect(column: 1, row: 1, columns: 4, rows: 1))
        #expect(surface.row(1) == "")
        surface.put("日本語", at: Point(column: 0, row: 2))
        surface.put("語", at: Point(column: 1, row: 2))
        #expect(surface.row(2) == " 語 語")
    }

    @Test mutating func joinsMarksToTheCellBefore() {
        surface.put("e\u{301}x", at: Point(column: 0, row: 0))
        #expect(surface[0, 0].text == "e\u{301}")
        #expect(surface[0, 1].text == "x")
    }

    @Test mutating func drawsInAPart() {
        let inner = surface.draw(in: Rect(column: 2, row: 1, columns: 4, rows: 9)) { part in
            part.put("0123456", at: Point(column: 1, row: 0))
            part.fill(Rect(column: 0, row: 1, columns: 99, rows: 99))
            part.draw(in: Rect(column: 3, row: 1, columns: 9, rows: 9)) { $0.put("xyz", at: Point(column: 0, row: 0)) }
            return part.size
        }
        #expect(inner == Size(columns: 4, rows: 2))
        #expect(surface.text == "\n   012\n     x")
        #expect(surface.size == Size(columns: 8, rows: 3))
    }

    @Test mutating func survivesWhateverIsDoneWithAPart() {
        surface.draw(in: Rect(column: 1, row: 1, columns: 4, rows: 2)) { $0 = Surface(size: Size(columns: 1, rows: 1)) }
        surface.put("0123", at: Point(column: 0, row: 0))
        surface.restyle(Rect(column: -5, row: -5, columns: 50, rows: 50)) { $0.isReversed = true }
        surface.fill(Rect(column: 5, row: 5, columns: 5, rows: 5))
        surface.draw(in: Rect(column: 50, row: 50, columns: 5, rows: 5)) { part in
            part.put("x", at: Point(column: 0, row: 0))
            part[0, 0] = .blank
        }
        #expect(surface.size == Size(columns: 0, rows: 0) || surface.text == "0")
        var none = Surface(size: Size(columns: 0, rows: 0))
        none.put("x", at: Point(column: -1, row: 0))
        none.rule(row: 0)
        #expect(none.text == "")
    }

    @Test mutating func restylesWithoutChangingTheText() {
        surface.put("abc", at: Point(column: 0, row: 0), style: Style(.good))
        surface.restyle(Rect(column: 1, row: 0, columns: 1, rows: 1)) { $0.isReversed = true }
        #expect(surface.row(0) == "abc")
        #expect(surface[0, 1].style == Style(.good, reversed: true))
        #expect(surface[0, 2].style == Style(.good))
    }

    @Test mutating func drawsLines() {
        surface.rule(row: 1, from: 2, columns: 3)
        surface.rule(row: 2)
        surface.divider(column: 7)
        #expect(surface.text == "       │\n  ───  │\n───────│")
    }

    @Test mutating func setsACellAndKeepsItsRowWhole() {
        surface.put("日本", at: Point(column: 0, row: 0))
        surface[1, 6] = surface[0, 0]
        surface[1, 7] = surface[0, 1]
        surface[9, 9] = surface[0, 0]
        #expect(surface.text == "日本\n\n")
        surface[1, 3] = surface[0, 2]
        #expect(surface.row(1) == "   本")
        #expect(surface[-1, 0] == .blank)
    }

    @Test mutating func showsEscapesAndNoControls() {
        surface.put("\u{1b}[2J", at: Point(column: 0, row: 0))
        #expect(surface.row(0) == #"\x1b[2J"#)
    }
}

@Suite struct StyledLineTests {
    private let line = StyledLine("abc", Style(.good)) + StyledLine("日本", Style(.bad)) + StyledLine("x")

    @Test func drawsItsParts() {
        var surface = Surface(size: Size(columns: 8, rows: 2))
        let end = surface.put(line, at: Point(column: 0, row: 0))
        surface.put(line, at: Point(column: 1, row: 1), columns: 4)
        #expect(end == 8)
        #expect(surface.text == "abc日本x\n abc")
        #expect(surface[0, 3].style == Style(.bad))
        #expect(surface[0, 7].style == .plain)
    }

    @Test func isCut() {
        func shown(_ columns: Int) -> String { line.clipped(to: columns).spans.map(\.text.string).joined() }
        #expect((0...8).map(shown) == ["", "…", "a…", "ab…", "abc…", "abc…", "abc日…", "abc日…", "abc日本x"])
    }

    @Test func wrapsOverItsParts() {
        func shown(_ columns: Int) -> [String] {
            line.wrapped(to: columns).map { $0.spans.map(\.text.string).joined() }
        }
        #expect(shown(8) == ["abc日本x"])
        #expect(shown(6) == ["abc日", "本x"])
        #expect(shown(3) == ["abc", "日", "本x"])
        #expect(shown(1) == ["a", "b", "c", "…", "…", "x"])
        #expect(StyledLine().wrapped(to: 5) == [StyledLine()])
        #expect(line.wrapped(to: 6)[1].spans.first?.style == Style(.bad))
    }
}
