import Foundation
import Harness
import Notifications
import TestSupport
import Testing

@Suite("Actions of the configuration", .blocking)
struct DeclaredActionsTests {
    private let rows = "actions:\n  rows:\n    kind: csv\n    file: ../../rows.csv\n"

    @Test("run for new events that match their filter")
    func run() throws {
        let home = try Home(configuration: rows)
        let listener = try RunningListener(in: home, "--secret-file", home.secretFile(Secrets.value))
        let client = try listener.connect()
        #expect(try client.answer(to: .event("bad", object: "bad.jpg")).status == 401)
        #expect(try client.answer(to: .event("good", object: "good.jpg", signedWith: Secrets.held)).status == 200)
        let text = try home.text(of: "rows.csv") { $0.contains("good.jpg") }
        #expect(!text.contains("bad.jpg"))
        // What was refused at first and is accepted on B2's retry has its row too, and what comes twice has one.
        for _ in 0..<2 {
            #expect(try client.answer(to: .event("bad", object: "bad.jpg", signedWith: Secrets.held)).status == 200)
        }
        #expect(try client.answer(to: .event("end", object: "end.jpg", signedWith: Secrets.held)).status == 200)
        let all = try home.text(of: "rows.csv") { $0.contains("end.jpg") }
        #expect(all.components(separatedBy: "bad.jpg").count == 2)
        try listener.stop()
    }

    @Test("with mistakes prevent the start, with the line of each mistake")
    func wrong() throws {
        let home = try Home(
            configuration: "actions:\n  rows:\n    kind: csb\n  other:\n    kind: csv\n    when: 'size>'\n")
        for command in [["listen", "--listen", "127.0.0.1:0"], ["actions", "test", "rows"]] {
            let outcome = try Program.run(Program.path, command, environment: home.environment)
            #expect(outcome.ending == .exited(64))
            #expect(outcome.error.contains("\(home.configuration):3:"), "\(outcome.error)")
            #expect(outcome.error.contains("\(home.configuration):6:"), "\(outcome.error)")
        }
        // Each in a line of the log.
        let log = try home.text(of: "state/b2watch/b2watch.log") { $0.contains(":6:") }
        let places = log.split(separator: "\n").filter { $0.contains(" error listen[") }.map { line in
            [3, 6].filter { line.contains("\(home.configuration):\($0):") }
        }
        #expect(places.contains([3]) && places.contains([6]) && !places.contains([3, 6]), "\(log)")
        #expect(!FileManager.default.fileExists(atPath: home.history))
    }

    @Test("can be copied from the example that an empty list shows")
    func example() throws {
        let home = try Home()
        let program = try RunningProgram(["--plain", "--listen", "127.0.0.1:0"], in: home)
        program.type("actions")
        program.endInput()
        #expect(program.child.end() == .exited(0))
        let lines = try program.output.whole().split(separator: "\n")
        let start = try #require(lines.firstIndex { $0.hasPrefix("No actions are declared.") }) + 1
        let example = lines[start...].prefix { $0 == "actions:" || $0.hasPrefix(" ") }
        try home.configure(example.joined(separator: "\n") + "\n")
        let listener = try RunningListener(in: home, "--secret-file", home.secretFile(Secrets.value))
        #expect(try listener.answer(to: .event("good", object: "good.jpg", signedWith: Secrets.held)).status == 200)
        _ = try home.text(of: "b2-events.csv") { $0.contains("good.jpg") }
        try listener.stop()
    }

    @Test("are read again on SIGHUP: a new one begins, and a broken file changes nothing")
    func reloaded() throws {
        let home = try Home(configuration: "{}")
        let listener = try RunningListener(in: home, "--secret-file", home.secretFile(Secrets.value))
        try home.configure(rows)
        listener.child.signal(SIGHUP)
        try listener.error.line(with: "actions read again: rows (new: rows)")
        #expect(try listener.answer(to: .event("one", object: "one.jpg", signedWith: Secrets.held)).status == 200)
        _ = try home.text(of: "rows.csv") { $0.contains("one.jpg") }

        try home.configure(rows + "    nonsense: 1\n")
        listener.child.signal(SIGHUP)
        try listener.error.line(with: "the configuration stays as it was: ")
        #expect(try listener.answer(to: .event("two", object: "two.jpg", signedWith: Secrets.held)).status == 200)
        _ = try home.text(of: "rows.csv") { $0.contains("two.jpg") }

        try home.configure("{}")
        listener.child.signal(SIGHUP)
        try listener.error.line(with: "actions read again: none (no more: rows)")
        try listener.stop()
    }

    @Test("are read again by :reload in an attached dashboard, which shows mistakes")
    func attached() throws {
        let home = try Home(configuration: "{}")
        let listener = try RunningListener(in: home, "--secret-file", home.secretFile(Secrets.value))
        let session = try AttachTests.attach(home)
        try session.see("LISTENING")
        try home.configure(rows)
        try session.press(":")
        try session.type("reload")
        try session.press("Enter")
        try listener.error.line(with: "actions read again: rows (new: rows)")

        try home.configure(rows + "    nonsense: 1\n")
        try session.press(":")
        try session.type("reload")
        try session.press("Enter")
        try session.see("The listener's configuration stays as it was")
        try session.press("q")
        try listener.stop()
    }

    @Test("are ready before the first line of output")
    func piped() throws {
        let home = try Home(configuration: rows)
        let listener = try RunningListener(in: home)
        let program = try RunningProgram(["attach", "--plain"], in: home)
        program.type("pause rows")
        program.endInput()
        #expect(program.child.end() == .exited(0))
        #expect(try program.output.whole().contains("“rows” is paused"))
        try listener.stop()
    }
}
