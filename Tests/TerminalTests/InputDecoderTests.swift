import Base
import Testing

@testable import Terminal

@Suite struct InputDecoderTests {
    /// Returns the inputs of bytes after which nothing follows.
    private func decode(_ text: String) -> [Input] { decode(Array(text.utf8)) }

    private func decode(_ bytes: [UInt8]) -> [Input] {
        var decoder = InputDecoder()
        let inputs = decoder.decode(bytes)
        return inputs + [decoder.settle()].compactMap { $0 }
    }

    @Test(
        arguments: [
            ("a", .character("a")), (" ", .character(" ")), ("é", .character("é")), ("日", .character("日")),
            ("😀", .character("😀")), ("\r", .enter), ("\n", .enter), ("\t", .tab), ("\u{8}", .backspace),
            ("\u{7f}", .backspace), ("\u{1}", .control("a")), ("\u{3}", .control("c")), ("\u{1a}", .control("z")),
            ("\u{1b}", .escape), ("\u{1b}[A", .up), ("\u{1b}OA", .up), ("\u{1b}[B", .down), ("\u{1b}OC", .right),
            ("\u{1b}[D", .left), ("\u{1b}[H", .home), ("\u{1b}OF", .end), ("\u{1b}[1~", .home), ("\u{1b}[4~", .end),
            ("\u{1b}[5~", .pageUp), ("\u{1b}[6~", .pageDown), ("\u{1b}[3~", .delete), ("\u{1b}[Z", .backTab),
            ("\u{1b}OP", .function(1)), ("\u{1b}[[A", .function(1)), ("\u{1b}[15~", .function(5)),
            ("\u{1b}[24~", .function(12)), ("\u{1b}OM", .enter), ("\u{1b}Oq", .character("1")),
        ] as [(String, Key)])
    func knowsKeys(bytes: String, key: Key) {
        #expect(decode(bytes) == [.key(key)])
    }

