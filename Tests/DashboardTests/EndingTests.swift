import Base
import History
import Notifications
import Terminal
import Testing

@testable import Dashboard
@testable import Receiving

@Suite("Closing, ending, suspending")
struct EndingTests {
    private func busy() -> User {
        var user = User.watching(3)
        user.tell(.measured(AnswerTimesSummary(), hasReceivedFromElsewhere: true))
        return user
    }

    @Test("q ends at once while nothing has come from elsewhere")
    func quits() {
        var user = User()
        user.press(.character("q"))
        #expect(user.ending == .quit)
    }

    @Test("q closes one view after another, and asks at the top")
    func closes() {
        var user = busy()
        user.press(.tab, .enter, .character("s"), .character("?"))
        for context in [BindingContext.keyring, .detail, .detail, .events] {
            user.press(.character("q"))
            #expect(user.model.place.nearest == context)
        }
        user.press(.character("q"))
        #expect(user.ending == nil)
        #expect(user.lines[22] == " Stop receiving? (y/n)")
        #expect(user.lines[23] == " y yes   n no")
        user.press(.character("x"), .enter)
        #expect(user.ending == nil)
        user.press(.character("n"))
        #expect(user.model.place.nearest == .events)
        user.press(.character("q"), .character("y"))
        #expect(user.ending == .quit)
    }

    @Test("Ctrl-C asks, and twice at once ends")
    func interrupt() {
        var user = busy()
        user.press(.control("c"))
        #expect(user.screen.contains("Stop receiving?"))
        user.wait(.seconds(3))
        user.press(.control("c"))
        #expect(user.ending == nil)
        #expect(!user.screen.contains("Stop receiving?"))
        user.wait(.milliseconds(500))
        user.tell(.signal(.interrupt))
        #expect(user.ending == .quit)
    }

    @Test("of a history in memory the question says what is lost")
    func inMemory() {
        var user = busy()
        user.model.session.isInMemory = true
        user.press(.character("q"))
        let count = user.change.latestDelivery
        #expect(user.screen.contains("Stop receiving? The history is in memory, and its \(count) deliver"))
        #expect(user.screen.contains(" lost then."))
        user = unsaved("a")
        user.arrive([Make.row(1)])
        user.model.session.isInMemory = true
        user.tell(.measured(AnswerTimesSummary(), hasReceivedFromElsewhere: true))
        user.press(.character("q"))
        #expect(user.model.question?.text(user.model.bindings).contains("its 1 delivery is lost then.") == true)
        #expect(!user.screen.contains("verdicts stay"))
    }

    /// A user who has pasted a secret and not saved it.
    private func unsaved(_ labels: String...) -> User {
        User(
            holding: labels.map {
                SecretSummary(label: $0, fingerprint: "3f9a", source: "screen", isUnsaved: true)
            })
    }

    @Test("a secret in memory only is asked about, whether or not anything has come", arguments: [true, false])
    func quitsUnsaved(isReceiving: Bool) {
        var user = unsaved("a")
        if isReceiving { user.tell(.measured(AnswerTimesSummary(), hasReceivedFromElsewhere: true)) }
        user.press(.character("q"))
        #expect(user.ending == nil && user.model.place.nearest == .leaving)
        #expect(user.screen.contains("Stop receiving?") == isReceiving)
        #expect(user.screen.contains("The secret a is in memory only."))
        #expect(user.lines[23] == " s save and quit   y quit without   n stay")
        user.press(.character("x"), .character("q"))
        #expect(user.ending == nil && user.model.place.nearest != .leaving)
        user.press(.character("q"), .escape, .character("q"), .character("n"))
        #expect(user.ending == nil)
        user.press(.character("q"), .character("y"))
        #expect(user.ending == .quit && user.calls.isEmpty)
    }

    @Test("and all of them are saved before the end, or there is none")
    func savesAndQuits() {
        var user = unsaved("a", "b")
        user.press(.character("q"), .character("s"))
        #expect(user.calls.count == 2 && user.ending == nil)
        user.answer(RememberSecret("a"), "a file")
        #expect(user.ending == nil)
        user.answer(Call(RememberSecret("b")), .failure(EffectFailure(TestFailure())))
        #expect(user.ending == nil)
        #expect(user.screen.contains("b2watch keeps running, because the secret is not saved: the disk is on fire"))
        // What is saved later does not end anything.
        user.press(.character("s"), .down, .character("m"), .character("y"))
        user.answer(RememberSecret("b"), "a file")
        #expect(user.ending == nil)
        user.press(.escape, .character("q"), .character("s"))
        for label in ["a", "b"] { user.answer(RememberSecret(label), "a file") }
        #expect(user.ending == .quit)
    }

    @Test("Ctrl-C twice and signals end with a secret in memory too")
    func unsavedInterrupt() {
        var user = unsaved("a")
        user.press(.control("c"))
        #expect(user.ending == nil && user.model.place.nearest == .leaving)
        user.press(.control("c"))
        #expect(user.ending == .quit)
        user = unsaved("a")
        user.tell(.signal(.terminate))
        #expect(user.ending == .terminated)
    }

    @Test("Ctrl-Z asks once something has come, else suspends")
    func suspends() {
        var user = User()
        user.press(.control("z"))
        #expect(user.suspensions == 1)
        user = busy()
        user.press(.control("z"))
        #expect(user.suspensions == 0)
        #expect(user.screen.contains("Suspend? While b2watch sleeps it answers nothing"))
        user.press(.character("y"))
        #expect(user.suspensions == 1)
        #expect(user.ending == nil)
    }

    @Test("signals end without a question")
    func signals() {
        var user = busy()
        user.tell(.signal(.terminate))
        #expect(user.ending == .terminated)
        user.tell(.signal(.hangUp))
        #expect(user.ending == .hangUp)
    }

    @Test("Esc ends nothing at the top")
    func escape() {
        var user = User.watching(3)
        user.press(.escape, .escape)
        #expect(user.ending == nil)
    }
}
