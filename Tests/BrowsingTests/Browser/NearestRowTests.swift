import Browsing
import History
import Notifications
import TestSupport
import Testing

@Suite("The row nearest to a time, and counts", .blocking)
struct NearestRowTests {
    private func stretch(_ start: Int64, _ end: Int64? = nil) -> Range<Timestamp> {
        Timestamp(milliseconds: start)..<Timestamp(milliseconds: end ?? start + 1)
    }

    @Test(
        "is the first in it, or the nearer of those on both sides",
        arguments: [
            (500, 1), (1_000, 1), (1_400, 1), (1_600, 2), (5_000, 5), (9_999, 10), (10_500, 10), (10_501, 10),
        ] as [(Int64, Int64)])
    func nearest(moment: Int64, row: Int64) async throws {
        let browsed = try Browsed()
        await browsed.keep(1...10) { $0 * 1_000 }
        _ = browsed.show(BrowseQuery())
        #expect(try browsed.browser.nearest(to: stretch(moment)) { false } == row)
        // In another order, too.
        _ = browsed.show(BrowseQuery(order: .by(.size, isDescending: true)))
        #expect(try browsed.browser.nearest(to: stretch(moment)) { false } == row)
    }

    @Test("is the first of a day, though the last of the day before is nearer to its start")
    func ofDay() async throws {
        let browsed = try Browsed()
        await browsed.keep(1...10) { $0 * 1_000 }
        _ = browsed.show(BrowseQuery())
        #expect(try browsed.browser.nearest(to: stretch(3_001, 9_000)) { false } == 4)
    }

    @Test("is one of those that are listed")
    func listed() async throws {
        let browsed = try Browsed()
        await browsed.keep(1...10) { $0 * 1_000 }
        _ = browsed.show(BrowseQuery(.number(.objectSize, .atMost, 4)))
        #expect(try browsed.browser.nearest(to: stretch(9_000)) { false } == 4)
        _ = browsed.show(BrowseQuery(.any([])))
        #expect(try browsed.browser.nearest(to: stretch(9_000)) { false } == nil)
    }

    @Test("nothing is nearest where nothing is recorded")
    func nothing() async throws {
        let browsed = try Browsed()
        _ = browsed.show(BrowseQuery())
        #expect(try browsed.browser.nearest(to: stretch(9_000)) { false } == nil)
        #expect(try browsed.history.reader.firstDelivery(receivedFrom: Timestamp(milliseconds: 0)) == nil)
    }

    @Test("rows are counted in steps, from any row on, and counting can be given up")
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
