import TestSupport
import Testing
import Workers

@Suite("A test that waits", .blocking)
struct BlockingTests {
    @Test("has a thread of its own, also behind an await", arguments: 0..<20)
    func ownThread(number: Int) async {
        #expect(Blocking.isAllowed)
        await Task.yield()
        #expect(Blocking.isAllowed)
        async let child = Blocking.isAllowed
        #expect(await child)
        #expect(await Task.detached { !Blocking.isAllowed }.value)
        #expect(Blocking.isAllowed)
    }

    @Test("is told what did not come, when its time is up")
    func limit() {
        let error = #expect(throws: WaitedInVain.self) {
            try Watched(7).require("an eighth", within: .milliseconds(1)) { $0 == 8 ? $0 : nil }
        }
        #expect(error?.description == "waited without success for an eighth; there was:\n7")
        #expect(throws: WaitedInVain.self) { try wait(for: "nothing", within: .zero) { Int?.none } }
        withKnownIssue { _ = Monitor(7).expect("an eighth", within: .zero) { $0 == 8 ? $0 : nil } }
    }

    @Test("fails at once where it needs a program that is missing, and names it")
    func missing() throws {
        let error = #expect(throws: MissingProgram.self) { try NeededProgram("b2watch-nothing") }
        #expect(error?.description.contains("b2watch-nothing") == true)
        #expect(try NeededProgram("sh").path.hasSuffix("/sh"))
    }
}

@Suite("A test on the threads that all share")
struct SharedThreadTests {
    @Test("fails where it waits there")
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
