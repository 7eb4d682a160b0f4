import Base
import Foundation
import Harness
import Notifications
import Testing
import TestSupport

@Suite("b2watch export", .blocking)
struct ExportTests {
    private static let headers = "Event Timestamp,Event Type,Object Name,Object Size,Object Version ID\r\n"

    @Test("writes a table while a listener records, and delays nothing")
    func running() throws {
        let home = try Home()
        let listener = try RunningListener(in: home)
        #expect(try listener.answer(to: .event("a", object: "=1+1")).status == 200)
        let outcome = try Program.run("export", "--format", "csv", in: home)
        #expect(outcome.ending == .exited(0))
        #expect(
            outcome.output == Self.headers
                + "2026-01-01T10:11:12.345Z,b2:ObjectCreated:Upload,'=1+1,10495842,4_zaea8c5bc362ae55070130333_f117c7bd5d6c6597c\r\n"
        )
        #expect(outcome.error.isEmpty)
        #expect(try listener.answer(to: .event("b")).status == 200)
        try listener.stop()
        // Nor does anything block the next export.
        try RunningListener(in: home).stop()
    }

    @Test("writes the same JSON lines as listen")
    func json() throws {
        let home = try Home()
        let listener = try RunningListener(in: home, "--format", "json")
        for id in ["a", "b", "c"] { _ = try listener.answer(to: .event(id, object: "\(id)\u{1B}[2J")) }
        let lines = try #require(try listener.output?.lines(3))
        try listener.stop()
        let outcome = try Program.run("export", "--format", "jsonl", "--filter", "object:~/^[ac]/", in: home)
        #expect(outcome.ending == .exited(0))
        #expect(outcome.output == "\(lines[0])\n\(lines[2])\n")
    }

    @Test("reports that nothing matches, with the matches of each term alone; the status is 0")
    func nothingMatches() throws {
        let recorded = try Recorded(["a.jpg", "b.jpg"])
        let outcome = try recorded.export("--filter", "type:created object:zzz")
        #expect(outcome.ending == .exited(0))
        #expect(outcome.output == Self.headers)
        #expect(
            outcome.error
                == "b2watch: nothing matches type:created object:zzz; alone, type:created matches 2, object:zzz matches 0, of 2 recorded\n"
        )
        #expect(try recorded.export("--filter", "object:a or object:b").error.isEmpty)
        // A minus negates here, and does not begin an option.
        #expect(try recorded.export("--filter", "-object:zzz").error.isEmpty)
        #expect(
            try recorded.export("--filter", "object:a.jpg,b.jpg", "--format", "jsonl").output.split(separator: "\n")
                .count == 2)
    }

    @Test("masks possible secrets in curl commands, unless told otherwise")
    func curl() throws {
        let home = try Home()
        let listener = try RunningListener(in: home)
        var request = WireRequest.event("a")
        request.headers.append(HeaderField("Authorization", "Bearer s3cret"))
        _ = try listener.answer(to: request)
        try listener.stop()
        let masked = try Program.run("export", "--format", "curl", in: home).output
        #expect(masked.hasPrefix("#!/bin/sh\n"))
        #expect(masked.contains("'Authorization: ***'"))
        #expect(!masked.contains("s3cret"))
        #expect(try Program.run("export", "--format", "curl", "--unmasked", in: home).output.contains("s3cret"))
    }

    @Test("shows the place of a mistake in a filter, and the expected text")
    func filter() throws {
        let outcome = try Recorded([]).export("--filter", "object:ü sise>5")
        #expect(outcome.ending == .exited(64))
        #expect(outcome.output.isEmpty)
        let lines = outcome.error.split(separator: "\n")
        #expect(lines.count == 4, "\(outcome.error)")
        #expect(lines[1...2] == ["  object:ü sise>5", "           ^^^^"])
        #expect(lines.last?.contains("did you mean size?") == true)
    }

    @Test("shows only the part of a long filter around the mistake")
    func longFilter() throws {
        let filter = String(repeating: "ab ", count: 90) + "sise>5 " + String(repeating: "cd ", count: 90)
        let outcome = try Program.run("export", "--filter", filter, in: try Home())
        let lines = outcome.error.split(separator: "\n")
        let marks = try #require(lines.first { $0.contains("^") })
        let shown = try #require(lines.first { $0.contains("sise>5 ") })
        #expect(shown.dropFirst(marks.prefix { $0 == " " }.count).hasPrefix("sise"))
        #expect(lines.allSatisfy { $0.count < 120 }, "\(outcome.error)")
    }

    @Test(
        "refuses contradictory options, with a remedy",
        arguments: [
            (["--format", "xml"], "csv"), (["--columns", "nope"], "event-id"),
            (["--columns", "status,status"], "once"),
            (["--format", "jsonl", "--columns", "status"], "--columns"), (["--format", "curl", "--verbatim"], "csv"),
            (["--format", "jsonl", "--unmasked"], "--unmasked is for curl commands and tables"),
            (["--timestamps", "iso"], "epoch"), (["--output", ""], "--output"),
        ])
    func usage(arguments: [String], part: String) throws {
        let home = try Home()
        let outcome = try Program.run(Program.path, ["export"] + arguments, environment: home.environment)
        #expect(outcome.ending == .exited(64))
        #expect(outcome.error.contains(part), "\(outcome.error)")
    }

    @Test("reports a missing history, and creates none")
    func noHistory() throws {
        let home = try Home()
        let outcome = try Program.run("export", in: home)
        #expect(outcome.ending == .exited(4))
        #expect(outcome.error.contains("there is no history at \(home.history)"))
        #expect(!FileManager.default.fileExists(atPath: home.history))
        let other = try home.folder.write("other.sqlite", "not a database, but long enough to look like some file")
        let foreign = try Program.run("export", "--history", other, in: home)
        #expect(foreign.ending == .exited(4))
        #expect(foreign.error.contains("is not a b2watch history"))
    }

    @Test("ends like other programs when its reader ends")
    func closedPipe() throws {
        let recorded = try Recorded((0..<200).map { String(repeating: "\($0)", count: 300) })
        let outcome = try Program.run(
            "bash", ["-c", #""$0" export --format jsonl | head -c 1; echo " ${PIPESTATUS[0]}""#, Program.path],
            environment: recorded.home.environment)
        #expect(outcome.output == "{ \(128 + SIGPIPE)\n")
        #expect(outcome.error.isEmpty)
    }
}

