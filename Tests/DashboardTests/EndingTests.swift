import Notifications
import Terminal
import Testing

@testable import Dashboard

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
        for place in [Place.keyring, .detail, .detail, .events] {
            user.press(.character("q"))
            #expect(user.model.place == place)
        }
        user.press(.character("q"))
        #expect(user.ending == nil)
        #expect(user.lines[22] == " Stop receiving? (y/n)")
        #expect(user.lines[23] == " y yes   n no")
        user.press(.character("x"), .enter)
        #expect(user.ending == nil)
        user.press(.character("n"))
        #expect(user.model.place == .events)
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
