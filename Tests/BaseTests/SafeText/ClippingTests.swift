import Base
import Testing
import TestSupport

@Suite struct ClippingTests {
    @Test(arguments: [
        ("cat.jpg", 7, "cat.jpg"), ("cat.jpg", 6, "cat.j…"), ("cat.jpg", 1, "…"), ("cat.jpg", 0, ""),
        ("cat.jpg", -3, ""), ("日本語", 5, "日本…"), ("日本語", 4, "日…"), ("a\u{1b}b", 5, "a…"), ("a\u{1b}b", 6, #"a\x1bb"#),
        ("ab\u{301}cd", 3, "ab\u{301}…"),
    ])
    func cutsTheEnd(text: String, columns: Int, shown: String) {
        #expect(SafeText(text).clipped(to: columns).string == shown)
    }

    @Test(arguments: [
        ("photos/2026/cat.jpg", 19, "photos/2026/cat.jpg"),
        ("photos/2026/cat.jpg", 12, "photo…at.jpg"),
        ("photos/2026/cat.jpg", 7, "ph….jpg"),
        ("photos/2026/cat.jpg", 6, "p….jpg"),
        ("photos/2026/archive.backup", 10, "ph….backup"),
        ("v1.2/photographs", 8, "v1.…aphs"),
        ("photos/2026/cat.jpg", 2, "…g"), ("photos/2026/cat.jpg", 1, "…"), ("photos/2026/cat.jpg", 0, ""),
        ("日本語日本語", 7, "日本…語"), ("日本語日本語", 2, "…"),
        ("abc\u{202e}def", 8, "abc…def"),
    ])
    func cutsTheMiddle(text: String, columns: Int, shown: String) {
        #expect(SafeText(text).clippedInMiddle(to: columns).string == shown)
    }

    @Test func pads() {
        #expect(SafeText("日").padded(to: 4).string == "日  ")
        #expect(SafeText("12").leftPadded(to: 4).string == "  12")
        #expect(SafeText("12345").leftPadded(to: 4).string == "12345")
        #expect(SafeText("é").padded(to: 3).width == 3)
    }

    @Test func wraps() {
        #expect(SafeText("abcdefg").wrapped(to: 3) == ["abc", "def", "g"])
        #expect(SafeText("").wrapped(to: 3) == [""])
        #expect(SafeText("日本語").wrapped(to: 3) == ["日", "本", "語"])
        #expect(SafeText("ab\u{1b}c").wrapped(to: 5) == ["ab", SafeText("\u{1b}c")])
        #expect(SafeText("a\u{202e}").wrapped(to: 4).map(\.string) == [#"a\u{"#, "202e", "}"])
        #expect(SafeText("日a").wrapped(to: 1) == ["…", "a"])
    }

    /// For texts of all kinds and all widths, the result fits, has the stated width, and consists of whole units.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func holdsForAnyText(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let text = SafeText(Hostile.random(using: &generator))
        for columns in 0...(text.width + 1) {
            for clipped in [text.clipped(to: columns), text.clippedInMiddle(to: columns)] {
                #expect(clipped.width <= columns)
                #expect(SafeText(clipped.string).width == clipped.width)
                #expect((clipped == text) == (columns >= text.width))
            }
        }
        for columns in 10...20 {
            let lines = text.wrapped(to: columns)
            #expect(lines.allSatisfy { $0.width <= columns && SafeText($0.string).width == $0.width })
            #expect(scalars(lines.map(\.string).joined()) == scalars(text.string))
        }
        #expect(SafeText(text.string) == text)
    }
}

// MARK: - ASCII

@Suite struct ASCIITests {
    @Test func standsInWithASCIIOnly() {
        for scalar in "✓✗–…▌─│▲▼•→●○×▸›‹◂↑↓▁▂▃▄▅▆▇█░▒▓".unicodeScalars {
            #expect(SafeText.asciiStandIn(for: scalar)?.isASCII == true)
        }
        #expect(SafeText.asciiStandIn(for: "日") == nil)
    }

    /// `<` and `>` are keys: no symbol becomes one of them.
    @Test func standsInWithNoKey() {
        for value in UInt32(0xa0)...0xffff {
            guard let scalar = Unicode.Scalar(value), let standIn = SafeText.asciiStandIn(for: scalar) else { continue }
            #expect(standIn != "<" && standIn != ">", "\(scalar)")
        }
    }

    /// The words of the verdicts have separate glyphs; in ASCII they must still differ.
    @Test func keepsTheVerdictsApart() {
        let glyphs = "✓✗–!v?".unicodeScalars.compactMap(SafeText.asciiStandIn(for:))
        #expect(Set(glyphs).count == 6)
    }
}
