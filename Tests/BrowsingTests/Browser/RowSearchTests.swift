import Browsing
import History
import TestSupport
import Testing

/// The next row that fulfils something more, among those listed.
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
        // From beyond either end of the list, where a search goes on that has come to the other.
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
        // While this one is sought in the first rows, the last are still to be looked at.
        let slow = RowPredicate.all((0..<10).map { number in .not(.text([.body], .never("\(number)"))) })
        browsed.begin(BrowseQuery(.all([slow, .size(.atMost, 4_000)])))
        #expect(try browsed.browser.find(.size(.less, 3), from: 4_999, isNewer: false) { false } == 2)
    }
}
