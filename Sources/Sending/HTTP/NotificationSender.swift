public import Notifications

/// Sends notifications as B2 does. Follows no redirect, and keeps little of an answer.
///
/// Connections are used again while notifications follow each other. The caller calls `shutdown()` at the end.
public final class NotificationSender: Sendable {
    private let transfers = Transfers()
    private let timeout: Duration
    private let rules: ConnectionRules
    private let proxies: ProxyRules

    /// - Parameters:
    ///   - timeout: How long one notification may take, from connecting to the end of the answer.
    ///   - rules: What a connection does besides.
    ///   - proxies: The proxies for URLs.
    public init(
        timeout: Duration = .seconds(10), rules: ConnectionRules = ConnectionRules(),
        proxies: ProxyRules = ProxyRules()
    ) {
        self.timeout = timeout
        self.rules = rules
        self.proxies = proxies
    }

    /// Sends one notification and waits for its answer, whatever its status.
    ///
    /// - Throws: `SendError` if no answer arrives, or the task is cancelled.
    public func send(_ sample: SignedSample, to url: WebhookURL) async throws(SendError) -> SentAnswer {
        let transfer = try transfer(sample, to: url)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                transfers.begin(transfer) { continuation.resume(returning: $0) }
            }
        } onCancel: {
            transfers.cancel(transfer)
        }
        return try answer(result, url)
    }

    /// Sends one notification and waits for its answer, whatever its status, on a thread that may wait. It wakes none
    /// of the threads that tasks run on.
    ///
    /// - Throws: `SendError` if no answer arrives.
    public func sendAndWait(_ sample: SignedSample, to url: WebhookURL) throws(SendError) -> SentAnswer {
        try answer(transfers.result(of: try transfer(sample, to: url)), url)
    }

    /// Closes the connections; current requests end with `SendError.cancelled`.
    public func shutdown() async {
        await withCheckedContinuation { continuation in
            transfers.shutdown { continuation.resume() }
        }
    }

    private func transfer(_ sample: SignedSample, to url: WebhookURL) throws(SendError) -> Transfer {
        let proxy: ProxyServer?
        do throws(ProxyProblem) {
            proxy = try proxies.proxy(for: url)
        } catch {
            throw .failed(url, "\(error)")
        }
        var headers = [
            OutgoingField("User-Agent", "B2/EventNotifications"),
            OutgoingField("Content-Type", "application/json; charset=UTF-8"),
        ]
        if let signature = sample.signature { headers.append(OutgoingField(SignatureHeader.name, signature)) }
        return Transfer(
            OutgoingRequest("POST", url, headers: headers, body: sample.body), by: proxy, connectingWithin: timeout,
            within: timeout, hasOwnConnection: false, rules: rules)
    }

    private func answer(_ result: Transfer.Result, _ url: WebhookURL) throws(SendError) -> SentAnswer {
        switch result {
        case .success(let answer): return SentAnswer(answer)
        case .failure(let failure): throw SendError(failure, to: url, by: try? proxies.proxy(for: url))
        }
    }
}

/// The answer of a webhook.
public struct SentAnswer: Sendable, Hashable {
    public var status: Int
    /// The first 64 KiB of the body.
    public var body: [UInt8]
    /// Whether the body was longer.
    public var isCut: Bool
    /// The time from sending to the end of the answer.
    public var duration: Duration

    init(_ answer: OutgoingAnswer) {
        (status, body, isCut, duration) = (answer.status, answer.body, answer.isCut, answer.duration)
    }
}

// MARK: - Many

extension NotificationSender {
    /// The result of a notification, by its number, counting from 0.
    public typealias Outcome = (number: Int, result: Result<SentAnswer, SendError>)

    /// Sends many notifications.
    ///
    /// With a rate each has its own due time, and up to `maxInFlight` wait for their answers, so that a slow answer
    /// does not slow the rest. Without one, each is sent when the previous one is answered. Ends early, without the
    /// outcomes that are still missing, when its task is cancelled.
    ///
    /// - Parameters:
    ///   - rate: Notifications per second, above 0; with a rate so low that one would be due after decades, it waits
    ///     that long.
    ///   - clock: Paces the notifications.
    ///   - make: Makes the notification of a number; called in order, when it is sent.
    ///   - onOutcome: Called for each when its answer arrives.
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

