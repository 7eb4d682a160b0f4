internal import Base
internal import NIOCore
internal import NIOSSL
internal import Notifications

/// Reads the first bytes of a connection that are not HTTP: a PROXY header, and the beginning of TLS. It precedes
/// `ConnectionHandler`, only if one of them is expected.
final class Opening: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// The event that reports the client to `ConnectionHandler`, as the proxy has named it.
    struct Named: Sendable {
        let preamble: ProxyPreamble
    }

    /// The event by which `ConnectionHandler` refuses the connection.
    struct Refused: Sendable {
        let reason: Refusal
    }

    private enum Phase {
        case proxy
        case tls
        case done
    }

    private let trust: ProxyTrust?
    private let tls: TLSContext?
    private var phase: Phase
    private var input = ByteBuffer()
    private var isProxy = false
    private var context: ChannelHandlerContext?

    /// - Parameters:
    ///   - trust: The proxies that begin with a PROXY header; nil if none does.
    ///   - tls: The certificate; nil for plain HTTP.
    init(_ trust: ProxyTrust?, _ tls: TLSContext?) {
        self.trust = trust
        self.tls = tls
        phase = trust != nil ? .proxy : .tls
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    /// Closes the connection at once, past TLS, which would wait for the peer's own end.
    func cut() {
        context?.close(promise: nil)
    }

    func channelActive(context: ChannelHandlerContext) {
        defer { context.fireChannelActive() }
        guard let trust else { return }
        isProxy = trust.proxies.contains(RemoteAddress.text(of: context.remoteAddress))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase != .done else { return context.fireChannelRead(data) }
        var bytes = Self.unwrapInboundIn(data)
        if input.readableBytes == 0 { input = bytes } else { input.writeBuffer(&bytes) }
        advance(context)
    }

    private func advance(_ context: ChannelHandlerContext) {
        if phase == .proxy {
            do throws(Refusal) {
                guard try readProxyHeader(context) else { return }
            } catch {
                return refuse(error, context)
            }
            phase = tls == nil ? .done : .tls
        }
        if phase == .tls, let tls, let first = input.readableBytesView.first {
            // Content type 22, handshake (RFC 8446, 5.1).
            guard first == 22 else { return refuse(.plain, context) }
            do {
                let handler = NIOSSLServerHandler(context: tls.current())
                try context.pipeline.syncOperations.addHandler(handler, position: .after(self))
            } catch {
                return refuse(.handshake(.other), context)
            }
            phase = .done
        }
        guard phase == .done, input.readableBytes > 0 else { return }
        context.fireChannelRead(Self.wrapInboundOut(input))
        input = ByteBuffer()
        context.fireChannelReadComplete()
    }

    /// - Returns: Whether the connection may go on.
    /// - Throws: The reason why it may not.
    private func readProxyHeader(_ context: ChannelHandlerContext) throws(Refusal) -> Bool {
        guard isProxy else {
            // Only trusted proxies may name a client.
            guard let begins = ProxyPreamble.begins(input.readableBytesView) else { return false }
            if begins { throw .otherProxy }
            return true
        }
        do throws(ProxyPreamble.Malformed) {
            guard let preamble = try ProxyPreamble.read(&input) else { return false }
            context.fireUserInboundEventTriggered(Named(preamble: preamble))
            return true
        } catch {
            throw .noProxyHeader
        }
    }

    private func refuse(_ reason: Refusal, _ context: ChannelHandlerContext) {
        phase = .done
        input = ByteBuffer()
        context.fireUserInboundEventTriggered(Refused(reason: reason))
    }
}
