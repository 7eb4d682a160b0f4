import Harness
import Notifications
import TestSupport
import Testing

@Suite("A request", .blocking)
struct RequestTests {
    @Test("is recorded as received: target, header order, case and duplicates, body")
    func kept() throws {
        let listener = try RunningListener(in: try Home(), "--format", "json")
        var request = WireRequest.event("kept")
        request.target = "/a/b?c=%20d"
        request.headers += [
            HeaderField("X-Twice", "one"), HeaderField("x-tWICE", "two"), HeaderField("Cookie", "a; b"),
        ]
        #expect(try listener.answer(to: request).status == 200)
        let delivery = try #require(listener.deliveries(1).first)
        #expect(delivery.target == "/a/b?c=%20d")
        #expect(delivery.httpVersion == "HTTP/1.1")
        #expect(delivery.method == "POST")
        #expect(delivery.remoteAddress.hasPrefix("127.0.0.1"))
        #expect(delivery.headers.dropLast() == request.headers.map { [$0.name, $0.value] }[...])
        #expect(delivery.headers.last == ["Content-Length", "\(request.body.count)"])
        #expect(delivery.bytes == request.body)
        #expect(delivery.receivedAt.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
    }

    @Test("with a body beyond the limit is refused with 413, and not recorded")
    func largeBody() throws {
        let listener = try RunningListener(in: try Home(), "--max-body", "4KiB", "--format", "json")
        var request = WireRequest.event("large")
        request.body = [UInt8](repeating: UInt8(ascii: " "), count: 4_097)
        #expect(try listener.answer(to: request).status == 413)
        request.body.removeLast()
        #expect(try listener.answer(to: request).status == 400)
        #expect(try listener.deliveries(1).map(\.status) == [400])
        #expect(try listener.deliveries(1).map(\.id) == [1])
        try listener.error.line(with: "refused")
    }

    @Test("with a body of unknown length beyond the limit is refused with 413")
    func largeChunks() throws {
        let listener = try RunningListener(in: try Home(), "--max-body", "4KiB")
        let client = try listener.connect()
        var request = WireRequest(headers: [HeaderField("Host", "h"), HeaderField("Transfer-Encoding", "chunked")])
        request.hasLength = false
        try client.send(request.head)
        try client.send(Array("1001\r\n".utf8) + [UInt8](repeating: 0x20, count: 0x1001) + Array("\r\n".utf8))
        #expect(try client.answer().status == 413)
    }

    @Test("without events is cut at 64 KiB, unless it is valid")
    func cut() throws {
        let listener = try RunningListener(in: try Home(), "--format", "json")
        let body = Array("\"".utf8) + [UInt8](repeating: UInt8(ascii: "a"), count: 200_000) + Array("\"".utf8)
        #expect(try listener.answer(to: WireRequest(body: body)).status == 200)
        #expect(try listener.deliveries(1).first?.bytes == Array(body.prefix(64 << 10)))
    }

    @Test("with a mebibyte of body is accepted")
    func mebibyte() throws {
        let listener = try RunningListener(in: try Home(), "--format", "json")
        // A body without events would be cut.
        let (start, end) = (Array(#"{"events":[{"x":""#.utf8), Array(#""}]}"#.utf8))
        let body = start + [UInt8](repeating: UInt8(ascii: "a"), count: (1 << 20) - start.count - end.count) + end
        #expect(try listener.answer(to: WireRequest(body: body)).status == 200)
        #expect(try listener.deliveries(1).first?.bytes == body)
        #expect(try listener.answer(to: WireRequest(body: body + [0x20])).status == 413)
    }

    @Test("with headers beyond the limit is refused with 431")
    func largeHeaders() throws {
        let listener = try RunningListener(in: try Home())
        var request = WireRequest.event("headers")
        request.headers += (0..<10).map { HeaderField("X-Long-\($0)", String(repeating: "v", count: 8_000)) }
        #expect(try listener.answer(to: request).status == 431)
    }

    @Test("with another method is answered 405 with Allow, and recorded as unjudged")
    func otherMethod() throws {
        let listener = try RunningListener(in: try Home(), "--format", "json")
        let client = try listener.connect()
        for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
            let answer = try client.answer(to: WireRequest(method: method, target: "/x", hasLength: method == "PUT"))
            #expect(answer.status == 405)
            #expect(answer.headers["allow"] == "POST")
        }
        let lines = try listener.deliveries(4)
        #expect(lines.map(\.method) == ["GET", "PUT", "DELETE", "OPTIONS"])
        #expect(lines.allSatisfy { $0.signature == "unjudged" && $0.status == 405 && $0.events.isEmpty })
    }

    @Test("to a foreign path is answered 404; accepted are the path and those below it")
    func otherPath() throws {
        let listener = try RunningListener(in: try Home(), "--path", "/hook", "--format", "json")
        let client = try listener.connect()
        for (target, status) in [
            ("/hook", 200), ("/hook/", 200), ("/hook/a?b", 200), ("/hook?x", 200), ("/hookx", 404), ("/", 404),
        ] {
            var request = WireRequest.event(target)
            request.target = target
            #expect(try client.answer(to: request).status == status, "\(target)")
        }
        var last = WireRequest.event("last")
        last.target = "/hook"
        #expect(try client.answer(to: last).status == 200)
        // Requests for other paths are counted, but not recorded.
        #expect(try listener.deliveries(5).map(\.target) == ["/hook", "/hook/", "/hook/a?b", "/hook?x", "/hook"])
    }

    @Test("for /healthz is answered 200 and not recorded")
    func health() throws {
        let listener = try RunningListener(in: try Home(), "--path", "/hook", "--format", "json")
        let client = try listener.connect()
        #expect(try client.answer(to: .get("/healthz")).status == 200)
        var request = WireRequest.event("after")
        request.target = "/hook"
        #expect(try client.answer(to: request).status == 200)
        #expect(try listener.deliveries(1).first?.target == "/hook")
    }

    @Test("over IPv6 is answered, and its URL has brackets")
    func version6() throws {
        let listener = try RunningListener(in: try Home(), listen: "[::1]:0")
        #expect(listener.url.hasPrefix("http://[::1]:"))
        #expect(try listener.answer(to: .event("six")).status == 200)
    }

    @Test("that waits for 100 Continue receives it")
    func goOn() throws {
        let listener = try RunningListener(in: try Home())
        let client = try listener.connect()
        var request = WireRequest.event("expect")
        request.headers.append(HeaderField("Expect", "100-continue"))
        try client.send(request.head)
        #expect(try client.answer().status == 100)
        try client.send(request.body)
        #expect(try client.answer().status == 200)
    }

    @Test("that is sent before the previous answer is answered in its turn")
    func pipelined() throws {
        let listener = try RunningListener(in: try Home(), "--format", "json")
        let client = try listener.connect()
        try client.send((1...20).flatMap { WireRequest.event("ahead \($0)").bytes })
        for _ in 1...20 { #expect(try client.answer().status == 200) }
        #expect(try listener.deliveries(20).map { $0.events.first?.eventId } == (1...20).map { "ahead \($0)" })
    }

    @Test(
        "that is not HTTP is refused without harm",
        arguments: ["\u{16}\u{03}\u{01}\u{02}", "hello\r\n\r\n", "POST / HTTP/9.9\r\n\r\n"])
    func noHTTP(text: String) throws {
        let listener = try RunningListener(in: try Home())
        let client = try listener.connect()
        try client.send(Array(text.utf8))
        #expect(try client.answer().status == 400)
        #expect(try listener.answer(to: .event("after")).status == 200)
    }
}
