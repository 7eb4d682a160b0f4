internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// Sends notifications as B2 does. Follows no redirect, and keeps little of an answer.
///
/// Its HTTP client is made with the first notification; whoever sent one calls `shutdown()` at the end.
public final class NotificationSender: Sendable {
    private static let maxAnswer = 64 << 10

    private enum State {
        case unused
        case open(HTTPClient)
        case shutDown
    }

    private let state = Mutex(State.unused)
    private let timeout: TimeAmount

    /// - Parameter timeout: How long one notification may take, from connecting to the end of the answer.
    public init(timeout: Duration = .seconds(10)) {
        self.timeout = TimeAmount(timeout)
    }

    /// Sends one notification and waits for its answer, whatever its status.
    ///
    /// - Throws: `SendError` where no answer came.
    public func send(_ sample: SignedSample, to url: WebhookURL) async throws(SendError) -> SentAnswer {
        var request = HTTPClientRequest(url: url.description)
        request.method = .POST
        request.headers = [
            "User-Agent": "B2/EventNotifications",
            "Content-Type": "application/json; charset=UTF-8",
        ]
        if let signature = sample.signature {
            request.headers.add(name: SampleSignature.headerName, value: signature)
        }
        request.body = .bytes(sample.body)

        let client = try client()
        let start = ContinuousClock.now
        do {
            let response = try await client.execute(request, deadline: .now() + timeout)
            var body: [UInt8] = []
            var isCut = false
            for try await bytes in response.body {
                let space = Self.maxAnswer - body.count
                body.append(contentsOf: bytes.readableBytesView.prefix(space))
                isCut = bytes.readableBytes > space
                if isCut { break }
            }
            return SentAnswer(
                status: Int(response.status.code), body: body, isCut: isCut, duration: start.duration(to: .now))
        } catch {
            throw SendError(error, to: url)
        }
    }

    /// Closes the connections; what is being sent ends with `SendError.cancelled`.
    public func shutdown() async {
        let client = state.withLock { state -> HTTPClient? in
            defer { state = .shutDown }
            guard case .open(let client) = state else { return nil }
            return client
        }
        try? await client?.shutdown()
    }

    private func client() throws(SendError) -> HTTPClient {
        try state.withLock { state throws(SendError) in
            switch state {
            case .open(let client): return client
            case .shutDown: throw .cancelled
            case .unused:
                let client = HTTPClient(configuration: Self.configuration(timeout))
                state = .open(client)
                return client
            }
        }
    }

    private static func configuration(_ timeout: TimeAmount) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: timeout),
            decompression: .disabled)
        configuration.httpVersion = .http1Only
        // A port where nothing listens is told at once, not tried until the time is up.
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }
}
