import History
import Notifications
import TestSupport
import Testing

/// Rows that fulfil a condition: SQL finds what a look at each row finds.
@Suite struct PredicateTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func history(_ kept: Kept, deliveries count: Int) async throws -> History {
        let history = try kept.open(folder)
        var deliveries = MixedDeliveries(seed: 7)
        for _ in 0..<count { #expect(await history.keep(deliveries.next())) }
        // What one of the secrets has verified reads as removed.
        _ = try history.adopt("prod", because: .leaked("test", at: .at(1)))
        return history
    }

    private func naive(_ history: History) throws -> [NaiveMatch] {
        let records = try history.reader.deliveries(after: 0, limit: .max)
        return try history.allRows.map { row in
            NaiveMatch(row: row, record: try #require(records.first { $0.id == row.deliveryID }))
        }
    }

    @Test(arguments: Kept.allCases)
    func randomConditionsFindWhatALookAtEachRowFinds(kept: Kept) async throws {
        let history = try await history(kept, deliveries: 150)
        let rows = try naive(history)
        var predicates = RandomPredicates(seed: 11)
        var sizes: Set<Int> = []
        for _ in 0..<200 {
            let predicate = predicates.next()
            let expected = rows.filter { $0.fulfils(predicate) }.map(\.row.id)
            #expect(
                try history.reader.ids(matching: predicate, in: 0...Int64.max) == expected.reversed(), "\(predicate)")
            sizes.insert(expected.count)
        }
        #expect(sizes.count > 20)
    }

    @Test(arguments: Kept.allCases)
    func duplicatesAreLookedForAmongWhatCameBefore(kept: Kept) async throws {
        let history = try kept.open(folder)
        var deliveries = MixedDeliveries(seed: 5)
        for _ in 0..<60 { #expect(await history.keep(deliveries.next())) }
        let repeated = try history.reader.repeatedEvents()
        let known = 0...history.current.latestRow
        #expect(repeated.through == known.upperBound)
        let duplicates = try history.reader.ids(matching: .duplicate, in: known)
        let candidates = try history.reader.ids(matching: .repeated(repeated), in: known)
        #expect(!duplicates.isEmpty && Set(duplicates).isSubset(of: candidates))
        #expect(candidates.count < known.count - 1)
        // Of what comes later nothing is known, and nothing is missed.
        for _ in 0..<60 { #expect(await history.keep(deliveries.next())) }
        for predicate in [RowPredicate.duplicate, .not(.duplicate), .any([.not(.event), .duplicate])] {
            #expect(
                try history.reader.ids(matching: predicate.among(repeated), in: 0...Int64.max)
                    == history.reader.ids(matching: predicate, in: 0...Int64.max))
        }
        #expect(try history.reader.ids(matching: .duplicate, in: known.upperBound...Int64.max).count > 10)
    }

    @Test func aStretchOfIdsFromEitherEndAndOnlySoMany() async throws {
        let history = try await history(.inMemory, deliveries: 20)
        let reader = history.reader
        #expect(try reader.ids(matching: .everything, in: 3...6) == [6, 5, 4, 3])
        #expect(try reader.ids(matching: .everything, in: 3...6, newestFirst: false, limit: 2) == [3, 4])
        #expect(try reader.ids(matching: .everything, in: 3...6, limit: 0) == [])
        #expect(try reader.ids(matching: .any([]), in: 3...6) == [])
    }

    @Test func aConditionOfAThousandParts() async throws {
        let history = try await history(.inMemory, deliveries: 20)
        let parts = (0..<3_000).map { RowPredicate.number(.row, .equal, $0 * 5) }
        #expect(try history.reader.ids(matching: .any(parts), in: 1...12) == [10, 5])
    }

    @Test(arguments: Kept.allCases)
    func aSearchThatIsCancelledEnds(kept: Kept) async throws {
        let history = try await history(kept, deliveries: 200)
        #expect(throws: ReadCancelled.self) {
            try history.reader.ids(matching: .everything, in: 1...100, isCancelled: { true })
        }
        var questions = 0
        let slow = RowPredicate.all((0..<8).map { .text([.body], .containing("never \($0)")) }.map { .not($0) })
        #expect(throws: ReadCancelled.self) {
            try history.reader.ids(
                matching: slow, in: 1...1_000,
                isCancelled: {
                    questions += 1
                    return questions > 2
                })
        }
        #expect(questions > 2)
        // The connection is as good as before.
        #expect(try history.reader.ids(matching: .event, in: 1...1_000).count > 10)
    }

    @Test(arguments: Kept.allCases)
    func theFirstOfSomeRowsInTheOrderGiven(kept: Kept) async throws {
        let history = try await history(kept, deliveries: 20)
        let even = RowPredicate.rows([2, 4, 6])
        #expect(try history.reader.first(of: [5, 3, 6, 2], matching: even) == 6)
        #expect(try history.reader.first(of: [5, 3], matching: even) == nil)
        #expect(try history.reader.first(of: [Int64](), matching: even) == nil)
        #expect(throws: ReadCancelled.self) {
            try history.reader.first(of: [5], matching: even, isCancelled: { true })
        }
    }

    @Test func rowsByTheirIds() async throws {
        let history = try await history(.inMemory, deliveries: 20)
        #expect(try history.reader.rows(ids: [4, 99_999, 1, 3]).map(\.id) == [4, 1, 3])
        #expect(try history.reader.rows(ids: []).isEmpty)
        let row = try #require(try history.reader.rows(ids: [7]).first)
        #expect(try history.allRows.contains(row))
    }

    @Test(arguments: Kept.allCases)
    func aWalkMeetsEachMatchOnce(kept: Kept) async throws {
        let history = try await history(kept, deliveries: 100)
        let predicate = RowPredicate.verdict([.valid, .invalid])
        let expected = try history.allRows.filter { [.valid, .invalid].contains($0.verdict) }
        var (rows, looked): ([EventRow], Int64) = ([], 0)
        while looked < history.current.latestRow {
            let stretch = try history.reader.rows(
                matching: predicate, after: looked, through: history.current.latestRow, limit: 7)
            #expect(stretch.rows.count <= 7 && stretch.through > looked)
            rows += stretch.rows
            looked = stretch.through
        }
        #expect(rows == expected)
        let none = try history.reader.rows(matching: .any([]), after: 0, through: .max, limit: 7)
        #expect(none.rows.isEmpty && none.through > 1_000)
    }

    @Test(arguments: Kept.allCases)
    func valuesSeenAreTheMostFrequentFirst(kept: Kept) async throws {
        let history = try kept.open(folder)
        #expect(try history.reader.values(of: .bucketName, limit: 5).isEmpty)
        for bucket in ["rare", "often", "often", "new", "often"] {
            let event = SampleEvent(id: nil, bucket: bucket)
            #expect(await history.keep(.sample(.sample([event]), .valid, secret: "prod")))
        }
        #expect(await history.keep(.sample(.sample([SampleEvent().with("bucketName", json: "7")]), .missing)))
        let values = try history.reader.values(of: .bucketName, limit: 5)
        #expect(values.map(\.value) == ["often", "new", "rare"])
        #expect(values.first?.count ?? 0 > values.last?.count ?? 0)
        #expect(try history.reader.values(of: .bucketName, limit: 1).map(\.value) == ["often"])
        #expect(try history.reader.values(of: .secret, limit: 5).map(\.value) == ["prod"])
        #expect(try history.reader.values(of: .body, limit: 5) == [])
    }
}
