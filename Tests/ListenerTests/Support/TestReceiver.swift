import Listener
import Notifications
import Synchronization
import TestSupport
import Workers

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
    private let all = Monitor<[Received]>([])
    private let elsewhere = Worker("elsewhere")
    private let taken = Mutex(0)
    private let times = Mutex<[Int64: Duration]>([:])

    init(_ manner: Manner = .elsewhere(.accepted), canRecord: Bool = true) {
        self.manner = manner
        self.canRecord = canRecord
    }

    var received: [Received] { all.withLock { $0 } }

    /// The next request; for one reader.
    func next() -> Received? {
        let number = taken.withLock { taken in
            defer { taken += 1 }
            return taken
        }
        return all.expect("a request") { $0.count > number ? $0[number] : nil }
    }

    func receive(_ delivery: Delivery, as kind: RequestKind, answer: @escaping @Sendable (Answer, Int64?) -> Void) {
        let received = all.change { all in
            let record = Int64(all.count + 1)
            let received = Received(delivery: delivery, kind: kind) { answer($0, record) }
            all.append(received)
            return received
        }
        let answer = received.answer
        switch manner {
        case .atOnce(let text): answer(text)
        case .elsewhere(let text): elsewhere.async { answer(text) }
        case .held: break
        }
    }

    func checkRecord(_ answer: @escaping @Sendable (Bool) -> Void) {
        let canRecord = canRecord
        elsewhere.async { answer(canRecord) }
    }
}
