import Base
import Foundation
import Terminal
import Testing

@testable import Dashboard

@Suite("What the user has set")
struct SettingsTests {
    private func user(_ change: (inout DashboardSettings) -> Void) -> User {
        var settings = DashboardSettings()
        change(&settings)
        var user = User(holding: [.prod], settings: settings)
        user.arrive((1...5).map { Make.row($0) })
        return user
    }

    @Test("a view to begin with", arguments: DashboardSettings.StartView.allCases)
    func startView(view: DashboardSettings.StartView) {
        let user = user { $0.startView = view }
        #expect(user.lines[1].lowercased().contains(" \(view.rawValue)]"))
    }

    @Test("UTC, and timestamps in milliseconds")
    func forms() {
        var user = user {
            $0.showsUTC = true
            $0.showsEpoch = true
        }
        user.press(.character("2"))
        #expect(user.marks.contains("epoch ms"))
        user.press(.character("1"))
        #expect(user.lines[2].contains("TIME UTC"))
    }

    @Test("not to follow: the lists stay at the row that was the newest first")
    func notFollowing() {
        var user = user { $0.follows = false }
        let selected = user.selected
        #expect(user.marks.hasSuffix("row 5 of 5"))
        user.arrive([Make.row(6)])
        #expect(user.selected == selected && user.marks.hasSuffix("+1 new"))
        user.press(.character("3"))
        user.arrive([Make.row(7)])
        #expect(user.marks.hasSuffix("+1 new"))
        user.press(.character("F"))
        #expect(user.marks.hasSuffix("FOLLOW"))
    }

    @Test("the bell rings when it is told to; that nothing comes is a warning until something does")
    func alerts() {
        var user = user { _ in }
        user.tell(.bell)
        #expect(user.rings == 1)
        user.tell(.quiet("nothing has come for 5 min"))
        #expect(user.lines[2] == " ! nothing has come for 5 min")
        user.tell(.quiet(nil))
        #expect(!user.screen.contains("nothing has come"))
    }

    @Test("is read again: another theme holds at once, and what is wrong leaves the old one")
    func reload() {
        var user = user { _ in }
        user.press(.character(":"))
        user.type("reload")
        user.press(.enter)
        #expect(user.settingsReads == 1 && user.calls.count == 1)
        user.readSettings(.failure(EffectFailure(ExportRefusal(description: "config.yaml:3:1: no"))))
        #expect(user.screen.contains("The configuration stays as it was: config.yaml:3:1: no") && user.theme == nil)
        var settings = DashboardSettings()
        settings.theme = Theme(.light)
        user.press(.character(":"))
        user.type("reload")
        user.press(.enter)
        user.readSettings(.success(settings))
        #expect(user.screen.contains("The configuration was read again.") && user.theme == Theme(.light))
    }
}

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
