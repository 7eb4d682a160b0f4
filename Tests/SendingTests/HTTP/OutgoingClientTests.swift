import Base
import Foundation
import Notifications
import Testing
import TestSupport

@testable import Sending

@Suite("The client for outgoing requests", .blocking)
struct OutgoingClientTests {
    /// The limit of waits that end with an event.
    private let patience = Duration.patience

    /// Sends to a fake server on this machine, and closes both.
    private func send(
        _ request: (FakeServer) throws -> OutgoingRequest, to service: any FakeService,
        _ policy: (FakeServer) -> OutgoingPolicy = { _ in OutgoingPolicy() }, within limit: Duration? = nil
    ) throws -> Result<OutgoingAnswer, OutgoingFailure> {
        let server = try FakeServer(service)
        defer { server.stop() }
        let client = OutgoingClient(policy(server))
        defer { client.shutdown() }
        let request = try request(server)
        return Result { () throws(OutgoingFailure) in try client.send(request, within: limit ?? patience) }
    }

    private func failure(_ result: Result<OutgoingAnswer, OutgoingFailure>) -> OutgoingFailure? {
        if case .failure(let failure) = result { failure } else { nil }
    }

    @Test("sends the given request, and nothing more")
    func sendsExactly() throws {
        let receiver = FakeReceiver()
        var port = 0
        let answer = try send(
            { server in
                port = server.port
                return OutgoingRequest(
                    "PUT", try WebhookURL(server.url("/a/b?c=d")),
                    headers: [
                        OutgoingField("X-Second", "2"), OutgoingField("x-FIRST", "1"),
                        OutgoingField("X-Second", "again"),
                    ], body: Array("{}".utf8))
            }, to: receiver
        ).get()
        #expect(answer.status == 200 && answer.body == Array("OK".utf8) && answer.duration > .zero)
        #expect(answer.value(of: "content-TYPE") == "text/plain")
        #expect(
            receiver.requests.map { String(decoding: $0.raw, as: UTF8.self) } == [
                "PUT /a/b?c=d HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nX-Second: 2\r\nx-FIRST: 1\r\nX-Second: again\r\n"
                    + "Content-Length: 2\r\n\r\n{}"
            ])
    }

    @Test(
        "adds nothing to a request, whatever its method and body",
        arguments: [
            ("GET", ""), ("DELETE", ""), ("POST", ""), ("PURGE", "x"), ("GET", "x"), ("HEAD", "x"),
            // For a body of this size, libcurl would first ask whether it may send it.
            ("POST", "2 MiB"),
        ])
    func addsNothing(_ method: String, _ text: String) throws {
        let body = text == "2 MiB" ? String(repeating: "x", count: 2 << 20) : text
        let receiver = FakeReceiver()
        var port = 0
        _ = try send(
            { server in
                port = server.port
                return OutgoingRequest(
                    method, try WebhookURL(server.url("/a/../b//%7e?x=[1]|&y#fragment")),
                    headers: [
                        OutgoingField("X-Empty", ""), OutgoingField("X-Blank", "  "), OutgoingField("X", "é; y"),
                    ],
                    body: Array(body.utf8))
            }, to: receiver
        ).get()
        let length = body.isEmpty && method != "POST" ? "" : "Content-Length: \(body.utf8.count)\r\n"
        let head =
            "\(method) /a/../b//%7e?x=[1]|&y HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nX-Empty:\r\nX-Blank:\r\n"
            + "X: é; y\r\n\(length)\r\n"
        let request = try #require(receiver.requests.first)
        #expect(String(decoding: request.raw.prefix(head.utf8.count), as: UTF8.self) == head)
        #expect(request.raw.count == head.utf8.count + body.utf8.count && receiver.requests.count == 1)
    }

    @Test(
        "reads any form of an answer",
        arguments: [
            ["HTTP/1.1 100 Continue", "A: 0", "", "HTTP/1.1 201 Created", "A: 1", "Content-Length: 4", "", "body"],
            ["HTTP/1.1 201", "A:1", "Connection: close", "", "body"],
            ["HTTP/1.1 201 OK", "A: \t1  ", "Transfer-Encoding: chunked", "", "4", "body", "0", "A: 2", "", ""],
        ])
    func answers(_ lines: [String]) throws {
        let receiver = FakeReceiver([.bytes(lines.joined(separator: "\r\n"))])
        let answer = try send({ OutgoingRequest("GET", try WebhookURL($0.url())) }, to: receiver).get()
        #expect(answer.status == 201 && answer.body == Array("body".utf8))
        #expect(answer.headers.count == 2 && answer.headers.first == OutgoingField("A", "1"))
    }

    @Test("waits for no body after methods without one", arguments: ["HEAD", "head"])
    func noBody(_ method: String) throws {
        // States the length that the body of a GET would have, and keeps the connection open.
        let receiver = FakeReceiver([.answer(status: 200, headers: [("Content-Length", "10")])])
        let result = try send(
            { OutgoingRequest(method, try WebhookURL($0.url())) }, to: receiver,
            within: method == "HEAD" ? nil : .milliseconds(200))
        // The case of a method matters (RFC 9110, 9.1).
        #expect((try? result.get())?.status == (method == "HEAD" ? 200 : nil))
    }

    @Test("follows no redirect")
    func redirect() throws {
        let receiver = FakeReceiver([.answer(status: 307, headers: [("Location", "/elsewhere")])])
        let answer = try send({ OutgoingRequest("POST", try WebhookURL($0.url())) }, to: receiver).get()
        #expect(answer.status == 307 && receiver.requests.count == 1)
    }

    @Test("keeps 64 KiB of an answer")
    func cut() throws {
        let receiver = FakeReceiver([.answer(status: 200, body: [UInt8](repeating: 0x78, count: 200_000))])
        let answer = try send({ OutgoingRequest("GET", try WebhookURL($0.url())) }, to: receiver).get()
        #expect(answer.status == 200 && answer.body.count == 65_536 && answer.isCut)
    }

    // MARK: What was received

    @Test("distinguishes a lost answer from a request that was never sent")
    func lost() throws {
        let result = try send(
            { OutgoingRequest("POST", try WebhookURL($0.url("/secret?x=1"))) }, to: FakeReceiver([.lost]))
        guard case .lost(let text) = failure(result) else {
            Issue.record("\(result)")
            return
        }
        #expect(text.contains("closed the connection before it had answered") && !text.contains("secret"))
    }

    @Test("reports that nothing listens")
    func refused() throws {
        let client = OutgoingClient()
        defer { client.shutdown() }
        let url = try WebhookURL("http://127.0.0.1:1/secret")
        #expect(
            throws: OutgoingFailure.notSent(
                "nothing listens at 127.0.0.1:1: check the host and the port, and whether the server runs")
        ) {
            try client.send(OutgoingRequest("GET", url), within: patience)
        }
    }

    @Test("reports that the answer is not HTTP")
    func otherProtocol() throws {
        try expect("SSH-2.0-OpenSSH_9.2\r\n", isNotHTTP: "it does not begin with HTTP/1.1")
        let field = "X: " + String(repeating: "y", count: 8_000) + "\r\n"
        try expect(
            "HTTP/1.1 200 OK\r\n" + String(repeating: field, count: 40) + "\r\n",
            isNotHTTP: "its header fields are too long")
    }

    @Test("reports that the server does not speak TLS, and sends nothing")
    func noTLS() throws {
        let receiver = FakeReceiver()
        let server = try FakeServer(receiver, greeting: "220 mail.example ESMTP ready\r\n")
        defer { server.stop() }
        let client = OutgoingClient()
        defer { client.shutdown() }
        let url = try WebhookURL("https://127.0.0.1:\(server.port)/secret")
        let sentence =
            "127.0.0.1:\(server.port) does not speak TLS: check the port, and whether the URL begins with http://"
        #expect(throws: OutgoingFailure.notSent(sentence)) {
            try client.send(OutgoingRequest("POST", url), within: patience)
        }
        #expect(receiver.requests.isEmpty)
    }

    private func expect(_ bytes: String, isNotHTTP problem: String) throws {
        let result = try send({ OutgoingRequest("GET", try WebhookURL($0.url())) }, to: FakeReceiver([.bytes(bytes)]))
        guard case .failure(.lost(let text)) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(text.contains("is not HTTP (\(problem)): check the host, the port"))
    }

    @Test("reports that the name is unknown")
    func unknownName() throws {
        let client = OutgoingClient()
        defer { client.shutdown() }
        let url = try WebhookURL("https://nowhere.invalid/secret")
        #expect(
            throws: OutgoingFailure.notSent(
                "the name of nowhere.invalid was not found: check its spelling, and the DNS of this machine")
        ) {
            try client.send(OutgoingRequest("GET", url), within: patience)
        }
    }

    @Test("distinguishes a time-out before anything was sent from a later one")
    func timeOut() throws {
        let held = HeldService()
        defer { held.release() }
        let sent = try send(
            { OutgoingRequest("GET", try WebhookURL($0.url())) }, to: held, within: .milliseconds(500))
        #expect(failure(sent).map { if case .lost(let text) = $0 { text.contains("in time") } else { false } } == true)
        // TLS is never established: it waits for an answer to its hello.
        let unsent = try send(
            { OutgoingRequest("GET", try WebhookURL("https://127.0.0.1:\($0.port)/")) }, to: held,
            within: .milliseconds(500))
        #expect(
            failure(unsent).map { if case .notSent(let text) = $0 { text.contains("in time") } else { false } } == true)
    }

    @Test("sends nothing after it was shut down")
    func shutDown() throws {
        let client = OutgoingClient()
        client.shutdown()
        client.shutdown()
        let url = try WebhookURL("http://127.0.0.1:1/")
        #expect(throws: OutgoingFailure.cancelled) { try client.send(OutgoingRequest("GET", url), within: patience) }
    }

    @Test("ends current requests when it is shut down, as lost if they were received")
    func shutDownInFlight() throws {
        let held = HeldService()
        defer { held.release() }
        let server = try FakeServer(held)
        defer { server.stop() }
        let client = OutgoingClient()
        let url = try WebhookURL(server.url())
        let result = Watched<Result<OutgoingAnswer, OutgoingFailure>?>(nil)
        Thread.detachNewThread { [patience] in
            let end = Result { () throws(OutgoingFailure) in
                try client.send(OutgoingRequest("POST", url), within: patience)
            }
            result.change { $0 = end }
        }
        try held.waitForRequest()
        client.shutdown()
        let end = try result.require("the end of the request") { $0 }
        #expect(failure(end) == .lost("b2watch ended before \(url.authority) answered"))
    }

    @Test("sends many requests at once, and another one after they have ended")
    func many() throws {
        let receiver = FakeReceiver()
        let server = try FakeServer(receiver)
        defer { server.stop() }
        let client = OutgoingClient()
        defer { client.shutdown() }
        let url = try WebhookURL(server.url())
        let statuses = Watched<[Int]>([])
        for _ in 0..<20 {
            Thread.detachNewThread { [patience] in
                let answer = try? client.send(OutgoingRequest("POST", url), within: patience)
                statuses.change { $0.append(answer?.status ?? 0) }
            }
        }
        #expect(try statuses.require("all answers") { $0.count == 20 ? $0 : nil } == Array(repeating: 200, count: 20))
        #expect(try client.send(OutgoingRequest("POST", url), within: patience).status == 200)
        #expect(receiver.requests.count == 21)
    }

    @Test("reads a URL in the form in which it was checked", arguments: ["127%2e0.0.1", "a\\b", "a^b"])
    func otherReading(_ host: String) throws {
        let client = OutgoingClient()
        defer { client.shutdown() }
        let request = OutgoingRequest("POST", try WebhookURL("http://\(host):1/secret"), allowsPlainHTTP: true)
        let error = #expect(throws: OutgoingFailure.self) { try client.send(request, within: patience) }
        guard case .forbidden(let text) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text.contains("the host or the port in the URL") && !text.contains("secret"))
    }

    // MARK: Itself

    @Test(
        "never sends to b2watch itself",
        arguments: ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1", "0x7f.0.0.1"])
    func itself(_ host: String) throws {
        let receiver = FakeReceiver()
        let result = try send(
            {
                OutgoingRequest("POST", try WebhookURL("http://\(host):\($0.port)/hook"), allowsPlainHTTP: true)
            }, to: receiver,
            { server in OutgoingPolicy(own: { [OwnAddress(host: "0.0.0.0", port: server.port)] }) })
        guard case .forbidden(let text) = failure(result) else {
            Issue.record("\(result)")
            return
        }
        #expect(text.hasPrefix("\(host):") && text.contains("is b2watch itself") && !text.contains("hook"))
        #expect(receiver.requests.isEmpty)
    }

    @Test("sends to b2watch itself if that is intended")
    func itselfOnPurpose() throws {
        let receiver = FakeReceiver()
        let result = try send(
            { OutgoingRequest("POST", try WebhookURL($0.url())) }, to: receiver,
            { server in
                OutgoingPolicy(own: { [OwnAddress(host: "127.0.0.1", port: server.port)] }, allowsOwnAddress: true)
            })
        #expect(try result.get().status == 200 && receiver.requests.count == 1)
    }

    // MARK: Proxies

    @Test("asks a proxy for a tunnel, and sends it only the host and the port")
    func tunnel() throws {
        let proxy = FakeReceiver([.answer(status: 200, headers: [("X-Proxy", "yes")]), .text(201, "made")])
        let answer = try send(
            { _ in
                OutgoingRequest(
                    "POST", try WebhookURL("http://example.test/secret?key=1"),
                    headers: [OutgoingField("Authorization", "Bearer s3cret", isSecret: true)], body: Array("x".utf8),
                    allowsPlainHTTP: true)
            }, to: proxy,
            { server in
                OutgoingPolicy(
                    proxies: ProxyRules(environment: ["http_proxy": "http://me:p%40ss@127.0.0.1:\(server.port)"]))
            }
        ).get()
        #expect(answer.status == 201)
        let (connect, inside) = (try #require(proxy.requests.first), try #require(proxy.requests.last))
        #expect(connect.method == "CONNECT" && connect.target == "example.test:80")
        #expect(connect.headers.map(\.name) == ["Host", "Proxy-Authorization"])
        #expect(connect.value(of: "Proxy-Authorization") == "Basic " + Data("me:p@ss".utf8).base64EncodedString())
        #expect(!String(decoding: connect.raw, as: UTF8.self).contains("s3cret"))
        #expect(inside.method == "POST" && inside.target == "/secret?key=1")
        #expect(inside.value(of: "Authorization") == "Bearer s3cret")
        #expect(inside.value(of: "Proxy-Authorization") == nil && inside.value(of: "Host") == "example.test")
    }

    @Test(
        "sends no credentials to a proxy that refuses",
        arguments: [
            (403, "does not let the request through: it answered 403"), (407, "wants another user and password"),
            (502, "cannot connect to example.test: it answered 502"),
        ])
    func proxyRefuses(_ status: Int, _ problem: String) throws {
        let proxy = FakeReceiver([.text(status, "no")])
        let result = try send(
            { _ in
                OutgoingRequest(
                    "POST", try WebhookURL("https://example.test/secret"),
                    headers: [OutgoingField("Authorization", "Bearer s3cret", isSecret: true)])
            }, to: proxy,
            { OutgoingPolicy(proxies: ProxyRules(environment: ["HTTPS_PROXY": "me:hidden@127.0.0.1:\($0.port)"])) })
        guard case .notSent(let text) = failure(result) else {
            Issue.record("\(result)")
            return
        }
        #expect(
            text.contains("the proxy 127.0.0.1:") && text.contains(problem) && !text.contains("hidden")
                && !text.contains("secret"), "\(text)")
        #expect(proxy.requests.map(\.method) == ["CONNECT"])
        #expect(!proxy.requests.contains { String(decoding: $0.raw, as: UTF8.self).contains("s3cret") })
    }

    @Test("reports that the proxy is unavailable")
    func noProxy() throws {
        let client = OutgoingClient(
            OutgoingPolicy(proxies: ProxyRules(environment: ["ALL_PROXY": "http://127.0.0.1:1"])))
        defer { client.shutdown() }
        let url = try WebhookURL("https://example.test/")
        #expect(throws: OutgoingFailure.notSent("nothing listens at 127.0.0.1:1, which is the proxy")) {
            try client.send(OutgoingRequest("GET", url), within: patience)
        }
    }
}

