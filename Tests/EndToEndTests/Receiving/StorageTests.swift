import Harness
import Foundation
import TestSupport
import Testing

@Suite("A history that cannot be written", .blocking)
struct StorageTests {
    @Test("because it was unlinked is answered 503, also by /healthz")
    func unlinked() throws {
        let home = try Home()
        let listener = try RunningListener(in: home, "--format", "json")
        let client = try listener.connect()
        #expect(try client.answer(to: .event("kept")).status == 200)
        #expect(unlink(home.history) == 0)
        #expect(try client.answer(to: .event("lost")).status == 503)
        #expect(try client.answer(to: .get("/healthz")).status == 503)
        try listener.error.line(with: "NOT RECORDING")
        try listener.stop()
        #expect(try listener.output?.whole().split(separator: "\n").count == 1)
    }

    @Test("because it was overwritten in place is answered 503 from then on, also by /healthz")
    func overwritten() throws {
        let home = try Home()
        let listener = try RunningListener(in: home, "--format", "json")
        let client = try listener.connect()
        for number in 0..<100 { #expect(try client.answer(to: .event("kept \(number)")).status == 200) }
        let file = try #require(FileHandle(forWritingAtPath: home.history))
        try file.truncate(atOffset: 0)
        for number in 0..<100 { #expect(try client.answer(to: .event("lost \(number)")).status == 503) }
        #expect(try client.answer(to: .get("/healthz")).status == 503)
        let line = try listener.error.line(with: "NOT RECORDING")
        #expect(line.contains("was truncated while in use"))
        #expect(line.contains("b2watch recover"))
        try listener.stop()
        // And not before the damage is seen to.
        let again = try Program.run("listen", "--listen", "127.0.0.1:0", in: home)
        #expect(again.ending == .exited(4))
        #expect(again.error.split(separator: "\n").count == 1)
        #expect(again.error.contains("b2watch recover"))
    }

    @Test("because another process has it locked is answered 503 while it is, and 200 once it is free")
    func locked() throws {
        let home = try Home()
        let listener = try RunningListener(in: home, "--format", "json")
        let client = try listener.connect()
        #expect(try client.answer(to: .event("before")).status == 200)

        let lock = try ForeignLock(on: home.history)
        #expect(try client.answer(to: .event("during")).status == 503)
        #expect(try client.answer(to: .get("/healthz")).status == 503)
        lock.release()

        #expect(try client.answer(to: .event("after")).status == 200)
        #expect(try client.answer(to: .get("/healthz")).status == 200)
        try listener.error.line(with: "recording again")
        #expect(try listener.deliveries(2).map { $0.events.first?.eventId } == ["before", "after"])
    }

    @Test("because files may not grow is answered 503, and the process lives")
    func fileSizeLimit() throws {
        let home = try Home()
        let listener = try RunningListener(in: home, "--format", "json", wrapper: "ulimit -f 700")
        let client = try listener.connect()
        let object = String(repeating: "long/", count: 200)
        var kept = 0
        var status = 200
        while status == 200, kept < 1_000 {
            status = try client.answer(to: .event("\(kept)", object: object)).status
            if status == 200 { kept += 1 }
        }
        #expect(status == 503)
        #expect(kept > 0)
        // What is left of the room may do for some of the small writes by which /healthz finds out.
        var probes = 0
        while try probes < 100 && client.answer(to: .get("/healthz")).status == 200 { probes += 1 }
        #expect(probes < 100)
        #expect(listener.child.isRunning)
        try listener.error.line(with: "the file-size limit of the process (ulimit -f)")
        try listener.stop()

        // What was acknowledged is there.
        let again = try RunningListener(in: home, "--format", "json")
        #expect(try again.answer(to: .event("\(kept - 1)", object: object)).status == 200)
        #expect(try again.deliveries(1).map(\.duplicate) == [true])
    }
}
