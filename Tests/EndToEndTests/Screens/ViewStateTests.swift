import Foundation
import Harness
import TestSupport
import Testing

@Suite("How the screen was left", .blocking)
struct ViewStateTests {
    @Test("sort, columns and filters used are there again after a restart, for watch and for attach")
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

    @Test("a broken file is no reason not to start, and is told of")
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
