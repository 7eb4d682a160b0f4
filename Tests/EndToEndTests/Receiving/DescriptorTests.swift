import Foundation
import Harness
import TestSupport
import Testing

@Suite("File descriptors that are used up", .blocking)
struct DescriptorTests {
    @Test("because the system allows few: everybody over the limit is answered, and the log names the limit")
    func fewAreAllowed() throws {
        let home = try Home()
        let listener = try RunningListener(in: home, "--format", "json", wrapper: "ulimit -n 64")
        do {
            let idle = try (0..<150).map { _ in try listener.connect() }
            let late = try listener.connect()
            #expect(try late.answer(to: .event("crowded")).status == 503)
            withExtendedLifetime(idle) {}
        }
        var status = 503
        // The listener finds out one by one that they are gone.
        for number in 0..<200 where status != 200 {
            status = try listener.answer(to: .event("again \(number)")).status
        }
        #expect(status == 200)
        #expect(listener.child.isRunning)
        try listener.stop()
        #expect(try String(contentsOfFile: home.log, encoding: .utf8).contains("connections at a time instead of 1024"))
    }

    @Test("in the end: new clients wait until one is free, which the log says once, and no processor is kept busy")
    func noneIsLeft() throws {
        let home = try Home()
        let listener = try RunningListener(in: home, "--format", "json")
        let known = try listener.connect()
        #expect(try known.answer(to: .event("first")).status == 200)
        let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(listener.child.id)/fd").count
        let limited = try Program.run(
            "prlimit", ["--pid", "\(listener.child.id)", "--nofile=\(open + 3):\(open + 3)"],
            environment: home.environment)
        #expect(limited.ending == .exited(0), "\(limited.error)")

        // Three have a place at a time, for ten seconds: the one that waits gets it long before its own limit.
        let idle = try (0..<6).map { _ in try listener.connect() }
        let waiting = try listener.connect()
        try listener.error.line(with: "new connections wait")
        let before = try ticks(of: listener.child.id)
        #expect(try known.answer(to: .event("known")).status == 200)
        // Those that send nothing are cut in time, and their place is taken.
        #expect(try waiting.answer(to: .event("waited")).status == 200)
        // An event loop that asks again and again would use some thousand.
        #expect(try ticks(of: listener.child.id) - before < 300)
        try listener.stop()
        let lines = try listener.error.whole().split(separator: "\n").filter { $0.contains("new connections wait") }
        #expect(lines.count == 1)
        #expect(lines.first?.contains("ulimit -n") == true)
        withExtendedLifetime(idle) {}
    }

    /// The processor's time of a process, in hundredths of a second.
    private func ticks(of process: pid_t) throws -> Int {
        let text = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        return try #require(Int(fields[12])) + #require(Int(fields[13]))
    }
}
