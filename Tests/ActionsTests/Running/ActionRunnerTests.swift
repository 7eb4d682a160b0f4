import Base
import History
import Notifications
import Synchronization
import Testing
import TestSupport

@testable import Actions

@Suite("The runner of actions", .blocking)
struct ActionRunnerTests {
    private func manner(_ change: (inout ActionManner) -> Void) -> ActionManner {
        var manner = ActionManner()
        change(&manner)
        return manner
    }

    @Test("processes each new event once, in the order of arrival, and no earlier ones")
    func order() throws {
        let stage = RunnerStage()
        stage.outbox.deliver("before")
        stage.tell()
        let action = ScriptedAction()
        try stage.load(("a", action))
        stage.runner.begin()
        stage.deliver("one", "two")
        stage.deliver("three")
        stage.waitForAll(3)
        #expect(action.performed.flatMap(\.events) == ["one", "two", "three"])
        #expect(stage.outbox.log == ["begin 1", "done 1", "begin 2", "done 2", "begin 3", "done 3"])
        // The same event again.
        stage.outbox.deliver("two again", id: "two")
        stage.deliver("four")
        stage.waitForAll(4)
        #expect(action.performed.map(\.events).last == ["four"])
        #expect(action.performed.allSatisfy { (1...Int64(Int32.max)).contains($0.batch) })
        #expect(Set(action.performed.map(\.batch)).count == 4)
        #expect(stage.stop())
        #expect(action.state.withLock { $0.closed } == 1)
        #expect(stage.told.all == [])
        #expect(stage.notes.all == ["action a (scripted) is set up"])
    }

    @Test("processes events that match the filter, including one that was first refused and then accepted, once")
    func filter() throws {
        let stage = RunnerStage()
        let action = ScriptedAction()
        let context = FilterContext(now: stage.clock.now, allowsRegularExpressions: false)
        try stage.load(("a", action), filter: try Filter("sig:valid", in: context))
        stage.runner.begin()
        stage.outbox.deliver("one", .invalid)
        stage.outbox.deliver("one", .valid)
        stage.outbox.deliver("one", .valid)
        stage.deliver("two")
        stage.waitForAll(2)
        stage.stop()
        #expect(action.performed.map(\.events) == [["one"], ["two"]])
    }

    @Test("asks first for batches that an earlier process began without recording their end")
    func crash() throws {
        let outbox = FakeOutbox()
        let first = RunnerStage(outbox)
        let gate = Gate()
        let stuck = ScriptedAction(manner: manner { $0.largestBatch = 2 }) { _, _ in
            gate.wait()
            return .done
        }
        try first.load(("a", stuck))
        ["one", "two", "three"].forEach { outbox.deliver($0) }
        first.tell()
        first.runner.begin()
        stuck.wait(for: 1)
        // The process ends here: its later writes are never made.
        let copy = FakeOutbox()
        let kept = outbox.state.withLock { ($0.rows, $0.bodies, $0.actions, $0.entries, $0.events) }
        copy.state.change { ($0.rows, $0.bodies, $0.actions, $0.entries, $0.events) = kept }
        gate.open()
        first.stop()

        let second = RunnerStage(copy)
        let action = ScriptedAction(
            manner: stuck.manner,
            recovery: { item, _ in item.event?.objectName.text == "one" ? .done : .again("not done") },
            answer: { _, _ in .done })
        try second.load(("a", action))
        second.runner.begin()
        second.waitForAll(3)
        second.stop()
        let batch = stuck.performed.first?.batch
        let entries = stuck.performed.first?.events ?? []
        #expect(action.state.withLock { $0.recovered.map(\.batch) } == [batch])
        #expect(action.state.withLock { $0.recovered.map(\.events) } == [entries])
        let done = action.performed.flatMap(\.events)
        #expect(done.sorted() == ["three", "two"])
        #expect(copy.states() == [.done, .done, .done])
    }

