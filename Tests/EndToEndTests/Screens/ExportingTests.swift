import Foundation
import Harness
import TestSupport
import Testing

@Suite("x on the screen", .blocking)
struct ScreenExportTests {
    @Test("writes the rows of the filter, asks before it replaces, and never the history")
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
