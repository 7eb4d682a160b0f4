import Foundation
import Harness
import Notifications
import TestSupport
import Testing

/// Each limit is a setting, and beyond it a stranger gets an answer, while an honest delivery is taken.
@Suite("A limit", .blocking)
struct LoadTests {
    private func listener(_ limits: String, _ arguments: String...) throws -> RunningListener {
        var home = try Home()
        home.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        try home.configure("limits: {\(limits)}\n" + arguments.joined(separator: "\n"))
        return try RunningListener(in: home, "--quiet")
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("of the body, the header fields and their number is answered 413 and 431")
    func sizes() throws {
        let listener = try listener("header-bytes: 2KiB, header-count: 20", "max-body: 4KiB")
        var request = WireRequest.event("a", signedWith: Secrets.held)
        #expect(try listener.answer(to: request).status == 200)
        request.headers.append(HeaderField("X", String(repeating: "x", count: 1_025)))
        #expect(try listener.answer(to: request).status == 431)
        request.headers.removeLast()
        let many = request.headers
        request.headers += (0..<20).map { HeaderField("X-\($0)", "") }
        #expect(try listener.answer(to: request).status == 431)
        request.headers = many + [HeaderField("X", "x"), HeaderField("Y", String(repeating: "y", count: 1_000))]
        request.target = "/" + String(repeating: "t", count: 900)
        #expect(try listener.answer(to: request).status == 431)
        #expect(try listener.answer(to: WireRequest(body: [UInt8](repeating: 0x20, count: 4_097))).status == 413)
        #expect(try listener.answer(to: .event("b", signedWith: Secrets.held)).status == 200)
    }

    @Test("of connections and of requests at once is answered 503 with Retry-After")
    func connections() throws {
        let listener = try listener("connections: 3, requests: 1")
        let honest = try listener.connect()
        #expect(try honest.answer(to: .event("a", signedWith: Secrets.held)).status == 200)
        let slow = try listener.connect()
        try slow.send(
            WireRequest(headers: [HeaderField("Host", "h"), HeaderField("Expect", "100-continue")], body: [1]).head)
        #expect(try slow.answer().status == 100)
        let crowded = try honest.answer(to: .event("b", signedWith: Secrets.held))
        #expect(
            crowded.status == 503 && crowded.headers["retry-after"] == "5"
                && crowded.text == "Too many requests at once")
        try slow.send([1])
        #expect(try slow.answer().status == 401)
        let others = try (0..<2).map { _ in try listener.connect() }
        let late = try listener.connect()
        let refused = try late.answer()
        #expect(
            refused.status == 503 && refused.headers["retry-after"] == "5" && refused.headers["connection"] == "close")
        withExtendedLifetime(others) {}
    }

    @Test("of time ends what is slow: 408 for a head and a body, and a connection without requests is closed")
    func times() throws {
        let listener = try listener("head-time: 1s, request-time: 2s, idle-time: 1s")
        let head = try listener.connect()
        try head.send(bytes("POST / HTTP/1.1\r\nHost"))
        let body = try listener.connect()
        try body.send(bytes("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{"))
        let idle = try listener.connect()
        #expect(try idle.answer(to: .event("a", signedWith: Secrets.held)).status == 200)
        #expect(try head.answer().status == 408)
        #expect(try body.answer().status == 408)
        #expect(try idle.rest() == [])
    }

    @Test("of the queue to the writer is answered 503 with Retry-After")
    func queue() throws {
        let listener = try listener("queue: 8")
        #expect(try listener.answer(to: .event("before", signedWith: Secrets.held)).status == 200)
        let lock = try ForeignLock(on: listener.home.history)
        // The first is taken by the writer, which waits for the lock; the others wait behind it.
        let clients = try (0..<40).map { _ in try listener.connect() }
        for (number, client) in clients.enumerated() {
            try client.send(WireRequest.event("\(number)", signedWith: Secrets.held).bytes)
        }
        let answers = try clients.map { try $0.answer() }
        #expect(answers.allSatisfy { $0.status == 503 && $0.headers["retry-after"] == "5" })
        let texts = Dictionary(grouping: answers, by: \.text).mapValues(\.count)
        #expect((texts["Too busy to record the delivery now"] ?? 0) > 0, "\(texts)")
        #expect((texts["Cannot record the delivery now"] ?? 0) > 0, "\(texts)")
        lock.release()
        #expect(try listener.answer(to: .event("after", signedWith: Secrets.held)).status == 200)
    }

    @Test("that is none, or outside its range, ends the start with its place, its range and an example")
    func problems() throws {
        let home = try Home()
        try home.configure("limits:\n  connections: 0\n  idle-time: soon\n  header-byte: 1KiB\n  queue-bytes: 9\n")
        let outcome = try Program.run("listen", "--listen", "127.0.0.1:0", in: home)
        #expect(outcome.ending == .exited(64))
        for part in [
            "config.yaml:2:16: “connections” is “0”; expected is a number from 1 to 65536, such as 1024",
            "config.yaml:3:14: “idle-time” is “soon”; expected is a time from 1s to 1h, such as 60s",
            "config.yaml:4:3: “header-byte” is not a limit; did you mean header-bytes?",
            "config.yaml:5:16: “queue-bytes” is “9”; expected is a number of bytes from 1MiB to 16GiB, such as 64MiB",
        ] { #expect(outcome.error.contains(part), "\(outcome.error)") }
    }
}

@Suite("Slow and greedy clients", .blocking)
struct GreedyClientTests {
    private static let slow = LongTests.count(300, long: 1_000)

    private func listener(_ limits: String, _ more: String = "") throws -> RunningListener {
        var home = try Home()
        home.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        try home.configure("limits: {\(limits)}\n\(more)")
        return try RunningListener(in: home, "--quiet")
    }

