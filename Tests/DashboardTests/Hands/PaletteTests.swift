import Base
import History
import Notifications
import Terminal
import Testing

@testable import Dashboard
@testable import Receiving

@Suite("The line for commands")
struct PaletteTests {
    private func typing(_ text: String, enter: Bool = true) -> User {
        var user = User.watching(50)
        user.press(.character(":"))
        user.type(text)
        if enter { user.press(.enter) }
        return user
    }

    @Test("runs a command by its name")
    func runs() {
        let user = typing("show-table")
        #expect(user.model.view == .table)
        #expect(user.model.overlays.prompt == nil)
    }

    @Test("offers what begins with what is typed, with what it does")
    func candidates() {
        let user = typing("next-pr", enter: false)
        #expect(user.screen.contains("next-problem: to the next problem"))
    }

    @Test("completes a word, and goes through the candidates")
    func completes() {
        var user = typing("next-pr", enter: false)
        user.press(.tab)
        #expect(user.screen.contains(" :  next-problem"))
        user = typing("show-t", enter: false)
        user.press(.tab)
        #expect(user.screen.contains(" :  show-table"))
    }

    @Test("says what may have been meant by a name that is none, and lets it be mended")
    func unknown() {
        var user = typing("show-tabel")
        #expect(user.screen.contains("“show-tabel” is not a command; did you mean show-table?"))
        user.press(.backspace, .backspace)
        user.type("le")
        user.press(.enter)
        #expect(user.model.view == .table)
    }

    @Test("says why a command does nothing now, and where one works that is of another place")
    func obstacles() {
        var user = typing("show-help", enter: false)
        user.press(.escape)
        user.tell(.listening(.starting))
        user.press(.character(":"))
        user.type("send-test")
        user.press(.enter)
        #expect(user.screen.contains("Nothing listens yet, so a test event cannot be sent."))
        #expect(typing("apply-filter").screen.contains("“apply-filter” works only while a filter is typed: f begins"))
        #expect(user.calls.isEmpty)
    }

    @Test("goes to where a command works: to another view, the pane, the secrets, a menu")
    func elsewhere() {
        #expect(typing("zoom-in").model.view == .pulse)
        #expect(typing("zoom-in").model.pulse.span == .sixHours)
        #expect(typing("show-table").model.view == .table)
        #expect(typing("add-secret").model.place.nearest == .form)
        #expect(typing("toggle-wrapping").model.place.nearest == .detail)
        #expect(typing("copy-curl").clipboard.map { String(decoding: $0, as: UTF8.self).hasPrefix("curl") } == true)
        #expect(typing("choose-columns").model.place.nearest == .columns)
        var user = typing("view pulse")
        user.press(.character(":"))
        user.type("filter sig:valid")
        user.press(.enter)
        #expect(user.model.view == .events)
        #expect(user.model.filter.filter.text == "sig:valid")
        user.press(.character("7"), .character(":"))
        user.type("copy-body")
        user.press(.enter)
        #expect(user.clipboard != nil)
    }

