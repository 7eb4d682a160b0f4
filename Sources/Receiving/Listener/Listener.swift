public import Base
internal import Glibc
internal import NIOCore
internal import NIOPosix
public import Notifications
import Synchronization

/// Listens for HTTP/1.1 requests, passes them to a `DeliveryReceiver`, and sends the answers that it returns.
public final class Listener: Sendable {
    /// The address that was bound, with its real port.
    public let address: ListenAddress
    /// The record of how long the notifications' answers take.
    public let answerTimes: AnswerTimes

    private let configuration: ListenerConfiguration
    private let server: any Channel
    private let connections: Connections
    private let refusals: RefusalCounter
    private let settings: Settings
    private let tls: TLSContext?

    /// The settings of connections: nil until there is a receiver.
    private final class Settings: Sendable {
        let value = Mutex<ConnectionSettings?>(nil)
    }

    private init(
        _ configuration: ListenerConfiguration, address: ListenAddress, answerTimes: AnswerTimes, server: any Channel,
        connections: Connections, refusals: RefusalCounter, settings: Settings, tls: TLSContext?
    ) {
        self.configuration = configuration
        self.address = address
        self.answerTimes = answerTimes
        self.server = server
        self.connections = connections
        self.refusals = refusals
        self.settings = settings
        self.tls = tls
    }

    /// Binds the address, and accepts nothing yet: connections wait in the system's queue until `accept(for:)`. Blocks
    /// until it is bound.
    ///
    /// - Parameter log: Takes lines about refused requests; called from any thread, it must not block.
    /// - Throws: `ListenerError` where the address is unavailable, or the certificate cannot be used.
    public static func bind(
        _ configuration: ListenerConfiguration, log: @escaping @Sendable (String) -> Void
    ) throws(ListenerError) -> Listener {
        // The process's own event loops: they are never shut down, so a late answer finds its loop.
        let group = MultiThreadedEventLoopGroup.singleton
        let connections = Connections(
            limit: configuration.limits.connections, proxies: configuration.proxies?.proxies ?? AddressList())
        let refusals = RefusalCounter(eventLoop: group.any(), log: log)
        let settings = Settings()
        let tls: TLSContext?
        do throws(CertificateProblem) {
            tls = try configuration.tls.map { files throws(CertificateProblem) in
                try TLSContext(files, every: configuration.times.certificate, now: configuration.clock, log: log)
            }
        } catch {
            throw .certificate(error)
        }

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
                // Read once, then handle the requests in the buffer. Requests sent ahead stay with the peer.
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
        let address = (ListenAddress(server.localAddress) ?? configuration.address).speaking(https: tls != nil)
        server.closeFuture.whenComplete { _ in
            // Some errors close the socket, and the listener with it.
            guard !connections.isStopping else { return }
            log("NOT LISTENING: the system has closed the socket at \(address); start b2watch again")
        }
        return Listener(
            configuration, address: address,
            answerTimes: AnswerTimes(), server: server, connections: connections, refusals: refusals,
            settings: settings, tls: tls)
    }

    /// Notes for the user about the certificate at the start.
    public var notes: [String] { tls?.notes ?? [] }

    /// The public key of the certificate, as `sha256//` and Base64, by which a request to this listener can recognise it;
    /// nil for plain HTTP.
    public var pinnedKey: String? { tls.map { "sha256//\($0.pin)" } }

    /// Accepts connections from now on, those that wait included. Call it once. Blocks until the first can be accepted.
    ///
    /// - Parameter receiver: Takes the requests.
    /// - Throws: `ListenerError.failed` where the listener was stopped before.
    public func accept(for receiver: any DeliveryReceiver) throws(ListenerError) {
        settings.value.withLock {
            $0 = ConnectionSettings(
                configuration, on: MultiThreadedEventLoopGroup.singleton, tls: tls, receiver: receiver,
                refusals: refusals, answerTimes: answerTimes, connections: connections)
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
            for channel in open { channel.pipeline.fireUserInboundEventTriggered(ConnectionHandler.Cut()) }
        }
        try? EventLoopFuture.andAllComplete(open.map(\.closeFuture), on: server.eventLoop).wait()
        cut.cancel()
        refusals.finish()
    }

    /// Calls back on the event loop that accepts connections, once it has a turn.
    public func takeTurn(_ done: @escaping @Sendable () -> Void) {
        server.eventLoop.execute(done)
    }

