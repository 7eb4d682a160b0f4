import Base
import Notifications
import Testing
import TestSupport

@testable import History

@Suite("The statistics of a period")
struct PulseTests {
    static let minute: Int64 = 60_000
    /// 2026-11-24 16:00:00 UTC.
    static let start: Int64 = 1_795_536_000_000

    static func delivery(
        at offset: Int64, _ verdict: SignatureVerdict = .valid, type: String = "b2:ObjectCreated:Upload",
        bucket: String = "one", delay: Int64 = 250
    ) -> JudgedDelivery {
        let received = start + offset
        let body = """
            {"events":[{"eventType":"\(type)","bucketName":"\(bucket)","eventTimestamp":\(received - delay)}]}
            """
        return .sample(
            Delivery(
                receivedAt: Timestamp(milliseconds: received), remoteAddress: "203.0.113.9", method: "POST",
                target: "/",
                headers: [], body: Array(body.utf8)), verdict)
    }

    static func history(_ deliveries: [JudgedDelivery]) async throws -> History {
        let history = try History(.memory)
        #expect(await history.keep(deliveries))
        return history
    }

    @Test("count deliveries by verdict, each in the bar of its time")
    func bars() async throws {
        let history = try await Self.history([
            Self.delivery(at: 0), Self.delivery(at: Self.minute - 1, .invalid), Self.delivery(at: Self.minute),
            Self.delivery(at: 2 * Self.minute + 5),
        ])
        defer { history.close() }
        let request = PulseRequest(barWidth: Self.minute, barCount: 3)
        let pulse = try #require(try history.reader.pulse(request))
        #expect(pulse.start.milliseconds == Self.start)
        #expect(pulse.bars.map { $0.reduce(0, +) } == [2, 1, 1])
        #expect(pulse[0, .valid] == 1)
        #expect(pulse[0, .invalid] == 1)
        #expect(pulse.latest?.milliseconds == Self.start + 2 * Self.minute + 5)
    }

    @Test("do not count deliveries outside of the period, nor their events")
    func outside() async throws {
        let history = try await Self.history([
            Self.delivery(at: 0, type: "early"), Self.delivery(at: 5 * Self.minute, type: "within"),
            Self.delivery(at: 9 * Self.minute, type: "late"),
        ])
        defer { history.close() }
        let request = PulseRequest(
            end: Timestamp(milliseconds: Self.start + 5 * Self.minute), barWidth: Self.minute, barCount: 2)
        let pulse = try #require(try history.reader.pulse(request))
        #expect(pulse.deliveries == 1)
        #expect(pulse.types.largest(9).map(\.name) == ["within"])
    }

    @Test("do not depend on the clock: after it was set back, each delivery is in the bar of its own time")
    func clockSetBack() async throws {
        let history = try await Self.history([
            Self.delivery(at: 3 * Self.minute), Self.delivery(at: 0), Self.delivery(at: 3 * Self.minute + 1),
        ])
        defer { history.close() }
        let pulse = try #require(try history.reader.pulse(PulseRequest(barWidth: Self.minute, barCount: 4)))
        #expect(pulse.bars.map { $0.reduce(0, +) } == [1, 0, 0, 2])
        #expect(pulse.types.total == 3)
    }

    @Test("begin days at midnight of the zone")
    func zone() {
        let day: Int64 = 86_400_000
        let request = PulseRequest(barWidth: day, barCount: 1, secondsFromUTC: 3_600)
        #expect(request.start(endingAt: Timestamp(milliseconds: Self.start)) == Self.start - 17 * 3_600_000)
    }

    @Test("contain the shares and delays of the events")
    func shares() async throws {
        let history = try await Self.history([
            Self.delivery(at: 0, bucket: "one", delay: 100), Self.delivery(at: 1, bucket: "two", delay: 200),
            Self.delivery(at: 2, bucket: "one", delay: -50),
        ])
        defer { history.close() }
        let pulse = try #require(try history.reader.pulse(PulseRequest(barWidth: 1_000, barCount: 1)))
        #expect(pulse.buckets.largest(9).map { "\($0.name) \($0.count)" } == ["one 2", "two 1"])
        #expect(pulse.buckets.total == 3)
        #expect(pulse.delays.count == 3)
        #expect(pulse.delays.negative == 1)
        #expect(pulse.delays.largest == 200)
        #expect((188...200).contains(pulse.delays.percentile(99)))
    }

    @Test("can be extended by later deliveries, with the same result as counting all")
    func added() async throws {
        let history = try await Self.history([Self.delivery(at: 0), Self.delivery(at: 400, bucket: "two")])
        defer { history.close() }
        let request = PulseRequest(barWidth: 1_000, barCount: 2)
        let first = try #require(try history.reader.pulse(request))
        #expect(await history.keep([Self.delivery(at: 700, .missing), Self.delivery(at: 800, bucket: "two")]))
        #expect(try history.reader.pulse(request, adding: first) == history.reader.pulse(request))
    }

    @Test("leave out deliveries after the newest requested one, which are added later")
    func through() async throws {
        let history = try await Self.history([
            Self.delivery(at: 0), Self.delivery(at: 400, bucket: "two"), Self.delivery(at: 9_000, bucket: "three"),
        ])
        defer { history.close() }
        let end = Timestamp(milliseconds: Self.start + 10_000)
        let request = PulseRequest(end: end, barWidth: 1_000, barCount: 20)
        let first = try #require(try history.reader.pulse(request, through: 2))
        #expect(first.deliveries == 2 && first.buckets.total == 2)
        #expect(first.latest == Timestamp(milliseconds: Self.start + 400))
        #expect(try history.reader.pulse(request, adding: first) == history.reader.pulse(request))
    }

    @Test("of deliveries are reported before those of events; a cancelled count returns nothing")
    func partialAndCancelled() async throws {
        let history = try await Self.history([Self.delivery(at: 0)])
        defer { history.close() }
        var partial: Pulse?
        let request = PulseRequest(barWidth: 1_000, barCount: 1)
        let whole = try #require(try history.reader.pulse(request, partial: { partial = $0 }))
        #expect(partial?.deliveries == 1)
        #expect(partial?.isComplete == false)
        #expect(whole.isComplete)
    }

    @Test("limit names from outside in number and length")
    func bounded() {
        var shares = PulseShares()
        for number in 0..<(PulseShares.mostNames + 10) { shares.count("name \(number)") }
        shares.count(String(repeating: "x", count: PulseShares.longestName + 1))
        #expect(shares.total == PulseShares.mostNames + 11)
        #expect(shares.largest(.max).count == PulseShares.mostNames)
    }
}

// MARK: - First steps

/// The evidence in the record for the way from B2 to this machine.
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
