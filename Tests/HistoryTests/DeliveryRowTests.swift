import GRDB
import Notifications
import TestSupport
import Testing

@testable import History

/// The delivery list: which rows a window holds, and what a row says of other deliveries.
@Suite struct DeliveryRowTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func ids(_ history: History, _ anchor: RowRequest.Anchor, _ before: Int, _ after: Int) throws -> [Int64] {
        try history.reader.deliveryRows(RowRequest(anchor, before: before, after: after)).rows.map(\.id)
    }

    @Test(arguments: Kept.allCases)
    func anEmptyHistoryHasNone(kept: Kept) throws {
        let history = try kept.open(folder)
        for anchor in [RowRequest.Anchor.newest, .oldest, .row(0), .row(1), .row(.max)] {
            #expect(try history.reader.deliveryRows(RowRequest(anchor, before: 5, after: 5)) == DeliveryRowWindow())
        }
        #expect(try history.reader.nextDelivery(sharingEventWith: 1) == nil)
    }

    @Test(arguments: Kept.allCases)
    func aWindowHoldsADeliveryForEachRow(kept: Kept) async throws {
        let history = try kept.open(folder)
        for index in 0..<10 {
            #expect(await history.keep(.sample(ids: (0...index % 3).map { "event \(index) \($0)" })))
        }
        for others in 0...12 {
            let count = min(10, Int64(others) + 1)
            let newest = try history.reader.deliveryRows(RowRequest(.newest, before: others, after: 3))
            #expect(newest.rows.map(\.id) == Array(11 - count...10))
            #expect(newest.hasOlder == (others < 9) && !newest.hasNewer)
            let oldest = try history.reader.deliveryRows(RowRequest(.oldest, before: 3, after: others))
            #expect(oldest.rows.map(\.id) == Array(1...count))
            #expect(oldest.hasNewer == (others < 9) && !oldest.hasOlder)
        }
        for id in Int64(1)...10 {
            let window = try history.reader.deliveryRows(RowRequest(.row(id), before: 2, after: 3))
            #expect(window.rows.map(\.id) == Array(max(1, id - 2)...min(10, id + 3)))
            #expect(window.hasOlder == (id > 3) && window.hasNewer == (id < 7))
        }
        #expect(try ids(history, .row(.max), 1, 5) == [9, 10])
        #expect(try ids(history, .row(0), 5, 2) == [1, 2])
    }

    @Test(arguments: Kept.allCases)
    func aRowTellsItsRequest(kept: Kept) async throws {
        let history = try kept.open(folder)
        #expect(await history.keep(.sample(ids: ["a", "b"])))
        let favicon = Delivery.sample(method: "GET", target: "/favicon.ico", body: [])
        #expect(await history.keep(.sample(favicon, .unjudged, answer: .methodNotAllowed)))
        let rows = try history.reader.deliveryRows(RowRequest(.oldest, before: 0, after: 9)).rows
        #expect(rows.map(\.first.eventCount) == [2, 0])
        #expect(rows.map(\.first.position) == [0, nil])
        #expect(rows.map(\.first.status) == [200, 405])
        #expect(rows.map(\.first.verdict) == [.valid, .unjudged])
        #expect(rows.map(\.first.target) == ["/", "/favicon.ico"])
        #expect(rows.map(\.remoteAddress) == ["203.0.113.7", "203.0.113.7"])
        #expect(rows[0].first.eventId == .string("a"))
        #expect(rows.map(\.answerTime) == [nil, nil])
    }

    @Test func anAnswerTimeIsReadOnceItIsWritten() async throws {
        let history = try Kept.onFile.open(folder)
        #expect(await history.keep(.sample(ids: ["a"])))
        let other = try DatabaseQueue(path: folder.file("history.sqlite"))
        try await other.write { db in try db.execute(sql: "UPDATE outcome SET answerTime = 1234") }
        let rows = try history.reader.deliveryRows(RowRequest(.newest, before: 0, after: 0)).rows
        #expect(rows.map(\.answerTime) == [1_234])
    }

    @Test(arguments: Kept.allCases)
    func otherDeliveriesOfAnEventAreCountedAndWalkedInACircle(kept: Kept) async throws {
        let history = try kept.open(folder)
        for ids in [["a"], ["x"], ["b", "a"], ["a", "a", "a"], [nil], ["a", "b"]] as [[String?]] {
            #expect(await history.keep(.sample(ids: ids)))
        }
        let rows = try history.reader.deliveryRows(RowRequest(.oldest, before: 0, after: 9)).rows
        #expect(rows.map(\.others) == [3, 0, 1, 3, 0, 3])
        #expect(rows.map(\.first.isDuplicate) == [false, false, false, true, false, true])
        let next = try (Int64(1)...7).map { try history.reader.nextDelivery(sharingEventWith: $0) }
        #expect(next == [3, nil, 6, 6, nil, 1, nil])
    }

    @Test func whatIsRepeatedWithoutEndIsCountedToABound() async throws {
        let history = try Kept.inMemory.open(folder)
        for _ in 0..<40 { #expect(await history.keep(.sample(ids: ["a"]))) }
        let rows = try history.reader.deliveryRows(RowRequest(.oldest, before: 0, after: 99)).rows
        #expect(rows.allSatisfy { $0.others > DeliveryRow.mostOthers && $0.others <= 2 * DeliveryRow.mostOthers + 2 })
    }

    @Test(arguments: [DeliveryRowQuery.before, DeliveryRowQuery.behind])
    func aPageIsReadByIndexesAlone(sql: String) async throws {
        let history = try Kept.onFile.open(folder)
        #expect(await history.keep(.sample(ids: ["a"])))
        let database = try DatabaseQueue(path: folder.file("history.sqlite"))
        let plan = try await database.read { db in
            try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN \(sql)", arguments: [5, 5])
                .map { $0["detail"] as String }
        }
        #expect(plan.contains { $0.contains("delivery USING INTEGER PRIMARY KEY") })
        #expect(!plan.contains { $0.hasPrefix("SCAN delivery") || $0.hasPrefix("SCAN event") }, "\(plan)")
        #expect(!plan.contains { $0.contains("FOR ORDER BY") }, "\(plan)")
    }
}
