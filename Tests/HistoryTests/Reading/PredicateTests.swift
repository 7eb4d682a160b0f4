import Base
import Foundation
import History
import Notifications
import Testing
import TestSupport

/// Conditions on rows: SQL finds the same rows as a plain evaluation of each row.
@Suite struct PredicateTests {
    private let folder = TemporaryFolder()

    private func history(_ kept: Kept, deliveries count: Int) async throws -> History {
        let history = try kept.open(folder)
        var deliveries = MixedDeliveries(seed: 7)
        for _ in 0..<count { #expect(await history.keep(deliveries.next())) }
        // Events verified by one of the secrets read as removed.
        _ = try history.adopt("prod", because: .leaked("test", at: .at(1)))
        return history
    }

    private func rows(_ history: History) throws -> [(row: EventRow, record: DeliveryRecord)] {
        let records = try history.reader.deliveries(after: 0, limit: .max)
        return try history.allRows.map { row in (row, try #require(records.first { $0.id == row.deliveryID })) }
    }

    @Test(arguments: Kept.allCases)
    func randomConditionsFindWhatALookAtEachRowFinds(kept: Kept) async throws {
        let history = try await history(kept, deliveries: 150)
        let rows = try rows(history)
        var predicates = RandomPredicates(seed: 11)
        var sizes: Set<Int> = []
        for _ in 0..<200 {
            let predicate = predicates.next()
            let expected = rows.filter { predicate.holds(for: $0.row, of: $0.record) }.map(\.row.id)
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
        // Nothing is known about later rows, and none is missed.
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
        // The connection still works.
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

// MARK: - Order

/// Lists in an order other than that of arrival.
@Suite struct RowOrderTests {
    private let folder = TemporaryFolder()

    private func history(_ kept: Kept) async throws -> History {
        let history = try kept.open(folder)
        var deliveries = MixedDeliveries(seed: 3)
        for _ in 0..<80 { #expect(await history.keep(deliveries.next())) }
        return history
    }

    private func number(_ row: EventRow, _ column: SortColumn) -> Int64? {
        switch column {
        case .received: row.receivedAt.milliseconds
        case .signature: row.verdict == .unjudged ? nil : Int64(row.verdict.rawValue)
        case .size: row.objectSize.integer
        case .eventTime: row.eventTimestamp.integer
        case .status: Int64(row.status)
        case .type, .object, .bucket, .rule: nil
        }
    }

    @Test(arguments: Kept.allCases)
    func numbersAreSortedAndWhatHasNoneStandsLast(kept: Kept) async throws {
        let history = try await history(kept)
        let rows = try history.allRows
        for column in [SortColumn.received, .signature, .size, .eventTime, .status] {
            for isDescending in [false, true] {
                let with = rows.filter { number($0, column) != nil }.sorted { one, other in
                    let (first, second) = (number(one, column) ?? 0, number(other, column) ?? 0)
                    if first == second { return one.id < other.id }
                    return isDescending ? first > second : first < second
                }
                let expected = (with + rows.filter { number($0, column) == nil }).map(\.id)
                let order = RowOrder.by(column, isDescending: isDescending)
                #expect(try history.reader.ids(matching: .everything, by: order) == expected, "\(order)")
            }
        }
    }

    @Test(arguments: [SortColumn.type, .object, .bucket, .rule])
    func textsAreSortedAndWhatHasNoneStandsLast(column: SortColumn) async throws {
        let history = try await history(.onFile)
        func text(_ row: EventRow) -> FieldValue {
            switch column {
            case .type: row.eventType
            case .object: row.objectName
            case .bucket: row.bucketName
            default: row.matchedRuleName
            }
        }
        for isDescending in [false, true] {
            let ids = try history.reader.ids(
                matching: .everything, by: .by(column, isDescending: isDescending))
            let rows = try history.reader.rows(ids: ids)
            #expect(Set(ids).count == history.current.tally.rows)
            // A name with a NUL is not stored as a text, and is sorted after texts.
            let strings = rows.compactMap { text($0).string }.filter { !$0.utf8.contains(0) }.map { Array($0.utf8) }
            let sorted = strings.sorted { $0.lexicographicallyPrecedes($1) }
            #expect(strings == (isDescending ? sorted.reversed() : sorted))
            let firstWithout = rows.firstIndex { [.absent, .null].contains(text($0)) } ?? rows.endIndex
            #expect(rows[firstWithout...].allSatisfy { [.absent, .null].contains(text($0)) })
        }
    }

    @Test func onlyWhatMatchesInAStretch() async throws {
        let history = try await history(.inMemory)
        let order = RowOrder.by(.size, isDescending: true)
        let all = try history.reader.ids(matching: .everything, by: order)
        #expect(try history.reader.ids(matching: .everything, in: 5...20, by: order) == all.filter { 5...20 ~= $0 })
        let matching = Set(try history.reader.ids(matching: .event, in: 1...1_000))
        #expect(try history.reader.ids(matching: .event, by: order) == all.filter(matching.contains))
        #expect(try history.reader.ids(matching: .event, by: .arrival) == matching.sorted())
        #expect(throws: ReadCancelled.self) {
            try history.reader.ids(matching: .everything, by: order, isCancelled: { true })
        }
    }
}

// MARK: - Mixed history

/// Returns deliveries of all kinds: duplicates, several events, none, and fields with unexpected values.
struct MixedDeliveries {
    private var random: SeededGenerator
    private var time: Int64 = 1_795_452_185_000

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    mutating func next() -> JudgedDelivery {
        time += Int64.random(in: 0...5, using: &random)
        let verdict = SignatureVerdict.allCases.filter { $0 != .removed }.randomElement(using: &random) ?? .valid
        let secret = verdict == .valid ? ["prod", "test", nil].randomElement(using: &random) ?? nil : nil
        let answer: Answer = verdict == .valid ? .accepted : .invalidSignature
        if verdict == .unjudged {
            let target = Bool.random(using: &random) ? "/a\0b" : "/about"
            return .sample(
                .sample(receivedAt: time, method: "GET", target: target, body: Array("no JSON".utf8)), verdict,
                answer: .methodNotAllowed)
        }
        let events = (0..<Int.random(in: 0...3, using: &random)).map { _ in event() }
        return .sample(.sample(events, receivedAt: time), verdict, secret: secret, answer: answer)
    }

    private mutating func event() -> SampleEvent {
        var event = SampleEvent(
            id: ["a", "b", "c", "d", "", nil].randomElement(using: &random) ?? nil,
            type: ["b2:ObjectCreated:Upload", "b2:ObjectDeleted:Delete", nil].randomElement(using: &random) ?? nil,
            object: ["cat.jpg", "Cat.JPG", "dog.jpg", "a\0cat", "", "été", nil].randomElement(using: &random) ?? nil,
            size: [0, 5, 10, .max, nil].randomElement(using: &random) ?? nil,
            timestamp: [0, time, nil].randomElement(using: &random) ?? nil,
            bucket: ["one", "two"].randomElement(using: &random))
        if Int.random(in: 0..<4, using: &random) == 0 {
            let name = ["objectName", "objectSize", "eventTimestamp", "bucketName"].randomElement(using: &random) ?? ""
            event = event.with(
                name, json: ["7", "\"9\"", "1.5", "[\"cat\"]", "null", "true"].randomElement(using: &random))
        }
        return event
    }
}

/// Returns random conditions, some of which match no row and some every row.
struct RandomPredicates {
    private var random: SeededGenerator

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    mutating func next(depth: Int = 3) -> RowPredicate {
        switch Int.random(in: 0..<(depth > 0 ? 10 : 6), using: &random) {
        case 0: .verdict(Set(SignatureVerdict.allCases.filter { _ in Bool.random(using: &random) }))
        case 1: Bool.random(using: &random) ? .duplicate : .event
        case 2: .rows(Set((0..<Int64.random(in: 0...700, using: &random)).map { $0 * 2 % 80 * 3 }))
        case 3: number()
        case 4, 5: text()
        case 6, 7: .all(parts(depth))
        case 8: .any(parts(depth))
        default: .not(next(depth: depth - 1))
        }
    }

    private mutating func parts(_ depth: Int) -> [RowPredicate] {
        (0..<Int.random(in: 0...3, using: &random)).map { _ in next(depth: depth - 1) }
    }

    private mutating func number() -> RowPredicate {
        let comparison = [Comparison.less, .atMost, .equal, .atLeast, .greater].randomElement(using: &random) ?? .less
        let values: [Int64] = [0, 5, 7, 9, 50, 200, 401, 1_795_452_185_050, .max]
        return .number(
            RowNumber.allCases.randomElement(using: &random) ?? .row, comparison,
            values.randomElement(using: &random) ?? 0)
    }

    private mutating func text() -> RowPredicate {
        let columns = RowText.allCases.filter { _ in Int.random(in: 0..<4, using: &random) == 0 }
        let words = ["cat", "a", "7", "", "prod", "POST", "\0", "203.", "B2/", "b2:", "[\"cat"]
        return .text(columns, .containing(words.randomElement(using: &random) ?? ""))
    }
}

extension TextPattern {
    /// Returns whether the bytes contain these.
    static func containing(_ text: String) -> TextPattern {
        let sought = Array(text.utf8)
        return TextPattern(text) { bytes in
            guard let start = bytes.baseAddress, bytes.count >= sought.count else { return sought.isEmpty }
            return (0...bytes.count - sought.count).contains { memcmp(start + $0, sought, sought.count) == 0 }
        }
    }
}