    private static func furnish(
        _ channel: any Channel, admitted: Connections.Admission, _ settings: ConnectionSettings
    ) throws {
        guard admitted != .closed else { throw ChannelError.ioOnClosedChannel }
        let proxies = settings.trust?.header == .proxyProtocol ? settings.trust : nil
        guard admitted == .welcome, proxies != nil || settings.tls != nil else {
            let connection = ConnectionHandler(settings, isCrowded: admitted == .crowded)
            return try channel.pipeline.syncOperations.addHandler(connection)
        }
        let opening = Opening(proxies, settings.tls)
        try channel.pipeline.syncOperations.addHandlers(
            opening, ConnectionHandler(settings, isCrowded: false, after: opening))
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

// MARK: - Receiver

/// The receiver of a listener's requests.
public protocol DeliveryReceiver: Sendable {
    /// Receives a whole request; called on an event loop, so it must not block.
    ///
    /// - Parameter answer: To be called once, from any thread, when the delivery is recorded or cannot be. The
    ///   connection waits for it; a second call is ignored. With it goes the number under which the delivery is
    ///   recorded, nil where it is not.
    func receive(
        _ delivery: Delivery, as kind: RequestKind, answer: @escaping @Sendable (Answer, _ record: Int64?) -> Void)

    /// Notes how long an answer took, once it is passed to the socket: from the last byte of its request. Called on an
    /// event loop, so it must not block.
    ///
    /// - Parameter record: The number that was passed with the answer.
    func answered(_ record: Int64, in time: Duration)

    /// Answers `GET /healthz`: whether a delivery can be recorded now. Called on an event loop, so it must not block.
    ///
    /// - Parameters:
    ///   - address: The client's address.
    ///   - answer: To be called once, from any thread.
    func checkHealth(from address: String, answer: @escaping @Sendable (Answer) -> Void)
}

/// The kind of a request, by its method and its target.
public enum RequestKind: Sendable, Hashable {
    /// POST on the path that is listened on.
    case notification
    /// Another method on that path.
    case wrongMethod
    /// Another path.
    case wrongPath
}

// MARK: - Configuration

/// The configuration of a listener: its address and path, limits and time limits.
public struct ListenerConfiguration: Sendable {
    /// The address to bind; port 0 takes a free one.
    public var address: ListenAddress
    /// The paths below which a POST is a notification; `/` takes every path.
    public var paths: [String]
    /// The files of the certificate; nil for plain HTTP.
    public var tls: TLSFiles?
    /// The proxies whose word about their client counts; nil for none.
    public var proxies: ProxyTrust?
    /// The resources that a request, and all of them together, may use.
    public var limits: ListenerLimits
    /// The times that a peer may take.
    public var times: ListenerTimes
    /// The clock that gives the arrival time of a delivery.
    public var clock: @Sendable () -> Timestamp

    public init(
        address: ListenAddress, paths: [String] = ["/"], limits: ListenerLimits = ListenerLimits(),
        times: ListenerTimes = ListenerTimes(), clock: @escaping @Sendable () -> Timestamp
    ) {
        self.address = address
        self.paths = paths
        self.limits = limits
        self.times = times
        self.clock = clock
    }
}

/// The resources that one request, and all connections together, may use.
public struct ListenerLimits: Sendable, Hashable {
    /// The bytes of a body; a longer one is refused with 413.
    public var body = 1 << 20
    /// The bytes of all header names and values and of the target together; more is refused with 431.
    public var headers = 64 << 10
    /// The bytes of one header name or value, or of the target; more is refused with 431.
    public var headerField = 32 << 10
    /// The header fields of a request; more are refused with 431.
    public var headerFields = 200
    /// The connections that are open at the same time. For a further one the address with the most gives one up; if it is
    /// of that address itself, or none has more than others, it is answered 503 and closed.
    public var connections = 1_024
    /// The requests that have begun and are not answered; a further one is answered 503. A connection has one at a time.
    public var requests = 1_024
    /// The bytes of the bodies that are being received, without the first 128 KiB of each, which B2's never exceed; a
    /// request that needs more is answered 503.
    public var bodies = 64 << 20

    /// The bytes of each body that do not count against `bodies`.
    static let freeBody = 128 << 10

    public init() {}
}

/// The times that a peer may take before its connection is closed.
public struct ListenerTimes: Sendable, Hashable {
    /// The time from the first byte of a request to the end of its head, and from connecting to the first byte.
    public var head = Duration.seconds(10)
    /// The time from the first byte of a request to its last.
    public var request = Duration.seconds(30)
    /// The time from an answer to the first byte of the next request.
    public var idle = Duration.seconds(60)
    /// The time from the last answer to the peer's own close, while its remaining bytes are discarded.
    public var linger = Duration.seconds(2)
    /// From one look at the files of the certificate to the next, which a new connection takes.
    public var certificate = Duration.seconds(1)

    public init() {}
}

// MARK: - Errors

/// The reason why the listener could not start.
public enum ListenerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Another program listens there.
    case inUse(ListenAddress)
    /// This user may not take the port.
    case notPermitted(ListenAddress)
    /// No network interface of this machine has the address.
    case notOfThisMachine(ListenAddress)
    /// The host name has no address.
    case unresolved(ListenAddress)
    /// Anything else, in the system's words.
    case failed(ListenAddress, String)
    /// The certificate or its key cannot be used.
    case certificate(CertificateProblem)

    init(_ error: any Error, at address: ListenAddress) {
        guard let error = error as? IOError else {
            self = .failed(address, String(describing: error))
            return
        }
        self =
            switch error.errnoCode {
            case EADDRINUSE: .inUse(address)
            case EACCES, EPERM: .notPermitted(address)
            case EADDRNOTAVAIL: .notOfThisMachine(address)
            case let code: .failed(address, String(cString: strerror(code)))
            }
    }

    /// A sentence: what failed, where, and what to try.
    public var description: String {
        switch self {
        case .inUse(let address):
            "another program listens on \(address): stop it, or choose another address with --listen HOST:PORT"
                + " (port 0 takes a free one)"
        case .notPermitted(let address):
            "not allowed to listen on \(address)"
                + (address.port < 1_024
                    ? ": ports below 1024 are the administrator's; choose a higher one, such as \(higher(address))"
                    : ": choose another address with --listen HOST:PORT")
        case .notOfThisMachine(let address):
            "\(address.host) is not an address of this machine: listen on 127.0.0.1 or 0.0.0.0, or on one that it has"
        case .unresolved(let address):
            "the name \u{201C}\(address.host)\u{201D} has no address: write an IP address, such as 127.0.0.1"
        case .failed(let address, let problem):
            "cannot listen on \(address): \(problem)"
        case .certificate(let problem): problem.description
        }
    }

    private func higher(_ address: ListenAddress) -> ListenAddress {
        ListenAddress(host: address.host, port: 8_080)
    }
}
