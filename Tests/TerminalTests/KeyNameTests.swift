import Terminal
import Testing

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
