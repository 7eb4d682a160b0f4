import Base
import Foundation
import Testing

@testable import Terminal

/// The modes that a screen sets in the terminal, besides its contents.
extension ScreenTests {
    @Test func asksForTheMouseWhereItIsWantedAndGivesItBack() throws {
        let terminal = try FakeTerminal()
        let screen = try terminal.screen(mouse: true)
        let on = "\u{1b}[?1000h\u{1b}[?1006h"
        let off = "\u{1b}[?1006l\u{1b}[?1002l\u{1b}[?1000l"
        #expect(contains(terminal.output(), on))
        screen.present(surface(["x"]))
        _ = terminal.output()
        screen.suspend { #expect(contains(terminal.output(), off)) }
        #expect(contains(terminal.output(), on))
        screen.redraw()
        #expect(contains(terminal.output(), on))
        screen.close()
        #expect(contains(terminal.output(), off))
    }

    @Test func leavesTheMouseAloneOtherwise() throws {
        let terminal = try FakeTerminal()
        let screen = try terminal.screen()
        screen.present(surface(["x"]))
        screen.redraw()
        screen.close()
        #expect(!contains(terminal.output(), "\u{1b}[?1000h"))
    }

    /// The bytes written at a crash turn the mouse off even if nobody turned it on.
    @Test func theCrashHandlerKnowsOfTheMouse() throws {
        let terminal = try FakeTerminal()
        let screen = try terminal.screen(mouse: true)
        let restore = TerminalDescription().restore
        #expect(restore.hasPrefix("\u{1b}[?1006l\u{1b}[?1002l\u{1b}[?1000l"))
        #expect(restore.utf8.count < 512)
        screen.close()
    }

    @Test func readsTheMouse() throws {
        let terminal = try FakeTerminal()
        let screen = try terminal.screen(mouse: true)
        let now = ContinuousClock.now
        let press = MouseEvent(.press, .left, at: Point(column: 39, row: 9))
        terminal.type("\u{1b}[<0;40;10Mj")
        #expect(screen.readInput(at: now) == [.mouse(press), .key(.character("j"))])
        terminal.type("\u{1b}[<0;40;10m\u{1b}[<0;40;10M")
        var release = press
        release.kind = .release
        var second = press
        second.kind = .doublePress
        #expect(screen.readInput(at: now + .milliseconds(300)) == [.mouse(release), .mouse(second)])
        terminal.type("\u{1b}[<0;41;10M\u{1b}[<0;40;11M")
        #expect(screen.readInput() == [], "outside the screen")
    }

    @Test func copiesThroughTheTerminal() throws {
        let terminal = try FakeTerminal()
        let screen = try terminal.screen()
        _ = terminal.output()
        #expect(screen.copy(Array("h\u{e9}llo\u{1b}\u{7}".utf8)))
        let sent = String(decoding: terminal.output(), as: UTF8.self)
        #expect(sent == "\u{1b}]52;c;aMOpbGxvGwc=\u{7}")
        #expect(!screen.copy([UInt8](repeating: 0, count: Screen.longestCopy + 1)))
        #expect(terminal.output().isEmpty)
        screen.ring()
        #expect(terminal.output() == [7])
        screen.close()
        _ = terminal.output()
        #expect(!screen.copy([1]))
        screen.ring()
        #expect(terminal.output().isEmpty)
    }

    @Test func theLongestCopyIsWhatTerminalsTake() {
        let encoded = Data(repeating: 0, count: Screen.longestCopy).base64EncodedData().count
        #expect(encoded + "\u{1b}]52;c;\u{7}".utf8.count == 100_000)
    }

    @Test func themesAndTheUsersColoursAreDrawn() throws {
        func drawn(_ theme: Theme, _ terminalName: String = "xterm-256color", isMonochrome: Bool = false) throws
            -> String
        {
            let terminal = try FakeTerminal()
            let screen = try terminal.screen(terminalName, isMonochrome: isMonochrome, theme: theme)
            screen.present(surface(["bad"], style: Style(.bad)))
            screen.close()
            return String(decoding: terminal.output(), as: UTF8.self)
        }
        #expect(try drawn(Theme(.dark)).contains("38;5;210m"))
        #expect(try drawn(Theme(.light)).contains("38;5;124m"))
        #expect(try drawn(Theme(.dark, changes: [.bad: Look(Colour(201))])).contains("38;5;201m"))
        #expect(try drawn(Theme(changes: [.bad: Look(Colour(4))]), "xterm").contains("\u{1b}[34m"))
        #expect(!(try drawn(Theme(.monochrome))).contains("\u{1b}[3"))
        let withoutColour = try drawn(
            Theme(.dark, changes: [.bad: Look(Colour(201), underlined: true)]), isMonochrome: true)
        #expect(!withoutColour.contains("38;5") && withoutColour.contains("[0;4m"))
    }

    /// Esc is decided at once if the terminal is declared quick, and waits for the rest if it is slow.
    @Test func escapeDelayIsHonoured() throws {
        #expect(ScreenOptions.escapeDelay("100") == 100)
        #expect(ScreenOptions.escapeDelay("0") == 0)
        #expect(ScreenOptions.escapeDelay("5001") == nil && ScreenOptions.escapeDelay("-1") == nil)
        #expect(ScreenOptions.escapeDelay("") == nil && ScreenOptions.escapeDelay("fast") == nil)
        let terminal = try FakeTerminal()
        let quick = try terminal.screen(escapeDelay: 0)
        terminal.type("\u{1b}")
        #expect(quick.readInput() == [.key(.escape)])
        terminal.type("[A")
        #expect(quick.readInput() == [.key(.character("[")), .key(.character("A"))])
        quick.close()

        let slow = try terminal.screen(escapeDelay: 5_000)
        let line = terminal.line
        let rest = Thread { _ = "[A".withCString { write(line, $0, 2) } }
        terminal.type("\u{1b}")
        rest.start()
        #expect(slow.readInput() == [.key(.up)])
    }
}
