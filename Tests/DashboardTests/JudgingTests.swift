import Base
import Notifications
import Terminal
import Testing

@testable import Dashboard
@testable import Receiving

@Suite("Judging again")
struct JudgingTests {
    private func running(_ done: Int, of all: Int) -> DashboardEvent {
        .rejudged(RejudgeSummary(deliveries: [.valid: done], remaining: all - done, stage: .running))
    }

    @Test("its progress has a line of its own, beside what else is told, and sets no clock")
    func progress() {
        var user = User.watching(3)
        user.tell(running(1_000, of: 5_000))
        #expect(user.lines[22] == " Verifying again: 1,000 of 5,000 … X cancels")
        #expect(user.model.deadline == nil)
        user.holdsEffects = true
        user.arrive([Make.row(4)])
        user.fail("rows", WaitedFor())
        (user.held, user.holdsEffects) = ([], false)
        #expect(user.lines[22].contains("could not be read"))
        user.tell(running(2_000, of: 5_000))
        #expect(user.lines[21] == " Verifying again: 2,000 of 5,000 … X cancels")
        #expect(user.lines[22].contains("could not be read"))
        // A key drops what was told, and not what goes on.
        user.press(.character("s"))
        #expect(user.lines[22] == " Verifying again: 2,000 of 5,000 … X cancels")
        user.tell(.rejudged(RejudgeSummary(deliveries: [.valid: 5_000])))
        #expect(user.lines[22] == " 5,000 deliveries verified again: 5,000 valid")
        #expect(!user.screen.contains("Verifying again:"))
        user.wait(.seconds(9))
        #expect(user.model.deadline == nil)
    }

    @Test("X cancels it, and resumes it")
    func cancel() {
        var user = User.watching(3)
        user.press(.character("X"))
        #expect(user.calls.isEmpty)
        #expect(user.screen.contains("Nothing is running that could be cancelled."))
        user.tell(running(1_000, of: 5_000))
        user.press(.character("X"))
        #expect(user.calls == calls(CancelJudging()))
        user.tell(.rejudged(RejudgeSummary(deliveries: [.valid: 1_200], remaining: 3_800, stage: .cancelled)))
        #expect(user.screen.contains("Verifying again was cancelled at 1,200 of 5,000"))
        user.press(.character("s"), .character("X"))
        #expect(user.calls.last == Call(ResumeJudging()))
        user.tell(.rejudged(RejudgeSummary(deliveries: [.valid: 3_800])))
        user.press(.character("X"))
        #expect(user.calls.count == 2)
    }

    @Test("where it fails its progress goes")
    func failure() {
        var user = User.watching(3)
        user.tell(running(1_000, of: 5_000))
        user.tell(.rejudged(RejudgeSummary(deliveries: [.valid: 1_000], remaining: 4_000, stage: .failed)))
        #expect(user.lines[22] == " Verifying again has stopped at 1,000 of 5,000")
        #expect(!user.screen.contains("X cancels"))
    }
}

private struct WaitedFor: Error {}
