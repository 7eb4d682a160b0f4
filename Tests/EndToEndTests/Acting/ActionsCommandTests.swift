import Foundation
import Harness
import Notifications
import TestSupport
import Testing

@Suite("b2watch actions", .blocking)
struct ActionsCommandTests {
    private let rows = "actions:\n  rows:\n    kind: csv\n    file: ../../rows.csv\n"

    private func listener(_ home: Home) throws -> RunningListener {
        try RunningListener(in: home, "--secret-file", home.secretFile(Secrets.value))
    }

    @Test("list shows each action with its counts, and test predicts its success, with and without a listener")
    func list() throws {
        let home = try Home(configuration: rows)
        let early = try home.run("actions", "test", "rows")
        #expect(early.ending == .exited(0), "\(early.error)")
        #expect(early.output.contains("rows.csv will be made"))
        #expect(!FileManager.default.fileExists(atPath: home.history), "a test alone makes a history")

        let listener = try listener(home)
        #expect(try listener.answer(to: .event("one", object: "one.jpg", signedWith: Secrets.held)).status == 200)
        _ = try home.text(of: "rows.csv") { $0.contains("one.jpg") }
        let test = try home.run("actions", "test", "rows")
        #expect(test.ending == .exited(0) && test.output.contains("rows.csv can be written"), "\(test.error)")
        let unknown = try home.run("actions", "test", "other")
        #expect(unknown.ending == .exited(64))
        #expect(unknown.error.contains("the action “other” does not exist; there are rows"), "\(unknown.error)")

        #expect(try home.run("actions", "pause", "rows").output == "rows is paused\n")
        let paused = try home.run("actions", "list")
        #expect(paused.ending == .exited(0), "\(paused.error)")
        let lines = paused.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(lines.first?.prefix(4) == ["ACTION", "KIND", "STATE", "WAITING"])
        #expect(lines.dropFirst().first?.prefix(3) == ["rows", "csv", "paused"])
        #expect(try home.run("actions", "resume", "rows").output == "rows is resumed\n")
        try listener.stop()
        #expect(try home.run("actions").output.contains(" on "))
    }

    @Test("run fills a file from the history, each event once, in the listener")
    func runByListener() throws {
        let home = try Home(configuration: "{}")
        let listener = try listener(home)
        let client = try listener.connect()
        for name in ["a", "b", "c"] {
            #expect(try client.answer(to: .event(name, object: "\(name).jpg", signedWith: Secrets.held)).status == 200)
        }
        try home.configure(rows)
        listener.child.signal(SIGHUP)
        try listener.error.line(with: "actions read again: rows")

        let dry = try home.run("actions", "run", "rows", "--filter", "name:b.jpg", "--dry-run")
        #expect(dry.ending == .exited(0), "\(dry.error)")
        #expect(dry.output.contains("b.jpg") && !dry.output.contains("a.jpg"))
        #expect(!FileManager.default.fileExists(atPath: home.folder.file("rows.csv")))

        let unasked = try home.run("actions", "run", "rows", "--filter", "")
        #expect(unasked.ending == .exited(64))
        #expect(unasked.error.contains("Run rows for 3 events?") && unasked.error.contains("--yes"))

        let run = try home.run("actions", "run", "rows", "--filter", "", "--yes")
        #expect(run.ending == .exited(0), "\(run.error)")
        #expect(run.output == "3 queued\n")
        _ = try home.text(of: "rows.csv") { text in ["a", "b", "c"].allSatisfy { text.contains("\($0).jpg") } }
        let again = try home.run("actions", "run", "rows", "--filter", "", "--yes")
        #expect(again.output == "3 done or waiting already\n")
        let nothing = try home.run("actions", "run", "rows", "--filter", "", "--dry-run")
        #expect(nothing.ending == .exited(0) && nothing.output.isEmpty)
        #expect(nothing.error == "left out: 3 done or waiting already\nnothing would be sent\n")
        try home.configure(rows + "  fresh:\n    kind: csv\n    file: ../../fresh.csv\n")
        let fresh = try home.run("actions", "run", "fresh", "--filter", "", "--yes")
        #expect(fresh.ending == .exited(64))
        #expect(fresh.error.contains("does not know the action “fresh” yet") && fresh.error.contains(":reload"))
        try listener.stop()
    }

