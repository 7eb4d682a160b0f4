extension NotificationSender {
    /// What came of a notification, by its number, counting from 0.
    public typealias Outcome = (number: Int, result: Result<SentAnswer, SendError>)

    /// Sends many notifications.
    ///
    /// With a rate each has its own due time, and up to `maxInFlight` wait for their answers, so that a slow answer
    /// does not slow the rest. Without one, each is sent when the one before is answered. Ends early, without the
    /// outcomes that are still missing, when its task is cancelled.
    ///
    /// - Parameters:
    ///   - rate: Notifications a second, above 0; so low a rate that one would be due after decades waits that long.
    ///   - clock: Paces the notifications.
    ///   - make: Makes the notification of a number; called in order, when it is sent.
    ///   - onOutcome: Called for each as its answer comes.
    public func send<C: Clock>(
        count: Int, rate: Double?, to url: WebhookURL, maxInFlight: Int = 16, clock: C = ContinuousClock(),
        isolation: isolated (any Actor)? = #isolation,
        make: (Int) -> SignedSample, onOutcome: (Outcome) -> Void
    ) async where C.Duration == Duration {
        let start = clock.now
        await withTaskGroup(of: SendingEvent.self) { group in
            func wait(for number: Int) {
                let due = rate.map { start.advanced(by: Self.delay(of: number, rate: $0)) } ?? start
                group.addTask {
                    if clock.now < due { try? await clock.sleep(until: due, tolerance: nil) }
                    return .due(number)
                }
            }
            func send(_ number: Int) {
                let sample = make(number)
                group.addTask {
                    do throws(SendError) {
                        return .outcome((number, .success(try await self.send(sample, to: url))))
                    } catch {
                        return .outcome((number, .failure(error)))
                    }
                }
            }

            var queue = SendingQueue(count: count, maxInFlight: rate == nil ? 1 : maxInFlight)
            if let first = queue.start() { wait(for: first) }
            for await event in group {
                if case .outcome(let outcome) = event, outcome.result != .failure(.cancelled) { onOutcome(outcome) }
                guard !Task.isCancelled else { continue }
                let action = queue.handle(event)
                if let number = action.send { send(number) }
                if let number = action.wait { wait(for: number) }
            }
        }
    }

    /// How long after the first the one of this number is due; never more than a clock can tell.
    private static func delay(of number: Int, rate: Double) -> Duration {
        guard number > 0 else { return .zero }
        let seconds = Double(number) / rate
        let longest = 1e9
        return .seconds(seconds >= 0 && seconds < longest ? seconds : longest)
    }
}

/// What happens while many are sent.
enum SendingEvent: Sendable {
    /// The time of this number has come.
    case due(Int)
    case outcome(NotificationSender.Outcome)
}

/// Decides what to do next while many are sent. A pure value.
struct SendingQueue {
    /// What is to be done now: the number to send, and the number whose time is to be waited for.
    typealias Action = (send: Int?, wait: Int?)

    private let count: Int
    private let maxInFlight: Int
    private var inFlight = 0
    /// Due, but too many are in flight.
    private var late: Int?

    init(count: Int, maxInFlight: Int) {
        self.count = count
        self.maxInFlight = max(1, maxInFlight)
    }

    /// The first number to wait for.
    func start() -> Int? { count > 0 ? 0 : nil }

    mutating func handle(_ event: SendingEvent) -> Action {
        switch event {
        case .due(let number):
            guard inFlight < maxInFlight else {
                late = number
                return (nil, nil)
            }
            return send(number)
        case .outcome:
            inFlight -= 1
            guard let number = late else { return (nil, nil) }
            late = nil
            return send(number)
        }
    }

    private mutating func send(_ number: Int) -> Action {
        inFlight += 1
        return (number, number + 1 < count ? number + 1 : nil)
    }
}
