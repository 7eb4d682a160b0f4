import Base
import GRDB
import Notifications
import TestSupport
import Testing

@testable import History

/// Windows of the list: their rows, and their statements about the others.
@Suite struct RowWindowTests {
    private let folder = TemporaryFolder()

    /// Returns a history with rows 1 to `count`, in deliveries of 1 to 7.
    private func history(_ kept: Kept, rows count: Int) async throws -> History {
        let history = try kept.open(folder)
        var next = 1
        while next <= count {
            let size = min(next % 7 + 1, count - next + 1)
            #expect(await history.keep(.sample(ids: (next..<next + size).map { "event \($0)" })))
            next += size
        }
        return history
    }

    private func window(_ history: History, _ anchor: WindowRequest<Int64>.Anchor, _ before: Int, _ after: Int) throws
        -> Window
    {
        Window(try history.reader.rows(WindowRequest<Int64>(anchor, before: before, after: after)))
    }

    /// Returns a window by its ids.
    private struct Window: Equatable {
        var ids: [Int64]
        var hasOlder: Bool
        var hasNewer: Bool

        init(_ ids: ClosedRange<Int64>, older hasOlder: Bool, newer hasNewer: Bool) {
            (self.ids, self.hasOlder, self.hasNewer) = (Array(ids), hasOlder, hasNewer)
        }

        init(_ window: ListWindow<EventRow>) {
            (ids, hasOlder, hasNewer) = (window.rows.map(\.id), window.hasOlder, window.hasNewer)
        }
    }

