import Base
import Notifications
import Synchronization
import Testing
import TestSupport

@testable import Sending

@Suite struct SenderTests {
    private func sample(_ signature: String? = "v1=abc", body: String = "{}") -> SignedSample {
        SignedSample(body: Array(body.utf8), signature: signature)
    }

    /// Runs a test with a webhook and a sender, and stops both.
    private func withServer(
        _ service: any FakeService = FakeReceiver(), timeout: Duration = .patience,
        _ test: (FakeServer, NotificationSender) async throws -> Void
    ) async throws {
        let server = try FakeServer(service)
        defer { server.stop() }
        let sender = NotificationSender(timeout: timeout)
        do {
            try await test(server, sender)
        } catch {
            await sender.shutdown()
            throw error
        }
        await sender.shutdown()
    }

    @Test func sendsAsB2Does() async throws {
        let receiver = FakeReceiver()
        try await withServer(receiver) { server, sender in
            let secret = try SigningSecret(label: "a", value: "b2DashTestSecret0123456789abcdEF")
            var generator = SeededGenerator(seed: 1)
            let notification = SampleNotification([SampleOrder()], at: Timestamp(milliseconds: 1), using: &generator)
            let sample = SignedSample(notification, .signed(secret), using: &generator)
            let answer = try await sender.send(sample, to: WebhookURL(server.url("/hook?x=1")))
            #expect(answer.status == 200)
            #expect(answer.body == Array("OK".utf8))
            #expect(answer.duration > .zero)

            let request = try #require(receiver.requests.first)
            let head =
                "POST /hook?x=1 HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\nUser-Agent: B2/EventNotifications\r\n"
                + "Content-Type: application/json; charset=UTF-8\r\n"
                + "\(SignatureHeader.name): \(secret.signature(of: notification.body))\r\n"
                + "Content-Length: \(notification.body.count)\r\n\r\n"
            #expect(request.raw == Array(head.utf8) + notification.body)
        }
    }

    @Test func sendsNoSignature() async throws {
        let receiver = FakeReceiver()
        try await withServer(receiver) { server, sender in
            _ = try await sender.send(sample(nil), to: WebhookURL(server.url()))
            #expect(receiver.requests.first?.value(of: "Content-Type") == "application/json; charset=UTF-8")
            #expect(receiver.requests.first?.value(of: SignatureHeader.name) == nil)
        }
    }

    @Test func returnsAnyStatus() async throws {
        try await withServer(FakeReceiver(then: .text(401, "Invalid signature"))) { server, sender in
            let answer = try await sender.send(sample(), to: WebhookURL(server.url()))
            #expect(answer.status == 401)
            #expect(answer.body == Array("Invalid signature".utf8))
        }
    }

    @Test func followsNoRedirect() async throws {
        let receiver = FakeReceiver(then: .answer(status: 307, headers: [("Location", "/elsewhere")]))
        try await withServer(receiver) { server, sender in
            let answer = try await sender.send(sample(), to: WebhookURL(server.url()))
            #expect(answer.status == 307)
            #expect(receiver.requests.count == 1)
        }
    }

    @Test(arguments: [(64 << 10, false), (64 << 10 + 1, true), (300_000, true)])
    func keepsLittle(_ length: Int, _ isCut: Bool) async throws {
        let body = [UInt8](repeating: 0x78, count: length)
        try await withServer(FakeReceiver(then: .answer(status: 200, body: body))) { server, sender in
            let answer = try await sender.send(sample(), to: WebhookURL(server.url()))
            #expect(answer.body.count == 64 << 10)
            #expect(answer.isCut == isCut)
        }
    }

    @Test func tellsThatNothingListens() async throws {
        let sender = NotificationSender()
        let url = try WebhookURL("http://127.0.0.1:1/")
        let error = await #expect(throws: SendError.refused(url)) { try await sender.send(sample(), to: url) }
        #expect(error?.description.hasPrefix("nothing listens at 127.0.0.1:1: check ") == true)
        await sender.shutdown()
    }

    @Test func tellsThatTheNameIsUnknown() async throws {
        let sender = NotificationSender()
        let url = try WebhookURL("http://nowhere.invalid/")
        let error = await #expect(throws: SendError.nameNotFound(url)) { try await sender.send(sample(), to: url) }
        #expect(error?.description.hasPrefix("the name of nowhere.invalid was not found: check ") == true)
        await sender.shutdown()
    }

    @Test(arguments: [true, false])
    func doesNotWaitForEver(beginsToAnswer: Bool) async throws {
        let held = HeldService()
        defer { held.release() }
        let stalled = FakeReceiver(then: .answer(status: 200, headers: [("Content-Length", "10")]))
        try await withServer(beginsToAnswer ? stalled : held, timeout: .milliseconds(100)) { server, sender in
            let url = try WebhookURL(server.url())
            await #expect(throws: SendError.timedOut(url)) { try await sender.send(sample(), to: url) }
        }
    }

