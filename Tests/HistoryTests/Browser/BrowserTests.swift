import Base
import History
import Notifications
import Testing
import TestSupport

/// Lists of matching rows, while rows are found and others arrive.
@Suite(.blocking) struct BrowserTests {
    private let folder = TemporaryFolder()

    private func ids(_ browsed: Browsed, _ anchor: WindowRequest<Int64>.Anchor, _ before: Int, _ after: Int) throws
        -> [Int64]
    {
        try browsed.browser.rows(WindowRequest<Int64>(anchor, before: before, after: after)).rows.map(\.id)
    }

    @Test func aPlainQueryIsTheHistory() async throws {
        let browsed = try Browsed()
        await browsed.keep(1...20)
        #expect(browsed.show(BrowseQuery()).matched == 20)
        for request in [
            WindowRequest<Int64>(.newest, before: 4, after: 0), WindowRequest<Int64>(.row(7), before: 2, after: 3),
        ] {
            #expect(try browsed.browser.rows(request) == browsed.history.reader.rows(request))
        }
        #expect(browsed.browser.position(of: 7) == 7 && browsed.browser.progress.matched == 20)
        #expect(browsed.browser.position(of: 21) == nil)
        #expect(browsed.browser.allIDs(limit: 3) == [18, 19, 20])
        #expect(browsed.all.count == 1)
    }

    /// Compares windows at any position with a filter over all rows.
    @Test(arguments: [false, true])
    func windowsAreThoseOfTheRowsThatMatch(isOnFile: Bool) async throws {
        let browsed = try Browsed(in: isOnFile ? folder : nil)
        await browsed.keep((1...200).map { $0 * 37 % 101 })
        let predicate = RowPredicate.size(.less, 20)
        #expect(browsed.show(BrowseQuery(predicate)).isComplete)
        let all = try browsed.history.reader.rows(WindowRequest<Int64>(.oldest, before: 0, after: 1_000)).rows
        let expected = all.filter { ($0.objectSize.integer ?? 0) < 20 }.map(\.id)
        #expect(browsed.browser.allIDs() == expected)
        #expect(browsed.browser.progress.matched == expected.count)
        for (index, id) in expected.enumerated() {
            #expect(browsed.browser.position(of: id) == index + 1)
            let window = try browsed.browser.rows(WindowRequest<Int64>(.row(id), before: 3, after: 2))
            let range = max(0, index - 3)...min(expected.count - 1, index + 2)
            #expect(window.rows.map(\.id) == Array(expected[range]))
            #expect(window.hasOlder == (range.lowerBound > 0))
            #expect(window.hasNewer == (range.upperBound < expected.count - 1))
        }
        #expect(try ids(browsed, .newest, 2, 9) == expected.suffix(3))
        #expect(try ids(browsed, .oldest, 9, 2) == Array(expected.prefix(3)))
        // If the row is not listed, the next older one replaces it.
        let other = try #require(all.map(\.id).first { $0 > expected[5] && !expected.contains($0) })
        let older = expected.filter { $0 < other }
        #expect(try ids(browsed, .row(other), 1, 1) == older.suffix(2) + expected[older.count...].prefix(1))
        #expect(
            try browsed.browser.rows(WindowRequest<Int64>(.row(0), before: 3, after: 2)).rows.map(\.id)
                == Array(expected.prefix(2)))
        #expect(browsed.browser.position(of: other) == nil)
    }

    @Test func nothingMatches() async throws {
        let browsed = try Browsed()
        await browsed.keep(1...20)
        #expect(browsed.show(BrowseQuery(.any([]))).matched == 0)
        for anchor in [WindowRequest<Int64>.Anchor.newest, .oldest, .row(5)] {
            #expect(
                try browsed.browser.rows(WindowRequest<Int64>(anchor, before: 3, after: 3)) == ListWindow<EventRow>())
        }
    }

    @Test(arguments: [false, true])
    func newRowsComeIn(isOnFile: Bool) async throws {
        let browsed = try Browsed(in: isOnFile ? folder : nil)
        #expect(browsed.show(BrowseQuery(.size(.greater, 5))).matched == 0)
        var random = SeededGenerator(seed: 9)
        var expected: [Int64] = []
        var total: Int64 = 0
        for _ in 0..<20 {
            let sizes = (0..<Int.random(in: 1...9, using: &random)).map { _ in Int64.random(in: 0...10, using: &random)
            }
            await browsed.keep(sizes)
            for size in sizes {
                total += 1
                if size > 5 { expected.append(total) }
            }
            let progress = browsed.follow { $0.total == Int(total) }
            #expect(progress.matched == expected.count && progress.isComplete)
            #expect(browsed.browser.allIDs() == expected)
            #expect(try ids(browsed, .newest, 4, 0) == expected.suffix(5))
        }
    }

    @Test(arguments: [false, true])
    func verdictsThatChangeMoveRows(isOnFile: Bool) async throws {
        let browsed = try Browsed(in: isOnFile ? folder : nil)
        await browsed.keep(1...50)
        #expect(browsed.show(BrowseQuery(.verdict([.valid]))).matched == 0)
        for generation in 2...8 as ClosedRange<Int64> {
            try browsed.rejudge((1...50).filter { $0 % generation == 0 }, .valid, generation: generation)
            try browsed.rejudge((1...50).filter { $0 % generation == 1 }, .invalid, generation: generation)
            let all = try browsed.history.reader.rows(WindowRequest<Int64>(.oldest, before: 0, after: 100)).rows
            let expected = all.filter { $0.verdict == .valid }.map(\.id)
            #expect(browsed.follow(until: expected) == expected)
        }
    }

    @Test func reportsAreOfTheirGenerationAndTheLastIsComplete() async throws {
        let browsed = try Browsed(in: folder)
        await browsed.keep(1...3_000)
        let slow = RowPredicate.all((0..<5).map { number in .not(.text([.body], .never("\(number)"))) })
        for _ in 0..<20 { browsed.begin(BrowseQuery(slow)) }
        let last = browsed.begin(BrowseQuery(.size(.atMost, 7)))
        let progress = browsed.wait { $0.generation == last && $0.isComplete }
        #expect(progress.matched == 7 && progress.scanned == 3_000 && progress.failure == nil)
        #expect(browsed.browser.allIDs() == Array(1...7))
        for generation in Set(browsed.all.map(\.generation)) {
            let matched = browsed.all.filter { $0.generation == generation }.map(\.scanned)
            #expect(matched == matched.sorted())
        }
    }

    @Test func aClosedHistoryIsAFailureInASentence() async throws {
        let browsed = try Browsed(in: folder)
        await browsed.keep(1...10)
        browsed.history.close()
        browsed.begin(BrowseQuery(.event))
        let progress = browsed.wait { $0.failure != nil }
        #expect(progress.failure?.contains("the history is closed") == true && !progress.isComplete)
    }
}

