import History
import Notifications
import TestSupport
import Testing
import Workers

@testable import Actions

@Suite("What holds an action up", .blocking)
struct ActionHoldTests {
    private func told(_ stage: RunnerStage) -> Timestamp? {
        stage.outbox.state.withLock { $0.actions.first?.heldUntil }
    }

    @Test("is told while it fails, and is over when a person has it tried again")
    func failing() throws {
        let stage = RunnerStage()
        let action = ScriptedAction { _, call in
            call == 1 ? .retry("busy", after: .seconds(40), scope: .action) : .done
        }
        try stage.load(("a", action))
        stage.deliver("one", "two")
        stage.runner.begin()
        let end = stage.clock.now + .seconds(40)
        stage.outbox.state.expect("a hold") { $0.actions.first?.heldUntil == end ? () : nil }
        #expect(stage.runner.hold(of: "a") == ActionHold(.failing, until: end, reason: "busy"))
        #expect(stage.runner.hold(of: "other") == nil)
        #expect(try stage.runner.retryEntries([1]) == 1)
        stage.waitForAll(2)
        #expect(stage.runner.hold(of: "a") == nil)
        stage.stop()
        #expect(told(stage) == nil)
    }

    @Test("is told where as much is done as may be in a minute")
    func spent() throws {
        var manner = ActionManner()
        manner.mostPerMinute = 1
        let stage = RunnerStage()
        try stage.load(("a", ScriptedAction(manner: manner) { _, _ in .done }))
        stage.deliver("one", "two")
        stage.runner.begin()
        let end = stage.clock.now + .seconds(60)
        stage.outbox.state.expect("a hold") { $0.actions.first?.heldUntil == end ? () : nil }
        #expect(
            stage.runner.hold(of: "a")
                == ActionHold(.limit, until: end, reason: "it has done all that “most-per-minute: 1” allows"))
        stage.advance(by: .seconds(60))
        stage.waitForAll(2)
        stage.stop()
    }

    @Test("is told where what became of something cannot be found out, and not for a moment's sake")
    func unknown() throws {
        var generator = SystemRandomNumberGenerator()
        var machine = OutboxMachine(ActionManner())
        let now = Timestamp(milliseconds: 1_000)
        let entry = OutboxEntry(id: 1, action: "a", row: 1, state: .queued, addedAt: now)
        machine.begin(7, items: 1, at: now)
        #expect(machine.held(at: now) == nil)
        _ = machine.end(7, [entry], [.unknown("lost", after: .seconds(30))], at: now, using: &generator)
        let end = now + .seconds(30)
        #expect(machine.held(at: now) == ActionHold(.failing, until: end, reason: "lost"))
        #expect(machine.held(at: end) == nil)
    }

    @Test("is told where the order is kept and the first entry has failed")
    func order() throws {
        var manner = ActionManner()
        manner.keepsOrder = true
        let stage = RunnerStage()
        let action = ScriptedAction(manner: manner) { _, call in
            call == 1 ? .retry("busy", after: .seconds(40)) : .done
        }
        try stage.load(("a", action))
        stage.deliver("one", "two")
        stage.runner.begin()
        let end = stage.clock.now + .seconds(40)
        stage.outbox.state.expect("a hold") { $0.actions.first?.heldUntil == end ? () : nil }
        stage.advance(by: .seconds(40))
        stage.waitForAll(2)
        stage.stop()
        #expect(action.performed.map(\.events) == [["one"], ["one"], ["two"]])
    }
}