    @Test func tellsThatThePeerHungUp() async throws {
        try await withServer(FakeReceiver(then: .lost)) { server, sender in
            let url = try WebhookURL(server.url())
            await #expect(throws: SendError.closed(url)) { try await sender.send(sample(), to: url) }
        }
    }

    @Test func canBeCancelled() async throws {
        let held = HeldService()
        defer { held.release() }
        try await withServer(held) { server, sender in
            let url = try WebhookURL(server.url())
            let task = Task { try await sender.send(sample(), to: url) }
            // The first before it begins, and the second when its request was received.
            task.cancel()
            await #expect(throws: SendError.cancelled) { try await task.value }
            let received = Task { try await sender.send(sample(), to: url) }
            await held.hasRequest()
            received.cancel()
            await #expect(throws: SendError.cancelled) { try await received.value }
        }
    }

    @Test func endsWhatIsInFlightAtItsShutdown() async throws {
        let held = HeldService()
        defer { held.release() }
        try await withServer(held) { server, sender in
            let url = try WebhookURL(server.url())
            let task = Task { try await sender.send(sample(), to: url) }
            await held.hasRequest()
            await sender.shutdown()
            await #expect(throws: SendError.cancelled) { try await task.value }
        }
    }

    @Test func sendsNothingAfterItsShutdown() async throws {
        let sender = NotificationSender()
        await sender.shutdown()
        await sender.shutdown()
        let url = try WebhookURL("http://127.0.0.1:1/")
        await #expect(throws: SendError.cancelled) { try await sender.send(sample(), to: url) }
    }

    // MARK: Many

    @Test func sendsManyInOrder() async throws {
        let receiver = FakeReceiver()
        try await withServer(receiver) { server, sender in
            var outcomes: [Int] = []
            await sender.send(count: 20, rate: nil, to: try WebhookURL(server.url()), make: { sample(body: "\($0)") }) {
                #expect((try? $0.result.get())?.status == 200)
                outcomes.append($0.number)
            }
            #expect(outcomes == Array(0..<20))
            #expect(receiver.requests.map { String(decoding: $0.body, as: UTF8.self) } == (0..<20).map { "\($0)" })
        }
    }

    @Test func keepsTheRate() async throws {
        try await withServer { server, sender in
            let clock = JumpingClock()
            var due: [Duration] = []
            var outcomes = 0
            await sender.send(
                count: 10, rate: 4, to: try WebhookURL(server.url()), maxInFlight: 100, clock: clock,
                make: { number in
                    due.append(clock.now.offset)
                    return sample(body: "\(number)")
                }, onOutcome: { _ in outcomes += 1 })
            #expect(due == (0..<10).map { .milliseconds($0 * 250) })
            #expect(outcomes == 10)
        }
    }

    @Test(arguments: [1e-300, .leastNonzeroMagnitude, 1e-17])
    func aRateThatNoClockCanTellOnlyWaitsLong(rate: Double) async throws {
        try await withServer { server, sender in
            let clock = JumpingClock()
            var outcomes = 0
            await sender.send(
                count: 2, rate: rate, to: try WebhookURL(server.url()), clock: clock, make: { _ in sample() },
                onOutcome: { _ in outcomes += 1 })
            #expect(outcomes == 2)
            #expect(clock.now.offset == .seconds(1_000_000_000))
        }
    }

    @Test func tellsEachFailure() async throws {
        let sender = NotificationSender()
        let url = try WebhookURL("http://127.0.0.1:1/")
        var failures: [SendError] = []
        await sender.send(count: 3, rate: 1_000, to: url, make: { _ in sample() }) {
            if case .failure(let error) = $0.result { failures.append(error) }
        }
        #expect(failures == Array(repeating: .refused(url), count: 3))
        await sender.shutdown()
    }

    @Test func stopsWhenItIsCancelled() async throws {
        try await withServer { server, sender in
            let url = try WebhookURL(server.url())
            let task = Task {
                var sent = 0
                await sender.send(
                    count: 1_000_000, rate: nil, to: url,
                    make: { number in
                        sent += 1
                        if number == 5 { withUnsafeCurrentTask { $0?.cancel() } }
                        return sample()
                    }, onOutcome: { _ in })
                return sent
            }
            #expect(await task.value == 6)
        }
    }

    @Test func waitsWhereTooManyAreInFlight() {
        var queue = SendingQueue(count: 4, maxInFlight: 2)
        let answer = SendingEvent.outcome((0, .failure(.cancelled)))
        #expect(queue.start() == 0)
        #expect(queue.handle(.due(0)) == (0, 1))
        #expect(queue.handle(.due(1)) == (1, 2))
        #expect(queue.handle(.due(2)) == (nil, nil))
        #expect(queue.handle(answer) == (2, 3))
        #expect(queue.handle(answer) == (nil, nil))
        #expect(queue.handle(.due(3)) == (3, nil))
        #expect(SendingQueue(count: 0, maxInFlight: 2).start() == nil)
    }
}

