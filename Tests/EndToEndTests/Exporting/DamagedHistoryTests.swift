import Foundation
import Harness
import TestSupport
import Testing

@Suite("A damaged history", .blocking)
struct DamagedHistoryTests {
    private let recorded: Recorded

    init() throws {
        recorded = try Recorded((0..<300).map { "object \($0)" })
    }

    /// Overwrites pages of the file. Before that, a start and an end move the write-ahead log into the file, because
    /// pages in the log would be read from there.
    private func damage(_ pages: Range<Int>) throws {
        let log = try? FileManager.default.attributesOfItem(atPath: recorded.home.history + "-wal")
        if let length = log?[.size] as? Int, length > 0 { try RunningListener(in: recorded.home).stop() }
        let file = try #require(FileHandle(forWritingAtPath: recorded.home.history))
        for page in pages {
            try file.seek(toOffset: UInt64(page * 4_096))
            try file.write(contentsOf: Data((0..<4_096).map { _ in UInt8.random(in: 0...255) }))
        }
        try file.close()
    }

    private func run(_ arguments: String...) throws -> Program.Outcome {
        var environment = recorded.home.environment
        environment["TMPDIR"] = recorded.home.folder.path
        return try Program.run(Program.path, arguments, environment: environment)
    }

    /// Checks that the message is one sentence with the remedy, and contains no SQL.
    private func expectSentence(_ error: String) {
        #expect(error.split(separator: "\n").count == 1, "\(error)")
        #expect(error.contains("b2watch recover"))
        #expect(!error.contains("SELECT"))
    }

    @Test(
        "is exported as far as possible, and the exit status shows that it is incomplete",
        arguments: ["csv", "jsonl"])
    func exported(format: String) throws {
        try damage(30..<50)
        let outcome = try run("export", "--format", format)
        #expect(outcome.ending == .exited(4))
        // A row of csv ends in a return and a newline, which are one character.
        let rows = outcome.output.split(whereSeparator: \.isNewline)
        #expect(rows.count > 200)
        #expect(Set(rows).count == rows.count)
        expectSentence(outcome.error)

        let file = recorded.home.folder.file("out")
        let written = try run("export", "--format", format, "--output", file)
        #expect(written.ending == .exited(4))
        #expect(try String(contentsOfFile: file, encoding: .utf8) == outcome.output)
        // No copy is left behind.
        let left = try FileManager.default.contentsOfDirectory(atPath: recorded.home.folder.path)
        #expect(!left.contains { $0.hasPrefix("b2watch-export") })
    }

    @Test("is exported even if its first page is lost")
    func exportedWithoutItsFirstPage() throws {
        let whole = try run("export")
        try damage(0..<1)
        let outcome = try run("export")
        #expect(outcome.ending == .exited(4))
        #expect(outcome.output == whole.output)
        expectSentence(outcome.error)
    }

    @Test("is refused by listen, and recovered with all its readable parts")
    func recovered() throws {
        try damage(30..<40)
        let refused = try run("listen", "--listen", "127.0.0.1:0")
        #expect(refused.ending == .exited(4))
        expectSentence(refused.error)
        for command in [["actions", "list"], ["attach"], ["replay", "--to", "http://127.0.0.1:9/", "--dry-run"]] {
            let outcome = try Program.run(Program.path, command, environment: recorded.home.environment)
            #expect(!outcome.error.contains("SELECT"), "\(command): \(outcome.error)")
        }

        let before = try Data(contentsOf: URL(fileURLWithPath: recorded.home.history))
        let outcome = try run("recover")
        #expect(outcome.ending == .exited(0), "\(outcome.error)")
        #expect(outcome.output.contains("whole deliveries"))
        #expect(outcome.error.isEmpty)
        #expect(try Data(contentsOf: URL(fileURLWithPath: recorded.home.history)) == before)
        let new = recorded.home.folder.file("state/b2watch/history-recovered.sqlite")
        let export = try run("export", "--history", new)
        #expect(export.ending == .exited(0))
        #expect(export.output.split(separator: "\r\n").count > 200)
        // The second time the file exists, and is not replaced.
        let again = try run("recover")
        #expect(again.ending == .exited(64))
        #expect(again.error.contains("--output"))

        let listener = try RunningListener(in: recorded.home, "--history", new)
        #expect(try listener.answer(to: .event("again")).status == 200)
        try listener.stop()
    }
}
