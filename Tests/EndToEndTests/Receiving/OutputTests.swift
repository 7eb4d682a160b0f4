import Foundation
import Harness
import Testing
import TestSupport

@Suite("Standard output", .blocking)
struct OutputTests {
    @Test("that is closed costs a line on standard error, and no answer")
    func closed() throws {
        let pipe = PipeEnds()
        let listener = try RunningListener(in: try Home(), "--format", "json", output: pipe.writing)
        close(pipe.writing)
        let client = try listener.connect()
        #expect(try client.answer(to: .event("first")).status == 200)
        // As `head -1` does.
        while try #require(try pipe.byte()) != UInt8(ascii: "\n") {}
        close(pipe.reading)
        for index in 0..<50 { #expect(try client.answer(to: .event("\(index)")).status == 200) }
        try listener.error.line(with: "standard output is closed")
        #expect(try client.answer(to: .get("/healthz")).status == 200)
        try listener.stop()
    }

    @Test("on a full disk is not reported as closed")
    func full() throws {
        let listener = try RunningListener(in: try Home(), "--format", "json", wrapper: "exec >/dev/full")
        #expect(try listener.answer(to: .event("a")).status == 200)
        try listener.error.line(with: "standard output cannot be written (No space left on device)")
        #expect(try listener.answer(to: .get("/healthz")).status == 200)
        try listener.stop()
    }

    @Test("that nobody reads delays neither an answer nor the end")
    func unread() throws {
        let pipe = PipeEnds()
        defer { close(pipe.reading) }
        let listener = try RunningListener(in: try Home(), "--format", "json", output: pipe.writing)
        close(pipe.writing)
        let client = try listener.connect()
        // Far more than a pipe can store.
        let object = String(repeating: "long/", count: 200)
        for index in 0..<200 {
            #expect(try client.answer(to: .event("\(index)", object: object)).status == 200)
        }
        try listener.stop()
    }

    @Test("contains even the first deliveries after the start")
    func early() throws {
        let before = try RunningListener(in: try Home())
        let port = before.port
        try before.stop()
        // Connects repeatedly until the listener accepts.
        let answered = Watched<Int?>(nil)
        Thread.detachNewThread {
            let end = ContinuousClock.now + .patience
            while answered.now == nil, .now < end {
                guard let client = try? RawClient(host: "127.0.0.1", port: port),
                    let answer = try? client.answer(to: .event("early"))
                else { continue }
                answered.change { $0 = answer.status }
            }
        }
        let listener = try RunningListener(in: try Home(), "--format", "json", listen: "127.0.0.1:\(port)")
        #expect(answered.wait { $0 } == 200)
        #expect(try listener.deliveries(1).map { $0.events.first?.eventId } == ["early"])
        try listener.stop()
    }

    @Test("of the plain command that is not a terminal receives lines, with a note")
    func plainCommand() throws {
        let listener = try RunningListener(in: try Home(), command: [])
        #expect(try listener.answer(to: .event("plain")).status == 200)
        #expect(try listener.output?.lines(1).first?.contains(/unverified +b2:ObjectCreated:Upload/) == true)
        try listener.error.line(with: "not a terminal")
        #expect(try listener.error.lines(1).first == "listening on \(listener.url)")
        try listener.stop()
    }

    @Test("continues when clients leave without their answers")
    func leavingClients() throws {
        let listener = try RunningListener(in: try Home(), "--format", "json")
        for index in 0..<50 { try listener.connect().send(WireRequest.event("\(index)").bytes) }
        #expect(try listener.answer(to: .event("last")).status == 200)
        try listener.stop()
    }
}

// MARK: - Lines

@Suite("A line of listen", .blocking)
struct LineTests {
    @Test("contains time, verdict, type, bucket, object, size and status")
    func line() throws {
        var home = try Home()
        home.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        let listener = try RunningListener(in: home)
        let client = try listener.connect()
        _ = try client.answer(to: .event("one", signedWith: Secrets.held))
        _ = try client.answer(to: .event("one", signedWith: Secrets.held))
        let lines = try #require(listener.output).lines(2)
        let words = lines[0].split(separator: " ")
        #expect(
            words.dropFirst() == [
                "valid", "b2:ObjectCreated:Upload", "mySampleBucket", "photos/2026/cat.jpg", "10495842", "200",
            ])
        #expect(words.first?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
        #expect(lines[1].hasSuffix("  duplicate"))
    }

    @Test("shows hostile characters of a name as visible text", arguments: ["text", "json"])
    func hostile(format: String) throws {
        let listener = try RunningListener(in: try Home(), "--format", format)
        let object = "a\u{1B}[2J\u{7}\r\n\u{9B}31m\u{202E}gpj\u{200B}.\u{7F}x"
        #expect(try listener.answer(to: .event("hostile", object: object)).status == 200)
        let line = try #require(try listener.output?.lines(1).first)
        let bad = line.unicodeScalars.filter {
            $0.properties.generalCategory == .control || $0.properties.generalCategory == .format
        }
        #expect(bad.isEmpty)
        #expect(line.contains("gpj"))
        if format == "json" { #expect(try DeliveryLine(line).events.count == 1) }
    }
}
