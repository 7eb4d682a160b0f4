import Browsing
import History
import Testing

@Suite("Queries")
struct BrowseQueryTests {
    @Test("one without parts lists every row as it arrived")
    func plain() {
        #expect(BrowseQuery().isPlain)
        #expect(!BrowseQuery(.duplicate).isPlain)
        #expect(!BrowseQuery(order: .by(.size, isDescending: true)).isPlain)
    }
}
