import Base
import Glibc
import Testing

@testable import Terminal

/// The tests run one after the other, because ncurses is global to its process.
@Suite(.serialized) struct ScreenTests {
    func surface(_ lines: [SafeText], style: Style = .plain, columns: Int = 40, rows: Int = 10) -> Surface {
        var surface = Surface(size: Size(columns: columns, rows: rows))
        for (row, line) in lines.enumerated() { surface.put(line, at: Point(column: 0, row: row), style: style) }
        return surface
    }

    func contains(_ bytes: [UInt8], _ text: String) -> Bool {
        String(decoding: bytes, as: UTF8.self).contains(text)
    }

    @Test func showsASurface() throws {
        let terminal = try FakeTerminal()
        let screen = try terminal.screen()
        #expect(screen.size == Size(columns: 40, rows: 10))
        screen.present(surface(["✓ valid", "日本語 e\u{301} 😀", SafeText(String(repeating: "x", count: 99))]))
        #expect(
            screen.shownRows() == ["✓ valid", "日本語 é 😀", String(repeating: "x", count: 40)]
                + Array(repeating: "", count: 7))
    }

    @Test func writesOnlyWhatChanged() throws {
        let terminal = try FakeTerminal()
        let screen = try terminal.screen()
        screen.present(surface(["first", "second"]))
        #expect(contains(terminal.output(), "second"))
        screen.present(surface(["first", "2nd"]))
        let change = terminal.output()
        #expect(contains(change, "2nd") && !contains(change, "first"))
        screen.present(surface(["first", "2nd"]))
        #expect(terminal.output().isEmpty)
        screen.redraw()
        #expect(contains(terminal.output(), "first"))
    }

    @Test func letsNoControlThrough() throws {
        let terminal = try FakeTerminal(columns: 80)
        let screen = try terminal.screen()
        let hostile = [
            "\u{1b}[2J\u{1b}]52;c;cm0=\u{7}", "\u{9b}31m\u{85}", "\r\n\t\u{8}\u{0e}", "a\u{202e}b\u{200b}c\u{feff}",
            "\u{1b}P\u{1b}\\",
        ]
        screen.present(surface(hostile.map { SafeText($0) }, columns: 80))
        let written = terminal.output()
        let text = String(decoding: written, as: UTF8.self).unicodeScalars
        #expect(String(validating: written, as: UTF8.self) != nil)
        // ncurses' own: Esc, shifts and line movements. None of the rest.
        let allowed: [Unicode.Scalar] = ["\u{1b}", "\r", "\n", "\u{8}", "\u{f}", "\t"]
        #expect(text.allSatisfy { allowed.contains($0) || !SafeText.mustEscape($0) })
        for (introducer, after) in zip(text, text.dropFirst()) where introducer == "\u{1b}" {
            #expect("[()=>78M".unicodeScalars.contains(after))
        }
        #expect(!contains(written, "]52") || contains(written, #"\x1b]52"#))
    }

    @Test func readsKeysAndPastes() throws {
        let terminal = try FakeTerminal()
        let screen = try terminal.screen()
        #expect(screen.readInput() == [])
        terminal.type("aé\u{1b}[A\u{1b}OB\u{1b}[200~p\rq\u{1b}[201~\u{3}\r")
        #expect(
            screen.readInput() == [
                .key(.character("a")), .key(.character("é")), .key(.up), .key(.down), .paste(Array("p\nq".utf8)),
                .key(.control("c")), .key(.enter),
            ])
        terminal.type("\u{1b}")
        #expect(screen.readInput() == [.key(.escape)])
        terminal.type("\u{1b}[200~half")
        #expect(screen.readInput() == [])
        terminal.type(" whole\u{1b}[201~")
        #expect(screen.readInput() == [.paste(Array("half whole".utf8))])
    }

    @Test func followsTheSize() throws {
        let terminal = try FakeTerminal()
        let screen = try terminal.screen()
        screen.present(surface(["old"]))
        terminal.resize(columns: 60, rows: 20)
        #expect(screen.readInput() == [.resized(Size(columns: 60, rows: 20))])
        #expect(screen.readInput() == [])
        let long = SafeText(String(repeating: "y", count: 60))
        screen.present(surface([long], columns: 60, rows: 20))
        #expect(screen.shownRows() == [long.string] + Array(repeating: "", count: 19))
        terminal.resize(columns: 10, rows: 3)
        #expect(screen.readInput() == [.resized(Size(columns: 10, rows: 3))])
        screen.present(surface([long], columns: 60, rows: 20))
        #expect(screen.shownRows() == ["yyyyyyyyyy", "", ""])
    }

    @Test func showsACursorWhereThereIsOne() throws {
        let terminal = try FakeTerminal()
        let screen = try terminal.screen()
        screen.present(surface(["x"]))
        #expect(contains(terminal.output(), "\u{1b}[?25l"))
        screen.present(surface(["x"]), cursor: Point(column: 3, row: 4))
        let shown = terminal.output()
        #expect(contains(shown, "\u{1b}[?25h") || contains(shown, "\u{1b}[?12l\u{1b}[?25h"))
        #expect(contains(shown, "\u{1b}[5;4H"))
    }

    @Test func givesTheTerminalBack() throws {
        let terminal = try FakeTerminal()
        let before = terminal.modes
        let screen = try terminal.screen()
        screen.present(surface(["x"]))
        #expect(terminal.modes.c_lflag & UInt32(ECHO | ICANON | ISIG) == 0)
        let began = terminal.output()
        #expect(contains(began, "\u{1b}[?1049h") && contains(began, "\u{1b}[?2004h"))
        screen.close()
        screen.close()
        let ended = terminal.output()
        #expect(contains(ended, "\u{1b}[?1049l") && contains(ended, "\u{1b}[?2004l"))
        #expect(terminal.modes.c_lflag == before.c_lflag && terminal.modes.c_iflag == before.c_iflag)
        screen.present(surface(["late"]))
        #expect(screen.readInput() == [] && terminal.output().isEmpty)
    }

    @Test func suspendsAndComesBack() throws {
        let terminal = try FakeTerminal()
        let before = terminal.modes
        let screen = try terminal.screen()
        screen.present(surface(["still here"]))
        _ = terminal.output()
        screen.suspend {
            #expect(contains(terminal.output(), "\u{1b}[?1049l"))
            #expect(terminal.modes.c_lflag == before.c_lflag)
        }
        let back = terminal.output()
        #expect(contains(back, "\u{1b}[?1049h") && contains(back, "\u{1b}[?2004h") && contains(back, "still here"))
        #expect(terminal.modes.c_lflag & UInt32(ECHO | ICANON | ISIG) == 0)
    }

    @Test(arguments: ["xterm-256color", "xterm", "screen", "linux", "vt100", "tmux-256color"])
    func drawsEveryStyleOn(name: String) throws {
        let terminal = try FakeTerminal()
        let screen = try terminal.screen(name)
        var surface = Surface(size: Size(columns: 40, rows: 10))
        for (row, role) in Role.allCases.enumerated() {
            surface.put("role", at: Point(column: 0, row: row), style: Style(role, bold: true, reversed: true))
            surface.put("role", at: Point(column: 9, row: row), style: Style(role, underlined: true))
        }
        screen.present(surface)
        #expect(screen.shownRows().prefix(8).allSatisfy { $0 == "role     role" })
    }

    @Test func leavesColoursAloneWhenAskedTo() throws {
        let terminal = try FakeTerminal()
        let screen = try terminal.screen(isMonochrome: true)
        screen.present(surface(["bad"], style: Style(.bad)))
        let written = terminal.output()
        #expect(!contains(written, "\u{1b}[3") && !contains(written, ";3"))
        #expect(contains(written, "\u{1b}[1m") || contains(written, "\u{1b}[0;1m"))
    }

    @Test func drawsInASCIIWhereTheLocaleIsNot() throws {
        let terminal = try FakeTerminal()
        let screen = try terminal.screen(encoding: .ascii)
        screen.present(surface(["✓ é 日本 ─ x", "e\u{301}."]))
        #expect(screen.shownRows().prefix(2) == ["+ ? ???? - x", "e."])
        #expect(terminal.output().allSatisfy { $0 < 0x80 })
    }

    @Test func saysWhyThereIsNoScreen() throws {
        let terminal = try FakeTerminal()
        #expect(throws: ScreenError.unknownTerminal("no-such-terminal")) { try terminal.screen("no-such-terminal") }
        #expect(throws: ScreenError.unknownTerminal("")) { try terminal.screen("") }
        #expect(throws: ScreenError.cannotAddressCursor("dumb")) { try terminal.screen("dumb") }
        var options = ScreenOptions(terminal: "xterm", encoding: .utf8)
        options.input = -1
        #expect(throws: ScreenError.notATerminal) { try Screen(options) }
        #expect(ScreenError.unknownTerminal("\u{1b}x").description.contains(#"\x1bx"#))
    }

    @Test func wakesForWhateverComesFirst() throws {
        let terminal = try FakeTerminal()
        let screen = try terminal.screen()
        let mailbox = Mailbox<Int>()
        let loop = TerminalLoop()
        let soon = ContinuousClock.now + .milliseconds(1)
        #expect(loop.wait(screen, mailbox, until: soon) == .deadline)
        #expect(ContinuousClock.now >= soon)
        mailbox.post(1)
        mailbox.post(2)
        #expect(loop.wait(screen, mailbox) == .mail)
        #expect(mailbox.drain() == [1, 2])
        #expect(mailbox.drain() == [])
        terminal.type("q")
        #expect(loop.wait(screen, mailbox) == .input)
        #expect(screen.readInput() == [.key(.character("q"))])
        for (signal, wake) in [(SIGWINCH, Wake.input), (SIGCONT, .continued), (SIGTSTP, .stopAsked)] {
            kill(getpid(), signal)
            #expect(loop.wait(screen, mailbox) == wake)
        }
        terminal.hangUp()
        #expect(loop.wait(screen, mailbox).contains(.hangUp))
        #expect(screen.readInput() == [])
    }
}

@Suite struct MailboxTests {
    @Test func keepsTheOrderOfEachSender() async {
        let mailbox = Mailbox<[Int]>()
        await withTaskGroup(of: Void.self) { group in
            for sender in 0..<4 {
                group.addTask { for number in 0..<1000 { mailbox.post([sender, number]) } }
            }
        }
        let messages = mailbox.drain()
        #expect(messages.count == 4000)
        for sender in 0..<4 {
            #expect(messages.filter { $0[0] == sender }.map { $0[1] } == Array(0..<1000))
        }
    }
}