    @Test("asks for a lost answer before anything else")
    func unknown() throws {
        let stage = RunnerStage(isJumping: true)
        let action = ScriptedAction(
            recovery: { _, call in call < 3 ? .retry("no network") : .done },
            answer: { _, call in call == 1 ? .unknown("the answer was lost") : .done })
        try stage.load(("a", action))
        stage.deliver("one", "two")
        stage.runner.begin()
        stage.waitForAll(2)
        stage.stop()
        #expect(action.performed.map(\.events) == [["one"], ["two"]])
        #expect(
            action.state.withLock { $0.recovered.map(\.batch) } == Array(repeating: action.performed[0].batch, count: 3)
        )
        #expect(stage.outbox.log == ["begin 1", "done 1", "begin 2", "done 2"])
        #expect(
            stage.told.all == [
                "action a fails and is tried again: the answer was lost",
                "action a works again, after 3 failed attempts",
            ])
    }

    @Test("waits for the requested time, and delays only that entry")
    func retryAfter() throws {
        let stage = RunnerStage()
        let action = ScriptedAction(now: { [clock = stage.clock] in clock.now }) { item, call in
            item.event?.objectName.text == "one" && call == 1 ? .retry("busy", after: .seconds(40)) : .done
        }
        try stage.load(("a", action))
        stage.deliver("one", "two")
        stage.runner.begin()
        stage.wait(for: "done 2")
        stage.awaited.expect("a wait") { $0 == stage.clock.now + .seconds(40) ? () : nil }
        stage.advance(by: .seconds(39))
        stage.deliver("three")
        stage.wait(for: "done 3")
        #expect(stage.outbox.states().first == .failed)
        stage.advance(by: .seconds(1))
        stage.waitForAll(3)
        stage.stop()
        #expect(action.performed.map(\.events) == [["one"], ["two"], ["three"], ["one"]])
        #expect(action.performed.map(\.time).map { $0 - action.performed[0].time } == [0, 0, 39_000, 40_000])
    }

    @Test("gives up after the time limit, and reports it")
    func patience() throws {
        let stage = RunnerStage(isJumping: true)
        let action = ScriptedAction(manner: manner { $0.patience = .seconds(7_200) }) { _, _ in
            .retry("connection refused", scope: .action)
        }
        try stage.load(("a", action))
        stage.deliver("one")
        stage.runner.begin()
        stage.waitForAll(1)
        stage.stop()
        #expect(stage.outbox.states() == [.dead])
        #expect(
            stage.told.all == [
                "action a fails and is tried again: connection refused",
                "action a: an entry is dead: given up after 2 h: connection refused",
            ])
    }

    @Test("is not delayed by another action that fails or hangs")
    func others() throws {
        let stage = RunnerStage()
        let gate = Gate()
        let hanging = ScriptedAction { _, _ in
            gate.wait()
            return .done
        }
        let failing = ScriptedAction { _, _ in .retry("no", after: .seconds(60), scope: .action) }
        let good = ScriptedAction()
        try stage.load(("hanging", hanging), ("failing", failing), ("good", good))
        stage.deliver("one", "two", "three")
        stage.runner.begin()
        good.wait(for: 3)
        hanging.wait(for: 1)
        failing.wait(for: 1)
        #expect(!stage.runner.stop(within: .zero))
        gate.open()
        #expect(hanging.performed.count == 1 && failing.performed.count == 1)
    }

    @Test("runs the allowed number of batches at once")
    func lanes() throws {
        let stage = RunnerStage()
        let arrived = Monitor(0)
        let action = ScriptedAction(manner: manner { $0.lanes = 3 }) { _, call in
            arrived.change { $0 += 1 }
            if call <= 3 { arrived.wait(until: .now + .patience) { $0 >= 3 ? () : nil } }
            return .done
        }
        try stage.load(("a", action))
        (1...30).forEach { stage.outbox.deliver("\($0)") }
        stage.tell()
        stage.runner.begin()
        stage.waitForAll(30)
        stage.stop()
        #expect(action.state.withLock { $0.mostRunning } == 3)
        #expect(Set(action.performed.flatMap(\.events)).count == 30 && action.performed.count == 30)
    }

    @Test("ends current work when paused, and queues new events; the pause outlives the process")
    func pausing() throws {
        let stage = RunnerStage()
        let (action, other) = (ScriptedAction(), ScriptedAction())
        try stage.load(("a", action), ("b", other))
        stage.runner.begin()
        try stage.runner.setPaused("a", true)
        stage.deliver("one", "two", "three")
        // Another event with the same work is already done.
        other.wait(for: 3)
        stage.stop()
        #expect(action.performed.isEmpty && other.performed.count == 3)

        let next = RunnerStage(stage.outbox)
        let later = ScriptedAction()
        try next.load(("a", later))
        next.runner.begin()
        #expect(next.notes.all == ["action a (scripted) is set up, and paused"])
        try next.runner.setPaused("a", false)
        next.waitForAll(6)
        next.stop()
        #expect(later.performed.map(\.events) == [["one"], ["two"], ["three"]])
        #expect(next.notes.all.last == "action a is resumed")
    }

    @Test("adds, changes and removes actions when the configuration is read again")
    func reloading() throws {
        let stage = RunnerStage()
        let gate = Gate()
        let old = ScriptedAction("old") { _, _ in
            gate.wait()
            return .done
        }
        try stage.load(("a", old))
        stage.deliver("one", "two")
        stage.runner.begin()
        old.wait(for: 1)
        let (new, other) = (ScriptedAction("new"), ScriptedAction("other"))
        try stage.load(("a", new), ("b", other))
        stage.deliver("three")
        other.wait(for: 1)
        // The work begun under the old declaration ends first.
        #expect(new.performed.isEmpty && old.state.withLock { $0.closed } == 0)
        gate.open()
        new.wait(for: 2)
        old.state.expect("its close") { $0.closed == 1 ? () : nil }
        #expect(old.performed.map(\.events) == [["one"]])
        #expect(new.performed.map(\.events) == [["two"], ["three"]])
        stage.wait(for: "done 3")
        try stage.load(("b", ScriptedAction()))
        new.state.expect("its close") { $0.closed == 1 ? () : nil }
        #expect(stage.runner.actionNames() == ["b"])
        stage.deliver("four")
        stage.outbox.state.expect("an entry") { state in
            state.entries.contains { $0.action == "b" && $0.row == 4 } ? () : nil
        }
        // An action that returns continues from where it was.
        let back = ScriptedAction()
        try stage.load(("b", ScriptedAction()), ("a", back))
        back.wait(for: 1)
        stage.stop()
        #expect(back.performed.map(\.events) == [["four"]])
        #expect(stage.notes.all.contains("action a is no longer in the configuration; its entries are kept"))
    }

    @Test("waits while the history cannot be written, and repeats nothing that was done")
    func storage() throws {
        let stage = RunnerStage()
        let action = ScriptedAction { [outbox = stage.outbox] _, call in
            // The next write is that of the outcome.
            if call == 1 { outbox.fail(3) }
            return .done
        }
        try stage.load(("a", action))
        stage.runner.begin()
        stage.deliver("one")
        action.wait(for: 1)
        // Each change of the history is a reason to try again.
        while stage.outbox.state.withLock({ $0.failures > 0 || !$0.log.contains("done 1") }) {
            stage.tell()
            stage.runner.works.forEach { $0.historyChanged() }
        }
        stage.deliver("two")
        stage.waitForAll(2)
        stage.stop()
        #expect(action.performed.map(\.events) == [["one"], ["two"]])
        #expect(stage.told.all.count { $0.contains("the disk is full") } >= 1)
        #expect(stage.told.all.count <= 4)
    }

    @Test("processes 10,000 events under a limit of 60 batches a minute once each, as fast as allowed")
    func quota() throws {
        let stage = RunnerStage(isJumping: true)
        let action = ScriptedAction(
            manner: manner {
                $0.largestBatch = 50
                $0.pace = .seconds(1)
                $0.gathering = .seconds(1)
            }, now: { [clock = stage.clock] in clock.now }, answer: { _, _ in .done })
        try stage.load(("a", action))
        (1...10_000).forEach { stage.outbox.deliver("\($0)") }
        stage.tell()
        stage.runner.begin()
        action.state.expect("the batches") { $0.performed.reduce(0) { $0 + $1.events.count } >= 10_000 ? () : nil }
        stage.waitForAll(10_000)
        stage.stop()
        let events = action.performed.flatMap(\.events)
        #expect(events == (1...10_000).map(String.init))
        let times = action.performed.map(\.time)
        for (index, time) in times.enumerated() where index >= 60 {
            #expect(time - times[index - 60] >= 60_000)
        }
        #expect(action.performed.count <= 220)
    }

    @Test("processes each event once, whatever fails, and repeats no batch that was done", arguments: 1...8)
    func anything(seed: UInt64) throws {
        let stage = RunnerStage(isJumping: true)
        let answers = Mutex(SeededGenerator(seed: seed))
        let done = Mutex<[String: Int]>([:])
        @Sendable func outcome(_ item: ActionItem, isRecovery: Bool) -> ActionOutcome {
            let number = answers.withLock { Int.random(in: 0..<10, using: &$0) }
            switch number {
            case 0: return .retry("no")
            case 1: return .retry("no", after: .seconds(5), scope: .action)
            case 2: return .unknown("lost")
            case 3 where isRecovery: return .again("it was not done")
            default:
                done.withLock { $0[item.event?.objectName.text ?? "", default: 0] += 1 }
                return .done
            }
        }
        let action = ScriptedAction(
            manner: manner {
                $0.largestBatch = 7
                $0.keepsOrder = seed % 2 == 0
                $0.lanes = seed % 4 == 1 ? 3 : 1
                $0.pace = .milliseconds(Int(seed) * 10)
                $0.gathering = .milliseconds(200)
            },
            recovery: { item, _ in outcome(item, isRecovery: true) },
            answer: { item, _ in outcome(item, isRecovery: false) })
        try stage.load(("a", action))
        stage.runner.begin()
        for number in 1...100 { stage.deliver("\(number)") }
        stage.waitForAll(100)
        stage.stop()
        #expect(done.withLock { $0.count } == 100 && done.withLock { $0.values.allSatisfy { $0 == 1 } })
        #expect(stage.outbox.states().allSatisfy { $0 == .done })
        if seed % 2 == 0 {
            let log = stage.outbox.log.filter { $0.hasPrefix("done") }
            #expect(log.count == 100)
        }
    }

    @Test("answers requests to run, retry, skip, preview and test, and reports impossible ones")
    func control() throws {
        let stage = RunnerStage()
        stage.outbox.deliver("before")
        let action = ScriptedAction { item, call in call == 1 ? .dead("404: check the URL") : .done }
        try stage.load(("rows", action))
        stage.runner.begin()
        #expect(try stage.runner.runAction("rows", rows: [1, 77]) == Outbox.Addition(added: 1, unfit: 1))
        stage.wait(for: "dead 1")
        #expect(try stage.runner.retryEntries([1]) == 1)
        stage.wait(for: "done 1")
        #expect(try stage.runner.retryEntries([1]) == 0)
        #expect(try stage.runner.retryAll("rows", in: [.dead]) == 0)
        #expect(try stage.runner.skipEntries([1]) == 0)
        #expect(String(decoding: try stage.runner.previewAction("rows", rows: [1]), as: UTF8.self) == "would send 1")
        #expect(try stage.runner.testAction("rows") == "tested with b2watch/test-of-an-action.txt")
        #expect(try stage.runner.statuses().map(\.name) == ["rows"])
        #expect(throws: UnknownAction("rowz", among: ["rows"])) {
            try stage.runner.testAction("rowz")
        }
        let unknown = "\(UnknownAction("rowz", among: ["rows"]))"
        #expect(unknown == "the action “rowz” does not exist; there are rows; did you mean rows?")
        #expect(throws: ActionError("choose an event to show the request for")) {
            try stage.runner.previewAction("rows", rows: [5])
        }
        #expect(throws: ActionError("1001 rows are too many at once: 1000 at most")) {
            try stage.runner.runAction("rows", rows: Array(1...1_001))
        }
        stage.stop()
        #expect(stage.told.all == ["action rows: an entry is dead: 404: check the URL"])
        #expect(action.performed.map(\.events) == [["before"], ["before"]])
    }
}

