import Base
import Foundation
import Harness
import Notifications
import Testing
import TestSupport

@Suite("The deliveries and the log, in a terminal", .blocking)
struct ListsTests {
    @Test("6 shows the start and the answer to a test event; 3 has its row")
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

    @Test("adding and deleting a secret is logged with its fingerprint only")
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

// MARK: - Exporting

@Suite("x on the screen", .blocking)
struct ScreenExportTests {
    @Test("writes the rows of the filter, asks before it replaces a file, and never replaces the history")
    func export() throws {
        let session = try TerminalSession(in: try Home(), columns: 120, rows: 30)
        try session.run("cd \(session.home.folder.path) && \(FirstStartTests.start)")
        try session.see("Nothing has arrived yet.")
        try session.press("t")
        try session.see("✓ valid")
        let file = session.home.folder.file("out.csv")
        for number in 1...2 {
            try session.press("x")
            try session.see("export to")
            try session.press("C-u")
            try session.type("out.csv")
            try session.press("Enter")
            if number == 2 {
                try session.see("out.csv is there. Replace it? (y/n)")
                try session.press("y")
            }
            try session.see("1 event written to \(file).")
        }
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text.hasPrefix("Event Timestamp,Event Type,") && text.contains("b2:TestEvent"))
        #expect(try TemporaryFolder.mode(of: file) == 0o600)
        try session.press("x")
        try session.see("export to")
        try session.press("C-u")
        try session.type("state/b2watch/history.sqlite")
        try session.press("Enter")
        try session.see("history.sqlite is a database")
        // A name of one character, and the home of the environment.
        for (name, place) in [("q", "q"), ("~/home.csv", "home.csv")] {
            try session.press("x")
            try session.see("export to")
            try session.press("C-u")
            try session.type(name)
            try session.press("Enter")
            try session.see("1 event written to \(session.home.folder.file(place)).")
        }
    }
}

// MARK: - State of the view

@Suite("The state of the screen", .blocking)
struct ViewStateTests {
    @Test("includes sort, columns and filters, and is restored after a restart, for watch and for attach")
    func restart() throws {
        let session = try TerminalSession(in: try Home(), columns: 120, rows: 30)
        try session.run(FirstStartTests.start)
        try session.see("Nothing has arrived yet.")
        try session.press("t")
        try session.see("✓ valid")
        try session.press("f")
        try session.see("filter")
        try session.type("type:testevent")
        try session.press("Enter", "2")
        try session.see("[2 Table]", "filter type:testevent", "Object Version ID")
        try session.press("C")
        try session.see("Columns of the table")
        try session.press("Space", "Escape")
        try session.see("the first column gone") { !$0.contains("Event Timestamp") }
        try session.press(">")
        try session.see("Event Type↓") { $0.contains("Event Type↓") || $0.contains("Event Type↑") }
        let view = session.home.folder.file("state/b2watch/view.json")
        try session.see("that it is kept") { _ in
            (try? String(contentsOfFile: view, encoding: .utf8))?.contains("sortColumn") == true
        }
        #expect(try TemporaryFolder.mode(of: view) == 0o600)
        try session.press("q")
        try session.see("where the shell is back") { !$0.contains("LISTENING") }

        try session.run(FirstStartTests.start)
        try session.see("b2:TestEvent")
        try session.press("2")
        let again = try session.see("[2 Table]", "Event Type↑")
        #expect(!again.contains("Event Timestamp"))
        try session.press("f", "Up")
        try session.see("type:testevent")
    }

    @Test("in a broken file does not prevent the start, and causes a warning")
    func broken() throws {
        let home = try Home()
        let folder = home.folder.file("state/b2watch")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        _ = try home.folder.write("state/b2watch/view.json", "{\"filters\": [")
        let session = try TerminalSession(in: home, columns: 120, rows: 30)
        try session.run(FirstStartTests.start)
        try session.see("LISTENING", "how the screen was left is forgotten", "view.json")
    }
}
