internal import NIOCore

/// Stands before the decoder: tells the connection when bytes come, and drops them where it takes no more.
final class ByteGate: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connection: ConnectionHandler

    init(_ connection: ConnectionHandler) {
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if connection.admits(Self.unwrapInboundIn(data)) { context.fireChannelRead(data) }
    }
}