extension TextPattern {
    /// A condition that matches nothing, slowly.
    static func never(_ name: String) -> TextPattern {
        TextPattern("never \(name)") { bytes in bytes.reduce(0) { $0 &+ Int($1) } < 0 }
    }
}

// MARK: - Query

@Suite("Queries")
struct BrowseQueryTests {
    @Test("without conditions list every row in the order of arrival")
    func plain() {
        #expect(BrowseQuery().isPlain)
        #expect(!BrowseQuery(.duplicate).isPlain)
        #expect(!BrowseQuery(order: .by(.size, isDescending: true)).isPlain)
    }
}

// MARK: - Search and count

/// The search for the next listed row that fulfils another condition.
@Suite(.blocking) struct RowSearchTests {
    @Test(arguments: [
        BrowseQuery(), BrowseQuery(.size(.less, 60)), BrowseQuery(order: .by(.size, isDescending: true)),
        BrowseQuery(.size(.less, 60), order: .by(.object, isDescending: false)),
    ])
    func findsTheNearestInTheListsOrder(query: BrowseQuery) async throws {
        let browsed = try Browsed()
        await browsed.keep((1...2_500).map { $0 * 37 % 101 })
        _ = browsed.show(query)
        let listed = browsed.browser.allIDs()
        let sought = RowPredicate.size(.equal, 50)
        let matching = Set(try browsed.history.reader.ids(matching: sought, in: 1...2_500))
        for index in stride(from: 0, to: listed.count, by: 97) {
            func find(_ isNewer: Bool) throws -> Int64? {
                try browsed.browser.find(sought, from: listed[index], isNewer: isNewer) { false }
            }
            #expect(try find(true) == listed[(index + 1)...].first(where: matching.contains))
            #expect(try find(false) == listed[..<index].last(where: matching.contains))
        }
        // From beyond either end of the list, where a search continues that has reached the other end.
        let fromEnd = try browsed.browser.find(sought, from: .max, isNewer: false) { false }
        #expect(fromEnd == listed.last(where: matching.contains))
        let fromStart = try browsed.browser.find(sought, from: .min, isNewer: true) { false }
        #expect(fromStart == listed.first(where: matching.contains))
        #expect(try browsed.browser.find(.any([]), from: listed[0], isNewer: true) { false } == nil)
        #expect(try browsed.browser.find(sought, from: listed[0], isNewer: true) { true } == nil)
    }

