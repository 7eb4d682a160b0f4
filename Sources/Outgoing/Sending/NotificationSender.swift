internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import Notifications
internal import Synchronization

/// Sends notifications as B2 does. Follows no redirect, and keeps little of an answer.
///
/// Its HTTP client is made with the first notification; whoever sent one calls `shutdown()` at the end.
public final class NotificationSender: Sendable {
    private static let maxAnswer = OutgoingAnswer.longest

    private enum State {
        case unused
        case open(HTTPClient)
        case shutDown
    }

    private let state = Mutex(State.unused)
    private let timeout: Duration

    /// - Parameter timeout: How long one notification may take, from connecting to the end of the answer.
    public init(timeout: Duration = .seconds(10)) {
        self.timeout = timeout
    }

    /// Sends one notification and waits for its answer, whatever its status.
    ///
    /// - Throws: `SendError` where no answer came.
    public func send(_ sample: SignedSample, to url: WebhookURL) async throws(SendError) -> SentAnswer {
        let (task, collector) = try begin(sample, to: url)
        do {
            let answer = try await withTaskCancellationHandler {
                try await task.futureResult.get()
            } onCancel: {
                task.cancel()
            }
            return SentAnswer(answer)
        } catch {
            guard let answer = collector.answer(despite: error) else { throw SendError(error, to: url) }
            return SentAnswer(answer)
        }
    }

    /// Like `send`, on a thread that may wait. It wakes none of the threads that tasks run on.
    ///
    /// - Throws: `SendError` where no answer came.
    public func sendAndWait(_ sample: SignedSample, to url: WebhookURL) throws(SendError) -> SentAnswer {
        let (task, collector) = try begin(sample, to: url)
        do {
            return SentAnswer(try task.futureResult.wait())
        } catch {
            guard let answer = collector.answer(despite: error) else { throw SendError(error, to: url) }
            return SentAnswer(answer)
        }
    }

    private func begin(
        _ sample: SignedSample, to url: WebhookURL
    ) throws(SendError) -> (HTTPClient.Task<OutgoingAnswer>, AnswerCollector) {
        var headers: HTTPHeaders = [
            "User-Agent": "B2/EventNotifications",
            "Content-Type": "application/json; charset=UTF-8",
        ]
        if let signature = sample.signature { headers.add(name: SignatureHeader.name, value: signature) }
        let request: HTTPClient.Request
        do {
            request = try HTTPClient.Request(
                url: url.description, method: .POST, headers: headers, body: .bytes(sample.body))
        } catch {
            throw SendError(error, to: url)
        }
        let collector = AnswerCollector(limit: Self.maxAnswer)
        let task = try client().execute(request: request, delegate: collector, deadline: .now() + TimeAmount(timeout))
        return (task, collector)
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
                let client = HTTPClient(configuration: .outgoing(connecting: TimeAmount(timeout)))
                state = .open(client)
                return client
            }
        }
    }
}
