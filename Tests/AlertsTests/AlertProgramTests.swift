import TestSupport
import Testing

@testable import Alerts

@Suite("The program on a problem", .blocking)
struct AlertProgramTests {
    private func run(_ script: String, limit: Duration = .patience) -> AlertProgram.Outcome {
        AlertProgram(
            words: ["/bin/sh", "-c", script], environment: ["PATH": NeededProgram.folders, "B2WATCH_OBJECT": "a b"],
            limit: limit
        ).run()
    }

    @Test("gets its words and its environment as they are, and nothing to read")
    func words() {
        let outcome = run("echo \"$B2WATCH_OBJECT\"; cat; env | grep -c ^HOME; echo oops >&2")
        #expect(outcome.lines == ["a b", "0", "oops"])
        #expect(outcome.failure == nil)
    }

    @Test("is ended when its time is up, with all that it has started")
    func limit() throws {
        // A busy machine may begin it late.
        for limit in [1, 8, 64] {
            let lifeline = try Lifeline()
            let outcome = run(
                "exec 3>\(lifeline.path); echo up >&3; echo first; sleep 1000 & sleep 1000", limit: .seconds(limit))
            #expect(outcome.failure?.contains("on-problem: /bin/sh was ended: it ran for more than") == true)
            guard lifeline.isTaken(atMost: .zero), outcome.lines == ["first"] else { continue }
            #expect(lifeline.isLetGo())
            return
        }
        Issue.record("it never began")
    }

    @Test("what stays behind holds up nothing")
    func background() {
        let outcome = run("echo done; sleep 2 &")
        #expect(outcome == AlertProgram.Outcome(lines: ["done"]))
    }

    @Test("says how it failed")
    func failures() {
        #expect(run("exit 3").failure == "on-problem: /bin/sh ended with status 3")
        #expect(run("kill -TERM $$").failure == "on-problem: /bin/sh was ended by signal 15")
        let missing = AlertProgram(words: ["/nowhere/notify"], environment: [:]).run()
        #expect(missing.failure == "on-problem: /nowhere/notify cannot be run: No such file or directory")
    }

    @Test("of endless output the beginning is kept")
    func output() {
        let outcome = run("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done")
        #expect(outcome.lines.count == 20 && outcome.lines.first == "line 0")
        #expect(outcome.failure == nil)
    }
}
