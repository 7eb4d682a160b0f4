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
        #expect(user.marks.hasSuffix("not following"))
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
        user.tell(.settingsRead(.failure(EffectFailure(ExportRefusal(description: "config.yaml:3:1: no")))))
        #expect(user.screen.contains("The configuration stays as it was: config.yaml:3:1: no") && user.theme == nil)
        var settings = DashboardSettings()
        settings.theme = Theme(.light)
        user.tell(.settingsRead(.success(settings)))
        #expect(user.screen.contains("The configuration was read again.") && user.theme == Theme(.light))
        #expect(user.model.reload().count == 2)
    }
}