    @Test func looksWhereTheListHasNotLookedYet() async throws {
        let browsed = try Browsed()
        await browsed.keep(1...5_000)
        // While this row is searched for among the first rows, the last are not found yet.
        let slow = RowPredicate.all((0..<10).map { number in .not(.text([.body], .never("\(number)"))) })
        browsed.begin(BrowseQuery(.all([slow, .size(.atMost, 4_000)])))
        #expect(try browsed.browser.find(.size(.less, 3), from: 4_999, isNewer: false) { false } == 2)
    }
}

@Suite("The row nearest to a time, and counts", .blocking)
struct NearestRowTests {
    private func stretch(_ start: Int64, _ end: Int64? = nil) -> Range<Timestamp> {
        Timestamp(milliseconds: start)..<Timestamp(milliseconds: end ?? start + 1)
    }

    @Test(
        "is the first one in it, or the nearer one of its two neighbours",
        arguments: [
            (500, 1), (1_000, 1), (1_400, 1), (1_600, 2), (5_000, 5), (9_999, 10), (10_500, 10), (10_501, 10),
        ] as [(Int64, Int64)])
    func nearest(moment: Int64, row: Int64) async throws {
        let browsed = try Browsed()
        await browsed.keep(1...10) { $0 * 1_000 }
        _ = browsed.show(BrowseQuery())
        #expect(try browsed.browser.nearest(to: stretch(moment)) { false } == row)
        // The same in another order.
        _ = browsed.show(BrowseQuery(order: .by(.size, isDescending: true)))
        #expect(try browsed.browser.nearest(to: stretch(moment)) { false } == row)
    }

    @Test("is the first of a day, even if the last of the day before is nearer to its start")
    func ofDay() async throws {
        let browsed = try Browsed()
        await browsed.keep(1...10) { $0 * 1_000 }
        _ = browsed.show(BrowseQuery())
        #expect(try browsed.browser.nearest(to: stretch(3_001, 9_000)) { false } == 4)
    }

    @Test("is one of the listed rows")
    func listed() async throws {
        let browsed = try Browsed()
        await browsed.keep(1...10) { $0 * 1_000 }
        _ = browsed.show(BrowseQuery(.number(.objectSize, .atMost, 4)))
        #expect(try browsed.browser.nearest(to: stretch(9_000)) { false } == 4)
        _ = browsed.show(BrowseQuery(.any([])))
        #expect(try browsed.browser.nearest(to: stretch(9_000)) { false } == nil)
    }

    @Test("does not exist if nothing is recorded")
    func nothing() async throws {
        let browsed = try Browsed()
        _ = browsed.show(BrowseQuery())
        #expect(try browsed.browser.nearest(to: stretch(9_000)) { false } == nil)
        #expect(try browsed.history.reader.firstDelivery(receivedFrom: Timestamp(milliseconds: 0)) == nil)
    }

    @Test("are counted in steps from any row on, and counting can be cancelled")
    func counts() async throws {
        let browsed = try Browsed()
        await browsed.keep(1...2_500)
        let even = RowPredicate.number(.objectSize, .greater, 1_000)
        let browser = browsed.browser
        #expect(try browser.count(even, in: 1...2_500) { false } == 1_500)
        #expect(try browser.count(even, in: 2_001...2_500) { false } == 500)
        #expect(try browser.count(.not(even), in: 1...2_500) { false } == 1_000)
        #expect(try browser.count(.duplicate, in: 1...2_500) { false } == 0)
        #expect(try browser.count(even, in: 1...2_500) { true } == nil)
    }
}
