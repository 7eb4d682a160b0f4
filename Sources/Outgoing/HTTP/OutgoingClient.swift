internal import Workers

/// Sends requests over HTTP/1.1 by its policy. Follows no redirect, so that no field of a request ever goes to another
/// origin than its URL's; a proxy sees of it no more than the host and the port.
///
/// Each request has a connection of its own: that a server closes an idle one can then not be taken for a lost answer.
/// The owner calls `shutdown()` at the end.
public final class OutgoingClient: HTTPSending {
    /// How long it may take until a request can be sent, where the request's own limit is longer.
    private static let connecting = Duration.seconds(10)

    private let policy: OutgoingPolicy
    private let transfers = Transfers()

    public init(_ policy: OutgoingPolicy = OutgoingPolicy()) {
        self.policy = policy
    }

    deinit {
        transfers.shutdown()
    }

    public func send(
        _ request: OutgoingRequest, within limit: Duration
    ) throws(OutgoingFailure) -> OutgoingAnswer {
        let proxy: ProxyServer?
        let transfer: Transfer
        switch try policy.route(of: request) {
        case .proxy(let server):
            proxy = server
            transfer = Transfer(request, by: server, connectingWithin: Self.connecting, within: limit)
        case .direct(let onlyLoopback):
            proxy = nil
            transfer = Transfer(request, connectingWithin: Self.connecting, within: limit) { [policy] address, port in
                policy.refusal(of: address, port: port, for: request.url, onlyLoopback: onlyLoopback)
            }
        }
        switch transfers.result(of: transfer) {
        case .success(let answer): return answer
        case .failure(let failure): throw OutgoingFailure(failure, to: request.url, by: proxy)
        }
    }

    /// Ends what is being sent, as `lost` where it may have been received. Blocks until all has ended; more than one call
    /// does no harm.
    public func shutdown() {
        let hasEnded = Monitor(false)
        transfers.shutdown { hasEnded.change { $0 = true } }
        hasEnded.wait { $0 ? true : nil }
    }
}
