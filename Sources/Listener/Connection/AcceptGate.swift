internal import NIOCore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Stops accepting while the system has no descriptor or memory for another connection: new ones wait in the backlog
/// until one of ours is closed, or a second has passed.
///
/// The socket stays readable meanwhile, so that an event loop which goes on asking would never sleep.
final class AcceptGate: ChannelInboundHandler {
    typealias InboundIn = any Channel

    /// How long to wait where none of our own connections is closed: somebody else may have what is missing.
    private static let patience = TimeAmount.seconds(1)
    /// From one line in the log to the next.
    private static let silence = TimeAmount.minutes(1)

    private let connections: Connections
    private let log: @Sendable (String) -> Void
    private var retry: Scheduled<Void>?
    private var lastLine: NIODeadline?

    init(_ connections: Connections, log: @escaping @Sendable (String) -> Void) {
        self.connections = connections
        self.log = log
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Others, such as a peer that went before it was accepted, are of that connection alone.
        guard let error = error as? IOError, let reason = Self.reason(error.errnoCode) else { return }
        guard retry == nil else { return }
        let now = context.eventLoop.now
        if lastLine.map({ now - $0 >= Self.silence }) ?? true {
            lastLine = now
            log("new connections wait: \(reason)")
        }
        // The option is set at once, on this event loop.
        context.channel.setOption(.autoRead, value: false).whenFailure { _ in }
        let gate = NIOLoopBound((self, context.channel), eventLoop: context.eventLoop)
        retry = context.eventLoop.scheduleTask(in: Self.patience) { gate.value.0.open(gate.value.1) }
        connections.onNextClose { [eventLoop = context.eventLoop] in
            eventLoop.execute { gate.value.0.open(gate.value.1) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        retry?.cancel()
        retry = nil
        context.fireChannelInactive()
    }

    /// Accepts again.
    private func open(_ channel: any Channel) {
        guard let retry else { return }
        retry.cancel()
        self.retry = nil
        channel.setOption(.autoRead, value: true).whenFailure { _ in }
    }

    private static func reason(_ number: Int32) -> String? {
        switch number {
        case EMFILE: "this process has no file descriptor left (ulimit -n)"
        case ENFILE: "the system has no file descriptor left"
        case ENOBUFS, ENOMEM: "the system has no memory left for them"
        default: nil
        }
    }
}
