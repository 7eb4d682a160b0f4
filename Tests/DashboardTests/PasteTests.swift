import Notifications
import Terminal
import Testing

@testable import Dashboard

@Suite("Pastes")
struct PasteTests {
    @Test("a paste is never taken for keys", arguments: ["q", "q\n", "y", "2\nq", "\u{3}"])
    func dropped(text: String) {
        var user = User.watching(3)
        user.paste(text)
        #expect(user.ending == nil)
        #expect(user.model.view == .events)
        #expect(user.screen.contains("The paste was dropped: outside a field, text is not taken for keys."))
    }

    @Test(
        "32 letters and digits open the form with them",
        arguments: [[], [Key.character("?")], [.character("2")], [.enter]])
    func secret(keys: [Key]) {
        var user = User.watching(3)
        for key in keys { user.press(key) }
        user.paste("\(Make.secret)\n")
        #expect(user.model.place == .form)
        #expect(user.screen.contains("▌ Secret    ••••••••••••••••••••••••••••••••\n"))
        #expect(user.screen.contains("1 white-space character at the ends was left out."))
    }

    @Test("no question takes a pasted answer", arguments: ["y", "y\n", Make.secret])
    func question(text: String) {
        var user = User.watching(3)
        user.tell(.measured(AnswerTimesSummary(), hasReceivedFromElsewhere: true))
        user.press(.character("q"))
        user.paste(text)
        #expect(user.ending == nil)
        #expect(user.screen.contains("Stop receiving?"))
    }

    @Test("a paste that is too long is dropped, and says so", arguments: [[], [Key.character("s")]])
    func overlong(keys: [Key]) {
        var user = User()
        for key in keys { user.press(key) }
        user.tell(.input(.overlongPaste))
        #expect(user.screen.contains("The paste was dropped: it is longer than a mebibyte."))
    }

    @Test("what is not UTF-8, or only white space, is not held")
    func odd() {
        var user = User()
        user.press(.character("s"))
        user.tell(.input(.paste([0xff, 0xfe])))
        #expect(user.screen.contains("The paste is not UTF-8 and was dropped."))
        user.paste(" \n")
        #expect(user.screen.contains("The paste was only white space."))
    }
}
