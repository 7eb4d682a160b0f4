import Control
import Testing

@Suite("Where the control socket is")
struct ControlPlaceTests {
    @Test("beside the history")
    func beside() {
        #expect(ControlPlace.socket(beside: "/a/history.sqlite") == "/a/history.sqlite.control")
    }
}