// MARK: - Masked requests

@Suite("A request in readable form")
struct MaskedRequestTests {
    @Test("contains no secret")
    func masked() throws {
        let request = OutgoingRequest(
            "POST", try WebhookURL("https://hooks.test/services/T0/B0?x=1"),
            headers: [OutgoingField("Authorization", "Bearer s3cret", isSecret: true), OutgoingField("X-A", "b")],
            body: Array("{}".utf8), secrecy: .path)
        #expect(
            String(decoding: MaskedRequest(request).bytes, as: UTF8.self)
                == "POST https://hooks.test/••• HTTP/1.1\nHost: hooks.test\nAuthorization: •••\nX-A: b\nContent-Length: 2\n\n{}"
        )
        #expect(String(decoding: MaskedRequest(request, body: [0x2D]).bytes, as: UTF8.self).hasSuffix("\n\n-"))
    }

    @Test("masks the requested parts of the URL")
    func urls() throws {
        let url = try WebhookURL("https://a.test:1/b/c?d=e#f")
        #expect(MaskedRequest.shown(url, .nothing) == "https://a.test:1/b/c?d=e#f")
        #expect(MaskedRequest.shown(url, .query) == "https://a.test:1/b/c?•••")
        #expect(MaskedRequest.shown(url, .path) == "https://a.test:1/•••")
        #expect(MaskedRequest.shown(try WebhookURL("https://a.test?k"), .path) == "https://a.test/•••")
        #expect(MaskedRequest.shown(try WebhookURL("https://a.test/"), .path) == "https://a.test/")
        #expect(MaskedRequest.shown(try WebhookURL("https://a.test/b"), .query) == "https://a.test/b")
    }

    @Test(
        "is not repeated before Retry-After",
        arguments: [
            ("0", 0), ("120", 120), ("999999999999999999999", 86_400), ("Sun, 06 Nov 1994 08:49:37 GMT", 37),
            ("Sun, 06 Nov 1994 08:48:37 GMT", 0), ("Tue, 29 Feb 2000 00:00:00 GMT", 86_400),
            ("Sunday, 06-Nov-94 08:49:37 GMT", 37), ("Sun Nov  6 08:49:37 1994", 37), ("1.5", 2), ("2.0", 2),
        ])
    func retryAfter(_ value: String, _ seconds: Int) {
        // 1994-11-06T08:49:00Z
        let now = Timestamp(milliseconds: 784_111_740_000)
        #expect(RetryAfter.delay(value, at: now) == .seconds(seconds))
    }

    @Test(
        "is repeated as usual if Retry-After is empty",
        arguments: ["", "-1", "soon", ".5", "1.", "1.5.2", "Sun 06 Nov", "Sun, 06-Nov-1994 08:49:37 GMT"])
    func noRetryAfter(_ value: String) {
        #expect(RetryAfter.delay(value, at: Timestamp(milliseconds: 0)) == nil)
    }

    @Test("counts the days of dates correctly")
    func dates() {
        let date = Timestamp(milliseconds: 951_782_399_000)  // 2000-02-28T23:59:59Z
        #expect(RetryAfter.delay("Tue, 29 Feb 2000 00:00:00 GMT", at: date) == .seconds(1))
        #expect(
            RetryAfter.delay("Wed, 01 Mar 2000 00:00:00 GMT", at: Timestamp(milliseconds: 951_868_799_000))
                == .seconds(1))
        #expect(RetryAfter.delay("Thu, 01 Jan 1970 00:00:05 GMT", at: Timestamp(milliseconds: 0)) == .seconds(5))
        #expect(
            RetryAfter.delay("Fri, 01 Jan 2027 00:00:00 GMT", at: Timestamp(milliseconds: 1_798_761_599_000))
                == .seconds(1))
    }
}
