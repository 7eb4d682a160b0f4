public import History
public import Notifications
import Synchronization

/// The path of every delivery: verify it, decide the answer, record it, and only then answer.
public final class Intake: DeliveryReceiver {
    public let keys: KeyringHolder
    /// The rules that do not sign.
    public let unsigned: UnsignedRules
    /// The addresses from which requests are taken; nil for all.
    private let callers: CallerList?
    private let history: History
    private let notifications = Atomic<Int>(0)
    private let rates: Mutex<AddressRates>

    /// The bytes that are kept of a body that is neither valid nor looks like B2's.
    static let keptOfOthers = 64 << 10

    public convenience init(
        _ history: History, keys: KeyringHolder, unsigned: UnsignedRules = UnsignedRules(), callers: CallerList? = nil
    ) {
        self.init(history, keys: keys, unsigned: unsigned, callers: callers, rates: AddressRates())
    }

    init(
        _ history: History, keys: KeyringHolder, unsigned: UnsignedRules = UnsignedRules(),
        callers: CallerList? = nil, rates: AddressRates
    ) {
        self.history = history
        self.callers = callers
        self.keys = keys
        self.unsigned = unsigned
        self.rates = Mutex(rates)
    }

    /// Notifications received since the start, whatever became of them.
    public var received: Int { notifications.load(ordering: .relaxed) }

    /// Verifies and records a request. The answer is given once it is recorded, so that none is acknowledged and lost.
    ///
    /// A request that is not valid is not recorded if there are too many of them, and then never answered 200. One for
    /// another path, or from an address that is not allowed, never is.
    public func receive(
        _ delivery: Delivery, as kind: RequestKind, answer: @escaping @Sendable (Answer, Int64?) -> Void
    ) {
        let judged =
            switch kind {
            case .notification: verify(delivery)
            case .wrongMethod: unjudged(delivery, .methodNotAllowed)
            case .wrongPath: JudgedDelivery?.none
            }
        if let callers, !callers.allows(delivery.remoteAddress), !isOurOwn(judged) {
            if let judged { callers.noteRefusal(of: delivery, judged.judgement) }
            return answer(.forbidden, nil)
        }
        guard let judged else { return answer(.notFound, nil) }
        if kind == .notification { notifications.add(1, ordering: .relaxed) }
        guard isWithinRate(judged) else { return answer(.tooMany, nil) }
        switch history.room(for: judged) {
        case .some: break
        case .full: return answer(judged.answer.status == 200 ? .tooMany : judged.answer, nil)
        case .low: return answer(judged.answer.status == 200 ? .notRecorded : judged.answer, nil)
        }
        let isQueued = history.record(judged) { id in answer(id == nil ? .notRecorded : judged.answer, id) }
        if !isQueued { answer(.overloaded, nil) }
    }

    /// Records the answer time of a delivery.
    public func answered(_ record: Int64, in time: Duration) {
        history.answered(record, in: time)
    }

    /// Finds out whether a delivery can be recorded now.
    public func checkRecord(_ answer: @escaping @Sendable (Bool) -> Void) {
        history.probe(answer)
    }

    /// Returns whether a request is a test event of this process, which may come over the public address: nobody else has
    /// its secret.
    private func isOurOwn(_ judged: JudgedDelivery?) -> Bool {
        judged?.judgement.verdict == .valid && judged?.judgement.secret == keys.selfTest.identity
    }

    /// Returns whether a request may be recorded: one that is valid always may, and one that a secret may still verify.
    private func isWithinRate(_ judged: JudgedDelivery) -> Bool {
        switch judged.judgement.verdict {
        case .valid, .unsigned: return true
        case .unverified where judged.eventCount > 0: return true
        default: return rates.withLock { $0.allows(judged.delivery.remoteAddress, at: .now) }
        }
    }

    private func verify(_ delivery: Delivery) -> JudgedDelivery {
        let keys = keys.current
        let payload = Payload(scanning: delivery.body)
        let judgement = unsigned.refine(
            keys.verifier.verify(delivery, events: payload.events), of: delivery, events: payload.events)
        var delivery = delivery
        if judgement.verdict != .valid, payload.eventCount == 0, delivery.body.count > Self.keptOfOthers {
            delivery.body = Array(delivery.body.prefix(Self.keptOfOthers))
        }
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
