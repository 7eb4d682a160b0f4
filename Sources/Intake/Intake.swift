public import History
public import Listener
public import Notifications
import Synchronization

/// The path of every delivery: verify it, decide the answer, record it, and only then answer.
public final class Intake: DeliveryReceiver {
    public let keys: KeyringHolder
    private let history: History
    private let notifications = Atomic<Int>(0)

    public init(_ history: History, keys: KeyringHolder) {
        self.history = history
        self.keys = keys
    }

    /// Notifications received since the start, whatever became of them.
    public var received: Int { notifications.load(ordering: .relaxed) }

    /// Verifies and records a request. The answer is given once it is recorded, so that none is acknowledged and lost.
    public func receive(
        _ delivery: Delivery, as kind: RequestKind, answer: @escaping @Sendable (Answer, Int64?) -> Void
    ) {
        let judged =
            switch kind {
            case .notification: judge(delivery)
            case .wrongMethod: unjudged(delivery, .methodNotAllowed)
            case .wrongPath: unjudged(delivery, .notFound)
            }
        if kind == .notification { notifications.add(1, ordering: .relaxed) }
        guard history.hasRoom(for: judged) else {
            // What is not recorded is never acknowledged.
            return answer(judged.answer.status == 200 ? .tooMany : judged.answer, nil)
        }
        let isQueued = history.record(judged) { id in answer(id == nil ? .notRecorded : judged.answer, id) }
        if !isQueued { answer(.overloaded, nil) }
    }

    /// Takes note of how long the answer to a recorded delivery took.
    public func answered(_ record: Int64, in time: Duration) {
        history.answered(record, in: time)
    }

    /// Finds out whether a delivery can be recorded now.
    public func checkRecord(_ answer: @escaping @Sendable (Bool) -> Void) {
        history.probe(answer)
    }

    private func judge(_ delivery: Delivery) -> JudgedDelivery {
        let keys = keys.current
        let payload = Payload(scanning: delivery.body)
        let judgement = keys.verifier.judge(delivery, events: payload.events)
        return JudgedDelivery(
            delivery: delivery, judgement: judgement,
            answer: Answer(to: judgement.verdict, isJSON: payload.isJSON), events: payload.events,
            eventCount: payload.eventCount, generation: keys.generation)
    }

    private func unjudged(_ delivery: Delivery, _ answer: Answer) -> JudgedDelivery {
        JudgedDelivery(
            delivery: delivery, judgement: Judgement(.unjudged), answer: answer, events: [], generation: nil)
    }
}
