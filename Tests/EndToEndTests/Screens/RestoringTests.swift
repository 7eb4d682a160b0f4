import Harness
import Foundation
import TestSupport
import Testing

@Suite("The terminal is restored", .blocking)
struct RestoringTests {
    @Test("when b2watch ends", arguments: ["q", "C-c", "TERM", "SEGV"])
    func restored(way: String) throws {
        let home = try Home()
        let session = try TerminalSession(in: home)
        let script = try home.folder.write(
            "script",
            "stty -a > $HOME/before\n\(FirstStartTests.start)\necho status $?\nstty -a > $HOME/after\necho done\n")
        try session.run("sh \(script)")
        try session.see("Nothing has arrived yet.")
        #expect(try session.isAlternate)
        #expect(try !session.showsCursor)
        switch way {
        case "TERM": #expect(kill(try Self.processID(home), SIGTERM) == 0)
        case "SEGV": #expect(kill(try Self.processID(home), SIGSEGV) == 0)
        default: try session.press(way)
        }
        let screen = try session.see("status ", "done")
        #expect(screen.contains(way == "SEGV" ? "status 139" : "status 0"))
        #expect(try !session.isAlternate)
        #expect(try session.showsCursor)
        #expect(try !session.isApplicationKeypad)
        let after = try String(contentsOfFile: home.folder.file("after"), encoding: .utf8)
        #expect(try after == String(contentsOfFile: home.folder.file("before"), encoding: .utf8))
        // Typed and pasted text arrives unchanged.
        try session.paste("echo a'b'c")
        try session.press("Enter")
        try session.see("abc as output") { screen in
            screen.split(separator: "\n").contains { $0.hasSuffix("abc") && !$0.contains("'") }
        }
    }

    @Test("for the shell by Ctrl-Z, and used again after fg")
    func suspended() throws {
        let home = try Home()
        let session = try TerminalSession(in: home)
        try session.run(FirstStartTests.start)
        try session.see("Nothing has arrived yet.")
        try session.press("C-z")
        try session.see("where the shell is back") { !$0.contains("LISTENING") && $0.contains("Stopped") }
        #expect(try !session.isAlternate)
        #expect(try session.showsCursor)
        try session.run("echo a'b'c")
        try session.see("abc as output") { screen in
            screen.split(separator: "\n").contains { $0.hasSuffix("abc") && !$0.contains("'") }
        }
        try session.run("fg")
        try session.see("Nothing has arrived yet.")
        #expect(try session.isAlternate)
        try session.press("t")
        try session.see("✓ valid")
        // The screen tells it for some seconds only.
        _ = try home.text(of: "state/b2watch/b2watch.log") { $0.contains("answered 200 OK") }
        try session.press("q")
        try session.see("where the shell is back") { !$0.contains("LISTENING") }
    }

    @Test("for nobody when it hangs up: b2watch ends, and its record is complete")
    func hangUp() throws {
        let home = try Home()
        let session = try TerminalSession(in: home)
        try session.run(FirstStartTests.start)
        let port = try FirstStartTests.port(session)
        #expect(try RawClient(host: "127.0.0.1", port: port).answer(to: .event("before")).status == 200)
        let process = try Self.processID(home)
        try session.hangUp()
        try wait(for: "its end without its terminal") { kill(process, 0) == 0 ? nil : () }

        let listener = try RunningListener(in: home, "--format", "json")
        #expect(try listener.answer(to: .event("before")).status == 200)
        #expect(try listener.deliveries(1).map(\.duplicate) == [true])
    }

    @Test("for nobody when it hangs up; current requests are finished, however often it is signalled")
    func hangUpTwice() throws {
        let home = try Home()
        let session = try TerminalSession(in: home)
        try session.run(FirstStartTests.start)
        let client = try RawClient(host: "127.0.0.1", port: FirstStartTests.port(session))
        // With the answer 100 the request has begun.
        try client.send(
            "POST / HTTP/1.1\r\nHost: b2watch\r\nExpect: 100-continue\r\nContent-Length: 13\r\n\r\n".utf8)
        #expect(try client.answer().status == 100)
        let process = try Self.processID(home)
        try session.hangUp()
        _ = try home.text(of: "state/b2watch/b2watch.log") { $0.contains("ending: ") }
        kill(process, SIGHUP)
        // Otherwise it would have ended by then.
        usleep(200_000)
        try client.send("{\"events\":[]}".utf8)
        #expect(try client.answer().status == 200)
        try wait(for: "its end without its terminal") { kill(process, 0) == 0 ? nil : () }
        #expect(try String(contentsOfFile: home.log, encoding: .utf8).hasSuffix(" ended\n"))
    }

    /// Returns the process that locks the history.
    static func processID(_ home: Home) throws -> pid_t {
        let text = try String(contentsOfFile: home.history + ".lock", encoding: .utf8)
        return try #require(text.split(separator: " ").dropFirst().first.flatMap { pid_t($0) })
    }
}