    @Test(arguments: Kept.allCases)
    func anEmptyHistoryHasNoRows(kept: Kept) throws {
        let history = try kept.open(folder)
        for anchor in [WindowRequest<Int64>.Anchor.newest, .oldest, .row(0), .row(1), .row(.max)] {
            #expect(
                try history.reader.rows(WindowRequest<Int64>(anchor, before: 5, after: 5)) == ListWindow<EventRow>())
        }
        #expect(history.current == HistoryChange())
    }

    @Test(arguments: Kept.allCases)
    func theNewestAndTheOldestTellExactlyWhetherThereAreMore(kept: Kept) async throws {
        let history = try await history(kept, rows: 10)
        for others in 0...12 {
            let count = min(10, Int64(others) + 1)
            let newest = try window(history, .newest, others, 3)
            #expect(newest == Window(11 - count...10, older: others < 9, newer: false))
            let oldest = try window(history, .oldest, 3, others)
            #expect(oldest == Window(1...count, older: false, newer: others < 9))
        }
    }

    @Test(arguments: Kept.allCases)
    func aRowStandsAmongThoseAskedFor(kept: Kept) async throws {
        let history = try await history(kept, rows: 10)
        for id in Int64(1)...10 {
            for before in 0...10 {
                for after in 0...10 {
                    let first = max(1, id - Int64(before))
                    let last = min(10, id + Int64(after))
                    let expected = Window(first...last, older: first > 1, newer: last < 10)
                    #expect(try window(history, .row(id), before, after) == expected)
                }
            }
        }
    }

    @Test(arguments: Kept.allCases)
    func whereTheRowIsNotThereTheNextOlderStandsForIt(kept: Kept) async throws {
        let history = try await history(kept, rows: 10)
        #expect(try window(history, .row(.max), 1, 5) == Window(9...10, older: true, newer: false))
        #expect(try window(history, .row(11), 0, 0) == Window(10...10, older: true, newer: false))
        #expect(try window(history, .row(0), 5, 2) == Window(1...2, older: false, newer: true))
        #expect(try window(history, .row(.min), 5, 10) == Window(1...10, older: false, newer: false))
    }

    @Test(arguments: Kept.allCases)
    func pagingMeetsEachRowOnce(kept: Kept) async throws {
        let history = try await history(kept, rows: 1_000)
        var newer: [EventRow] = try history.reader.rows(WindowRequest<Int64>(.oldest, before: 0, after: 22)).rows
        while let last = newer.last {
            let page = try history.reader.rows(WindowRequest<Int64>(.row(last.id), before: 0, after: 37))
            newer += page.rows.dropFirst()
            if !page.hasNewer { break }
        }
        #expect(newer.map(\.id) == Array(1...1_000))
        #expect(newer.map(\.eventId) == (1...1_000).map { .string("event \($0)") })

        var older: [EventRow] = try history.reader.rows(WindowRequest<Int64>(.newest, before: 22, after: 0)).rows
        while let first = older.first {
            let page = try history.reader.rows(WindowRequest<Int64>(.row(first.id), before: 37, after: 0))
            older = page.rows.dropLast() + older
            if !page.hasOlder { break }
        }
        #expect(older == newer)
    }

    @Test(arguments: Kept.allCases)
    func aCursorMeetsEachDeliveryOnce(kept: Kept) async throws {
        let history = try await history(kept, rows: 100)
        var ids: [Int64] = []
        while true {
            let page = try history.reader.deliveries(after: ids.last ?? 0, limit: 4)
            if page.isEmpty { break }
            #expect(page.count <= 4)
            ids += page.map(\.id)
        }
        #expect(ids == Array(1...history.current.latestDelivery))
        #expect(history.current.latestRow == 100)
    }

    @Test(arguments: Kept.allCases)
    func deliveriesAreLentInTheOrderOfTheirIds(kept: Kept) async throws {
        let history = try kept.open(folder)
        defer { history.close() }
        for index in 0..<9 { #expect(await history.keep([.sample(ids: ["a", index > 4 ? nil : "b"])])) }
        let records = try history.reader.deliveries(after: 0, limit: 9)
        func lent(_ ids: [Int64], duplicates: Bool = true, until last: Int64 = -1) throws -> [Int64: DeliveryRecord?] {
            var order: [Int64] = []
            var lent: [Int64: DeliveryRecord?] = [:]
            let repeated = duplicates ? try history.reader.repeatedEvents() : nil
            try history.reader.visit(deliveries: ids[...], duplicates: duplicates, among: repeated) { id, delivery in
                order.append(id)
                lent.updateValue(try delivery?.record(), forKey: id)
                return id != last
            }
            #expect(order == Array(ids.prefix { $0 != last }) + ids.filter { $0 == last })
            return lent
        }
        let ids: [Int64] = [5, 6, 7, 2, 3, 99, 100, 9, 10, 11, 1, 0, 8]
        for (id, record) in try lent(ids) { #expect(record == records.first { $0.id == id }) }
        #expect(try lent([1, 2, 3, 4, 5], until: 3).count == 3)
        #expect(try lent([8, 9, 10, 11], until: 10).count == 3)
        #expect(
            records.map(\.isDuplicate) == [false] + Array(repeating: true, count: 4) + Array(repeating: false, count: 4)
        )
        #expect(try lent([2], duplicates: false)[2]??.isDuplicate == false)
    }

    @Test(arguments: Kept.allCases)
    func theBodiesNearADeliveryAreLent(kept: Kept) async throws {
        let history = try kept.open(folder)
        for _ in 0..<9 { #expect(await history.keep([.sample(ids: ["a"])])) }
        func ids(reach: Int64, bytes: Int = .max, until last: Int64 = 0) throws -> [Int64] {
            var ids: [Int64] = []
            try history.reader.bodies(near: 5, reach: reach, bytes: bytes, isCancelled: { false }) { id, body in
                #expect(body.count > 0)
                ids.append(id)
                return id != last
            }
            return ids
        }
        #expect(try ids(reach: 2) == [5, 6, 7, 5, 4, 3])
        #expect(try Set(ids(reach: 100)) == Set(1...9))
        #expect(try ids(reach: 2, bytes: 1) == [5])
        #expect(try ids(reach: 2, until: 6) == [5, 6])
        #expect(throws: ReadCancelled.self) {
            try history.reader.bodies(near: 5, reach: 2, bytes: .max, isCancelled: { true }) { _, _ in true }
        }
    }
}

// MARK: - Deliveries

/// The delivery list: the rows of a window, and the facts about other deliveries in a row.
@Suite struct DeliveryRowTests {
    private let folder = TemporaryFolder()