    /// Returns the time from the first notification to the one of this number; at most the longest that a clock can
    /// represent.
    private static func delay(of number: Int, rate: Double) -> Duration {
        guard number > 0 else { return .zero }
        let seconds = Double(number) / rate
        let longest = 1e9
        return .seconds(seconds >= 0 && seconds < longest ? seconds : longest)
    }
}

/// An event while many are sent.
enum SendingEvent: Sendable {
    /// The time of this number has been reached.
    case due(Int)
    case outcome(NotificationSender.Outcome)
}

/// Decides what to do next while many are sent. A pure value.
struct SendingQueue {
    /// The next action: the number to send, and the number whose time is to be waited for.
    typealias Action = (send: Int?, wait: Int?)

    private let count: Int
    private let maxInFlight: Int
    private var inFlight = 0
    /// The number that is due but waits, because too many requests are running.
    private var late: Int?

    init(count: Int, maxInFlight: Int) {
        self.count = count
        self.maxInFlight = max(1, maxInFlight)
    }

    /// Returns the first number to wait for.
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

// MARK: - Replaying

/// A recorded delivery as it is sent again: its bytes and its header fields as received, in their order and case.
///
/// Left out are the fields that belong to the received connection (RFC 9110, 7.6.1), `Expect`, and Host and
/// Content-Length, which the new request has its own values of. Nothing is added.
public struct ReplayRequest: Sendable, Hashable {
    public let request: OutgoingRequest
    /// The names of fields whose values were not UTF-8 and differ from the received bytes.
    public let altered: [String]

    /// - Parameters:
    ///   - secret: Signs it again, replacing the received signature; nil keeps the received one.
    ///   - isSecret: Returns whether the values of a field are secret in the record of the request.
    /// - Throws: `ReplayRefusal` if the record is incomplete.
    public init(
        _ delivery: Delivery, to url: WebhookURL, signedWith secret: SigningSecret? = nil,
        allowsPlainHTTP: Bool = false, isSecret: (HeaderField) -> Bool = { _ in false }
    ) throws(ReplayRefusal) {
        guard !delivery.isCut else { throw .cut(kept: delivery.body.count, length: delivery.bodyLength) }
        let left = Self.ofConnection.union(Self.named(by: delivery))
        var headers: [OutgoingField] = []
        var signature = secret.map { OutgoingField(SignatureHeader.name, $0.signature(of: delivery.body)) }
        let signsAnew = signature != nil
        for field in delivery.headers {
            let name = field.name.lowercased()
            guard !left.contains(name), !name.hasPrefix("proxy-") else { continue }
            guard signsAnew, field.isNamed(SignatureHeader.name) else {
                headers.append(OutgoingField(field.name, field.value, isSecret: isSecret(field)))
                continue
            }
            // It replaces the first signature header, so that there is only one.
            if var new = signature {
                new.name = field.name
                headers.append(new)
                signature = nil
            }
        }
        if let signature { headers.append(signature) }
        request = OutgoingRequest(
            delivery.method, url, headers: headers, body: delivery.body, allowsPlainHTTP: allowsPlainHTTP,
            secrecy: .query)
        altered = delivery.headers.filter { field in
            field.isAltered && headers.contains { $0.name == field.name && $0.value == field.value }
        }.map(\.name)
    }

    private static let ofConnection: Set<String> = [
        "connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "expect", "host", "content-length",
    ]

    /// Returns the fields that Connection names.
    private static func named(by delivery: Delivery) -> [String] {
        delivery.values(of: "connection").flatMap { $0.split { $0 == "," || $0 == " " || $0 == "\t" } }
            .map { $0.lowercased() }
    }
}

/// The reason why a recorded delivery cannot be sent again.
public enum ReplayRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// Only the start of its body was kept.
    case cut(kept: Int, length: Int)
    /// No delivery of this number exists.
    case notRecorded

    public var description: String {
        switch self {
        case .cut(let kept, let length):
            "only \(kept) of the \(length) bytes of its body were kept: it cannot be sent unchanged"
        case .notRecorded: "it is not in the history"
        }
    }
}
