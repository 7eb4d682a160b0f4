import History
import Notifications
import Testing
import TestSupport

@testable import Receiving

/// Requests that are not valid are recorded up to a rate for each address. Requests that are not recorded are never
/// answered 200.
@Suite struct AddressRatesTests {
    private static let rate = AddressRates.Rate(burst: 3, perSecond: 2)
    /// A store that stays empty, however long a test takes.
    private static let once = AddressRates.Rate(burst: 3, perSecond: 0)

    @Test func aStoreFillsUpAgainByTime() {
        var rates = AddressRates(Self.rate)
        let start = ContinuousClock.now
        let times: [Duration] = [
            .zero, .zero, .zero, .zero, .milliseconds(400), .milliseconds(600),
            // A clock that was set back adds nothing.
            .seconds(-100),
        ]
        var allowed: [Bool] = []
        for time in times { allowed.append(rates.allows("203.0.113.7", at: start + time)) }
        #expect(allowed == [true, true, true, false, false, true, false])
        let isOtherAllowed = rates.allows("203.0.113.8", at: start)
        #expect(isOtherAllowed)
    }

    @Test func version6CountsByItsFirst64Bits() {
        typealias Network = AddressRates.Network
        #expect(Network("2001:db8:1:2::1") == Network("2001:db8:1:2:ffff::"))
        #expect(Network("2001:db8:1:2::1") != Network("2001:db8:1:3::1"))
        #expect(Network("::ffff:192.0.2.1") == Network("192.0.2.1") && Network("192.0.2.1") != Network("192.0.2.2"))
        #expect(Network("unknown") == .other && Network("") == .other)
    }

    @Test func theTableIsBounded() {
        var rates = AddressRates(Self.rate, capacity: 10)
        let start = ContinuousClock.now
        for number in 0..<1_000 { _ = rates.allows("198.51.\(number / 250).\(number % 250)", at: start) }
        #expect(rates.count <= 11)
        // Addresses whose stores are full again are removed.
        let isAllowed = rates.allows("192.0.2.1", at: start + .seconds(60))
        #expect(isAllowed && rates.count <= 11)
    }

    @Test func whatIsBeyondTheRateIsAnswered429AndNotKept() async throws {
        let rig = try await Rig([.sample()])
        let intake = Intake(rig.history, keys: rig.keys, rates: AddressRates(Self.once))
        var answers: [Answer] = []
        for _ in 0..<5 { answers.append(await intake.answer(.sample())) }
        #expect(answers == [.missingSignature, .missingSignature, .missingSignature, .tooMany, .tooMany])
        #expect(rig.history.current.latestDelivery == 3)
        // Valid deliveries are always recorded.
        for _ in 0..<9 { #expect(await intake.answer(.sample(signedWith: .sample())) == .accepted) }
        #expect(rig.history.current.tally[.valid] == 9)
    }

    @Test func whatASecretMayStillVerifyHasNoRate() async throws {
        let rig = try await Rig()
        let intake = Intake(rig.history, keys: rig.keys, rates: AddressRates(Self.once))
        for _ in 0..<9 { #expect(await intake.answer(.sample()) == .accepted) }
        let other = Delivery.sample(body: Array("{}".utf8))
        for _ in 0..<3 { #expect(await intake.answer(other) == .accepted) }
        #expect(await intake.answer(other) == .tooMany)
        #expect(rig.history.current.latestDelivery == 12)
    }

    @Test func theBodyOfOtherRequestsIsCut() async throws {
        let rig = try await Rig([.sample()])
        let long = Delivery.sample(body: [UInt8](repeating: 0x78, count: 200_000))
        #expect(await rig.intake.answer(long) == .missingSignature)
        let cut = try #require(try rig.history.reader.delivery(1)?.delivery)
        #expect(cut.body.count == 64 << 10 && cut.bodyLength == 200_000 && cut.isCut)
        // Valid requests, and those that look like B2's, are recorded whole.
        let events = Delivery.sample(
            body: SampleBody.notification([SampleEvent(id: String(repeating: "x", count: 90_000))]))
        _ = await rig.intake.answer(events)
        let signed = Delivery.sample(body: long.body, signedWith: .sample())
        _ = await rig.intake.answer(signed)
        #expect(try rig.history.reader.delivery(2)?.delivery == events)
        #expect(try rig.history.reader.delivery(3)?.delivery == signed)
    }
}