    private func ids(_ history: History, _ anchor: WindowRequest<Int64>.Anchor, _ before: Int, _ after: Int) throws
        -> [Int64]
    {
        try history.reader.deliveryRows(WindowRequest<Int64>(anchor, before: before, after: after)).rows.map(\.id)
    }

    @Test(arguments: Kept.allCases)
    func anEmptyHistoryHasNone(kept: Kept) throws {
        let history = try kept.open(folder)
        for anchor in [WindowRequest<Int64>.Anchor.newest, .oldest, .row(0), .row(1), .row(.max)] {
            #expect(
                try history.reader.deliveryRows(WindowRequest<Int64>(anchor, before: 5, after: 5))
                    == ListWindow<DeliveryRow>())
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
            let newest = try history.reader.deliveryRows(WindowRequest<Int64>(.newest, before: others, after: 3))
            #expect(newest.rows.map(\.id) == Array(11 - count...10))
            #expect(newest.hasOlder == (others < 9) && !newest.hasNewer)
            let oldest = try history.reader.deliveryRows(WindowRequest<Int64>(.oldest, before: 3, after: others))
            #expect(oldest.rows.map(\.id) == Array(1...count))
            #expect(oldest.hasNewer == (others < 9) && !oldest.hasOlder)
        }
        for id in Int64(1)...10 {
            let window = try history.reader.deliveryRows(WindowRequest<Int64>(.row(id), before: 2, after: 3))
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
        let rows = try history.reader.deliveryRows(WindowRequest<Int64>(.oldest, before: 0, after: 9)).rows
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
        let rows = try history.reader.deliveryRows(WindowRequest<Int64>(.newest, before: 0, after: 0)).rows
        #expect(rows.map(\.answerTime) == [1_234])
    }

    @Test(arguments: Kept.allCases)
    func otherDeliveriesOfAnEventAreCountedAndWalkedInACircle(kept: Kept) async throws {
        let history = try kept.open(folder)
        for ids in [["a"], ["x"], ["b", "a"], ["a", "a", "a"], [nil], ["a", "b"]] as [[String?]] {
            #expect(await history.keep(.sample(ids: ids)))
        }
        let rows = try history.reader.deliveryRows(WindowRequest<Int64>(.oldest, before: 0, after: 9)).rows
        #expect(rows.map(\.others) == [3, 0, 1, 3, 0, 3])
        #expect(rows.map(\.first.isDuplicate) == [false, false, false, true, false, true])
        let next = try (Int64(1)...7).map { try history.reader.nextDelivery(sharingEventWith: $0) }
        #expect(next == [3, nil, 6, 6, nil, 1, nil])
    }

    @Test func whatIsRepeatedWithoutEndIsCountedToABound() async throws {
        let history = try Kept.inMemory.open(folder)
        for _ in 0..<40 { #expect(await history.keep(.sample(ids: ["a"]))) }
        let rows = try history.reader.deliveryRows(WindowRequest<Int64>(.oldest, before: 0, after: 99)).rows
        #expect(rows.allSatisfy { $0.others > DeliveryRow.mostOthers && $0.others <= 2 * DeliveryRow.mostOthers + 2 })
    }

    @Test(arguments: [DeliveryRowQuery.before, DeliveryRowQuery.behind])
    func aPageIsReadByIndexesAlone(sql: String) async throws {
        let history = try Kept.onFile.open(folder)
        #expect(await history.keep(.sample(ids: ["a"])))
        let database = try DatabaseQueue(path: folder.file("history.sqlite"))
        let plan = try await database.read { db in
            EventKeys.install(on: db)
            return try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN \(sql)", arguments: [5, 5])
                .map { $0["detail"] as String }
        }
        #expect(plan.contains { $0.contains("delivery USING INTEGER PRIMARY KEY") })
        #expect(!plan.contains { $0.hasPrefix("SCAN delivery") || $0.hasPrefix("SCAN event") }, "\(plan)")
        #expect(!plan.contains { $0.contains("FOR ORDER BY") }, "\(plan)")
    }
}
