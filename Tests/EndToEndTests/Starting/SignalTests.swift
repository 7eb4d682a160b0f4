import Foundation
import Harness
import Notifications
import Testing
import TestSupport

@Suite("A signal to listen", .blocking)
struct SignalTests {
    @Test(
        "to end lets a partly sent request be answered, accepts no new one, and exits 0",
        arguments: [SIGTERM, SIGINT, SIGQUIT])
    func drains(signal: Int32) throws {
        let home = try Home()
        let listener = try RunningListener(in: home, "--format", "json")
        let idle = try listener.connect()
        #expect(try idle.answer(to: .event("idle")).status == 200)
        let client = try listener.connect()
        let request = try begin("half", to: client)

        listener.child.signal(signal)
        // The listener has noticed the signal once it closes the idle connection.
        #expect(try idle.rest().isEmpty)
        #expect(throws: (any Error).self) { _ = try listener.connect() }
        try client.send(request.body.suffix(100))
        #expect(try client.answer().status == 200)
        #expect(listener.child.end() == .exited(0))
        #expect(try listener.deliveries(2).map { $0.events.first?.eventId } == ["idle", "half"])
    }

    /// Sends a request without its last hundred bytes, and returns once the listener's log shows that it has begun.
    private func begin(_ event: String, to client: RawClient) throws -> WireRequest {
        var request = WireRequest.event(event)
        request.headers.append(HeaderField("Expect", "100-continue"))
        try client.send(request.head)
        #expect(try client.answer().status == 100)
        try client.send(request.body.dropLast(100))
        return request
    }

    @Test("to end, twice, does not wait")
    func twice() throws {
        let listener = try RunningListener(in: try Home())
        let idle = try listener.connect()
        #expect(try idle.answer(to: .event("idle")).status == 200)
        let client = try listener.connect()
        _ = try begin("half", to: client)
        listener.child.signal(SIGTERM)
        #expect(try idle.rest().isEmpty)
        listener.child.signal(SIGTERM)
        #expect(listener.child.end() == .exited(1))
    }

    @Test("to hang up keeps the secret of the environment, which cannot be read again")
    func reloadOfEnvironment() throws {
        var home = try Home()
        home.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        let listener = try RunningListener(in: home)
        listener.child.signal(SIGHUP)
        try listener.error.line(with: "read again: environment (")
        #expect(try listener.answer(to: .event("1", signedWith: Secrets.held)).status == 200)
        #expect(try listener.answer(to: .event("2")).status == 401)
        try listener.stop()
    }

    @Test("to hang up reads the secrets again; a broken one changes nothing")
    func reload() throws {
        let home = try Home()
        let file = try home.secretFile(Secrets.value)
        let listener = try RunningListener(in: home, "--secret-file", file, "--format", "json")
        let client = try listener.connect()
        #expect(try client.answer(to: .event("1", signedWith: Secrets.held)).status == 200)
        #expect(try client.answer(to: .event("2", signedWith: Secrets.other)).status == 401)

        _ = try home.secretFile(Secrets.otherValue)
        listener.child.signal(SIGHUP)
        try listener.error.line(with: "read again: prod (")
        try listener.error.line(with: "1 delivery verified again: 1 valid")
        #expect(try client.answer(to: .event("3", signedWith: Secrets.other)).status == 200)
        #expect(try client.answer(to: .event("4", signedWith: Secrets.held)).status == 401)

        _ = try home.secretFile(" \n")
        listener.child.signal(SIGHUP)
        try listener.error.line(with: "stay as they are")
        #expect(try client.answer(to: .event("5", signedWith: Secrets.other)).status == 200)
        #expect(try listener.deliveries(5).map(\.status) == [200, 401, 200, 401, 200])
        try listener.stop()
    }
}

// MARK: - Streams

@Suite("A closed stream", .blocking)
struct StreamsTests {
    @Test("is not replaced by another file: the output of listen is dropped, with a message")
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

    @Test("or a full one ends send with a sentence", arguments: ["1>&-", "1>/dev/full"])
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

    @Test("does not lead to a core dump in a crash")
    func coreDumps() throws {
        let listener = try RunningListener(in: try Home(), wrapper: "ulimit -c unlimited")
        let limits = try String(contentsOfFile: "/proc/\(listener.child.id)/limits", encoding: .utf8)
        let line = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") })
        #expect(line.split(separator: " ").dropFirst(4).prefix(2) == ["0", "0"], "\(line)")
    }
}