// MARK: - Ending

@Suite("Current work in the runner of actions", .blocking)
struct RunnerEndingTests {
    private func filter(_ text: String, _ stage: RunnerStage) throws -> Filter {
        try Filter(text, in: FilterContext(now: stage.clock.now, allowsRegularExpressions: false))
    }

    /// A command that keeps the lifeline open and ends by itself only after a long time.
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

    @Test("is ended with b2watch if it is a program, with all its descendants, and repeated later")
    func program() throws {
        let (stage, lifeline) = try running()
        #expect(stage.runner.stop(within: .patience))
        #expect(lifeline.isLetGo())
        let entry = try #require(try stage.outbox.entry(1))
        #expect(entry.state == .failed && entry.reason == "sh was ended because b2watch ended")
    }

    @Test("is ended although its declaration has changed in the meantime")
    func changedProgram() throws {
        let (stage, lifeline) = try running()
        let later = ScriptedAction()
        try stage.load(("a", later))
        #expect(stage.runner.stop(within: .patience))
        #expect(lifeline.isLetGo() && later.performed.isEmpty)
    }

    @Test("reads a backlog with the new filter, and not for a removed action")
    func backlog() throws {
        let gate = Monitor((slices: 0, isOpen: false))
        let stage = RunnerStage(
            FakeOutbox(walking: { action in
                guard action == 1 else { return }
                gate.change { $0.slices += 1 }
                // The second slice of the first action follows after the configuration was read again.
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
        // Two slices of the first action and one of each of the others were read before.
        #expect(counts == [400, 200, 200])
    }

    @Test("is sent once if the write failed after its commit, and nobody has to be asked")
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

    @Test("is taken back at the end too, so that the next process does not ask for its outcome")
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
