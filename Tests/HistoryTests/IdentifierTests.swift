import History
import Notifications
import TestSupport
import Testing

@Suite struct IdentifierTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test func idsRiseAndGoOnAfterReopening() async throws {
        var rows: [Int64] = []
        for round in 1...3 {
            let history = try Kept.onFile.open(folder)
            #expect(history.current.latestDelivery == Int64(round - 1) * 2)
            #expect(history.current.latestRow == Int64(round - 1) * 3)
            #expect(await history.keep([.sample(ids: ["a", "b"]), .sample(ids: [])]))
            rows = try history.allRows.map(\.id)
            history.close()
        }
        #expect(rows == Array(1...9))
    }

    @Test func whatWasRecordedIsThereAfterReopening() async throws {
        let first = try Kept.onFile.open(folder)
        let secret = SigningSecret.sample()
        for index in 0..<50 {
            let delivery = Delivery.sample([SampleEvent(id: "event \(index % 40)")], signedWith: secret)
            #expect(await first.keep(.sample(delivery, index % 3 == 0 ? .invalid : .valid, secret: "prod")))
        }
        let rows = try first.allRows
        let records = try first.reader.deliveries(after: 0, limit: 100)
        let tally = first.current.tally
        first.close()

        let second = try Kept.onFile.open(folder)
        #expect(try second.allRows == rows)
        #expect(try second.reader.deliveries(after: 0, limit: 100) == records)
        #expect(second.current.tally == tally)
        #expect(second.current.health == .recording)
        #expect(rows.count { $0.isDuplicate } > 0)
    }
}