    @Test("run fills a file from the history without a listener, and ends when it is done")
    func runAlone() throws {
        let home = try recorded()
        try home.configure(rows)
        let question = try home.run("actions", "run", "rows", "--filter", "")
        #expect(question.error.contains("Run rows for 3 events? There is no terminal"), "\(question.error)")
        let put = try home.run("actions", "run", "rows", "--filter", "", "--enqueue-only", "--yes")
        #expect(put.output == "3 queued\n", "\(put.error)")
        // Entries of an earlier run are processed too.
        let run = try home.run("actions", "run", "rows", "--filter", "", "--yes")
        #expect(run.ending == .exited(0), "\(run.error)")
        #expect(run.output == "3 done or waiting already\n3 done\n")
        let text = try String(contentsOfFile: home.folder.file("rows.csv"), encoding: .utf8)
        #expect(["a", "b", "c"].allSatisfy { text.contains("\($0).jpg") })
        #expect(try home.run("actions", "list").output.contains("rows.csv"))
    }

    @Test("dead shows the reasons of lasting failures; retry repeats them, skip drops them")
    func dead() throws {
        let receiver = FakeReceiver([.text(400, "no"), .text(400, "no")])
        let server = try FakeServer(receiver)
        defer { server.stop() }
        let home = try Home(configuration: "actions:\n  copy:\n    kind: forward\n    url: \(server.url("/"))\n")
        let listener = try listener(home)
        for name in ["a", "b"] {
            let request = WireRequest.event(name, object: "\(name)\u{1B}[2J.jpg", signedWith: Secrets.held)
            #expect(try listener.answer(to: request).status == 200)
        }
        let dead = try wait(for: "two dead entries") {
            let dead = try home.run("actions", "dead")
            return dead.output.split(separator: "\n").count < 4 ? nil : dead
        }
        #expect(dead.ending == .exited(0), "\(dead.error)")
        let lines = dead.output.split(separator: "\n")
        #expect(lines.count == 4 && lines[0].contains("  copy  dead  "), "\(dead.output)")
        #expect(lines[1].contains("400 Bad Request") && !dead.output.contains("\u{1B}"))
        let number = String(lines[0].prefix { $0 != " " })

        #expect(try home.run("actions", "skip", number).output == "1 entry is skipped\n")
        let retried = try home.run("actions", "retry", "copy")
        #expect(retried.output == "1 entry waits again\n", "\(retried.error)")
        try wait(for: "the second try") { receiver.requests.count >= 3 ? () : nil }
        let byNumber = try home.run("actions", "retry", number)
        #expect(byNumber.output == "1 entry waits again\n", "\(byNumber.error)")
        for command in ["retry", "skip"] {
            let missing = try home.run("actions", command, "99999999")
            #expect(missing.ending == .exited(1) && missing.error.contains("the entry 99999999 does not exist"))
        }
        let none = try home.run("actions", "dead", "nobody")
        #expect(none.ending == .exited(64) && none.error.contains("the action “nobody” does not exist"))
        let other = try home.run("actions", "retry", "nobody")
        #expect(other.ending == .exited(64) && other.error.contains("the action “nobody” does not exist"))
        try listener.stop()
    }

