import History
import Notifications
import TestSupport
import Testing

/// The deliveries of an event that came several times.
@Suite struct EventDeliveriesTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

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
