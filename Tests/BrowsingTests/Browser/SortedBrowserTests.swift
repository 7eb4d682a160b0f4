import Browsing
import History
import Notifications
import TestSupport
import Testing

/// Lists in an order of their own.
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
            let window = try browsed.browser.rows(RowRequest(.row(id), before: 2, after: 3))
            let range = max(0, index - 2)...min(expected.count - 1, index + 3)
            #expect(window.rows.map(\.id) == Array(expected[range]))
            #expect(window.hasOlder == (range.lowerBound > 0))
            #expect(window.hasNewer == (range.upperBound < expected.count - 1))
            #expect(browsed.browser.position(of: id) == index + 1)
        }
        func ids(_ anchor: RowRequest.Anchor) throws -> [Int64] {
            try browsed.browser.rows(RowRequest(anchor, before: 2, after: 2)).rows.map(\.id)
        }
        #expect(try ids(.oldest) == Array(expected.prefix(3)))
        #expect(try ids(.newest) == expected.suffix(3))
        #expect(try browsed.browser.rows(RowRequest(.newest, before: .max, after: .max)).rows.count == expected.count)
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
        #expect(try browsed.browser.rows(RowRequest(.newest, before: 3, after: 3)) == RowWindow())
        await browsed.keep([4, 5])
        #expect(browsed.follow(until: [2, 1]) == [2, 1])
    }
}
