import Base
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Notifications

/// A minimal receiver on SwiftNIO: it reads the body, verifies the signature and answers. It records nothing.
/// `Benchmarks bare SECRET` runs it; it prints its port.
enum BareServer {
    static func run(secret value: String) throws -> Never {
        let verifier = SignatureVerifier(
            try Keyring([try SigningSecret(label: "bare", value: value)]))
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let channel = try ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 512)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: false)
                    try channel.pipeline.syncOperations.addHandler(Handler(verifier))
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .bind(host: "127.0.0.1", port: 0).wait()
        print("port \(channel.localAddress?.port ?? 0)")
        fflush(nil)
        try channel.closeFuture.wait()
        exit(0)
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let verifier: SignatureVerifier
        private var headers: [HeaderField] = []
        private var body: [UInt8] = []

        init(_ verifier: SignatureVerifier) { self.verifier = verifier }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch Self.unwrapInboundIn(data) {
            case .head(let head):
                headers = head.headers.map { HeaderField($0.name, $0.value) }
                body.removeAll(keepingCapacity: true)
            case .body(let bytes): body.append(contentsOf: bytes.readableBytesView)
            case .end:
                let delivery = Delivery(
                    receivedAt: Timestamp(milliseconds: 0), remoteAddress: "", method: "POST", target: "/",
                    headers: headers, body: body)
                let isValid = verifier.verify(delivery, events: []).verdict == .valid
                let answer = HTTPResponseHead(
                    version: .http1_1, status: isValid ? .ok : .unauthorized, headers: ["Content-Length": "2"])
                context.write(Self.wrapOutboundOut(.head(answer)), promise: nil)
                context.write(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: "OK")))), promise: nil)
                context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }
}
