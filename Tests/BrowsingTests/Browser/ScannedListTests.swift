import History
import Testing

@testable import Browsing

/// What is looked at next, without a clock or a history.
@Suite struct ScannedListTests {
    private let start = ContinuousClock.now

    private func change(_ latest: Int64, revision: Int = 0) -> HistoryChange {
        HistoryChange(latestRow: latest, revision: revision)
    }

    /// Does steps until there is nothing to do but to wait; finds every row.
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
        // A row that comes meanwhile is found by both.
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