// MARK: - Replaying

@Suite("A replayed delivery")
struct ReplayRequestTests {
    private func fields(_ replay: ReplayRequest) -> [String] {
        replay.request.headers.map { "\($0.name): \($0.value)" }
    }

    @Test("keeps its header fields, except those of its connection")
    func fields() throws {
        let delivery = Delivery.sample(headers: [
            HeaderField("Host", "b2watch.example"), HeaderField("user-AGENT", "B2/EventNotifications"),
            HeaderField("Connection", "keep-alive, X-Hop"), HeaderField("X-HOP", "1"), HeaderField("Keep-Alive", "x"),
            HeaderField("Proxy-Authorization", "x"), HeaderField("proxy-connection", "x"),
            HeaderField("TE", "trailers"),
            HeaderField("Trailer", "X"), HeaderField("Transfer-Encoding", "chunked"), HeaderField("Upgrade", "h2c"),
            HeaderField("Content-Length", "999"), HeaderField("Expect", "100-continue"), HeaderField("X-A", "1"),
            HeaderField("X-Odd", "a\u{FFFD}b"), HeaderField("X-A", "2"),
        ])
        let replay = try ReplayRequest(
            delivery, to: try WebhookURL("https://a.test/b?c"), isSecret: { $0.name == "X-A" })
        #expect(fields(replay) == ["user-AGENT: B2/EventNotifications", "X-A: 1", "X-Odd: a\u{FFFD}b", "X-A: 2"])
        #expect(replay.altered == ["X-Odd"])
        #expect(replay.request.headers.filter(\.isSecret).map(\.name) == ["X-A", "X-A"])
        #expect(replay.request.body == delivery.body && replay.request.method == "POST")
        #expect(replay.request.secrecy == .query)
    }

    @Test("has a new signature in place of the received one")
    func signed() throws {
        let (old, new) = (SigningSecret.sample(), SigningSecret.sample("other", "anotherSecret0123456789abcdefGHI"))
        var delivery = Delivery.sample(signedWith: old)
        delivery.headers.append(HeaderField("X-Last", "1"))
        delivery.headers.append(HeaderField("X-Bz-Event-Notification-Signature", "v1=00"))
        let url = try WebhookURL("https://a.test/")
        let replay = try ReplayRequest(delivery, to: url, signedWith: new)
        #expect(
            fields(replay).suffix(2) == ["\(SignatureHeader.name): \(new.signature(of: delivery.body))", "X-Last: 1"])
        let unsigned = try ReplayRequest(.sample(), to: url, signedWith: new)
        #expect(unsigned.request.headers.last?.name == SignatureHeader.name)
    }

    @Test("is not sent if only its start was recorded")
    func cut() throws {
        let delivery = Delivery(
            receivedAt: Timestamp(milliseconds: 0), remoteAddress: "", method: "POST", target: "/", headers: [],
            body: [1, 2], bodyLength: 9)
        let url = try WebhookURL("https://a.test/")
        let error = #expect(throws: ReplayRefusal.self) { try ReplayRequest(delivery, to: url) }
        #expect(error?.description == "only 2 of the 9 bytes of its body were kept: it cannot be sent unchanged")
    }
}

// MARK: - A service that answers late

/// A webhook that receives requests and does not answer until it is released.
final class HeldService: FakeService {
    private let gate = Gate()
    private let requests = Watched(0)
    private let arrival = AsyncStream.makeStream(of: Void.self)

    func reply(to request: FakeRequest) -> FakeReply {
        requests.change { $0 += 1 }
        arrival.continuation.yield()
        gate.wait()
        return .lost
    }

    /// Waits for the first request. Blocks.
    func waitForRequest() throws {
        _ = try requests.require("a request") { $0 > 0 ? true : nil }
    }

    /// Waits for the first request, without a thread.
    func hasRequest() async {
        for await _ in arrival.stream { return }
    }

    func release() {
        gate.open()
        arrival.continuation.finish()
    }
}

// MARK: - A clock that jumps

/// A clock on which every sleep ends at once, after the time has advanced to its end.
final class JumpingClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Swift.Duration

        func advanced(by duration: Swift.Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Swift.Duration { other.offset - offset }
        static func < (one: Instant, other: Instant) -> Bool { one.offset < other.offset }
    }

    private let time = Mutex(Swift.Duration.zero)

    var now: Instant { Instant(offset: time.withLock { $0 }) }
    let minimumResolution = Swift.Duration.zero

    func sleep(until deadline: Instant, tolerance: Swift.Duration?) async throws {
        try Task.checkCancellation()
        time.withLock { $0 = max($0, deadline.offset) }
    }
}
