import Base
import GRDB
import Notifications
import TestSupport
import Testing

@testable import History

/// The keys of events, in their table up to the mark and in memory after it: both find the same duplicates.
@Suite(.blocking) struct EventKeyTests {
    private let folder = TemporaryFolder()

    /// Returns deliveries with a thousand events each, some of whose ids repeat, also across the mark.
    private static func deliveries(_ count: Int, seed: UInt64) -> [JudgedDelivery] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { number in
            let ids = (0..<1_000).map { index -> String? in
                switch index % 50 {
                case 0: "often"
                case 1: nil
                case 2: "id \(Int.random(in: 0..<2_000, using: &generator))"
                default: "id \(seed) \(number) \(index)"
                }
            }
            return .sample(ids: ids, [.valid, .valid, .invalid, .unverified][number % 4])
        }
    }

    /// Waits until no more slices are queued.
    private func mark(_ history: History, atLeast row: Int64) throws -> Int64 {
        for _ in 0..<10_000 {
            let mark = try history.writer.write { db in try EventKeyFilling.mark(db) }
            if mark >= row { return mark }
        }
        return 0
    }

    /// Compares the duplicates that readers find with a plain definition of a duplicate.
    private func check(_ reader: HistoryReader, _ rows: [EventRow]) throws {
        let trust: [SignatureVerdict: Int] = [.valid: 2, .unverified: 1]
        var first: [String: [(delivery: Int64, trust: Int)]] = [:]
        for row in rows {
            let id = row.eventId.text
            let own = trust[row.verdict, default: 0]
            let earlier = first[id, default: []].contains { $0.delivery < row.deliveryID && $0.trust >= own }
            #expect(row.isDuplicate == (earlier && !row.eventId.isEmpty), "row \(row.id)")
            if first[id, default: []].last?.delivery != row.deliveryID {
                first[id, default: []].append((row.deliveryID, own))
            }
        }
        let repeated = try reader.repeatedEvents()
        #expect(rows.allSatisfy { !$0.isDuplicate || repeated.mayContain($0.id) })
        let often = first["often"]?.map(\.delivery) ?? []
        #expect(try reader.deliveries(ofEvent: .string("often"), limit: 100).map(\.id) == often)
        #expect(try reader.deliveries(ofEvent: .string("often"), limit: 3).map(\.id) == Array(often.prefix(3)))
        for (index, delivery) in often.enumerated() {
            let next = often.count > 1 ? often[(index + 1) % often.count] : nil
            #expect(try reader.nextDelivery(sharingEventWith: delivery) == next)
        }
    }

    @Test(arguments: Kept.allCases) func rowsOnBothSidesOfTheMarkAreFound(kept: Kept) async throws {
        let history = try kept.open(folder)
        defer { history.close() }
        #expect(await history.keep(Self.deliveries(9, seed: 1)))
        let mark = try mark(history, atLeast: 8_192)
        #expect(mark == 9_000)
        #expect(await history.keep(Self.deliveries(3, seed: 2)))
        let rows = try history.allRows
        #expect(rows.count == 12_000 && rows.contains { $0.isDuplicate })
        try check(history.reader, rows)
        #expect(await history.keep(Self.deliveries(6, seed: 3)))
        #expect(try self.mark(history, atLeast: 17_000) > mark)
        try check(history.reader, try history.allRows)
    }

    @Test func anotherProcessFindsTheSame() async throws {
        let history = try Kept.onFile.open(folder)
        defer { history.close() }
        #expect(await history.keep(Self.deliveries(1, seed: 1)))
        let reading = try ReadOnlyHistory(folder.file("history.sqlite"))
        defer { reading.close() }
        try check(
            reading.reader, try reading.reader.rows(WindowRequest<Int64>(.oldest, before: 0, after: 1_000_000)).rows)
        #expect(await history.keep(Self.deliveries(9, seed: 2)))
        _ = try mark(history, atLeast: 8_192)
        #expect(await history.keep(Self.deliveries(1, seed: 3)))
        try check(
            reading.reader, try reading.reader.rows(WindowRequest<Int64>(.oldest, before: 0, after: 1_000_000)).rows)
    }

    /// A process that ended between the slices has left entries after the mark.
    @Test func entriesBehindTheMarkAreEnteredAgain() async throws {
        let path = folder.file("history.sqlite")
        var history = try History(.file(path))
        #expect(await history.keep(Self.deliveries(5, seed: 1)))
        try history.writer.write { db in
            try db.execute(
                sql: """
                    INSERT INTO eventKey SELECT \(EventKeys.key("eventId")), id FROM event
                    WHERE id % 3 = 0 AND eventId IS NOT NULL
                    """)
        }
        try check(history.reader, try history.allRows)
        history.close()
        history = try History(.file(path))
        defer { history.close() }
        #expect(await history.keep(Self.deliveries(5, seed: 2)))
        let mark = try mark(history, atLeast: 8_192)
        try check(history.reader, try history.allRows)
        let (keys, events) = try history.reader.read { db in
            (
                try Int.fetchOne(db, sql: "SELECT count(*) FROM eventKey"),
                try Int.fetchOne(db, sql: "SELECT count(*) FROM event WHERE eventId IS NOT NULL AND id <= \(mark)")
            )
        }
        #expect(keys == events)
    }

    @Test(arguments: Kept.allCases) func thoseThatFollowAreToldTheSame(kept: Kept) async throws {
        let history = try kept.open(folder)
        defer { history.close() }
        #expect(await history.keep(Self.deliveries(2, seed: 1)))
        let recorded = Watched<[RecordedDelivery]>([])
        history.follow { more in recorded.change { $0 += more } }
        let seen = SeenEvents(history.reader)
        var found: Set<Int64> = []
        let pairs: [JudgedDelivery] = (0..<40).map { .sample(ids: ["pair \($0 / 2)"], $0 % 3 == 0 ? .invalid : .valid) }
        for part in [Self.deliveries(2, seed: 2), pairs, Self.deliveries(9, seed: 3), pairs] {
            #expect(await history.keep(part))
            let new = recorded.now
            recorded.change { $0 = [] }
            #expect(new.count == part.count)
            // One that was not shown is read.
            let shown = Array(new.dropFirst())
            found.formUnion(try seen.duplicates(among: shown))
        }
        let all = try history.reader.deliveries(after: 0, limit: 1_000).filter(\.isDuplicate).map(\.id)
        #expect(!found.isEmpty && found.isSubset(of: all))
        #expect(Set(all).subtracting(found).allSatisfy { [3, 5, 45, 54].contains($0) }, "\(all) \(found.sorted())")
    }

    @Test func idsHaveTheKeyOfTheirColumn() throws {
        let ids: [FieldValue] = [
            .string("a"), .string("a\u{0}b"), .integer(5), .integer(-1), .other(json: "{}"), .other(json: "5.0"),
            .string("ü🦊"),
        ]
        let database = try DatabaseQueue()
        try database.write { db in
            EventKeys.install(on: db)
            for id in ids {
                let key = try Int64.fetchOne(db, sql: "SELECT \(EventKeys.key("?"))", arguments: [id.databaseValue])
                #expect(key == EventKeys.key(of: id))
            }
            #expect(try Int64.fetchOne(db, sql: "SELECT \(EventKeys.key("NULL"))") == nil)
        }
        #expect([FieldValue.absent, .null, .string("")].allSatisfy { EventKeys.key(of: $0) == nil })
    }
}