// MARK: - To a terminal

@Suite("b2watch export to a terminal", .blocking)
struct ExportTerminalTests {
    @Test("escapes names, and needs no full screen", arguments: ["csv", "tsv", "jsonl", "curl"])
    func escapes(format: String) throws {
        let recorded = try Recorded(["evil\u{1B}]0;title\u{7}\u{1B}[2J"])
        let terminal = try TerminalSession(in: recorded.home, columns: 200, rows: 60)
        try terminal.run("\(Program.path) export --format \(format); echo status $?")
        let screen = try terminal.see("status 0", "evil")
        // An escape sequence that clears the screen would have removed the command line.
        #expect(screen.contains("export --format \(format)"))
    }

    @Test("reports the number of rows written into a file")
    func summary() throws {
        let recorded = try Recorded(["a", "b"])
        let terminal = try TerminalSession(in: recorded.home, columns: 200)
        try terminal.run("cd; \(Program.path) export -o out.csv; echo status $?")
        try terminal.see("2 events written to out.csv", "status 0")
    }
}

// MARK: - A history to export

/// Returns a home with a history that a listener has recorded and closed.
struct Recorded {
    let home: Home

    init(_ objects: [String], signedWith secret: SigningSecret? = nil) throws {
        home = try Home()
        let file = try home.secretFile(Secrets.value)
        let listener = try RunningListener(in: home, "--secret-file", file)
        let client = try listener.connect()
        for (index, object) in objects.enumerated() {
            _ = try client.answer(to: .event("e\(index)", object: object, signedWith: secret))
        }
        try listener.stop()
    }

    func export(_ arguments: String...) throws -> Program.Outcome {
        try Program.run(Program.path, ["export"] + arguments, environment: home.environment)
    }
}