    @Test(arguments: [
        "\u{1b}[1;5A", "\u{1b}[2~", "\u{1b}[I", "\u{1b}[O", "\u{1b}[27;5;9~", "\u{1b}[?1;2c", "\u{1b}[<0;10;10M",
        "\u{1b}x",
        "\u{1b}é", "\u{1b}]11;rgb:ffff/ffff/ffff\u{7}", "\u{1b}]0;q\u{1b}\\", "\u{1b}P1$r0m\u{1b}\\", "\u{1b}O5A",
        "\u{1b}[12", "\u{0}", "\u{1c}", "\u{9b}", "\u{85}", "\u{1b}[" + String(repeating: "1;", count: 5000) + "m",
    ])
    func dropsWhatItDoesNotKnow(bytes: String) {
        #expect(decode(bytes) == [])
        #expect(
            decode(bytes + (decoderIsWaiting(bytes) ? "" : "q"))
                == (decoderIsWaiting(bytes) ? [] : [.key(.character("q"))]))
    }

    private func decoderIsWaiting(_ bytes: String) -> Bool {
        var decoder = InputDecoder()
        _ = decoder.decode(bytes.utf8)
        return decoder.isUndecided
    }

    @Test(arguments: [[0xff], [0xc3], [0xc0, 0xaf], [0x80], [0xed, 0xa0, 0x80]] as [[UInt8]])
    func dropsWhatIsNotUTF8(bytes: [UInt8]) {
        #expect(decode(bytes + [0x71]) == [.key(.character("q"))])
    }

    @Test func tellsEscFromASequenceThatComesInPieces() {
        var decoder = InputDecoder()
        #expect(decoder.decode([0x1b]) == [])
        #expect(decoder.isUndecided)
        #expect(decoder.decode([0x5b]) == [])
        #expect(decoder.decode([0x41]) == [.key(.up)])
        #expect(!decoder.isUndecided)
        #expect(decode("\u{1b}\u{1b}") == [.key(.escape), .key(.escape)])
        #expect(decode("\u{1b}\u{1b}[A") == [.key(.escape), .key(.up)])
    }

    @Test func handsOnAPasteAsItIs() {
        #expect(
            decode("a\u{1b}[200~q\rx\r\ny\n\u{1b}[A\u{3}\u{1b}[201~b") == [
                .key(.character("a")), .paste(Array("q\nx\ny\n\u{1b}[A\u{3}".utf8)), .key(.character("b")),
            ])
        #expect(decode("\u{1b}[200~\u{1b}\u{1b}[201\u{1b}[201~") == [.paste(Array("\u{1b}\u{1b}[201".utf8))])
        #expect(
            decode([0x1b] + Array("[200~".utf8) + [0xff, 0x00] + Array("\u{1b}[201~".utf8)) == [.paste([0xff, 0])])
    }

    @Test func waitsForTheEndOfAPaste() {
        var decoder = InputDecoder()
        for byte in "\u{1b}[200~secret\u{1b}[20".utf8 { #expect(decoder.decode([byte]) == []) }
        #expect(decoder.settle() == nil)
        #expect(decoder.decode("1~q".utf8) == [.paste(Array("secret".utf8)), .key(.character("q"))])
    }

    @Test func dropsAPasteThatIsTooLong() {
        let begin = PasteCollector.begin, end = PasteCollector.end
        let most = [UInt8](repeating: 0x61, count: InputDecoder.longestPaste)
        #expect(decode(begin + most + end) == [.paste(most)])
        #expect(decode(begin + most + [0x61] + end + [0x71]) == [.overlongPaste, .key(.character("q"))])
    }

    /// Whatever bytes arrive, every input is made from them, and `q` at the end is recognized.
    @Test(arguments: 0..<50 as Range<UInt64>)
    func survivesNoise(seed: UInt64) {
        var random = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        let noise = (0..<500).map { _ -> UInt8 in
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            return UInt8(truncatingIfNeeded: random >> 24)
        }
        var decoder = InputDecoder()
        _ = decoder.decode(noise)
        _ = decoder.settle()
        #expect(decoder.decode([0x71]) == [.key(.character("q"))])
    }
}

@Suite struct KeyNameTests {
    private static let all: [Key] =
        [
            .enter, .escape, .tab, .backTab, .backspace, .delete, .up, .down, .left, .right, .home, .end, .pageUp,
            .pageDown,
        ] + (1...12).map { .function($0) } + "abcdefgklnopqrstuvwxyz".map { .control($0) }
        + (0x20...0x7e).map { .character(Character(Unicode.Scalar($0))) } + "éß日😀".map { .character($0) }

    @Test func whatIsShownIsRead() {
        for key in Self.all { #expect(Key(name: key.name) == key, "\(key.name)") }
        #expect(Set(Self.all.map(\.name)).count == Self.all.count)
    }

    @Test(
        arguments: [
            ("e", .character("e")), ("E", .character("E")), ("ctrl-d", .control("d")), ("Ctrl-D", .control("d")),
            ("^d", .control("d")), ("f5", .function(5)), ("F12", .function(12)), ("pgup", .pageUp),
            ("PageDown", .pageDown), ("space", .character(" ")), ("enter", .enter), ("shift-tab", .backTab),
            ("up", .up), ("esc", .escape), ("ESCAPE", .escape), ("^", .character("^")), ("f", .character("f")),
            ("-", .character("-")),
        ] as [(String, Key)])
    func peopleWriteThem(name: String, key: Key) {
        #expect(Key(name: name) == key)
    }

    @Test(arguments: [
        "", " ", "ee", "f0", "f13", "f05", "f+5", "ctrl-", "ctrl-i", "ctrl-m", "ctrl-h", "ctrl-j", "ctrl-1", "ctrl-dd",
        "alt-x", "\u{1b}", "\t", "\u{a0}", "e\u{301}", "shift-up", "\u{7f}", "\u{85}",
    ])
    func whatIsNoKeyIsNone(name: String) {
        #expect(Key(name: name) == nil)
    }
}
