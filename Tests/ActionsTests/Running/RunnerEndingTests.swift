import Browsing
import History
import Notifications
import TestSupport
import Testing
import Workers

@testable import Actions

@Suite("What is under way in the runner of actions")
struct RunnerEndingTests {
    private func filter(_ text: String, _ stage: RunnerStage) throws -> Filter {
        try Filter(text, in: FilterContext(now: stage.clock.now, allowsRegularExpressions: false))
    }

    /// A command that takes hold of the lifeline and ends by itself only after long.
    private func command(_ lifeline: Lifeline) -> CommandAction {
        CommandAction(
            name: "a", words: ["sh", "-c", "exec 3>\(lifeline.path); echo up >&3; sleep 1000 & sleep 1000"],
            environment: CommandEnvironment(["PATH"], of: ["PATH": "/usr/bin:/bin"]), folder: "/",
            limit: .seconds(3_600), now: { Timestamp(milliseconds: 0) })
    }

    @Test("a program that runs is ended with b2watch, with all that it has started, and is run again later")
    func program() throws {
        let stage = RunnerStage()
        let lifeline = try Lifeline()
        try stage.load(("a", command(lifeline)))
        stage.runner.begin()
        stage.deliver("one")
        #expect(lifeline.isTaken())
        #expect(stage.runner.stop(within: .seconds(60)))
        #expect(lifeline.isLetGo())
        let entry = try #require(try stage.outbox.entry(1))
        #expect(entry.state == .failed && entry.reason == "sh was ended because b2watch ended")
    }

    @Test("one whose declaration has changed meanwhile is ended too")
    func changedProgram() throws {
        let stage = RunnerStage()
        let lifeline = try Lifeline()
        try stage.load(("a", command(lifeline)))
        stage.runner.begin()
        stage.deliver("one")
        #expect(lifeline.isTaken())
        let later = ScriptedAction()
        try stage.load(("a", later))
        #expect(stage.runner.stop(within: .seconds(60)))
        #expect(lifeline.isLetGo() && later.performed.isEmpty)
    }
}
