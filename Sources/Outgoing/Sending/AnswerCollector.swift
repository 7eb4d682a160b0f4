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
    private let answer = Mutex(SentAnswer(status: 0, body: [], duration: .zero))

    /// - Parameter limit: The bytes of the body that are kept; behind them the exchange ends.
    init(limit: Int) {
        self.limit = limit
    }

    func didReceiveHead(task: HTTPClient.Task<SentAnswer>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        answer.withLock { $0.status = Int(head.status.code) }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<SentAnswer>, _ part: ByteBuffer) -> EventLoopFuture<Void> {
        let isCut = answer.withLock { answer in
            let space = limit - answer.body.count
            answer.body.append(contentsOf: part.readableBytesView.prefix(space))
            answer.isCut = part.readableBytes > space
            return answer.isCut
        }
        return isCut ? task.eventLoop.makeFailedFuture(Enough()) : task.eventLoop.makeSucceededVoidFuture()
    }

    func didFinishRequest(task: HTTPClient.Task<SentAnswer>) -> SentAnswer {
        collected
    }

    /// The answer, if the exchange has ended because enough of it had come.
    func answer(despite error: any Error) -> SentAnswer? {
        error is Enough ? collected : nil
    }

    private var collected: SentAnswer {
        answer.withLock { answer in
            answer.duration = start.duration(to: .now)
            return answer
        }
    }
}
