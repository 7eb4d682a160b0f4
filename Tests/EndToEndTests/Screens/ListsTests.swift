import Foundation
import Harness
import Notifications
import TestSupport
import Testing

@Suite("The deliveries and the log, in a terminal", .blocking)
struct ListsTests {
    @Test("6 shows the start and a test event as it is answered; 3 has its row")
    func startAndTest() throws {
        let session = try TerminalSession(in: try Home(), columns: 120, rows: 36)
        try session.run(FirstStartTests.start)
        try session.see("Nothing has arrived yet.")
        try session.press("6")
        try session.see("[6 Log]", "b2watch 0.1.0 listens at http://127.0.0.1:", "with no secret")
        try session.press("t")
        try session.see("sending a test event", "test event: signed with self-test", "200 OK")
        try session.press("3")
        try session.see("[3 Deliveries]", "ANSWER", "✓ valid", "127.0.0.1")
        let port = try FirstStartTests.port(session)
        let client = try RawClient(host: "127.0.0.1", port: port)
        #expect(try client.answer(to: WireRequest(method: "GET", target: "/favicon.ico", body: [])).status == 405)
        try session.see("GET /favicon.ico", "405")
        try session.press("q")
        try session.see("where the shell is back") { !$0.contains("LISTENING") }
        let log = try String(contentsOfFile: session.home.log, encoding: .utf8)
        #expect(log.contains("ending: the user asked for it"))
        #expect(try TemporaryFolder.mode(of: session.home.log) == 0o600)
    }

    @Test("a secret that is added and deleted is logged by its fingerprint alone")
    func secrets() throws {
        let session = try TerminalSession(in: try Home(), columns: 120, rows: 36)
        try session.run(FirstStartTests.start)
        try session.see("Nothing has arrived yet.")
        try session.paste(Secrets.value)
        try session.press("Enter")
        try session.see("The secret main is current now.")
        try session.press("f")
        try session.see("Delete main (\(Secrets.held.fingerprint))?", "r rotated", "l leaked")
        try session.press("r")
        try session.see("The secret main is deleted; its verdicts stay.")
        try session.press("Escape")
        try session.see("Nothing has arrived yet.")
        try session.press("6")
        let secret = "the secret main (\(Secrets.held.fingerprint))"
        try session.see("\(secret) is added", "\(secret) is deleted; its verdicts stay")
        #expect(try !String(contentsOfFile: session.home.log, encoding: .utf8).contains(Secrets.value))
    }
}
