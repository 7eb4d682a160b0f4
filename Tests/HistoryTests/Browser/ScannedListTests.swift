import Base
import Notifications
import Testing
import TestSupport

@testable import History

/// The next step of the scan, without a clock or a history.
@Suite struct ScannedListTests {
    private let start = ContinuousClock.now

    private func change(_ latest: Int64, revision: Int = 0) -> HistoryChange {
        HistoryChange(latestRow: latest, revision: revision)
    }

    /// Performs steps until only waiting is left; every row matches.
    private func work(
        _ list: inout ScannedList, at now: ContinuousClock.Instant, taking time: Duration = .zero
    ) -> (looked: Int, last: BrowseStep) {
        var looked = 0
        while case .look(_, let range) = list.next(now) {
            looked += range.count
            list.finish(Array(range), in: range, time, now: now)
        }
        return (looked, list.next(now))
    }

    @Test func looksAtEveryRowOnceFromTheNewest() {
        var list = ScannedList(.duplicate, change(2_500))
        guard case .look(_, let first) = list.next(start) else {
            Issue.record("nothing is looked at")
            return
        }
        #expect(first == 1_501...2_500)
        #expect(work(&list, at: start).looked == 2_500)
        #expect(list.extent == (2_500, 2_500) && list.next(start) == .rest)
        #expect(list.found.rows.count == 2_500)
    }

    @Test func ofManyRowsItIsAskedOnceWhichMayBeDuplicates() throws {
        let history = try History(.memory)
        defer { history.close() }
        for (predicate, isAsked) in [(RowPredicate.duplicate, true), (.event, false)] {
            var list = ScannedList(predicate, change(100_000))
            let (looked, last) = work(&list, at: start)
            #expect(isAsked ? last == .findRepeated && looked < 20_000 : last == .rest)
            guard isAsked else { continue }
            let repeated = try history.reader.repeatedEvents()
            list.learn(repeated)
            guard case .look(let question, _) = list.next(start) else {
                Issue.record("nothing is looked at")
                return
            }
            #expect(question == predicate.among(repeated) && list.predicate == predicate)
            #expect(work(&list, at: start) == (100_000 - looked, .rest))
            #expect(list.found.rows.count == 100_000)
        }
    }

    @Test func anEmptyHistoryNeedsNothing() {
        var list = ScannedList(.duplicate, change(0))
        #expect(list.next(start) == .rest)
        list.follow(change(3, revision: 4))
        #expect(work(&list, at: start).looked >= 3)
        #expect(list.found.rows.count == 3)
    }

    @Test func newRowsAreLookedAtThirtyTimesASecond() {
        var list = ScannedList(.event, change(10))
        _ = work(&list, at: start)
        list.follow(change(11))
        #expect(work(&list, at: start).looked == 1)
        list.follow(change(13))
        #expect(list.next(start) == .pause(until: start + .pace))
        #expect(work(&list, at: start + .pace) == (2, .rest))
    }

    @Test func verdictsThatKeepChangingGetAFifthOfTheTime() {
        var list = ScannedList(.duplicate, change(1_000))
        _ = work(&list, at: start)
        list.follow(change(1_000, revision: 1))
        #expect(work(&list, at: start, taking: .seconds(1)) == (1_000, .rest))
        list.follow(change(1_000, revision: 2))
        list.follow(change(1_000, revision: 3))
        #expect(list.next(start + .seconds(3)) == .pause(until: start + .seconds(4)))
        #expect(work(&list, at: start + .seconds(4)) == (1_000, .rest))
    }

    @Test func whatReadsNoVerdictsIsLeftAloneWhenTheyChange() {
        var list = ScannedList(.event, change(1_000))
        _ = work(&list, at: start)
        list.follow(change(1_000, revision: 1))
        #expect(list.next(start) == .rest)
    }

    @Test func whatWasFoundStaysUntilItIsReplacedAndNewRowsAreNotLost() {
        var list = ScannedList(.duplicate, change(5_000))
        _ = work(&list, at: start)
        list.follow(change(5_000, revision: 1))
        guard case .look(_, let first) = list.next(start) else {
            Issue.record("nothing is looked at")
            return
        }
        list.finish([], in: first, .zero, now: start)
        #expect(list.found.rows.count == 5_000)
        // A row that arrives in the meantime is found by both.
        list.follow(change(5_001, revision: 1))
        var ranges: [ClosedRange<Int64>] = []
        while case .look(_, let range) = list.next(start) {
            ranges.append(range)
            list.finish(range.upperBound == 5_001 ? [5_001] : [], in: range, .zero, now: start)
        }
        #expect(ranges.first == 5_001...5_001)
        #expect(Array(list.found.rows.ascending()) == [5_001])
        #expect(list.extent == (5_001, 5_001))
    }
}

// MARK: - Row sets

