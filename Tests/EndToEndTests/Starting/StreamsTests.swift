import Foundation
import Harness
import TestSupport
import Testing

@Suite("A stream that is closed", .blocking)
struct StreamsTests {
    @Test("is no file of our own: the output of listen goes nowhere, and is said to")
    func listen() throws {
        let home = try Home()
        let listener = try RunningListener(in: home, "--format", "json", wrapper: "exec 0<&- 1>&-")
        #expect(try listener.answer(to: .event("a")).status == 200)
        try listener.error.line(with: "standard output is closed")
        for descriptor in 0...1 {
            let path = "/proc/\(listener.child.id)/fd/\(descriptor)"
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path) == "/dev/null")
        }
        try listener.stop()
        let folder = (home.history as NSString).deletingLastPathComponent
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where !name.contains("sqlite") {
            #expect(try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8).contains("{") == false)
        }
    }

    @Test("or full ends send with a sentence", arguments: ["1>&-", "1>/dev/full"])
    func send(redirection: String) throws {
        let home = try Home()
        let listener = try RunningListener(in: home, "--format", "json")
        let outcome = try Program.run(
            "/bin/sh", ["-c", "exec \"$0\" send \(listener.url) --count 5 \(redirection)", Program.path],
            environment: home.environment)
        #expect(outcome.ending == .exited(1))
        #expect(outcome.error.hasPrefix("b2watch: standard output takes no more: "), "\(outcome.error)")
        #expect(outcome.error.split(separator: "\n").count == 1)
    }

    @Test("in a crash leaves no picture of the memory")
    func coreDumps() throws {
        let listener = try RunningListener(in: try Home(), wrapper: "ulimit -c unlimited")
        let limits = try String(contentsOfFile: "/proc/\(listener.child.id)/limits", encoding: .utf8)
        let line = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") })
        #expect(line.split(separator: " ").dropFirst(4).prefix(2) == ["0", "0"], "\(line)")
    }
}
