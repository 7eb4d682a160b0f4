import Foundation
import TestSupport
import Testing
import Workers

@Suite(.blocking) struct MonitorTests {
    @Test func waitsForWhatAnotherThreadChanges() throws {
        let count = Monitor(0)
        let thread = Thread { for _ in 0..<1_000 { count.change { $0 += 1 } } }
        thread.start()
        #expect(try count.require("the last change") { $0 == 1_000 ? $0 : nil } == 1_000)
    }

    @Test func takesWhatItWaitedForOnce() {
        let waiting = Monitor([1, 2, 3])
        let taken = (0..<3).map { _ in waiting.wait { $0.isEmpty ? nil : $0.removeFirst() } }
        #expect(taken == [1, 2, 3])
        #expect(waiting.withLock(\.isEmpty))
    }

    @Test func givesUpWhenTheTimeIsUp() {
        let never = Monitor(false)
        let found: Bool? = never.wait(until: .now + .milliseconds(20)) { $0 ? true : nil }
        #expect(found == nil)
    }

    @Test func looksOnceMoreThanTheTimeAllows() {
        let ready = Monitor(true)
        #expect(ready.wait(until: .now - .seconds(1)) { $0 ? 7 : nil } == 7)
    }

    @Test func passesErrorsOn() {
        struct Refused: Error {}
        let state = Monitor(0)
        #expect(throws: Refused.self) { try state.change { _ in throw Refused() } }
        #expect(state.withLock { $0 } == 0)
    }
}
