public import History
public import Notifications
import Synchronization
import Base

/// The path of every delivery: verify it, decide the answer, record it, and only then answer.
public final class Intake: DeliveryReceiver {
    public let keys: KeyringHolder
    /// The rules that do not sign.
    public let unsigned: UnsignedRules
    /// The addresses from which requests are taken; nil for all.
    private let callers: CallerList?
    /// The addresses that may ask for the health; nil for all.
    private let healthCallers: AddressList?
    private let history: History
    /// The record of deliveries: the history, or the one that it is a copy of.
    private let recorder: any DeliveryRecorder
    private let notifications = Atomic<Int>(0)
    private let rates: Rates
    /// Writes the counts of floods, and exists only while there are some.
    private let floods = Worker("floods")
    private let isStopped = Monitor(false)
    /// The time from one count of a flood to the next.
    private static let floodTime = Duration.seconds(1)

    /// The rates of addresses, which completions share.
    private final class Rates: Sendable {
        let value: Mutex<AddressRates>

        init(_ rates: AddressRates) { value = Mutex(rates) }
    }

    /// The bytes that are kept of a body that is neither valid nor looks like B2's.
    static let keptOfOthers = 64 << 10

    /// - Parameters:
    ///   - recorder: The record of deliveries; nil for the history itself.
    ///   - callers: The addresses from which requests are taken; nil for all.
    ///   - healthCallers: The addresses that may ask for the health; nil for all.
    ///   - burst: The requests that are not valid which one address may add to the record at once.
    ///   - perSecond: Those that it may add in each second after that.
    public convenience init(
        _ history: History, in recorder: (any DeliveryRecorder)? = nil, keys: KeyringHolder,
        unsigned: UnsignedRules = UnsignedRules(), callers: CallerList? = nil, healthCallers: AddressList? = nil,
        burst: Int = 10_000, perSecond: Int = 100
    ) {
        let rate = AddressRates.Rate(burst: Double(burst), perSecond: Double(perSecond))
        self.init(
            history, in: recorder, keys: keys, unsigned: unsigned, callers: callers, healthCallers: healthCallers,
            rates: AddressRates(rate))
    }

    init(
        _ history: History, in recorder: (any DeliveryRecorder)? = nil, keys: KeyringHolder,
        unsigned: UnsignedRules = UnsignedRules(), callers: CallerList? = nil, healthCallers: AddressList? = nil,
        rates: AddressRates
    ) {
        self.history = history
        self.recorder = recorder ?? history
        self.callers = callers
        self.healthCallers = healthCallers
        self.keys = keys
        self.unsigned = unsigned
        self.rates = Rates(rates)
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
        let made =
            switch kind {
            case .notification: verify(delivery)
            case .wrongMethod: unjudged(delivery, .methodNotAllowed)
            case .wrongPath: JudgedDelivery?.none
            }
        if let callers, !callers.allows(delivery.remoteAddress), !isOurOwn(made) {
            if let made { callers.noteRefusal(of: delivery, made.judgement) }
            return answer(.forbidden, nil)
        }
        guard var judged = made else { return answer(.notFound, nil) }
        if kind == .notification { notifications.add(1, ordering: .relaxed) }
        var flood: AddressRates.Network?
        switch fate(of: judged) {
        case .recorded: break
        case .first(let network):
            flood = network
            judged.answer = .tooMany
        case .counted: return answer(.tooMany, nil)
        }
        switch recorder.room(for: judged) {
        case .some: break
        case .full: return answer(judged.answer.status == 200 ? .tooMany : judged.answer, nil)
        case .low: return answer(judged.answer.status == 200 ? .notRecorded : judged.answer, nil)
        }
        let isQueued = recorder.record(judged) { [rates, flood, given = judged.answer] id in
            if let flood, let id { rates.value.withLock { $0.began(flood, as: id) } }
            answer(id == nil ? .notRecorded : given, id)
        }
        if !isQueued { answer(.overloaded, nil) }
    }

    /// Records the answer time of a delivery.
    public func answered(_ record: Int64, in time: Duration) {
        history.answered(record, in: time)
    }

    public func checkHealth(from address: String, answer: @escaping @Sendable (Answer) -> Void) {
        if let healthCallers, !healthCallers.contains(address) { return answer(.forbidden) }
        // Anybody may ask, so not every question leads to a write.
        recorder.probe(limitedAt: .now) { answer($0 ? .accepted : .notRecorded) }
    }

    /// Finds out by a write whether a delivery can be recorded now.
    public func checkRecord(_ answer: @escaping @Sendable (Bool) -> Void) {
        recorder.probe(answer)
    }

    /// Returns whether a request is a test event of this process, which may arrive over the public address: nobody else has
    /// its secret.
    private func isOurOwn(_ judged: JudgedDelivery?) -> Bool {
        judged?.judgement.verdict == .valid && judged?.judgement.secret == keys.selfTest.identity
    }

    /// Writes what is still to be written of floods; to be called before the history closes. Blocks.
    public func stop() {
        isStopped.change { $0 = true }
        floods.wait()
        let (counts, more) = rates.value.withLock { $0.news() }
        history.count(counts, more: more)
    }

    /// Returns whether a request is recorded: one that is valid always is, and one that a secret may still verify.
    private func fate(of judged: JudgedDelivery) -> AddressRates.Fate {
        switch judged.judgement.verdict {
        case .valid, .unsigned: return .recorded
        case .unverified where judged.eventCount > 0: return .recorded
        default: break
        }
        let (fate, isNews) = rates.value.withLock { rates -> (AddressRates.Fate, Bool) in
            let had = rates.hasNews
            let fate = rates.register(judged.delivery.remoteAddress, at: .now)
            return (fate, !had && rates.hasNews)
        }
        if isNews { floods.async { [weak self] in self?.countFloods() } }
        return fate
    }

    /// Writes the counts of floods once a second, until there are no new ones.
    private func countFloods() {
        repeat {
            guard isStopped.wait(until: .now + Self.floodTime, for: { $0 ? true : nil }) == nil else { return }
            let (counts, more) = rates.value.withLock { $0.news() }
            history.count(counts, more: more)
        } while rates.value.withLock(\.hasNews)
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
