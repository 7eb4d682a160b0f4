import Base
import Foundation
import Testing
import TestSupport

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

// MARK: - Tests that wait

@Suite("A test that waits", .blocking)
struct BlockingTests {
    @Test("has its own thread, even after an await", arguments: 0..<20)
    func ownThread(number: Int) async {
        #expect(Blocking.isAllowed)
        await Task.yield()
        #expect(Blocking.isAllowed)
        async let child = Blocking.isAllowed
        #expect(await child)
        #expect(await Task.detached { !Blocking.isAllowed }.value)
        #expect(Blocking.isAllowed)
    }

    @Test("reports the event that did not arrive when its time is over")
    func limit() {
        let error = #expect(throws: WaitedInVain.self) {
            try Watched(7).require("an eighth", within: .milliseconds(1)) { $0 == 8 ? $0 : nil }
        }
        #expect(error?.description == "waited without success for an eighth; there was:\n7")
        #expect(throws: WaitedInVain.self) { try wait(for: "nothing", within: .zero) { Int?.none } }
        withKnownIssue { _ = Monitor(7).expect("an eighth", within: .zero) { $0 == 8 ? $0 : nil } }
    }

    @Test("fails at once if it needs a missing program, and names it")
    func missing() throws {
        let error = #expect(throws: MissingProgram.self) { try NeededProgram("b2watch-nothing") }
        #expect(error?.description.contains("b2watch-nothing") == true)
        #expect(try NeededProgram("sh").path.hasSuffix("/sh"))
    }
}

@Suite("A test on the shared threads")
struct SharedThreadTests {
    @Test("fails if it waits there")
    func waits() {
        withKnownIssue { _ = Watched(7).wait(within: .zero) { $0 == 7 ? $0 : nil } }
    }

    @Test("waits for an answer without a thread, and not for ever")
    func answers() async {
        #expect(await answer("a number", orElse: 0) { give in give(7) } == 7)
        await withKnownIssue {
            #expect(await answer("nothing", orElse: 0, within: .milliseconds(1)) { _ in } == 0)
        }
    }
}
