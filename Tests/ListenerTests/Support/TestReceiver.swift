import Dispatch
import Listener
import Notifications
import Synchronization

/// Keeps what it is given, and answers at once or when the test says so.
final class TestReceiver: DeliveryReceiver {
    struct Received: Sendable {
        let delivery: Delivery
        let kind: RequestKind
        let answer: @Sendable (Answer) -> Void
    }

    /// How long the answer to each took, by its place among those received, from 1.
    var answered: [Int64: Duration] { times.withLock { $0 } }

    func answered(_ record: Int64, in time: Duration) {
        times.withLock { $0[record] = time }
    }

    enum Manner {
        /// On the event loop, before `receive` returns.
        case atOnce(Answer)
        /// From another thread.
        case elsewhere(Answer)
        /// The test calls `answer` itself.
        case held
    }

    private let manner: Manner
    private let canRecord: Bool
    private let all = Mutex<[Received]>([])
    private let times = Mutex<[Int64: Duration]>([:])
    private let stream: AsyncStream<Received>
    private let continuation: AsyncStream<Received>.Continuation

    init(_ manner: Manner = .elsewhere(.accepted), canRecord: Bool = true) {
        self.manner = manner
        self.canRecord = canRecord
        (stream, continuation) = AsyncStream.makeStream()
    }

    var received: [Received] { all.withLock { $0 } }

    /// The next request; for one reader.
    func next() async -> Received? {
        var iterator = stream.makeAsyncIterator()
        return await iterator.next()
    }

    func receive(_ delivery: Delivery, as kind: RequestKind, answer: @escaping @Sendable (Answer, Int64?) -> Void) {
        let received = all.withLock { all in
            let record = Int64(all.count + 1)
            let received = Received(delivery: delivery, kind: kind) { answer($0, record) }
            all.append(received)
            return received
        }
        let answer = received.answer
        continuation.yield(received)
        switch manner {
        case .atOnce(let text): answer(text)
        case .elsewhere(let text): DispatchQueue.global().async { answer(text) }
        case .held: break
        }
    }

    func checkRecord(_ answer: @escaping @Sendable (Bool) -> Void) {
        let canRecord = canRecord
        DispatchQueue.global().async { answer(canRecord) }
    }
}
