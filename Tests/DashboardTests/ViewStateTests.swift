import Foundation
import Testing

@testable import Dashboard

@Suite("What is kept of the screen")
struct ViewStateTests {
    private func read(_ text: String) throws -> ViewState {
        try JSONDecoder().decode(ViewState.self, from: Data(text.utf8))
    }

    @Test("comes back as it was")
    func roundTrip() throws {
        var state = ViewState()
        state.remember("type:created")
        state.remember("é \"/\\\u{1b}")
        state.preferences.tableColumns = ["size", "object"]
        state.preferences.sortColumn = "size"
        state.preferences.isDescending = true
        let data = try JSONEncoder().encode(state)
        #expect(try JSONDecoder().decode(ViewState.self, from: data) == state)
    }

    @Test("what another version wrote is taken as far as it is understood")
    func otherVersions() throws {
        let state = try read(
            #"{"filters": "none", "preferences": {"sortColumn": 3, "tableColumns": ["size"]}, "later": {"x": [1]}}"#)
        #expect(state.filters.isEmpty && state.preferences.sortColumn == nil)
        #expect(state.preferences.tableColumns == ["size"])
        #expect(try read("{}") == ViewState())
        #expect(throws: (any Error).self) { try read("[]") }
    }

    @Test("keeps the latest hundred filters, none twice, none that is endless")
    func filters() throws {
        var state = ViewState()
        for number in 1...150 { state.remember("size>\(number)") }
        #expect(state.filters.count == 100)
        #expect(state.filters.first == "size>150" && state.filters.last == "size>51")
        state.remember("size>100")
        #expect(state.filters.count == 100 && state.filters.first == "size>100")
        state.remember(String(repeating: "x", count: 4_097))
        state.remember(" ")
        #expect(state.filters.first == "size>100")
        let many = try JSONEncoder().encode(["filters": (1...150).map { "\($0)" }])
        #expect(try JSONDecoder().decode(ViewState.self, from: many).filters.count == 100)
    }
}
