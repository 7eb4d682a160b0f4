internal import NIOCore
internal import NIOPosix
import Synchronization

/// Listens for HTTP/1.1 requests, hands them to a `DeliveryReceiver`, and answers with what that says.
public final class Listener: Sendable {
    /// The address that was bound, with its real port.
    public let address: ListenAddress
    /// How long the notifications' answers take.
    public let answerTimes: AnswerTimes

    private let configuration: ListenerConfiguration
    private let server: any Channel
    private let connections: Connections
    private let refusals: RefusalCounter
    private let settings: Settings

    /// The settings of connections: nil until there is a receiver.
    private final class Settings: Sendable {
        let value = Mutex<ConnectionSettings?>(nil)
    }

    private init(
        _ configuration: ListenerConfiguration, address: ListenAddress, answerTimes: AnswerTimes, server: any Channel,
        connections: Connections, refusals: RefusalCounter, settings: Settings
    ) {
        self.configuration = configuration
        self.address = address
        self.answerTimes = answerTimes
        self.server = server
        self.connections = connections
        self.refusals = refusals
        self.settings = settings
    }

    /// Binds the address and accepts connections from then on. Blocks until it is bound.
    ///
    /// - Parameters:
    ///   - receiver: Takes the requests.
    ///   - log: Takes lines about refused requests; called from any thread, it must not block.
    /// - Throws: `ListenerError` where the address is unavailable.
    public static func start(
        _ configuration: ListenerConfiguration, receiver: any DeliveryReceiver,
        log: @escaping @Sendable (String) -> Void
    ) throws(ListenerError) -> Listener {
        let listener = try bind(configuration, log: log)
        try listener.accept(for: receiver)
        return listener
    }

    /// Binds the address, and accepts nothing yet: connections wait in the system's queue until `accept(for:)`. Blocks
    /// until it is bound.
    ///
    /// - Parameter log: Takes lines about refused requests; called from any thread, it must not block.
    /// - Throws: `ListenerError` where the address is unavailable.
    public static func bind(
        _ configuration: ListenerConfiguration, log: @escaping @Sendable (String) -> Void
    ) throws(ListenerError) -> Listener {
        // The process's own event loops: they are never shut down, so an answer that comes late finds its loop.
        let group = MultiThreadedEventLoopGroup.singleton
        let connections = Connections(limit: configuration.limits.connections)
        let refusals = RefusalCounter(eventLoop: group.any(), log: log)
        let settings = Settings()

        let wanted = try resolve(configuration.address)
        let server: any Channel
        do {
            server = try ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 1_024)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .serverChannelOption(.autoRead, value: false)
                .serverChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(AcceptGate(connections, log: log))
                    }
                }
                .childChannelOption(.autoRead, value: true)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                // One read, then the requests in it: what is sent ahead stays with the peer.
                .childChannelOption(.maxMessagesPerRead, value: 1)
                // A peer may end its half when it has sent its request, and still wants the answer.
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        guard let settings = settings.value.withLock(\.self) else {
                            throw ChannelError.ioOnClosedChannel
                        }
                        try furnish(channel, admitted: connections.admit(channel), settings)
                    }
                }
                .bind(to: wanted)
                .wait()
        } catch {
            throw ListenerError(error, at: configuration.address)
        }
        let address = ListenAddress(server.localAddress) ?? configuration.address
        server.closeFuture.whenComplete { _ in
            // Some errors of a socket end it, and with it all that is received.
            guard !connections.isStopping else { return }
            log("NOT LISTENING: the system has closed the socket at \(address); start b2watch again")
        }
        return Listener(
            configuration, address: address,
            answerTimes: AnswerTimes(), server: server, connections: connections, refusals: refusals,
            settings: settings)
    }

    /// Accepts connections from now on, those that wait included. Call it once. Blocks until the first can be accepted.
    ///
    /// - Parameter receiver: Takes the requests.
    /// - Throws: `ListenerError.failed` where the listener was stopped before.
    public func accept(for receiver: any DeliveryReceiver) throws(ListenerError) {
        settings.value.withLock {
            $0 = ConnectionSettings(
                configuration, on: MultiThreadedEventLoopGroup.singleton, receiver: receiver, refusals: refusals,
                answerTimes: answerTimes)
        }
        do {
            try server.setOption(.autoRead, value: true).wait()
        } catch {
            throw ListenerError(error, at: address)
        }
    }

    /// Accepts no more connections, closes those that are idle, and lets requests that have begun be answered. Blocks; not for event loops.
    ///
    /// - Parameter grace: After this time the connections that are still open are cut.
    public func stop(within grace: Duration) {
        let open = connections.stop()
        try? server.close().wait()
        for channel in open {
            channel.pipeline.fireUserInboundEventTriggered(ConnectionHandler.Stop())
        }
        let cut = server.eventLoop.scheduleTask(in: TimeAmount(grace)) {
            for channel in open { channel.close(promise: nil) }
        }
        try? EventLoopFuture.andAllComplete(open.map(\.closeFuture), on: server.eventLoop).wait()
        cut.cancel()
        refusals.finish()
    }

    private static func furnish(
        _ channel: any Channel, admitted: Connections.Admission, _ settings: ConnectionSettings
    ) throws {
        guard admitted != .closed else { throw ChannelError.ioOnClosedChannel }
        let connection = ConnectionHandler(settings, isCrowded: admitted == .crowded)
        try channel.pipeline.syncOperations.addHandler(connection)
    }

    private static func resolve(_ address: ListenAddress) throws(ListenerError) -> SocketAddress {
        if let ip = try? SocketAddress(ipAddress: address.host, port: address.port) { return ip }
        do {
            return try SocketAddress.makeAddressResolvingHost(address.host, port: address.port)
        } catch {
            throw .unresolved(address)
        }
    }
}
