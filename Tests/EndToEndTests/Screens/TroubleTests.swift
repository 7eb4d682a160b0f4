import Harness
import Foundation
import TestSupport
import Testing

@Suite("The dashboard in trouble", .blocking)
struct TroubleTests {
    @Test("reports in red that nothing is recorded after the history was removed")
    func unlinked() throws {
        let home = try Home()
        let session = try TerminalSession(in: home, columns: 120, rows: 36)
        try session.run(FirstStartTests.start)
        let client = try RawClient(host: "127.0.0.1", port: try FirstStartTests.port(session))
        #expect(try client.answer(to: .event("kept")).status == 200)
        try session.see("? unverified", "? 1")
        #expect(unlink(home.history) == 0)
        #expect(try client.answer(to: .event("lost")).status == 503)
        try session.see("NOT RECORDING", "? 1")
        let styled = try session.styledScreen()
        let colour = try #require(styled.firstMatch(of: /38;5;([0-9]+)mNOT RECORDING/).flatMap { Int($0.output.1) })
        // Of the colour cube, 16 to 231: 36 for a step of red, 6 of green, 1 of blue.
        let (red, green, blue) = ((colour - 16) / 36, (colour - 16) / 6 % 6, (colour - 16) % 6)
        #expect((16...231).contains(colour) && red > green + 1 && red > blue + 1, "colour \(colour)")
    }

    @Test("asks before Ctrl-Z after a delivery from elsewhere has arrived, because B2 would not be answered")
    func suspendAsks() throws {
        let session = try TerminalSession(in: try Home())
        try session.run(FirstStartTests.start)
        let client = try RawClient(host: "127.0.0.1", port: try FirstStartTests.port(session))
        #expect(try client.answer(to: .event("elsewhere")).status == 200)
        try session.see("? unverified")
        try session.press("C-z")
        try session.see("y yes", "n no")
        #expect(try client.answer(to: .event("still answered")).status == 200)
        try session.press("n")
        try session.see("where the question is gone") { !$0.contains("y yes") }
        try session.press("C-z", "y")
        try session.see("where the shell is back") { !$0.contains("LISTENING") && $0.contains("Stopped") }
        try session.run("fg")
        try session.see("? unverified", "? 2")
    }

    @Test("ends at once after Ctrl-C twice, without a question")
    func twoInterrupts() throws {
        let session = try TerminalSession(in: try Home())
        try session.run(FirstStartTests.start)
        let client = try RawClient(host: "127.0.0.1", port: try FirstStartTests.port(session))
        #expect(try client.answer(to: .event("elsewhere")).status == 200)
        try session.see("? unverified")
        try session.press("C-c")
        try session.see("Stop receiving?")
        try session.press("n")
        try session.see("where the question is gone") { !$0.contains("Stop receiving?") }
        try session.paste("\u{3}\u{3}")
        #expect(try client.answer(to: .event("a paste is no key")).status == 200)
        try session.type("\u{3}\u{3}")
        try session.see("where the shell is back") { !$0.contains("LISTENING") }
    }

    @Test(
        "explains why it does not start, and leaves the terminal unchanged",
        arguments: [
            ("--secret-file missing.txt", "missing.txt", 64), ("--history /dev/null/x", "/dev/null/x", 4),
            ("--listen 203.0.113.1:0", "203.0.113.1", 3),
        ])
    func noStart(option: String, part: String, status: Int) throws {
        let home = try Home()
        let session = try TerminalSession(in: home, columns: 120, rows: 36)
        let script = try home.folder.write(
            "script", "echo begin\n\(Program.path) --listen 127.0.0.1:0 \(option)\necho status $?\n")
        try session.run("sh \(script)")
        let screen = try session.see("status \(status)", "b2watch: ")
        #expect(screen.contains(part))
        // The alternate screen would have hidden it.
        #expect(screen.contains("begin"))
        #expect(try !session.isAlternate)
    }
}
