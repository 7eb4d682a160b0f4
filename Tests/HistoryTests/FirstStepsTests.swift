import History
import Notifications
import TestSupport
import Testing

/// What the record shows of the way from B2 to here.
@Suite struct FirstStepsTests {
    private let b2 = HeaderField("User-Agent", "B2/EventNotifications")
    private let forwarded = HeaderField("X-Forwarded-For", "203.0.113.9")

    private func steps(_ deliveries: [JudgedDelivery], after id: Int64 = 0, limit: Int = 1_000) async throws
        -> FirstSteps
    {
        let history = try History(.memory)
        #expect(await history.keep(deliveries))
        return try history.reader.firstSteps(after: id, limit: limit)
    }

    private func delivery(_ address: String, events: Int = 1, _ headers: HeaderField...) -> JudgedDelivery {
        var delivery = Delivery.sample((0..<events).map { SampleEvent(id: "e\($0)") })
        (delivery.remoteAddress, delivery.headers) = (address, headers)
        return .sample(delivery)
    }

    @Test func aLocalRequestShowsNothing() async throws {
        let curl = HeaderField("User-Agent", "curl/8.5.0")
        #expect(try await steps([delivery("127.0.0.1", curl), delivery("192.168.1.2", b2)]) == FirstSteps())
        #expect(try await steps([]) == FirstSteps())
    }

    @Test func aRequestFromElsewhereShowsTheAddressAlone() async throws {
        let curl = HeaderField("User-Agent", "curl/8.5.0")
        #expect(try await steps([delivery("127.0.0.1", curl, forwarded)]) == FirstSteps(isReachable: true))
        #expect(try await steps([delivery("203.0.113.9", curl)]) == FirstSteps(isReachable: true))
    }

    @Test func anEventOfB2sShowsBoth() async throws {
        let all = FirstSteps(isReachable: true, isCalledByB2: true)
        #expect(try await steps([delivery("127.0.0.1", b2, forwarded)]) == all)
        #expect(try await steps([delivery("203.0.113.9", b2)]) == all)
        #expect(
            try await steps([delivery("203.0.113.9", events: 0, b2)]) == FirstSteps(isReachable: true),
            "a request without an event is none of B2's")
    }

    @Test func onlyTheNewestAfterOneAreLookedAt() async throws {
        let deliveries = [delivery("203.0.113.9", b2), delivery("127.0.0.1"), delivery("127.0.0.1")]
        #expect(try await steps(deliveries).areDone)
        #expect(try await steps(deliveries, after: 1) == FirstSteps())
        #expect(try await steps(deliveries, limit: 2) == FirstSteps())
    }
}