    @Test("list shows the reason of a hold; the events stay queued, and continue after a retry")
    func onHold() throws {
        let receiver = FakeReceiver(Array(repeating: .text(403, "no"), count: 2))
        let server = try FakeServer(receiver)
        defer { server.stop() }
        let mark = "$B2WATCH_PROBLEM $B2WATCH_ACTION $B2WATCH_ACTION_PROBLEM $B2WATCH_REASON"
        let home = try Home(
            configuration: """
                on-problem: [/bin/sh, -c, 'echo "\(mark)" >> "$HOME/problems"']
                actions:
                  copy:
                    kind: forward
                    url: \(server.url("/"))

                """)
        let listener = try listener(home)
        for name in ["a", "b", "c"] {
            let request = WireRequest.event(name, object: "\(name).jpg", signedWith: Secrets.held)
            #expect(try listener.answer(to: request).status == 200)
        }
        try listener.error.line(with: "action copy is on hold: ")
        let list = try home.run("actions", "list")
        #expect(list.output.contains(" on-hold ") && list.output.contains("403 Forbidden"), "\(list.output)")
        let json = try home.run("actions", "list", "--format", "json")
        let state = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
        #expect(state?["state"] as? String == "on-hold" && (state?["entries"] as? [String: Int])?["queued"] == 3)
        #expect(
            state?["troubles"] as? [String] == ["on-hold"] && (state?["reason"] as? String)?.contains("403") == true)
        _ = try home.text(of: "problems") { $0.contains("action copy on-hold ") && $0.contains("403 Forbidden") }
        #expect(try listener.answer(to: .get("/healthz")).status == 200)
        let unasked = try home.run("actions", "skip", "copy")
        #expect(unasked.ending == .exited(64) && unasked.error.contains("add --yes"), "\(unasked.error)")

        // Refused once more, and then accepted.
        _ = try home.run("actions", "retry", "copy")
        try wait(for: "the second try") { receiver.requests.count >= 2 ? () : nil }
        let released = try home.run("actions", "retry", "copy")
        #expect(
            released.ending == .exited(0) && released.output == "3 events wait for copy, which is tried now\n",
            "\(released.error)")
        try wait(for: "all of them") { receiver.requests.count >= 5 ? () : nil }
        try listener.error.line(with: "action copy works again, after 2 failed attempts")
        #expect(try home.run("actions", "dead").output.isEmpty)
        try listener.stop()
    }

    /// Returns a home with three deliveries from before any action was declared.
    private func recorded() throws -> Home {
        let home = try Home(configuration: "{}")
        let first = try listener(home)
        let client = try first.connect()
        for name in ["a", "b", "c"] {
            #expect(try client.answer(to: .event(name, object: "\(name).jpg", signedWith: Secrets.held)).status == 200)
        }
        try first.stop()
        return home
    }

    /// Returns a home with three deliveries and an action that forwards them.
    private func forwarding(to url: String, _ settings: String = "") throws -> Home {
        let home = try recorded()
        try home.configure("actions:\n  copy:\n    kind: forward\n    url: \(url)\n\(settings)")
        return home
    }

    @Test("run ends with a reason if no listener runs and the action does not work for now")
    func held() throws {
        let receiver = FakeReceiver(then: .answer(status: 503, headers: [("Retry-After", "600")]))
        let server = try FakeServer(receiver)
        defer { server.stop() }
        let home = try forwarding(to: server.url("/"))
        let run = try home.run("actions", "run", "copy", "--filter", "", "--yes")
        #expect(run.ending == .exited(1))
        #expect(run.output == "3 queued\n1 failed\n")
        #expect(run.error.contains("copy does not work now: 2 still wait for the next b2watch"), "\(run.error)")
        #expect(receiver.requests.count == 1)
        // No process locks the history any more.
        try listener(home).stop()
    }

    @Test("run prints its progress when a signal ends it")
    func interrupted() throws {
        let receiver = FakeReceiver()
        let server = try FakeServer(receiver)
        defer { server.stop() }
        let home = try forwarding(to: server.url("/"), "    rate: 1/h\n")
        let run = try RunningProgram(["actions", "run", "copy", "--filter", "", "--yes"], in: home)
        _ = try wait(for: "the first that is done") {
            try home.run("actions", "list").output.split(separator: "\n").first { $0.hasPrefix("copy") }?
                .split(separator: " ").map(String.init)[4] == "1" ? true : nil
        }
        let refused = try home.run("actions", "pause", "copy")
        #expect(refused.ending == .exited(4))
        #expect(refused.error.contains("in use by the command b2watch actions run (process "), "\(refused.error)")
        run.child.signal(SIGINT)
        #expect(run.child.end() == .signalled(SIGINT))
        #expect(try run.error.whole().contains("ended: 1 done; 2 still wait for the next b2watch"))
    }
}
