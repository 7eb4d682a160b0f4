import History
import Notifications
import TestSupport
import Testing

/// An event seen before: only an earlier delivery of equal or higher trust counts as the first.
@Suite struct DuplicateTests {
    private let folder = TemporaryFolder()

    private func duplicates(_ history: History) throws -> [Bool] { try history.allRows.map(\.isDuplicate) }

    @Test(arguments: SignatureVerdict.counted, SignatureVerdict.counted)
    func theSecondIsADuplicateWhereTheFirstIsToBeBelievedAsMuch(
        first: SignatureVerdict, second: SignatureVerdict
    ) async throws {
        let order: [SignatureVerdict: Int] = [.valid: 2, .unverified: 1, .unsigned: 1, .reconciled: 1]
        let expected = order[first, default: 0] >= order[second, default: 0]
        for kept in Kept.allCases {
            let history = try kept.open(folder)
            #expect(await history.keep([.sample(ids: ["a"], first), .sample(ids: ["a"], second)]))
            #expect(try duplicates(history) == [false, expected])
            #expect(try history.reader.delivery(2)?.isDuplicate == expected)
            #expect(try history.reader.deliveries(after: 0, limit: 2).map(\.isDuplicate) == [false, expected])
        }
    }

    @Test(arguments: Kept.allCases)
    func aForgeryNeverShadowsTheRealThing(kept: Kept) async throws {
        let history = try kept.open(folder)
        for verdict in [SignatureVerdict.invalid, .missing, .malformed, .unsupported, .valid, .invalid, .valid] {
            #expect(await history.keep(.sample(ids: ["a"], verdict)))
        }
        #expect(try duplicates(history) == [false, true, true, true, false, true, true])
    }

    @Test(arguments: Kept.allCases)
    func aFloodOfForgeriesMakesNoDifference(kept: Kept) async throws {
        let history = try kept.open(folder)
        for _ in 0..<2 { #expect(await history.keep(.sample(ids: Array(repeating: "a", count: 1_000), .invalid))) }
        #expect(await history.keep([.sample(ids: ["a"]), .sample(ids: ["a"])]))
        #expect(try duplicates(history).suffix(2) == [false, true])
        #expect(try duplicates(history).prefix(2_000).count { !$0 } == 1_000)
    }

    @Test(arguments: Kept.allCases)
    func onlyAnEarlierDeliveryCountsAsTheFirst(kept: Kept) async throws {
        let history = try kept.open(folder)
        #expect(await history.keep([.sample(ids: ["a", "b", "a"]), .sample(ids: ["a", "a"])]))
        #expect(try duplicates(history) == [false, false, false, true, true])
        #expect(try history.reader.delivery(1)?.isDuplicate == false)
        #expect(try history.reader.delivery(2)?.isDuplicate == true)
    }

    @Test(arguments: Kept.allCases)
    func aDeliveryIsOneWhereEachOfItsEventsIs(kept: Kept) async throws {
        let history = try kept.open(folder)
        #expect(
            await history.keep([
                .sample(ids: ["a", "b"]), .sample(ids: ["a", "c"]), .sample(ids: ["c", "b", "a"]), .sample(ids: []),
                .sample(ids: []), .sample(ids: ["a", nil]),
            ]))
        #expect(
            try history.reader.deliveries(after: 0, limit: 10).map(\.isDuplicate)
                == [false, false, true, false, false, false])
    }

    @Test(arguments: [nil, "null", #""""#] as [String?])
    func anEventWithoutAnIdIsNeverOne(json: String?) async throws {
        for kept in Kept.allCases {
            let history = try kept.open(folder)
            let delivery = Delivery.sample([SampleEvent().with("eventId", json: json)])
            #expect(await history.keep([.sample(delivery), .sample(delivery), .sample(delivery)]))
            #expect(try duplicates(history) == [false, false, false])
            #expect(try history.reader.delivery(3)?.isDuplicate == false)
        }
    }

    @Test(arguments: Kept.allCases)
    func idsOfAnotherTypeAreComparedAsTheyCame(kept: Kept) async throws {
        let history = try kept.open(folder)
        for json in ["5", #""5""#, "5.0", "5", #""a\u0000""#, #""a""#, #""a\u0000b""#, #""a\u0000""#, "{}", "{}"] {
            #expect(await history.keep(.sample(.sample([SampleEvent().with("eventId", json: json)]))))
        }
        #expect(
            try duplicates(history) == [false, false, false, true, false, false, false, true, false, true])
    }

    @Test(arguments: Kept.allCases)
    func judgingAgainChangesWhichIsTheFirst(kept: Kept) async throws {
        let history = try kept.open(folder)
        let verdicts: [SignatureVerdict] = [.unverified, .unverified, .unverified]
        for verdict in verdicts { #expect(await history.keep(.sample(ids: ["a", "b"], verdict))) }
        #expect(try duplicates(history) == [false, false, true, true, true, true])

        // The first one turns out to be a forgery.
        try history.rejudge(
            [
                (1, Judgement(.invalid)),
                (2, Judgement(.valid, secret: "prod")),
                (3, Judgement(.valid, secret: "prod")),
            ], generation: 2)
        #expect(try duplicates(history) == [false, false, false, false, true, true])
        #expect(try history.reader.deliveries(after: 0, limit: 9).map(\.isDuplicate) == [false, false, true])

        // Then no secret is current any more.
        try history.rejudge(
            (1...3).map { ($0, Judgement(.unverified)) }, generation: 3)
        #expect(try duplicates(history) == [false, false, true, true, true, true])
    }
}

// MARK: - Deliveries of one event

/// The deliveries of an event that arrived several times.
@Suite struct EventDeliveriesTests {
    private let folder = TemporaryFolder()

    @Test(arguments: Kept.allCases)
    func areReadByTheEventsId(kept: Kept) async throws {
        let history = try kept.open(folder)
        #expect(
            await history.keep([
                .sample(ids: ["a"], .invalid), .sample(ids: ["b", "a", "a"]), .sample(ids: ["b"]), .sample(ids: ["a"]),
                .sample(ids: [nil]),
            ]))
        let deliveries = try history.reader.deliveries(ofEvent: .string("a"), limit: 10)
        #expect(deliveries.map(\.id) == [1, 2, 4])
        #expect(deliveries.map(\.verdict) == [.invalid, .valid, .valid])
        #expect(deliveries.map(\.status) == [200, 200, 200])
        #expect(try history.reader.deliveries(ofEvent: .string("a"), limit: 2).map(\.id) == [1, 2])
        for id in [FieldValue.absent, .null, .string(""), .string("c"), .integer(1)] {
            #expect(try history.reader.deliveries(ofEvent: id, limit: 10).isEmpty)
        }
    }
}
