import Foundation
import NIOCore
import NIOPosix
import Notifications
import TestSupport
import Testing

@testable import Outgoing

@Suite("The client for all that is sent", .blocking)
struct OutgoingClientTests {
    /// A test that has to wait at all waits for something that comes.
    private let patience = Duration.patience

    /// Sends to a fake on this machine, and closes both.
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

    @Test("sends what it is given, and nothing more")
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

    @Test("tells a lost answer from a request that was never sent")
    func lost() throws {
        let result = try send(
            { OutgoingRequest("POST", try WebhookURL($0.url("/secret?x=1"))) }, to: FakeReceiver([.lost]))
        guard case .lost(let text) = failure(result) else {
            Issue.record("\(result)")
            return
        }
        #expect(text.contains("closed the connection before it had answered") && !text.contains("secret"))
    }

    @Test("tells that nothing listens")
    func refused() throws {
        let server = try FakeServer(FakeReceiver())
        let client = OutgoingClient()
        defer { client.shutdown() }
        let url = try WebhookURL(server.url("/secret"))
        server.stop()
        #expect(throws: OutgoingFailure.notSent("nothing listens at \(url.authority)")) {
            // The socket is closed by its own thread, a moment later.
            while true {
                do throws(OutgoingFailure) { _ = try client.send(OutgoingRequest("GET", url), within: patience) } catch
                {
                    guard case .lost = error else { throw error }
                }
            }
        }
    }

    @Test("tells that what answers is not HTTP")
    func otherProtocol() async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Greeting())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let url = try WebhookURL("http://127.0.0.1:\(server.localAddress?.port ?? 0)/")
        let client = OutgoingClient()
        let failure = await withCheckedContinuation { continuation in
            Thread.detachNewThread { [patience] in
                let result = Result { () throws(OutgoingFailure) in
                    try client.send(OutgoingRequest("GET", url), within: patience)
                }
                continuation.resume(returning: result)
            }
        }
        client.shutdown()
        try await server.close().get()
        guard case .failure(let problem) = failure else {
            Issue.record("\(failure)")
            return
        }
        #expect(problem.description.contains("is not HTTP (invalid constant string): check the host, the port"))
    }

    @Test("tells that the name is not known")
    func unknownName() throws {
        let client = OutgoingClient()
        defer { client.shutdown() }
        let url = try WebhookURL("https://nowhere.invalid/secret")
        #expect(throws: OutgoingFailure.notSent("the name of nowhere.invalid was not found")) {
            try client.send(OutgoingRequest("GET", url), within: patience)
        }
    }

    @Test("tells a time-out before anything was sent from one behind it")
    func timeOut() throws {
        let held = HeldService()
        defer { held.release() }
        let sent = try send(
            { OutgoingRequest("GET", try WebhookURL($0.url())) }, to: held, within: .milliseconds(500))
        #expect(failure(sent).map { if case .lost(let text) = $0 { text.contains("in time") } else { false } } == true)
        // No TLS comes about: it waits for an answer to its hello.
        let unsent = try send(
            { OutgoingRequest("GET", try WebhookURL("https://127.0.0.1:\($0.port)/")) }, to: held,
            within: .milliseconds(500))
        #expect(
            failure(unsent).map { if case .notSent(let text) = $0 { text.contains("in time") } else { false } } == true)
    }

    @Test("sends nothing when it is shut down")
    func shutDown() throws {
        let client = OutgoingClient()
        client.shutdown()
        client.shutdown()
        let url = try WebhookURL("http://127.0.0.1:1/")
        #expect(throws: OutgoingFailure.cancelled) { try client.send(OutgoingRequest("GET", url), within: patience) }
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

    @Test("sends to b2watch itself where that is meant")
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

    @Test("asks a proxy for a tunnel, and shows it no more than the host and the port")
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
        #expect(connect.value(of: "Proxy-Authorization") == "Basic " + Data("me:p@ss".utf8).base64EncodedString())
        #expect(!String(decoding: connect.raw, as: UTF8.self).contains("s3cret"))
        #expect(inside.method == "POST" && inside.target == "/secret?key=1")
        #expect(inside.value(of: "Authorization") == "Bearer s3cret")
        #expect(inside.value(of: "Proxy-Authorization") == nil && inside.value(of: "Host") == "example.test")
    }

    @Test("sends no credential to a proxy that refuses", arguments: [403, 407])
    func proxyRefuses(_ status: Int) throws {
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
            text.contains("the proxy 127.0.0.1:") && !text.contains("hidden") && !text.contains("secret"), "\(text)")
        #expect(proxy.requests.map(\.method) == ["CONNECT"])
        #expect(!proxy.requests.contains { String(decoding: $0.raw, as: UTF8.self).contains("s3cret") })
    }

    @Test("tells that the proxy is not there")
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

/// Answers nothing until it is released.
private final class HeldService: FakeService {
    private let gate = Gate()

    func reply(to request: FakeRequest) -> FakeReply {
        gate.wait()
        return .lost
    }

    func release() {
        gate.open()
    }
}

/// Answers as a mail server does.
private final class Greeting: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.writeAndFlush(
            Self.wrapOutboundOut(ByteBuffer(string: "220 mail.example ESMTP ready\r\n")), promise: nil)
    }
}
