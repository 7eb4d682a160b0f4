import NIOHTTP1
import Notifications
import struct TestSupport.SeededGenerator
import Testing

@testable import Outgoing

@Suite struct SenderTests {
    private func sample(_ signature: String? = "v1=abc", body: String = "{}") -> SignedSample {
        SignedSample(body: Array(body.utf8), signature: signature)
    }

    @Test func sendsAsB2Does() async throws {
        try await withServer { server, sender in
            let secret = try SigningSecret(label: "a", value: "b2DashTestSecret0123456789abcdEF")
            var generator = SeededGenerator(seed: 1)
            let notification = SampleNotification([SampleOrder()], at: Timestamp(milliseconds: 1), using: &generator)
            let sample = SignedSample(notification, .signed(secret), using: &generator)
            let answer = try await sender.send(sample, to: server.url("/hook?x=1"))
            #expect(answer.status == 200)
            #expect(answer.body == Array("OK".utf8))
            #expect(answer.duration > .zero)

            let request = try #require(server.requests.first)
            #expect(request.head.method == .POST)
            #expect(request.head.uri == "/hook?x=1")
            #expect(request.body == notification.body)
            #expect(request.head.headers["User-Agent"] == ["B2/EventNotifications"])
            #expect(request.head.headers["Content-Type"] == ["application/json; charset=UTF-8"])
            #expect(request.head.headers["Content-Length"] == ["\(notification.body.count)"])
            #expect(request.head.headers["Transfer-Encoding"] == [])
            #expect(request.head.headers["Host"] == ["127.0.0.1:\(server.port)"])
            #expect(request.head.headers[SignatureHeader.name] == [secret.signature(of: notification.body)])
        }
    }

    @Test func sendsNoSignature() async throws {
        try await withServer { server, sender in
            _ = try await sender.send(sample(nil), to: server.url())
            #expect(server.requests.first?.head.headers.contains(name: SignatureHeader.name) == false)
        }
    }

    @Test func returnsAnyStatus() async throws {
        try await withServer(.answer(status: 401, body: Array("Invalid signature".utf8))) { server, sender in
            let answer = try await sender.send(sample(), to: server.url())
            #expect(answer.status == 401)
            #expect(answer.body == Array("Invalid signature".utf8))
        }
    }

    @Test func followsNoRedirect() async throws {
        try await withServer(.answer(status: 307, headers: ["Location": "/elsewhere"])) { server, sender in
            let answer = try await sender.send(sample(), to: server.url())
            #expect(answer.status == 307)
            #expect(server.requests.count == 1)
        }
    }

    @Test(arguments: [(64 << 10, false), (64 << 10 + 1, true), (300_000, true)])
    func keepsLittle(_ length: Int, _ isCut: Bool) async throws {
        try await withServer(.answer(status: 200, body: .init(repeating: 0x78, count: length))) { server, sender in
            let answer = try await sender.send(sample(), to: server.url())
            #expect(answer.body.count == 64 << 10)
            #expect(answer.isCut == isCut)
        }
    }

    @Test func tellsThatNothingListens() async throws {
        try await withServer { server, sender in
            let url = try server.url()
            await server.stop()
            let error = await #expect(throws: SendError.refused(url)) { try await sender.send(sample(), to: url) }
            #expect(error?.description == "nothing listens at 127.0.0.1:\(server.port)")
        }
    }

    @Test func tellsThatTheNameIsUnknown() async throws {
        let sender = NotificationSender()
        let url = try WebhookURL("http://nowhere.invalid/")
        let error = await #expect(throws: SendError.nameNotFound(url)) { try await sender.send(sample(), to: url) }
        #expect(error?.description == "the name of nowhere.invalid was not found")
        await sender.shutdown()
    }

    @Test(arguments: [LoopbackServer.Manner.silence, .stall])
    func doesNotWaitForEver(_ manner: LoopbackServer.Manner) async throws {
        try await withServer(manner, timeout: .milliseconds(100)) { server, sender in
            let url = try server.url()
            await #expect(throws: SendError.timedOut(url)) { try await sender.send(sample(), to: url) }
        }
    }

    @Test func tellsThatThePeerHungUp() async throws {
        try await withServer(.hangUp) { server, sender in
            let url = try server.url()
            await #expect(throws: SendError.closed(url)) { try await sender.send(sample(), to: url) }
        }
    }

    @Test func tellsThatThereIsNoTLS() async throws {
        try await withServer { server, sender in
            let url = try WebhookURL("https://127.0.0.1:\(server.port)/")
            let error = await #expect(throws: SendError.self) { try await sender.send(sample(), to: url) }
            guard case .insecure(url, _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            let text = try #require(error?.description)
            #expect(
                text.contains("it does not speak TLS, or not one that is trusted") && !text.contains("SSLError")
                    && !text.contains("error:") && !text.contains(".c"), "\(text)")
        }
    }

    @Test func canBeCancelled() async throws {
        try await withServer(.silence) { server, sender in
            let url = try server.url()
            let task = Task { try await sender.send(sample(), to: url) }
            task.cancel()
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
        try await withServer { server, sender in
            var outcomes: [Int] = []
            await sender.send(count: 20, rate: nil, to: try server.url(), make: { sample(body: "\($0)") }) {
                #expect((try? $0.result.get())?.status == 200)
                outcomes.append($0.number)
            }
            #expect(outcomes == Array(0..<20))
            #expect(server.requests.map { String(decoding: $0.body, as: UTF8.self) } == (0..<20).map { "\($0)" })
        }
    }

    @Test func keepsTheRate() async throws {
        try await withServer { server, sender in
            let clock = JumpingClock()
            var due: [Duration] = []
            var outcomes = 0
            await sender.send(
                count: 10, rate: 4, to: try server.url(), maxInFlight: 100, clock: clock,
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
                count: 2, rate: rate, to: try server.url(), clock: clock, make: { _ in sample() },
                onOutcome: { _ in outcomes += 1 })
            #expect(outcomes == 2)
            #expect(clock.now.offset == .seconds(1_000_000_000))
        }
    }

    @Test func tellsEachFailure() async throws {
        try await withServer { server, sender in
            let url = try server.url()
            await server.stop()
            var failures: [SendError] = []
            await sender.send(count: 3, rate: 1_000, to: url, make: { _ in sample() }) {
                if case .failure(let error) = $0.result { failures.append(error) }
            }
            #expect(failures == Array(repeating: .refused(url), count: 3))
        }
    }

    @Test func stopsWhenItIsCancelled() async throws {
        try await withServer { server, sender in
            let url = try server.url()
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