@Suite struct RowSetTests {
    @Test func aRandomSetIsWhatASetOfNumbersIs() {
        var random = SeededGenerator(seed: 5)
        for size: Int64 in [1, 64, 65, 700, 5_000] {
            var (rows, naive) = (RowSet(), Set<Int64>())
            for _ in 0..<size / 4 + 1 {
                let id = Int64.random(in: 0...size, using: &random)
                rows.insert(id)
                naive.insert(id)
            }
            let sorted = naive.sorted()
            #expect(rows.count == naive.count)
            #expect(Array(rows.ascending()) == sorted)
            #expect(Array(rows.descending()) == sorted.reversed())
            for id in [-1, 0, 1, 63, 64, 65, size / 2, size - 1, size, size + 1, size + 500, .max, .min] as [Int64] {
                #expect(rows.contains(id) == naive.contains(id))
                #expect(rows.last(before: id) == sorted.last { $0 < id })
                #expect(rows.first(after: id) == sorted.first { $0 > id })
                #expect(rows.count(upTo: id) == sorted.count { $0 <= id })
            }
        }
    }

    @Test func anEmptySet() {
        let rows = RowSet()
        #expect(rows.count == 0 && !rows.contains(1) && rows.last(before: .max) == nil)
        #expect(rows.first(after: .min) == nil && rows.count(upTo: .max) == 0)
    }
}

// MARK: - Other orders

/// Lists in an order other than that of arrival.
@Suite(.blocking) struct SortedBrowserTests {
    private let bySize = RowOrder.by(.size, isDescending: true)

    private func order(_ sizes: [Int64], where isIn: (Int64) -> Bool = { _ in true }) -> [Int64] {
        sizes.enumerated().filter { isIn($0.element) }
            .sorted { ($1.element, $0.offset) < ($0.element, $1.offset) }.map { Int64($0.offset + 1) }
    }

    @Test func windowsAreThoseOfTheOrder() async throws {
        let browsed = try Browsed()
        let sizes = (1...100).map { Int64($0 * 37 % 53) }
        await browsed.keep(sizes)
        let query = BrowseQuery(.size(.less, 30), order: bySize)
        #expect(browsed.show(query).isComplete)
        let expected = order(sizes) { $0 < 30 }
        #expect(browsed.browser.allIDs() == expected)
        for (index, id) in expected.enumerated() {
            let window = try browsed.browser.rows(WindowRequest<Int64>(.row(id), before: 2, after: 3))
            let range = max(0, index - 2)...min(expected.count - 1, index + 3)
            #expect(window.rows.map(\.id) == Array(expected[range]))
            #expect(window.hasOlder == (range.lowerBound > 0))
            #expect(window.hasNewer == (range.upperBound < expected.count - 1))
            #expect(browsed.browser.position(of: id) == index + 1)
        }
        func ids(_ anchor: WindowRequest<Int64>.Anchor) throws -> [Int64] {
            try browsed.browser.rows(WindowRequest<Int64>(anchor, before: 2, after: 2)).rows.map(\.id)
        }
        #expect(try ids(.oldest) == Array(expected.prefix(3)))
        #expect(try ids(.newest) == expected.suffix(3))
        #expect(
            try browsed.browser.rows(WindowRequest<Int64>(.newest, before: .max, after: .max)).rows.count
                == expected.count)
    }

    @Test func theNewestOfManyAreThereFirstAndAllInTheEnd() async throws {
        let browsed = try Browsed()
        let sizes = (1...6_000).map { Int64($0 * 7_919 % 6_007) }
        await browsed.keep(sizes)
        let progress = browsed.show(BrowseQuery(order: bySize))
        #expect(progress.matched == 6_000 && progress.total == 6_000)
        #expect(browsed.browser.allIDs() == order(sizes))
        #expect(browsed.all.contains { $0.scanned == 5_000 && $0.total == 6_000 && !$0.isComplete })
    }

    @Test func newRowsAndVerdictsAreSortedIn() async throws {
        let browsed = try Browsed()
        var sizes: [Int64] = [3, 1, 2]
        await browsed.keep(sizes)
        #expect(browsed.show(BrowseQuery(order: bySize)).matched == 3)
        for size in [9, 0, 2, 5] as [Int64] {
            await browsed.keep([size])
            sizes.append(size)
            #expect(browsed.follow(until: order(sizes)) == order(sizes))
        }
        #expect(browsed.show(BrowseQuery(order: .by(.signature, isDescending: false))).matched == 7)
        #expect(browsed.browser.allIDs() == Array(1...7))
        try browsed.rejudge([5, 6], .valid, generation: 2)
        #expect(browsed.follow(until: [5, 6, 1, 2, 3, 4, 7]) == [5, 6, 1, 2, 3, 4, 7])
    }

    @Test func anEmptyHistoryIsNoTrouble() async throws {
        let browsed = try Browsed()
        #expect(browsed.show(BrowseQuery(order: bySize)).matched == 0)
        #expect(try browsed.browser.rows(WindowRequest<Int64>(.newest, before: 3, after: 3)) == ListWindow<EventRow>())
        await browsed.keep([4, 5])
        #expect(browsed.follow(until: [2, 1]) == [2, 1])
    }
}
