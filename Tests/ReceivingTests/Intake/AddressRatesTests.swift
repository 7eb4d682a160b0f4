import Base
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
            // Slower than the rate for a while: the flood is over.
            .seconds(2), .seconds(2), .seconds(2),
        ]
        var fates: [AddressRates.Fate] = []
        for time in times { fates.append(rates.register("203.0.113.7", at: start + time)) }
        let network = AddressRates.Network("203.0.113.7")
        #expect(
            fates == [
                .recorded, .recorded, .recorded, .first(network), .counted, .counted, .counted, .recorded, .recorded,
                .recorded,
            ])
        let other = rates.register("203.0.113.8", at: start)
        #expect(other == .recorded)
    }

    @Test func aFloodIsCountedForTheDeliveryThatBeganIt() {
        var rates = AddressRates(Self.once)
        let (address, start) = ("2001:db8:1:2::7", ContinuousClock.now)
        let network = AddressRates.Network(address)
        for _ in 0..<4 { _ = rates.register(address, at: start) }
        var hasNews = rates.hasNews
        #expect(!hasNews)
        for _ in 0..<5 { _ = rates.register("2001:db8:1:2::8", at: start) }
        // It is not recorded yet.
        var news = rates.news()
        #expect(news.floods.isEmpty && news.more == 5)
        rates.began(network, as: 77)
        news = rates.news()
        #expect(news.floods == [77: Flood(address: "2001:db8:1:2::/64", requests: 5)] && news.more == 0)
        _ = rates.register(address, at: start)
        hasNews = rates.hasNews
        news = rates.news()
        #expect(hasNews && news.floods[77]?.requests == 6 && news.more == 1)
        hasNews = rates.hasNews
        #expect(!hasNews)
    }

    @Test func theLastCountOfAFloodThatIsOverIsNotLost() {
        var rates = AddressRates(Self.rate)
        let (address, start) = ("203.0.113.7", ContinuousClock.now)
        for _ in 0..<9 { _ = rates.register(address, at: start) }
        rates.began(AddressRates.Network(address), as: 3)
        let fate = rates.register(address, at: start + .seconds(60))
        #expect(fate == .recorded)
        let news = rates.news()
        #expect(news.floods == [3: Flood(address: address, requests: 5)] && news.more == 5)
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
        for number in 0..<1_000 { _ = rates.register("198.51.\(number / 250).\(number % 250)", at: start) }
        #expect(rates.count <= 11)
        // Addresses whose stores are full again are removed.
        let fate = rates.register("192.0.2.1", at: start + .seconds(60))
        #expect(fate == .recorded && rates.count <= 11)
    }

    @Test(.blocking) func whatIsBeyondTheRateIsAnswered429AndNotKept() async throws {
        let rig = try await Rig([.sample()])
        let intake = Intake(rig.history, keys: rig.keys, rates: AddressRates(Self.once))
        var answers: [Answer] = []
        for _ in 0..<9 { answers.append(await intake.answer(.sample())) }
        #expect(
            answers.prefix(3).allSatisfy { $0 == .missingSignature } && answers.suffix(6).allSatisfy { $0 == .tooMany })
        // The first of the flood is there, with the number of the others.
        #expect(rig.history.current.latestDelivery == 4)
        intake.stop()
        let rows = try rig.history.reader.rows(WindowRequest<Int64>(.newest, before: 9, after: 0)).rows
        #expect(rows.map(\.flood?.requests) == [nil, nil, nil, 5] && rows.last?.status == 429)
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
        #expect(await intake.answer(other) == .tooMany)
        #expect(rig.history.current.latestDelivery == 13)
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
