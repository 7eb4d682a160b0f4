import Foundation
import Harness
import Notifications
import TestSupport
import Testing

@Suite("Attached dashboards", .blocking)
struct AttachTests {
    /// Returns a dashboard attached to the history of a home, in a separate terminal.
    static func attach(_ home: Home, columns: Int = 120, rows: Int = 36) throws -> TerminalSession {
        var other = try Home()
        // The terminal has its own home; the program uses the listener's folders.
        other.environment["XDG_STATE_HOME"] = home.environment["XDG_STATE_HOME"]
        other.environment["XDG_CONFIG_HOME"] = home.environment["XDG_CONFIG_HOME"]
        let session = try TerminalSession(in: other, columns: columns, rows: rows)
        try session.run("\(Program.path) attach")
        return session
    }

    @Test("show new events at once; a secret pasted in one verifies in both; quitting does not stop the listener")
    func live() throws {
        let home = try Home()
        let listener = try RunningListener(in: home)
        let (one, two) = (try Self.attach(home), try Self.attach(home))
        for session in [one, two] {
            try session.see("attached", "LISTENING \(listener.url)", "Nothing has arrived yet.")
        }

        #expect(try listener.answer(to: .event("first", object: "first.jpg", signedWith: Secrets.held)).status == 200)
        for session in [one, two] { try session.see("? unverified", "first.jpg", "? 1 unverified", "p99 ") }

        try one.press("s")
        try one.see("No secret.")
        try one.paste(Secrets.value)
        try one.press("Enter")
        for session in [one, two] {
            try session.see("main (\(Secrets.held.fingerprint))", "✓ 1 valid", "1 delivery verified again")
        }
        try two.see("✓ valid")
        _ = try listener.error.line(with: "an attached dashboard has changed the signing secrets; current: main")

        // The listener, which alone has the secret, answers for the Signature tab.
        try two.press("Left")
        try two.see("[Signature]", "Computed with main", "✓ received", "is the HMAC-SHA-256 of this body")

        try two.press("t")
        try two.see("signed with main", "answered 200 OK", "✓ 2")
        try one.see("✓ 2")

        // The pasted secret is in no source, so reading the sources again must not lose it.
        try one.press("s", "R")
        try one.see("The secrets were read again: 1 is current.", "main")
        try one.press("q")
        try two.press("t")
        try two.see("✓ 3")

        try one.press("q", "q")
        try one.see("where the shell is back") { !$0.contains("LISTENING") }
        #expect(try !one.isAlternate)
        #expect(try listener.answer(to: .event("second", object: "second.jpg", signedWith: Secrets.held)).status == 200)
        try two.see("second.jpg", "✓ 4")
        try two.press("q")
        try two.see("where the shell is back, without a question") { !$0.contains("LISTENING") }
        try listener.stop()
        #expect(!FileManager.default.fileExists(atPath: home.history + ".control"))
        for text in [listener.error.text, (try? String(contentsOfFile: home.log, encoding: .utf8)) ?? ""] {
            #expect(!text.contains(Secrets.value))
        }
    }

    @Test("report that the listener was killed, still show its record, and continue with the next listener")
    func killed() throws {
        let home = try Home()
        let listener = try RunningListener(in: home)
        #expect(try listener.answer(to: .event("kept", object: "kept.jpg")).status == 200)
        let session = try Self.attach(home)
        try session.see("LISTENING", "kept.jpg")
        listener.child.signal(SIGKILL)
        try session.see("LISTENER GONE", "has ended without a word", "kept.jpg")
        try session.press("t")
        try session.see("This needs the listener", "has ended without a word")
        try session.press("Left")
        try session.see("[Signature]", "This is the recorded verdict.")

        let next = try RunningListener(in: home)
        try session.see("LISTENING \(next.url)")
        #expect(try next.answer(to: .event("new", object: "new.jpg")).status == 200)
        try session.see("new.jpg", "? 2")
        try session.press("t")
        try session.see("answered 200 OK")
        try next.stop()
        try session.see("LISTENER GONE", "The listener was stopped", "new.jpg")
    }

    @Test("show their screen while the listener does not answer")
    func stopped() throws {
        let home = try Home()
        let listener = try RunningListener(in: home)
        listener.child.signal(SIGSTOP)
        defer { listener.child.signal(SIGCONT) }
        let session = try Self.attach(home)
        try session.see("[1 Events]", "attached", "Nothing has arrived yet")
    }

    @Test("show changes of secrets that were made in another dashboard")
    func toDashboard() throws {
        let home = try Home()
        let first = try TerminalSession(in: home, columns: 120, rows: 36)
        try first.run("\(Program.path) --listen 127.0.0.1:0 --secret-file prod=\(try home.secretFile(Secrets.value))")
        try first.see("LISTENING", "prod (")
        let second = try Self.attach(home)
        try second.see("attached", "LISTENING", "prod (")
        try first.press("t")
        try second.see("✓ 1", "✓ valid")
        _ = try home.secretFile(Secrets.otherValue)
        try second.press("s", "R")
        try second.see("The secrets were read again: 1 is current.")
        for session in [first, second] { try session.see(Secrets.other.fingerprint, "✓ 1") }
        try second.press("f")
        try second.see("Delete prod")
        try second.press("l")
        for session in [first, second] { try session.see("no secret", "✓ 1") }
        try second.press("s")
        // It is the one before that gave the verdict.
        try second.see("gone", "its verdicts stay")
        try second.press("q")
    }

    @Test("show the record without a listener, and connect when one starts")
    func nobody() throws {
        let home = try Home()
        let listener = try RunningListener(in: home)
        #expect(try listener.answer(to: .event("kept", object: "kept.jpg")).status == 200)
        try listener.stop()
        let session = try Self.attach(home)
        let screen = try session.see("NO LISTENER", "kept.jpg")
        #expect(screen.replacing("\n", with: "").contains("b2watch listen --history \(home.history)"))
        let next = try RunningListener(in: home)
        try session.see("LISTENING \(next.url)")
        try session.press("q")
        try session.see("where the shell is back") { !$0.contains("LISTENING") }
        #expect(try next.answer(to: .event("on")).status == 200)
    }
}