    @Test("takes every command by name from every view, or says why not and where", arguments: Command.allCases)
    func everyName(command: Command) {
        for key in "1234679s" {
            var user = User.watching(5)
            user.press(.character(key), .character(":"))
            let before = user.lines
            user.paste(command.name)
            user.press(.enter)
            if user.model[CommandPrompt.self] != nil, command != .typeCommand {
                #expect(!user.screen.contains("works elsewhere"), "\(command.name): \(user.screen)")
                #expect(user.lines != before)
            }
            let isOffered = user.model.bindings.all.contains { $0 == command && $0.isReachable }
            if isOffered { #expect(!user.screen.contains("works only"), "\(command.name)") }
        }
    }

    @Test("offers what works elsewhere, and says where that is")
    func offersElsewhere() {
        #expect(typing("zoom-i", enter: false).screen.contains("zoom-in: less time, around the selected bar (7 Pulse)"))
        var user = typing("reload-s", enter: false)
        user.press(.tab)
        #expect(user.screen.contains(" :  reload-secrets"))
    }

    @Test("changes nothing that was not seen to be selected")
    func unseen() {
        var user = User(
            holding: ["a", "b"].map { SecretSummary(label: $0, fingerprint: "3f9a", source: "screen") })
        user.press(.character(":"))
        user.type("forget-secret")
        user.press(.enter)
        #expect(user.calls.isEmpty)
        #expect(user.model.place.nearest == .keyring)
        #expect(user.screen.contains("“forget-secret” is for what is selected here: f does it."))
        user.press(.character("f"))
        #expect(user.calls.isEmpty)
        #expect(user.screen.contains("Delete a (3f9a)?"))
        user.press(.character("r"))
        #expect(user.calls == calls(ForgetSecret("a", wasLeaked: false)))
    }

    @Test("takes a filter, and tells where one is wrong")
    func filter() {
        let user = typing("filter sig:valid")
        #expect(user.model.filter.filter.text == "sig:valid")
        #expect(user.model.overlays.prompt == nil)
        let wrong = typing("filter sig:(")
        #expect(wrong.screen.contains("The filter is wrong at column"))
        #expect(wrong.model.place.nearest == .palette)
    }

    @Test(
        "refuses arguments that are wrong, and changes nothing",
        arguments: [
            "filter is:", "sort", "sort nope", "sort size up", "goto", "goto row x", "view", "view puls",
            "show-table x",
        ])
    func wrongArguments(line: String) {
        let user = typing(line)
        #expect(user.model.place.nearest == .palette)
        #expect(user.model.view == .events && user.model.order == nil && !user.model.filter.hasFilter)
    }

    @Test("takes an order")
    func sort() {
        #expect(typing("sort size").model.session.viewState.preferences.order == .by(.size, isDescending: true))
        #expect(typing("sort size asc").model.session.viewState.preferences.order == .by(.size, isDescending: false))
        #expect(typing("sort sise").screen.contains("did you mean size?"))
    }

    @Test("goes to a delivery, or a row")
    func goTo() {
        #expect(typing("goto 7").selected?.contains("16:43:07") == true)
        var many = User(columns: 120, holding: [.prod])
        many.arrive(
            (1...9 as ClosedRange<Int64>).map { id in
                var row = Make.row(id)
                (row.deliveryID, row.position, row.eventCount) = (Int64((id + 2) / 3), Int(id - 1) % 3, 3)
                return row
            })
        many.press(.character(":"))
        many.type("goto 2")
        many.press(.enter)
        #expect(many.selected?.contains("16:43:04") == true)
        #expect(typing("goto row 9").selected?.contains("16:43:09") == true)
        #expect(typing("goto 700").screen.contains("No delivery 700 among the rows listed."))
        #expect(typing("goto x").screen.contains("“x” is not a time."))
    }

    @Test("takes a view")
    func view() {
        #expect(typing("view pulse").model.view == .pulse)
        #expect(typing("view puls").screen.contains("did you mean pulse?"))
    }

    @Test("brings back earlier lines, and leaves with Esc")
    func history() {
        var user = typing("show-table")
        user.press(.character(":"), .up)
        #expect(user.screen.contains(" :  show-table"))
        user.press(.escape)
        #expect(user.model.place.nearest == .table)
    }

    @Test("opened in the help acts where one was")
    func fromHelp() {
        var user = User.watching(50)
        user.press(.character("?"), .character(":"))
        user.type("next-tab")
        user.press(.enter)
        #expect(user.model.help == nil)
        #expect(user.model.detail.tab == .headers)
    }

    @Test("takes a candidate by a click, and runs it by two")
    func clicks() {
        var user = typing("show-t", enter: false)
        user.doubleClick(2, 21)
        #expect(user.model.view == .table)
    }
}
