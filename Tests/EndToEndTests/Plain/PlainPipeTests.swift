import Foundation
import Harness
import TestSupport
import Testing

@Suite("By lines, over a pipe", .blocking)
struct PlainPipeTests {
    @Test("tells what arrives, filters, shows, takes a secret that is never said, and ends with the input")
    func whole() throws {
        let home = try Home()
        let program = try RunningProgram(["--plain", "--listen", "127.0.0.1:0"], in: home)
        let line = try program.output.line(with: "Listening on http://")
        let port = try #require(line.split(separator: ":").last.flatMap { UInt16($0.dropLast()) })
        let client = try RawClient(host: "127.0.0.1", port: port)
        #expect(try client.answer(to: .event("one", object: "dog.jpg", signedWith: Secrets.held)).status == 200)
        try program.output.line(with: "unverified Created:Upload dog.jpg")

        program.type("secret add prod", Secrets.value)
        try program.output.line(with: "1 delivery verified again: 1 valid")
        let hostile = "x\\n> quit\\u001b[2J"
        _ = try RawClient(host: "127.0.0.1", port: port).answer(to: .event("two", object: hostile))
        try program.output.line(with: "missing Created:Upload")

        program.type(
            "filter sig:valid", "list", "filter off", "show 1 body", "print body", "deliveries", "pulse", "status")
        program.endInput()
        #expect(program.child.end() == .exited(0))
        let output = try program.output.whole()
        for part in [
            "1 of 2 events are listed: filter sig:valid", "1: ", "Delivery 1, Body, pretty:",
            "\"objectName\": \"dog.jpg\"", "bytes of body:", "answered 200", "By verdict: 1 valid, 1 missing",
            "Secrets: prod.",
        ] {
            #expect(output.contains(part), "\(part)")
        }
        #expect(!output.contains(Secrets.value))
        #expect(!output.contains("\n>"), "there is a prompt only where somebody types, and no name makes one")
        #expect(output.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && $0.value != 0x7f })
        #expect(try program.error.whole() == "")
    }

    @Test("ends by SIGTERM while nobody reads what it says")
    func blocked() throws {
        let home = try Home()
        let pipe = PipeEnds()
        let program = try RunningProgram(["--plain", "--listen", "127.0.0.1:0"], in: home, output: pipe.writing)
        close(pipe.writing)
        defer { close(pipe.reading) }
        // It has begun once it says something; then it says more than a pipe holds.
        #expect(try pipe.byte() != nil)
        for _ in 0..<200 { program.type("help") }
        program.child.signal(SIGTERM)
        #expect(program.child.end() == .exited(0))
    }

    @Test("fails where what it says cannot be written")
    func full() throws {
        let full = open("/dev/full", O_WRONLY)
        defer { close(full) }
        let program = try RunningProgram(["--plain", "--listen", "127.0.0.1:0"], in: try Home(), output: full)
        #expect(program.child.end() == .exited(1))
        #expect(try program.error.whole().contains("standard output takes no more: No space left on device"))
    }

    @Test("attached, stops nothing by its end, and says that its listener is gone")
    func attached() throws {
        let home = try Home()
        let listener = try RunningListener(in: home)
        let first = try RunningProgram(["attach", "--plain"], in: home)
        try first.output.line(with: "Listening on \(listener.url)")
        #expect(try listener.answer(to: .event("one", object: "cat.jpg")).status == 200)
        try first.output.line(with: "unverified Created:Upload cat.jpg")
        first.endInput()
        #expect(first.child.end() == .exited(0))

        let second = try RunningProgram(["attach", "--plain"], in: home)
        second.type("list")
        try second.output.line(with: "1: ")
        try listener.stop()
        try second.output.line(with: "The listener was stopped.")
        second.type("quit")
        #expect(second.child.end() == .exited(0))
    }
}
