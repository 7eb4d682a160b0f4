import Base
import Testing
import TestSupport

@Suite struct EscapingTests {
    @Test(arguments: [
        ("cat.jpg", "cat.jpg"),
        ("", ""),
        (" spaces  stay ", " spaces  stay "),
        (#"C:\temp stays"#, #"C:\temp stays"#),
        ("Čeština, Кириллица, 日本語, 😀", "Čeština, Кириллица, 日本語, 😀"),
        // Controls.
        ("a\nb\r\tc", #"a\nb\r\tc"#),
        ("\u{0}\u{7}\u{8}\u{b}\u{7f}", #"\x00\x07\x08\x0b\x7f"#),
        ("\u{1b}[2J\u{1b}[H", #"\x1b[2J\x1b[H"#),
        ("\u{1b}]52;c;cm0gLXJm\u{7}", #"\x1b]52;c;cm0gLXJm\x07"#),
        ("\u{9b}2J\u{85}\u{9d}", #"\u{9b}2J\u{85}\u{9d}"#),
        // Characters that change the order, or hide.
        ("exe.\u{202e}gpj", #"exe.\u{202e}gpj"#),
        ("\u{2066}\u{2069}\u{200e}\u{200f}\u{61c}", #"\u{2066}\u{2069}\u{200e}\u{200f}\u{61c}"#),
        ("a\u{200b}b\u{200d}c\u{feff}d\u{2060}", #"a\u{200b}b\u{200d}c\u{feff}d\u{2060}"#),
        ("\u{ad}\u{34f}\u{180e}\u{3164}\u{1160}\u{ffa0}", #"\u{ad}\u{34f}\u{180e}\u{3164}\u{1160}\u{ffa0}"#),
        ("❤\u{fe0f}\u{e0100}\u{e0041}", #"❤\u{fe0f}\u{e0100}\u{e0041}"#),
        ("\u{2028}\u{2029}\u{fff9}\u{206a}", #"\u{2028}\u{2029}\u{fff9}\u{206a}"#),
        // Characters without a standard appearance.
        ("\u{e000}\u{f8ff}\u{100000}\u{378}", #"\u{e000}\u{f8ff}\u{100000}\u{378}"#),
    ])
    func escapes(text: String, shown: String) {
        #expect(scalars(SafeText(text).string) == scalars(shown))
        #expect(scalars(SafeText(utf8: text.utf8).string) == scalars(shown))
    }

    @Test(
        arguments: [
            ([0x61, 0xff, 0x62], #"a\xffb"#),
            ([0xc3], #"\xc3"#),
            ([0xc3, 0x28], #"\xc3("#),
            ([0xe6, 0x97], #"\xe6\x97"#),
            ([0xc0, 0xaf], #"\xc0\xaf"#),
            ([0xe0, 0x80, 0xaf], #"\xe0\x80\xaf"#),
            ([0xed, 0xa0, 0x80], #"\xed\xa0\x80"#),
            ([0xf4, 0x90, 0x80, 0x80], #"\xf4\x90\x80\x80"#),
            ([0x80, 0x9b, 0x85], #"\x80\x9b\x85"#),
            ([0xe6, 0x97, 0xa5, 0xfe], #"日\xfe"#),
            ([0xef, 0xbf, 0xbf], #"\u{ffff}"#),
        ] as [([UInt8], String)])
    func showsEachByteThatIsNotUTF8(bytes: [UInt8], shown: String) {
        #expect(SafeText(utf8: bytes).string == shown)
        #expect(SafeText(utf8: AnySequence(bytes)).string == shown)
    }

    @Test func keepsMarksBehindABaseButDoesNotPileThemUp() {
        let zalgo = SafeText("e\u{301}\u{301}\u{301}\u{301}x")
        #expect(scalars(zalgo.string) == scalars("e\u{301}\u{301}\u{301}\\u{301}x"))
        #expect(zalgo.width == 1 + 7 + 1)
        #expect(SafeText("\u{301}").string == #"\u{301}"#)
        #expect(SafeText("\n\u{301}").string == #"\n\u{301}"#)
    }

    @Test func keepsDecomposedKorean() {
        let decomposed = "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}"
        #expect(scalars(SafeText(decomposed).string) == scalars(decomposed))
        #expect(SafeText(decomposed).width == 4)
        #expect(SafeText("a\u{1161}").string == #"a\u{1161}"#)
    }

    @Test func measuresColumns() {
        #expect(SafeText("abc").width == 3)
        #expect(SafeText("日本").width == 4)
        #expect(SafeText("e\u{301}").width == 1)
        #expect(SafeText("😀").width == 2)
        #expect(SafeText("\u{1b}").width == 4)
        #expect(SafeText("\u{202e}").width == 8)
    }

    @Test func isSafeToEscapeTwice() {
        for text in Hostile.texts {
            let once = SafeText(text)
            let twice = SafeText(once.string)
            #expect(scalars(twice.string) == scalars(once.string))
            #expect(twice.width == once.width)
        }
    }

    @Test func interpolatesAnythingSafely() {
        let name = "\u{1b}[2J"
        #expect(SafeText("\(name) is gone").string == #"\x1b[2J is gone"#)
        let text: SafeText = "\(name): \(SafeText(name))"
        #expect(text.string == #"\x1b[2J: \x1b[2J"#)
        #expect(["a", "b", "c"].joined(separator: ", ") as SafeText == "a, b, c")
    }

    /// Every scalar that Unicode calls a control, a format or ignorable is escaped.
    @Test func escapesAllThatUnicodeCallsInvisible() {
        var missed: [Unicode.Scalar] = []
        for scalar in (0...0x10ffff).compactMap({ Unicode.Scalar($0 as UInt32) }) {
            let properties = scalar.properties
            let isInvisible =
                properties.isDefaultIgnorableCodePoint || properties.isBidiControl
                || [.control, .lineSeparator, .paragraphSeparator].contains(properties.generalCategory)
            if isInvisible, !SafeText.mustEscape(scalar) { missed.append(scalar) }
        }
        #expect(missed.isEmpty)
    }

    @Test func leavesOrdinaryScalarsAlone() {
        for scalar in "aZ0~é日😀\u{301}\u{ac00} ✓✗–▌".unicodeScalars { #expect(!SafeText.mustEscape(scalar)) }
    }

    @Test func takesAMegabyte() {
        let plain = String(repeating: "x", count: 1 << 20)
        #expect(SafeText(plain).width == 1 << 20)
        let hostile = String(repeating: "日\u{1b}", count: 1 << 18)
        let text = SafeText(utf8: hostile.utf8)
        #expect(text.width == 6 << 18)
        #expect(text.clippedInMiddle(to: 20).string == #"日\x1b日…\x1b日\x1b"#)
    }
}

/// Compares scalars: `String` treats texts that look alike as equal, which is not enough here.
func scalars(_ text: String) -> [Unicode.Scalar] { Array(text.unicodeScalars) }

/// Texts that try to deceive.
enum Hostile {
    static let texts = [
        "\u{1b}[31mred\u{1b}[0m", "\u{1b}]0;title\u{7}", "\u{9b}31m", "a\u{202e}b", "\r\n\t", "\\x1b \\u{202e} \\n",
        "e\u{301}\u{302}\u{303}\u{304}\u{305}", "\u{301}x", "日本\u{200d}語", "\u{1112}\u{1161}\u{11ab}", "\\\\n\\",
        "👨\u{200d}👩\u{200d}👧", "🇨🇿", "ﾊﾝｶｸ", "\\\u{301}n", "😀\u{fe0f}", "",
    ]

    /// Returns a text of characters of all kinds, the same for the same generator.
    static func random(using generator: inout SeededGenerator) -> String {
        let alphabet =
            Array("abc/._\\nxu{12}".unicodeScalars) + Array("日本é😀\u{301}\u{1b}\u{202e}\u{200b}\n".unicodeScalars)
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...40, using: &generator) {
            if let scalar = alphabet.randomElement(using: &generator) { text.append(scalar) }
        }
        return String(text)
    }
}
