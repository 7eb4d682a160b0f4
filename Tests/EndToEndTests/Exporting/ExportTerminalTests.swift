import Harness
import TestSupport
import Testing

@Suite("b2watch export to a terminal", .blocking)
struct ExportTerminalTests {
    @Test("escapes names, and needs no screen", arguments: ["csv", "tsv", "jsonl", "curl"])
    func escapes(format: String) throws {
        let recorded = try Recorded(["evil\u{1B}]0;title\u{7}\u{1B}[2J"])
        let terminal = try TerminalSession(in: recorded.home, columns: 200, rows: 60)
        try terminal.run("\(Program.path) export --format \(format); echo status $?")
        let screen = try terminal.see("status 0", "evil")
        // What clears the screen would have taken the command line away.
        #expect(screen.contains("export --format \(format)"))
    }

    @Test("says how much went into a file")
    func summary() throws {
        let recorded = try Recorded(["a", "b"])
        let terminal = try TerminalSession(in: recorded.home, columns: 200)
        try terminal.run("cd; \(Program.path) export -o out.csv; echo status $?")
        try terminal.see("2 events written to out.csv", "status 0")
    }
}
