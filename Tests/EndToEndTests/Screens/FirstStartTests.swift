import Base
import Foundation
import Harness
import Notifications
import Testing
import TestSupport

@Suite("The dashboard, in a terminal", .blocking)
struct FirstStartTests {
    static let start = "\(Program.path) --listen 127.0.0.1:0"

    @Test("starts with the first steps; t brings a row with its verdict, headers, body and table row")
    func firstStart() throws {
        let session = try TerminalSession(in: try Home())
        try session.run(Self.start)
        let first = try session.see(
            "Nothing has arrived yet.", "no secret", "LISTENING http://127.0.0.1:", "cloudflared tunnel")
        let checklist = first.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        #expect(checklist.contains { $0.hasPrefix("✓") && $0.contains("listens at http://127.0.0.1:") })
        #expect(try session.isAlternate)

        try session.press("t")
        try session.see("✓ valid", "Test", "b2:TestEvent", "signed with self-test", "200 OK")
        try session.press("Tab", "Right")
        try session.see("[Headers]", "User-Agent:", "B2/EventNotifications", "application/json; charset=UTF-8")
        try session.press("Right")
        try session.see("[Body", "\"events\": [")
        try session.press("Enter")
        try session.see("\"eventType\": \"b2:TestEvent\"")
        try session.press("Enter", "Right")
        try session.see("[Signature]")
        try session.press("Tab", "2")
        try session.see("[2 Table]", "Event Timestamp", "Event Type", "b2:Te")

        try session.press("?")
        try session.see("[Help", "columns to the left")
        try session.press("q", "q")
        try session.see("where the shell is back") { !$0.contains("LISTENING") && $0.contains("$") }
        #expect(try !session.isAlternate)
    }

    @Test("accepts a secret in s, masked, and verifies earlier deliveries again")
    func secret() throws {
        let session = try TerminalSession(in: try Home())
        try session.run(Self.start)
        try session.see("Nothing has arrived yet.")
        // In the words of the first steps.
        try session.press("s", "a")
        try session.see("Add a secret")
        try session.paste(" \(Secrets.value)\n")
        let form = try session.see("2 white-space characters", String(repeating: "•", count: 32))
        #expect(!form.contains(Secrets.value))
        try session.press("Enter")
        try session.see("The secret main is current now", Secrets.held.fingerprint)
        try session.press("Escape")
        try session.see("[1 Events]")
        try session.press("t")
        try session.see("✓ valid", "200 OK", "✓ 1")

        // Replaced by another one: valid deliveries stay valid.
        try session.press("s", "r")
        try session.see("Replace the secret")
        try session.type(Secrets.otherValue)
        try session.press("Enter")
        try session.see("The secret main is current now", Secrets.other.fingerprint, "gone")
        try session.press("Escape")
        try session.see("✓ valid", "✗ 0", "✓ 1")
        #expect(try !session.screen().contains(Secrets.otherValue))
    }

    @Test("recognizes a pasted secret outside a field, and never reads a paste as keys")
    func pasteOutside() throws {
        let session = try TerminalSession(in: try Home())
        try session.run(Self.start)
        try session.see("Nothing has arrived yet.")
        try session.paste("qtq\n?s")
        try session.see("The paste was dropped", "Nothing has arrived yet.")
        try session.paste(Secrets.value + "\n")
        try session.see("Add a secret", String(repeating: "•", count: 32))
        try session.press("Enter")
        try session.see("The secret main is current now.")
        try session.press("Escape")
        try session.see("[1 Events]")
        try session.press("t")
        try session.see("✓ valid")
    }

    @Test("saves a secret only on request, in a file accessible only to its user")
    func remember() throws {
        let home = try Home()
        let session = try TerminalSession(in: home)
        try session.run(Self.start)
        try session.see("Nothing has arrived yet.")
        try session.paste(Secrets.value)
        try session.press("Enter")
        try session.see("The secret main is current now.")
        #expect(!FileManager.default.fileExists(atPath: home.secrets))
        try session.press("m")
        try session.see("y yes", "n no")
        // No confirmation accepts a pasted answer.
        try session.paste("y")
        try session.press("n")
        try session.see("where the question is gone") { !$0.contains("y yes") }
        #expect(!FileManager.default.fileExists(atPath: home.secrets))
        try session.press("m", "y")
        try session.see("The secret main is saved in")
        #expect(try TemporaryFolder.mode(of: home.secrets) == 0o600)
        try session.press("Escape")
        try session.see("[1 Events]")
        try session.press("q")
        try session.see("where the shell is back") { !$0.contains("LISTENING") }
        try SecrecyTests.expectNone(in: home, but: home.secrets)

        try session.run(Self.start)
        try session.see("Nothing has arrived yet.", Secrets.held.fingerprint)
    }

    @Test("asks before it ends only after a delivery from elsewhere has arrived")
    func quit() throws {
        let session = try TerminalSession(in: try Home())
        // Not in the typed form, so that it is not found too early.
        try session.run("\(Self.start); echo st''atus $?")
        let port = try Self.port(session)
        try session.press("t")
        try session.see("200 OK")
        let client = try RawClient(host: "127.0.0.1", port: port)
        #expect(try client.answer(to: .event("elsewhere")).status == 200)
        try session.see("photos/2026/cat.jpg")
        try session.press("q")
        try session.see("Stop receiving?")
        // A paste does not answer a question.
        try session.paste("y")
        #expect(try client.answer(to: .event("still there")).status == 200)
        try session.press("n")
        try session.see("where the question is gone") { !$0.contains("Stop receiving?") }
        try session.press("q", "y")
        try session.see("status 0")
        #expect(throws: (any Error).self) { _ = try RawClient(host: "127.0.0.1", port: port) }
    }

    /// Returns the port shown in the header.
    static func port(_ session: TerminalSession) throws -> UInt16 {
        let screen = try session.see("LISTENING http://127.0.0.1:")
        let digits = try #require(screen.firstRange(of: "127.0.0.1:")).upperBound
        return try #require(UInt16(screen[digits...].prefix { $0.isNumber }))
    }
}
