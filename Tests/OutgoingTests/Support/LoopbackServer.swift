import NIOCore
import NIOHTTP1
import NIOPosix
import Outgoing
import Synchronization
import TestSupport

/// A webhook on a free port: keeps what comes and answers as it is told.
final class LoopbackServer: Sendable {
    struct Request: Sendable {
        let head: HTTPRequestHead
        let body: [UInt8]
    }

    enum Manner: Sendable {
        case answer(status: Int, body: [UInt8] = [], headers: HTTPHeaders = [:])
        /// Never.
        case silence
        /// Begins to answer, and goes silent.
        case stall
        /// Ends the connection instead.
        case hangUp
    }

    let port: Int
    private let server: any Channel
    private let log: RequestLog

    var requests: [Request] { log.all.withLock { $0 } }

    init(_ manner: Manner = .answer(status: 200, body: Array("OK".utf8))) async throws {
        let log = RequestLog()
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(WebhookHandler(log, manner))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.log = log
        self.server = server
        port = server.localAddress?.port ?? 0
    }

    func url(_ path: String = "/") throws -> WebhookURL {
        try WebhookURL("http://127.0.0.1:\(port)\(path)")
    }

    func stop() async {
        try? await server.close().get()
    }
}

private final class RequestLog: Sendable {
    let all = Mutex<[LoopbackServer.Request]>([])
}

private final class WebhookHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let log: RequestLog
    private let manner: LoopbackServer.Manner
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ log: RequestLog, _ manner: LoopbackServer.Manner) {
        self.log = log
        self.manner = manner
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let bytes): body += bytes.readableBytesView
        case .end:
            guard let head else { return }
            log.all.withLock { $0.append(LoopbackServer.Request(head: head, body: body)) }
            respond(context)
        }
    }

    private func respond(_ context: ChannelHandlerContext) {
        switch manner {
        case .silence: break
        case .hangUp: context.close(promise: nil)
        case .stall:
            let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Content-Length": "10"])
            context.writeAndFlush(Self.wrapOutboundOut(.head(head)), promise: nil)
        case .answer(let status, let body, var headers):
            headers.add(name: "Content-Length", value: String(body.count))
            let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)
            context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
            context.write(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
            context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}

/// Runs a test with a webhook and a sender, and stops both.
func withServer(
    _ manner: LoopbackServer.Manner = .answer(status: 200, body: Array("OK".utf8)), timeout: Duration = .patience,
    _ test: (LoopbackServer, NotificationSender) async throws -> Void
) async throws {
    let server = try await LoopbackServer(manner)
    let sender = NotificationSender(timeout: timeout)
    do {
        try await test(server, sender)
    } catch {
        await sender.shutdown()
        await server.stop()
        throw error
    }
    await sender.shutdown()
    await server.stop()
}