    /// Whether bytes, or an end, have arrived there.
    private func isReadable(_ client: RawClient) -> Bool {
        var state = pollfd(fd: client.descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&state, 1, 0) > 0
    }

    @Test("1,000 that send a byte and wait delay no honest delivery")
    func slowClients() throws {
        let listener = try listener("head-time: 1h, request-time: 1h")
        let clients = try (0..<1_000).map { number in
            let client = try listener.connect()
            let text = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n{"
            try client.send(Array(text.utf8.prefix(1 + number % text.utf8.count)))
            return client
        }
        let ledger = Ledger()
        let honest = try listener.connect()
        let start = ContinuousClock.now
        for number in 0..<50 { #expect(try ledger.send("\(number)", on: honest) == 200) }
        let time = ContinuousClock.now - start
        // All are still there, and none of them was answered.
        #expect(!clients.contains(where: isReadable))
        print("50 deliveries next to 1,000 slow clients: \(time)")
        try listener.stop(SIGKILL, expecting: .signalled(SIGKILL))
        #expect(try ledger.problems(in: listener.home) == [])
    }

    @Test("that take all connections from one address keep nobody else out, and a proxy's are never given up")
    func manyConnections() throws {
        let listener = try listener("connections: 20, head-time: 1h")
        let stranger = "127.0.0.2"
        let clients = try (0..<20).map { _ in
            let client = try RawClient(host: listener.host, port: listener.port, from: stranger)
            try client.send(Array("POST / HTTP/1.1\r\nHos".utf8))
            return client
        }
        // One more of the same address has no place.
        #expect(try RawClient(host: listener.host, port: listener.port, from: stranger).answer().status == 503)
        let ledger = Ledger()
        let honest = try (0..<9).map { number in
            let client = try listener.connect()
            #expect(try ledger.send("\(number)", on: client) == 200)
            return client
        }
        // As many have made room: with an answer, or with an end where bytes of theirs were not read yet.
        let left = try wait(for: "answers to those that made room") {
            let answered = clients.filter(isReadable)
            return answered.count >= 9 ? answered : nil
        }
        #expect(left.count == 9)
        for client in left {
            if let answer = try? client.answer() { #expect(answer.status == 503) }
        }
        for (number, client) in honest.enumerated() {
            #expect(try ledger.send("again \(number)", on: client) == 200)
        }
        try listener.stop(SIGKILL, expecting: .signalled(SIGKILL))
        #expect(try ledger.problems(in: listener.home) == [])

        let behind = try self.listener("connections: 3", "trust-proxy: 127.0.0.2")
        let proxied = try (0..<3).map { number in
            let client = try RawClient(host: behind.host, port: behind.port, from: stranger)
            #expect(try client.answer(to: .event("\(number)", signedWith: Secrets.held)).status == 200)
            return client
        }
        #expect(try behind.connect().answer().status == 503)
        #expect(try proxied[0].answer(to: .event("kept", signedWith: Secrets.held)).status == 200)
    }

    @Test("that send long bodies and do not end them cannot fill the memory, and delay no honest delivery")
    func longBodies() throws {
        let listener = try listener("request-time: 1h, body-memory: 8MiB", "max-body: 4MiB")
        let figures = ProcessFigures(listener.child.id)
        let body = [UInt8](repeating: UInt8(ascii: " "), count: 4 << 20)
        let clients = try (0..<Self.slow).map { _ in
            let client = try listener.connect()
            try client.send(Array("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4194304\r\n\r\n".utf8))
            // What is refused is read no further after a while.
            try? client.send(body.dropLast())
            return client
        }
        let honest = try listener.connect()
        for number in 0..<50 {
            let event = WireRequest.event(
                "\(number)", object: String(repeating: "x", count: 90_000), signedWith: Secrets.held)
            #expect(try honest.answer(to: event).status == 200)
        }
        let refused = clients.count(where: isReadable)
        #expect(refused > Self.slow / 2)
        #expect(figures.peakMemory < Sanitizer.greed * 400 << 20, "\(figures.peakMemory >> 20) MiB")
        print("\(Self.slow) bodies of 4 MiB: \(refused) refused, \(figures.peakMemory >> 20) MiB of memory at most")
    }

    @Test("that send ahead and read no answer wait in their own buffers, and get all answers in order")
    func pipelining() throws {
        let listener = try listener("request-time: 1h, idle-time: 1h")
        let figures = ProcessFigures(listener.child.id)
        let count = LongTests.count(5_000, long: 100_000)
        let client = try listener.connect()
        let sender = RawSender(client)
        let request = WireRequest.event("same", signedWith: Secrets.held).bytes
        sender.begin(Array(repeatElement(request, count: count).joined()))
        let honest = try listener.connect()
        for number in 0..<50 {
            #expect(try honest.answer(to: .event("\(number)", signedWith: Secrets.held)).status == 200)
        }
        for _ in 0..<count { #expect(try client.answer().status == 200) }
        try sender.end()
        #expect(figures.peakMemory < Sanitizer.greed * 400 << 20, "\(figures.peakMemory >> 20) MiB")
    }

    /// Sends on a thread of its own.
    private final class RawSender: Sendable {
        private let descriptor: Int32
        private let isDone = Watched(false)

        init(_ client: RawClient) { descriptor = client.descriptor }

        func begin(_ bytes: [UInt8]) {
            Thread.detachNewThread { [descriptor, isDone] in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let sent = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                    guard sent > 0 else { break }
                    rest = rest.dropFirst(sent)
                }
                isDone.change { $0 = true }
            }
        }

        func end() throws {
            guard isDone.wait(for: { $0 ? true : nil }) != nil else {
                throw WaitedInVain(for: "the end of sending", seeing: "nothing")
            }
        }
    }
}
