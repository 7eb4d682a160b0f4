internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// Collects an answer as it comes, up to a length.
final class AnswerCollector: HTTPClientResponseDelegate {
    /// Ends an exchange of which enough has come.
    private struct Enough: Error {}

    private let start = ContinuousClock.now
    private let limit: Int
    private let sent = Atomic<Bool>(false)
    private let answer = Mutex(OutgoingAnswer(status: 0))

    /// - Parameter limit: The bytes of the body that are kept; behind them the exchange ends.
    init(limit: Int) {
        self.limit = limit
    }

    /// Whether the start of the request went out. Exact where the connection lives on the task's event loop: whatever
    /// ends the exchange is told on that loop too.
    var hasSent: Bool { sent.load(ordering: .acquiring) }

    func didSendRequestHead(task: HTTPClient.Task<OutgoingAnswer>, _ head: HTTPRequestHead) {
        sent.store(true, ordering: .releasing)
    }

    func didReceiveHead(task: HTTPClient.Task<OutgoingAnswer>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        answer.withLock {
            $0.status = Int(head.status.code)
            $0.headers = head.headers.map { OutgoingField($0.name, $0.value) }
        }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<OutgoingAnswer>, _ part: ByteBuffer) -> EventLoopFuture<Void> {
        let isCut = answer.withLock { answer in
            let space = limit - answer.body.count
            answer.body.append(contentsOf: part.readableBytesView.prefix(space))
            answer.isCut = part.readableBytes > space
            return answer.isCut
        }
        return isCut ? task.eventLoop.makeFailedFuture(Enough()) : task.eventLoop.makeSucceededVoidFuture()
    }

    func didFinishRequest(task: HTTPClient.Task<OutgoingAnswer>) -> OutgoingAnswer {
        collected
    }

    /// The answer, if the exchange has ended because enough of it had come.
    func answer(despite error: any Error) -> OutgoingAnswer? {
        error is Enough ? collected : nil
    }

    private var collected: OutgoingAnswer {
        answer.withLock { answer in
            answer.duration = start.duration(to: .now)
            return answer
        }
    }
}
