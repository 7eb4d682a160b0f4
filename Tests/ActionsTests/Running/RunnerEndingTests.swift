import Browsing
import History
import Notifications
import TestSupport
import Testing
import Workers

@testable import Actions

@Suite("What is under way in the runner of actions", .blocking)
struct RunnerEndingTests {
    private func filter(_ text: String, _ stage: RunnerStage) throws -> Filter {
        try Filter(text, in: FilterContext(now: stage.clock.now, allowsRegularExpressions: false))
    }

    /// A command that takes hold of the lifeline and ends by itself only after long.
    private func command(_ lifeline: Lifeline) -> CommandAction {
        CommandAction(
            name: "a", words: ["sh", "-c", "exec 3>\(lifeline.path); echo up >&3; sleep 1000 & sleep 1000"],
            environment: CommandEnvironment(["PATH"], of: ["PATH": NeededProgram.folders]), folder: "/",
            limit: .seconds(3_600), now: { Timestamp(milliseconds: 0) })
    }

    /// An action whose program runs.
    private func running() throws -> (RunnerStage, Lifeline) {
        let stage = RunnerStage()
        let lifeline = try Lifeline()
        try stage.load(("a", command(lifeline)))
        stage.runner.begin()
        stage.deliver("one")
        #expect(lifeline.isTaken())
        return (stage, lifeline)
    }

    @Test("a program that runs is ended with b2watch, with all that it has started, and is run again later")
    func program() throws {
        let (stage, lifeline) = try running()
        #expect(stage.runner.stop(within: .patience))
        #expect(lifeline.isLetGo())
        let entry = try #require(try stage.outbox.entry(1))
        #expect(entry.state == .failed && entry.reason == "sh was ended because b2watch ended")
    }

    @Test("one whose declaration has changed meanwhile is ended too")
    func changedProgram() throws {
        let (stage, lifeline) = try running()
        let later = ScriptedAction()
        try stage.load(("a", later))
        #expect(stage.runner.stop(within: .patience))
        #expect(lifeline.isLetGo() && later.performed.isEmpty)
    }

    @Test("a backlog is looked at by the filter that is read meanwhile, and not for an action that is gone")
    func backlog() throws {
        let gate = Monitor((slices: 0, isOpen: false))
        let stage = RunnerStage(
            FakeOutbox(walking: { action in
                guard action == 1 else { return }
                gate.change { $0.slices += 1 }
                // The second slice of the first action goes on when the configuration has been read again.
                gate.wait(until: .now + .patience) { $0.slices != 2 || $0.isOpen ? () : nil }
            }))
        let names = (1...2_000).map(String.init)
        try stage.load(("strict", ScriptedAction()), ("gone", ScriptedAction()), ("other", ScriptedAction()))
        names.forEach { stage.outbox.deliver($0) }
        stage.tell()
        stage.runner.begin()
        gate.expect("the second slice") { $0.slices == 2 ? () : nil }
        try stage.load(("strict", ScriptedAction()), filter: try filter("sig:invalid", stage))
        gate.change { $0.isOpen = true }
        stage.outbox.state.expect("the end of the backlog") { $0.actions[0].cursor == 2_000 ? () : nil }
        stage.stop()
        let counts = stage.outbox.state.withLock { state in
            ["strict", "gone", "other"].map { name in state.entries.count { $0.action == name } }
        }
        // Two slices of the first action and one of each of the others were taken before.
        #expect(counts == [400, 200, 200])
    }

    @Test("a batch that is begun though the history says it is not is sent once, and nobody need be asked about it")
    func begun() throws {
        let stage = RunnerStage()
        let action = ScriptedAction(recovery: { _, _ in .uncertain("nobody knows") }, answer: { _, _ in .done })
        stage.outbox.failBegun(1)
        try stage.load(("a", action))
        stage.runner.begin()
        stage.deliver("one", "two")
        // Each change of the history is a reason to try again.
        try wait(for: "the end of both") {
            stage.runner.works.forEach { $0.historyChanged() }
            return stage.outbox.log.contains("done 2") ? () : nil
        }
        stage.stop()
        #expect(stage.outbox.log == ["begin 1", "take back 1", "begin 1", "done 1", "begin 2", "done 2"])
        #expect(action.performed.map(\.events) == [["one"], ["two"]])
        #expect(try stage.outbox.entry(1)?.attempts == 1)
    }

    @Test("it is taken back at the end too, so that the next process does not ask what became of it")
    func begunAtTheEnd() throws {
        let stage = RunnerStage()
        let action = ScriptedAction()
        stage.outbox.failBegun(.max)
        try stage.load(("a", action))
        stage.runner.begin()
        stage.deliver("one")
        stage.wait(for: "begin 1")
        stage.stop()
        #expect(stage.outbox.states() == [.queued] && action.performed.isEmpty)
    }
}
