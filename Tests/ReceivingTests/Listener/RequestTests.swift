import Base
import Notifications
import Testing
import TestSupport

@testable import Receiving

/// The receiver obtains exactly what was sent.
@Suite(.blocking) struct RequestTests {
    @Test func keepsTheRequestWhole() throws {
        let receiver = TestReceiver()
        try withListener(receiver) { server in
            let client = try server.client()
            let start = "POST /a%20b/../c?q=1&q=2 HTTP/1.1\r\nhOsT: x\r\nX-Two: 1\r\nCookie: a=1\r\nx-two:  2 \r\n"
            let end = "\r\nCOOKIE: b=2\r\nX-Empty:\r\nContent-Length: 4\r\n\r\n"
            var bytes = Array("\(start)X-Latin: caf".utf8) + [0xE9] + Array(end.utf8)
            bytes += [0, 0xFF, 0x0A, 0x7F]
            try client.send(bytes)
            #expect(try client.response() == ok)

            let received = try #require(receiver.received.first)
            #expect(received.kind == .notification)
            let delivery = received.delivery
            #expect(delivery.method == "POST")
            #expect(delivery.target == "/a%20b/../c?q=1&q=2")
            #expect(delivery.httpVersion == "HTTP/1.1")
            #expect(delivery.remoteAddress == "127.0.0.1")
            #expect(delivery.receivedAt.milliseconds == 1_767_262_272_345)
            #expect(delivery.body == [0, 0xFF, 0x0A, 0x7F])
            #expect(delivery.bodyLength == 4)
            #expect(
                delivery.headers == [
                    HeaderField("hOsT", "x"), HeaderField("X-Two", "1"), HeaderField("Cookie", "a=1"),
                    HeaderField("x-two", "2 "), HeaderField("X-Latin", bytes: Array("caf".utf8) + [0xE9]),
                    HeaderField("COOKIE", "b=2"),
                    HeaderField("X-Empty", ""), HeaderField("Content-Length", "4"),
                ])
            #expect(delivery.headers.filter(\.isAltered).map(\.name) == ["X-Latin"])
        }
    }

    @Test func readsAByteAtATime() throws {
        let receiver = TestReceiver()
        try withListener(receiver) { server in
            let client = try server.client()
            for byte in post("/slow", body: "{\"a\": 1}").utf8 { try client.send([byte]) }
            #expect(try client.response() == ok)
            #expect(receiver.received.first?.delivery.body == Array("{\"a\": 1}".utf8))
        }
    }

    @Test func readsChunks() throws {
        let receiver = TestReceiver()
        try withListener(receiver) { server in
            let client = try server.client()
            try client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            try client.send("3;ext=1\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Trailer: t\r\n\r\n")
            #expect(try client.response() == ok)
            let delivery = try #require(receiver.received.first?.delivery)
            #expect(delivery.body == Array("abc0123456789".utf8))
            #expect(delivery.headers.map(\.name) == ["Host", "Transfer-Encoding"])
        }
    }

    @Test func takesABodyAtTheLimit() throws {
        let receiver = TestReceiver()
        try withListener(receiver) { server in
            let body = String(repeating: "x", count: 1 << 20)
            let client = try server.client()
            try client.send(post(body: body))
            #expect(try client.response() == ok)
            #expect(receiver.received.first?.delivery.body.count == 1 << 20)
        }
    }

    @Test func keepsTheStartOfWhatIsNoNotification() throws {
        let receiver = TestReceiver(.elsewhere(.notFound))
        try withListener(receiver, { $0.paths = ["/hook"] }) { server in
            let client = try server.client()
            try client.send(post("/other", body: String(repeating: "x", count: 10_000)))
            #expect(try client.response().status == 404)
            let received = try #require(receiver.received.first)
            #expect(received.kind == .wrongPath)
            #expect(received.delivery.body.count == 4_096)
            #expect(received.delivery.bodyLength == 10_000)
        }
    }

    @Test func saysWhichMethodIsAllowed() throws {
        let receiver = TestReceiver(.elsewhere(.methodNotAllowed))
        try withListener(receiver) { server in
            let client = try server.client()
            try client.send("GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
            let response = try client.response()
            #expect(response.status == 405)
            #expect(response.headers.contains("Allow: POST"))
            #expect(response.body == "Method not allowed")
            #expect(receiver.received.first?.kind == .wrongMethod)

            try client.send("HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n")
            let head = try client.response(hasBody: false)
            #expect(head.headers.contains("Content-Length: 18"))
            // If a body had followed, this would not be the next response.
            try client.send("DELETE /x HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try client.response().status == 405)
        }
    }

    @Test(arguments: Answer.allCases)
    func answersInPlainText(_ answer: Answer) throws {
        try withListener(TestReceiver(.atOnce(answer))) { server in
            let client = try server.client()
            try client.send(post())
            let response = try client.response()
            #expect(response.status == answer.status)
            #expect(response.body == answer.text)
            #expect(response.headers.contains("Content-Type: text/plain; charset=utf-8"))
            #expect(!response.closes)
            // B2 tries again by itself; others receive a time.
            let retry = response.headers.filter { $0.hasPrefix("Retry-After: ") }
            #expect(retry.count == ([429, 503].contains(answer.status) ? 1 : 0))
        }
    }

    @Test func tellsItsHealth() throws {
        for (canRecord, status, text) in [(true, 200, "OK"), (false, 503, "Cannot record the delivery now")] {
            let receiver = TestReceiver(canRecord: canRecord)
            try withListener(receiver, { $0.paths = ["/hook"] }) { server in
                let client = try server.client()
                try client.send("GET /healthz?x HTTP/1.1\r\nHost: x\r\n\r\n")
                try client.send("HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                let response = try client.response()
                #expect(response.status == status)
                #expect(response.body == text)
                #expect(try client.response(hasBody: false).status == status)
                #expect(receiver.received.isEmpty)
                #expect(server.listener.answerTimes.summary(at: .now).count == 0)
            }
        }
    }

    @Test func listensOnIPv6() throws {
        let receiver = TestReceiver()
        do {
            try withListener(receiver, at: "[::1]:0") { server in
                let client = try server.client()
                try client.send(post())
                #expect(try client.response() == ok)
                #expect(receiver.received.first?.delivery.remoteAddress == "::1")
                #expect(server.listener.address.url == "http://[::1]:\(server.listener.address.port)/")
            }
        } catch let error as ListenerError {
            // A machine without IPv6.
            withKnownIssue(isIntermittent: true) { throw error }
        }
    }

    @Test func measuresItsAnswers() throws {
        let receiver = TestReceiver(.held)
        try withListener(receiver) { server in
            let client = try server.client()
            try client.send(post())
            let received = try #require(receiver.next())
            #expect(server.listener.answerTimes.summary(at: .now).count == 0)
            received.answer(.accepted)
            _ = try client.response()
            // The response is written before it is measured, so ask again for a request that is answered later.
            try client.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try client.response()
            let summary = server.listener.answerTimes.summary(at: .now)
            #expect(summary.count == 1)
            #expect(summary.median > 0)
        }
    }
}

/// Returns the answer to a good notification on a connection that stays open.
let ok = RawClient.Response(
    status: 200, headers: ["Content-Type: text/plain; charset=utf-8", "Content-Length: 2"], body: "OK")

// MARK: - Routes

@Suite(.blocking) struct RouteTests {
    @Test(arguments: [
        ("/", "/", true), ("/", "/anything?x", true), ("", "/x", true),
        ("/hook", "/hook", true), ("/hook", "/hook?x=/", true), ("/hook", "/hook/", true), ("/hook", "/hook/a/b", true),
        ("/hook", "/hookx", false), ("/hook", "/", false), ("/hook", "/Hook", false), ("/hook", "/%68ook", false),
        ("/hook", "/a/hook", false), ("/hook/", "/hook", true), ("/hook/", "/hook?x", true),
        ("/hook//", "/hook/x", true),
        ("hook", "/hook", true), ("/hook", "http://h:1/hook?x", true), ("/hook", "HTTPS://h/hook/x", true),
        ("/hook", "http://h/hookx", false), ("/hook", "http://hook", false), ("/hook", "http://h?/hook", false),
        ("/hook", "/hook#x", true), ("/é", "/é", true), ("/é", "/e\u{301}", false),
    ])
    func takesPaths(_ setting: String, _ target: String, _ isTaken: Bool) {
        #expect(PathRule([setting]).accepts(target) == isTaken)
    }

    @Test(arguments: [
        ("POST", "/hook", Route.delivery(.notification)), ("POST", "/hook/x?y", .delivery(.notification)),
        ("GET", "/hook", .delivery(.wrongMethod)), ("PUT", "/hook/", .delivery(.wrongMethod)),
        ("POST", "/other", .delivery(.wrongPath)), ("GET", "/", .delivery(.wrongPath)),
        ("GET", "/healthz", .health), ("HEAD", "/healthz", .health), ("GET", "/healthz?verbose", .health),
        ("GET", "http://h/healthz", .health), ("POST", "/healthz", .delivery(.wrongPath)),
        ("GET", "/healthz/", .delivery(.wrongPath)), ("GET", "/Healthz", .delivery(.wrongPath)),
    ])
    func routes(_ method: String, _ target: String, _ route: Route) {
        let head = RequestHead(method: method, target: target, version: .http11, headers: [])
        #expect(Route(head, rule: PathRule(["/hook"])) == route)
    }
}
