import Foundation
import Harness
import Testing
import TestSupport

@Suite("A history that cannot be written", .blocking)
struct StorageTests {
    private static func home() throws -> Home {
        var home = try Home()
        home.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        return home
    }

    @Test("because it was removed is answered 503, also by /healthz")
    func unlinked() throws {
        let home = try Self.home()
        let ledger = Ledger()
        let listener = try RunningListener(in: home, "--format", "json")
        let client = try listener.connect()
        for number in 0..<20 { #expect(try ledger.send("kept \(number)", on: client) == 200) }
        // Other names of the same files, to look at them afterwards.
        for suffix in ["", "-wal"] { #expect(link(home.history + suffix, home.folder.file("other" + suffix)) == 0) }
        #expect(unlink(home.history) == 0)
        #expect(try ledger.send("lost", on: client) == 503)
        #expect(try client.answer(to: .get("/healthz")).status == 503)
        try listener.error.line(with: "NOT RECORDING")
        try listener.stop()
        #expect(try listener.output?.whole().split(separator: "\n").count == 20)
        let copy = try Self.home()
        try FileManager.default.createDirectory(
            atPath: copy.folder.file("state/b2watch"), withIntermediateDirectories: true)
        for suffix in ["", "-wal"] {
            #expect(rename(home.folder.file("other" + suffix), copy.history + suffix) == 0)
        }
        #expect(try ledger.problems(in: copy) == [])
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
        // Not before the damage is repaired.
        let again = try Program.run("listen", "--listen", "127.0.0.1:0", in: home)
        #expect(again.ending == .exited(4))
        #expect(again.error.split(separator: "\n").count == 1)
        #expect(again.error.contains("b2watch recover"))
    }

    @Test("because another process has locked it is answered 503 until the lock is released, and then 200")
    func locked() throws {
        let home = try Self.home()
        let ledger = Ledger()
        let listener = try RunningListener(in: home, "--format", "json")
        let client = try listener.connect()
        #expect(try ledger.send("before", on: client) == 200)

        let lock = try ForeignLock(on: home.history)
        #expect(try ledger.send("during", on: client) == 503)
        #expect(try client.answer(to: .get("/healthz")).status == 503)
        lock.release()

        #expect(try ledger.send("after", on: client) == 200)
        #expect(try client.answer(to: .get("/healthz")).status == 200)
        try listener.error.line(with: "recording again")
        #expect(try listener.deliveries(2).map { $0.events.first?.eventId } == ["before", "after"])
        try listener.stop()
        #expect(try ledger.problems(in: home) == [])
    }

    @Test("because files may not grow from the start ends with the reason")
    func fileSizeLimitAtTheStart() throws {
        let outcome = try Program.run(
            "sh", ["-c", "ulimit -f 100; exec \"$0\" listen --listen 127.0.0.1:0", Program.path],
            environment: try Home().environment)
        #expect(outcome.ending == .exited(4))
        #expect(outcome.error.contains("the file-size limit of the process (ulimit -f)"), "\(outcome.error)")
    }

    @Test("is tried again even if no delivery arrives, and the recovery is reported")
    func recoveredByItself() throws {
        let home = try Home()
        let listener = try RunningListener(in: home, "--format", "json")
        let lock = try ForeignLock(on: home.history)
        #expect(try listener.answer(to: .event("during")).status == 503)
        try listener.error.line(with: "NOT RECORDING")
        lock.release()
        try listener.error.line(with: "recording again")
    }

    @Test("because files may not grow is answered 503, and the process continues")
    func fileSizeLimit() throws {
        let home = try Self.home()
        let ledger = Ledger()
        let listener = try RunningListener(in: home, "--format", "json", wrapper: "ulimit -f 1500")
        let client = try listener.connect()
        let object = String(repeating: "long/", count: 200)
        while try ledger.accepted < 1_000 && ledger.send("\(ledger.accepted)", object: object, on: client) == 200 {}
        #expect(ledger.refused == [503: 1])
        #expect(ledger.accepted > 0)
        // The remaining space may suffice for some of the small writes of /healthz.
        _ = try wait(for: "/healthz to answer 503") {
            try client.answer(to: .get("/healthz")).status == 503 ? true : nil
        }
        #expect(listener.child.isRunning)
        try listener.error.line(with: "the file-size limit of the process (ulimit -f)")
        try listener.stop()

        #expect(try ledger.problems(in: home) == [])
        // Without the limit it records again.
        let again = try RunningListener(in: home, "--format", "json")
        #expect(try ledger.send("again", object: object, on: again.connect()) == 200)
    }
}

// MARK: - Descriptors

@Suite("Exhausted file descriptors", .blocking)
struct DescriptorTests {
    @Test("because of a low limit are reported in the log, and everybody over the limit is answered")
    func fewAreAllowed() throws {
        var home = try Home()
        home.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        let ledger = Ledger()
        let listener = try RunningListener(in: home, "--format", "json", wrapper: "ulimit -n 64")
        #expect(try ledger.send("before", on: listener.connect()) == 200)
        do {
            let idle = try (0..<150).map { _ in try listener.connect() }
            let late = try listener.connect()
            #expect(try ledger.send("crowded", on: late) == 503)
            withExtendedLifetime(idle) {}
        }
        var status = 503
        // The listener notices their ends one by one.
        for number in 0..<200 where status != 200 {
            status = try ledger.send("again \(number)", on: listener.connect())
        }
        #expect(status == 200)
        #expect(listener.child.isRunning)
        try listener.stop()
        #expect(try ledger.problems(in: home) == [])
        #expect(try String(contentsOfFile: home.log, encoding: .utf8).contains("connections at a time instead of 1024"))
    }

    @Test("make new clients wait until one is free, which the log reports once, without keeping a processor busy")
    func noneIsLeft() throws {
        var home = try Home()
        home.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        let ledger = Ledger()
        let listener = try RunningListener(in: home, "--format", "json")
        let known = try listener.connect()
        #expect(try ledger.send("first", on: known) == 200)
        let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(listener.child.id)/fd").count
        let limited = try Program.run(
            "prlimit", ["--pid", "\(listener.child.id)", "--nofile=\(open + 3):\(open + 3)"],
            environment: home.environment)
        #expect(limited.ending == .exited(0), "\(limited.error)")

        // Three clients are connected at a time, for ten seconds: a waiting one is connected long before its own limit.
        let idle = try (0..<6).map { _ in try listener.connect() }
        let waiting = try listener.connect()
        try listener.error.line(with: "new connections wait")
        let before = try ticks(of: listener.child.id)
        #expect(try ledger.send("known", on: known) == 200)
        // Clients that send nothing are closed in time, and replaced.
        #expect(try ledger.send("waited", on: waiting) == 200)
        // An event loop that retries without a pause would use some thousand.
        #expect(try ticks(of: listener.child.id) - before < 300)
        try listener.stop()
        let lines = try listener.error.whole().split(separator: "\n").filter { $0.contains("new connections wait") }
        #expect(lines.count == 1)
        #expect(lines.first?.contains("ulimit -n") == true)
        #expect(try ledger.problems(in: home) == [])
        withExtendedLifetime(idle) {}
    }

    /// Returns the processor time of a process, in hundredths of a second.
    private func ticks(of process: pid_t) throws -> Int {
        let text = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        return try #require(Int(fields[12])) + #require(Int(fields[13]))
    }
}
