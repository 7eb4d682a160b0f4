import Foundation
import Harness
import Notifications
import Testing
import TestSupport

@Suite("After a restart", .blocking)
struct RestartTests {
    @Test("b2watch continues with the ids, and has its earlier record")
    func ids() throws {
        let home = try Home()
        for first in [1, 3, 5] as [Int64] {
            let listener = try RunningListener(in: home, "--format", "json")
            let client = try listener.connect()
            _ = try client.answer(to: .event("the same"))
            _ = try client.answer(to: .event("the same"))
            let lines = try listener.deliveries(2)
            #expect(lines.map(\.id) == [first, first + 1])
            #expect(lines.map(\.duplicate) == [first > 1, true])
            try listener.stop()
            #expect(
                try listener.output?.whole().split(separator: "\n").count == 2, "what was written before comes again")
        }
    }

    @Test("with a secret, b2watch verifies earlier deliveries, and reports it")
    func judgedAgain() throws {
        var home = try Home()
        do {
            let listener = try RunningListener(in: home)
            let client = try listener.connect()
            for (id, secret) in [("a", Secrets.held), ("b", Secrets.held), ("c", Secrets.other)] {
                #expect(try client.answer(to: .event(id, signedWith: secret)).status == 200)
            }
            try listener.stop()
        }
        home.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        let listener = try RunningListener(in: home)
        try listener.error.line(with: "3 deliveries verified again: 2 valid, 1 invalid")
        #expect(try listener.error.lines(1).first?.hasPrefix("listening on ") == true)
    }

    @Test("after a kill, the history is not locked")
    func lock() throws {
        let home = try Home()
        let first = try RunningListener(in: home)
        #expect(try first.answer(to: .event("before")).status == 200)
        try first.stop(SIGKILL, expecting: .signalled(SIGKILL))
        let second = try RunningListener(in: home, "--format", "json")
        #expect(try second.answer(to: .event("before")).status == 200)
        #expect(try second.deliveries(1).map(\.duplicate) == [true])
    }

    @Test("in memory, nothing is left behind")
    func inMemory() throws {
        let home = try Home()
        for _ in 1...2 {
            let listener = try RunningListener(in: home, "--in-memory", "--format", "json")
            #expect(try listener.answer(to: .event("gone")).status == 200)
            #expect(try listener.deliveries(1).map(\.id) == [1])
            #expect(try listener.deliveries(1).map(\.duplicate) == [false])
            try listener.stop()
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: home.folder.path) == [])
    }
}

// MARK: - Remembered secrets

@Suite("A saved secret that is also in another file", .blocking)
struct RememberingTests {
    @Test("stays in its file when the file is written again")
    func given() throws {
        let home = try Home()
        try FileManager.default.createDirectory(
            atPath: home.folder.file("config/b2watch"), withIntermediateDirectories: true)
        _ = try home.folder.write(
            "config/b2watch/secrets", "kept any \(Secrets.value)\nother any \(Secrets.otherValue)\n")
        let file = try home.secretFile(Secrets.value)
        let session = try TerminalSession(in: home)
        try session.run("\(Program.path) watch --listen 127.0.0.1:0 --secret-file prod=\(file)")
        try session.see("Nothing has arrived yet.")
        // Deletes the other one, so that the file is written again.
        try session.press("s")
        try session.see("prod", "other")
        try session.press("j", "f")
        try session.see("Delete other")
        try session.press("r")
        try session.see("where the other one is gone") {
            !$0.contains(Secrets.other.fingerprint) && $0.contains("f delete") && $0.contains("yes    file")
        }
        #expect(try String(contentsOfFile: home.secrets, encoding: .utf8).contains("prod any \(Secrets.value)\n"))
        #expect(try !String(contentsOfFile: home.secrets, encoding: .utf8).contains(Secrets.otherValue))
        // Deletes the last one: it is removed from the file too, although the start's own file contains it.
        try session.press("f")
        try session.see("Delete prod", "It is the last secret")
        try session.press("r")
        try session.see("The secret prod is deleted")
        #expect(try !String(contentsOfFile: home.secrets, encoding: .utf8).contains(Secrets.value))
    }
}
