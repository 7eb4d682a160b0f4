import Base
import Foundation
import Notifications
import Terminal
import Testing

@testable import Dashboard
@testable import Receiving

@Suite("A dashboard on a listener elsewhere")
struct AttachedTests {
    private static let gone = ListenerAbsence(.gone, reason: "The listener has ended: start it again.")

    /// Somebody attached, with an event from elsewhere on the screen.
    private func attached(columns: Int = 100) -> User {
        var user = User(columns: columns)
        user.model = DashboardModel(
            Session(
                size: Size(columns: columns, rows: 24), now: user.now, keyring: KeyringSummary(secrets: [.prod]),
                listening: .listening(url: "http://127.0.0.1:8080/", isLoopback: true), isAttached: true))
        user.arrive([Make.row(1)])
        user.tell(.measured(AnswerTimesSummary(), hasReceivedFromElsewhere: true))
        return user
    }

    @Test("says so, ends without a question and sleeps without one")
    func quits() {
        var user = attached()
        #expect(user.lines[1].contains("attached"))
        user.press(.control("z"))
        #expect(user.suspensions == 1)
        user.press(.character("q"))
        #expect(user.ending == .quit)
        var own = User.watching(1)
        own.tell(.measured(AnswerTimesSummary(), hasReceivedFromElsewhere: true))
        own.press(.character("q"))
        #expect(own.ending == nil && !own.lines[1].contains("attached"))
    }

    @Test(
        "says in a word why the listener cannot be spoken to, and in a sentence what to do",
        arguments: [
            (ListenerAbsence.Kind.gone, "LISTENER GONE"), (.notRunning, "NO LISTENER"),
            (.notPermitted, "NOT PERMITTED"),
            (.otherVersion, "OTHER VERSION"), (.notAnswering, "NO ANSWER"),
        ])
    func away(kind: ListenerAbsence.Kind, word: String) {
        var user = attached()
        user.tell(.listening(.away(ListenerAbsence(kind, reason: "Do \u{1B}[31mthis."))))
        #expect(user.lines[0].contains(word) && !user.lines[0].contains("LISTENING http"))
        #expect(user.screen.contains("! Do \\x1b[31mthis.") || user.screen.contains("! Do \\u{1b}[31mthis."))
        #expect(user.selected != nil)
    }

    @Test("does nothing then that only the listener could do, and says why")
    func disabled() {
        var user = attached()
        user.tell(.listening(.away(Self.gone)))
        for key in [Key.character("t"), .character("s")] {
            user.press(key)
            #expect(user.screen.components(separatedBy: Self.gone.reason).count == 2, "it is said once")
            #expect(user.lines.suffix(3).joined().contains("This needs the listener"))
            #expect(user.model.place.nearest == .events)
            user.wait(.seconds(10))
        }
        user.paste("b2DashTestSecret0123456789abcdEF")
        #expect(user.model.place.nearest == .events && user.calls.isEmpty)
        #expect(!user.lines.last!.contains("test"))
    }

    @Test("and among the secrets neither adds, replaces, forgets nor remembers one")
    func disabledSecrets() {
        var user = attached()
        user.press(.character("s"))
        user.tell(.listening(.away(Self.gone)))
        for key in ["a", "r", "f", "m", "R"] { user.press(.character(Character(key))) }
        #expect(user.calls.isEmpty && user.model.place.nearest == .keyring)
        user.tell(.listening(.listening(url: "http://127.0.0.1:8080/", isLoopback: true)))
        user.press(.character("R"))
        #expect(user.calls == calls(ReloadSecrets()))
        user.answer(ReloadSecrets(), KeyringSummary(secrets: [.prod]))
        #expect(user.screen.contains("The secrets were read again: 1 is current."))
    }

    @Test("explains a signature anew once the listener is there again")
    func evidenceAgain() {
        var user = attached()
        let before = user.model.session.keyringRevision
        user.tell(.listening(.away(Self.gone)))
        user.tell(.listening(.listening(url: "http://127.0.0.1:8080/", isLoopback: true)))
        #expect(user.model.session.keyringRevision == before + 2)
    }
}
