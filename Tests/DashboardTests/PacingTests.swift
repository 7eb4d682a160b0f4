import Testing

@testable import Dashboard

@Suite("When frames are drawn")
struct PacingTests {
    let start = ContinuousClock.now

    @Test("the first frame is drawn at once, and none without need")
    func first() {
        var pacer = FramePacer()
        #expect(pacer.isDue(at: start))
        pacer.drew(at: start)
        #expect(!pacer.isDue(at: start + .seconds(9)))
        #expect(pacer.deadline == nil)
    }

    @Test("changes wait for the next frame, keys do not")
    func paces() {
        var pacer = FramePacer()
        pacer.drew(at: start)
        pacer.noteChange(isAnswer: false, at: start + .milliseconds(5))
        #expect(!pacer.isDue(at: start + .milliseconds(5)))
        #expect(pacer.deadline == start + .milliseconds(33))
        #expect(pacer.isDue(at: start + .milliseconds(33)))
        pacer.noteInput(at: start + .milliseconds(6))
        #expect(pacer.isDue(at: start + .milliseconds(6)))
    }

    @Test("what comes of a key is drawn at once too")
    func answers() {
        var pacer = FramePacer()
        pacer.noteInput(at: start)
        pacer.drew(at: start)
        pacer.noteChange(isAnswer: true, at: start + .milliseconds(4))
        #expect(pacer.isDue(at: start + .milliseconds(4)))
    }
}
