internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// Sends requests over HTTP/1.1 by its policy. Follows no redirect, so that no field of a request ever goes to another
/// origin than its URL's; a proxy sees of it no more than the host and the port.
///
/// Each request has a connection of its own: that a server closes an idle one can then not be taken for a lost answer.
/// The connections are made as they are needed, and closed by `shutdown()`, which whoever made the client calls.
public final class OutgoingClient: HTTPSending {
    /// How long a connection may take to come about, where the request's own limit is longer.
    private static let connecting = TimeAmount.seconds(10)

    private struct State {
        var clients: [OutgoingPolicy.Route: HTTPClient] = [:]
        var isShutDown = false
    }

    private let policy: OutgoingPolicy
    private let state = Mutex(State())

    public init(_ policy: OutgoingPolicy = OutgoingPolicy()) {
        self.policy = policy
    }

    deinit {
        shutdown()
    }

    public func send(
        _ request: OutgoingRequest, within limit: Duration
    ) throws(OutgoingFailure) -> OutgoingAnswer {
        let route = try policy.route(of: request)
        let made = try Self.made(request)
        let client = try client(for: route)
        let collector = AnswerCollector(limit: OutgoingAnswer.longest)
        let task = client.execute(
            request: made, delegate: collector,
            // On one loop, what ends the exchange and what was sent are told in their order.
            eventLoop: .delegateAndChannel(on: client.eventLoopGroup.any()), deadline: .now() + TimeAmount(limit))
        do {
            return try task.futureResult.wait()
        } catch {
            if let answer = collector.answer(despite: error) { return answer }
            throw Self.failure(error, of: request.url, by: route, hasSent: collector.hasSent)
        }
    }

    /// Closes the connections. What is being sent fails, as `lost` where it may have been received. Blocks; more than
    /// one call does no harm.
    public func shutdown() {
        let clients = state.withLock { state in
            defer { state.clients = [:] }
            state.isShutDown = true
            return Array(state.clients.values)
        }
        for client in clients { try? client.syncShutdown() }
    }

    private static func made(_ request: OutgoingRequest) throws(OutgoingFailure) -> HTTPClient.Request {
        let problem = OutgoingFailure.forbidden(
            "the URL at \(request.url.authority) cannot be sent to: look at it again")
        var headers = request.headers.map { ($0.name, $0.value) }
        // It goes first (RFC 9112, 3.2).
        if !headers.contains(where: { $0.0.lowercased() == "host" }) {
            headers.insert(("Host", request.url.hostField), at: 0)
        }
        guard
            let made = try? HTTPClient.Request(
                url: request.url.description, method: HTTPMethod(rawValue: request.method),
                headers: HTTPHeaders(headers),
                body: request.body.isEmpty ? nil : .bytes(request.body))
        else { throw problem }
        // What was looked at is where it goes: two readers of a URL may disagree.
        let host = made.host.drop { $0 == "[" }.prefix { $0 != "]" }
        guard host.lowercased() == request.url.host.lowercased(), made.port == request.url.port,
            made.useTLS == request.url.isSecure
        else { throw problem }
        return made
    }

    private func client(for route: OutgoingPolicy.Route) throws(OutgoingFailure) -> HTTPClient {
        try state.withLock { state throws(OutgoingFailure) in
            guard !state.isShutDown else { throw .cancelled }
            if let client = state.clients[route] { return client }
            let client = HTTPClient(configuration: configuration(for: route))
            state.clients[route] = client
            return client
        }
    }

    private func configuration(for route: OutgoingPolicy.Route) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration.outgoing(connecting: Self.connecting)
        configuration.maximumUsesPerConnection = 1
        switch route {
        case .proxy(let proxy): configuration.proxy = HTTPClient.Configuration.Proxy(proxy)
        case .direct(let onlyLoopback):
            // Names are known for where they lead only when there is a connection; nothing was sent on it yet.
            configuration.http1_1ConnectionDebugInitializer = { [policy] channel in
                guard let refusal = policy.refusal(of: channel.remoteAddress, onlyLoopback: onlyLoopback) else {
                    return channel.eventLoop.makeSucceededVoidFuture()
                }
                // Behind the failure, which the pool must hear of first.
                channel.eventLoop.execute { channel.close(promise: nil) }
                return channel.eventLoop.makeFailedFuture(refusal)
            }
        }
        return configuration
    }

    private static func failure(
        _ error: any Error, of url: WebhookURL, by route: OutgoingPolicy.Route, hasSent: Bool
    ) -> OutgoingFailure {
        if let refusal = error as? PeerRefusal { return refusal.failure(for: url) }
        let problem = SendError(error, to: url)
        if problem == .cancelled {
            return hasSent ? .lost("b2watch ended before \(url.authority) answered") : .cancelled
        }
        guard !hasSent else { return .lost("\(problem)") }
        guard case .proxy(let proxy) = route else { return .notSent("\(problem)") }
        return .notSent(proxy.sentence(error) ?? "\(problem), by the proxy \(proxy.authority)")
    }
}

/// Why a connection is not used.
private enum PeerRefusal: Error {
    case itself
    case notLoopback

    func failure(for url: WebhookURL) -> OutgoingFailure {
        switch self {
        case .itself: OutgoingPolicy.refusesItself(url)
        case .notLoopback:
            .forbidden(
                "plain http to \(url.authority) is not allowed: the name does not stand for this machine; write"
                    + " 127.0.0.1, or https://")
        }
    }
}

extension OutgoingPolicy {
    /// Looks at the other end of a connection.
    fileprivate func refusal(of peer: SocketAddress?, onlyLoopback: Bool) -> PeerRefusal? {
        let address = peer?.ipAddress.flatMap { IPAddress($0) }
        if onlyLoopback, address?.isLoopback != true { return .notLoopback }
        guard let address, let port = peer?.port, isOwn(address, port: port) else { return nil }
        return .itself
    }
}

extension HTTPClient.Configuration.Proxy {
    fileprivate init(_ proxy: ProxyServer) {
        switch proxy.kind {
        case .http:
            self = .server(
                host: proxy.host, port: proxy.port,
                authorization: proxy.credentials.map { .basic(username: $0.user, password: $0.password) })
        case .socks: self = .socksServer(host: proxy.host, port: proxy.port)
        }
    }
}

extension ProxyServer {
    /// What is wrong with the proxy itself; nil where it is something else.
    fileprivate func sentence(_ error: any Error) -> String? {
        if error is NIOConnectionError {
            return (try? WebhookURL("http://\(authority)/")).map { "\(SendError(error, to: $0)), which is the proxy" }
        }
        switch error as? HTTPClientError {
        case .proxyAuthenticationRequired:
            return "the proxy \(authority) wants another user and password: write http://user:password@host:port"
        case .invalidProxyResponse: return "the proxy \(authority) does not let the request through"
        case .httpProxyHandshakeTimeout, .socksHandshakeTimeout:
            return "no answer from the proxy \(authority) in time"
        default: return nil
        }
    }
}
