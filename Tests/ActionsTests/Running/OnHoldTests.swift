import Base
import History
import Notifications
import Synchronization
import Testing
import TestSupport

@testable import Actions

@Suite("An action on hold", .blocking)
struct OnHoldTests {
    private let start = Timestamp(milliseconds: 1_000_000_000)

    private func manner(_ change: (inout ActionManner) -> Void) -> ActionManner {
        var manner = ActionManner()
        change(&manner)
        return manner
    }

    @Test("tries one event at intervals, another one after three attempts, and continues by itself", arguments: [1, 4])
    func lasting(largest: Int) throws {
        let stage = RunnerStage(isJumping: true)
        let action = ScriptedAction(
            manner: manner { $0.largestBatch = largest }, now: { [clock = stage.clock] in clock.now }
        ) { _, call in call < 5 ? .hold("403: share the sheet") : .done }
        try stage.load(("a", action))
        stage.deliver("1", "2", "3", "4", "5", "6")
        stage.runner.begin()
        stage.waitForAll(6)
        stage.stop()
        #expect(stage.outbox.states().allSatisfy { $0 == .done })
        let calls = action.performed
        // The first event that works overtakes the one that was tried before.
        #expect(calls.dropFirst(4).flatMap(\.events) == ["2", "1", "3", "4", "5", "6"])
        // A refusal within a batch does not count as an attempt.
        let tried = largest == 1 ? ["1", "1", "2", "2"] : ["1", "1", "1", "2"]
        #expect(calls.dropFirst().prefix(4).map(\.events) == tried.map { [$0] })
        // 15, 30, 60 and 120 seconds.
        #expect(zip(calls, calls.dropFirst()).prefix(4).map { $1.time - $0.time } == [15_000, 30_000, 60_000, 120_000])
        #expect(
            stage.told.all == [
                "action a is on hold: 403: share the sheet. Its events wait, and one is tried now and then; b2watch"
                    + " actions retry a tries at once",
                "action a works again, after 4 failed attempts",
            ])
    }

    @Test("shows its reason, and a person can retry at once")
    func released() throws {
        let stage = RunnerStage()
        let isShared = Atomic<Bool>(false)
        let action = ScriptedAction { _, _ in
            isShared.load(ordering: .relaxed) ? .done : .hold("the sheet is not shared")
        }
        try stage.load(("a", action))
        stage.deliver("1", "2", "3")
        stage.runner.begin()
        stage.outbox.state.expect("a hold") { $0.actions.first?.hold != nil ? () : nil }
        let hold = try #require(stage.outbox.state.withLock { $0.actions.first?.hold })
        #expect(hold.kind == .onHold && hold.reason == "the sheet is not shared")
        #expect(hold.until == stage.clock.now + .seconds(15) && hold.since == stage.clock.now)
        #expect(stage.outbox.states() == [.queued, .queued, .queued])
        isShared.store(true, ordering: .relaxed)
        #expect(try stage.runner.retryAll("a", in: [.failed, .dead]) == 0)
        stage.waitForAll(3)
        stage.stop()
        #expect(stage.outbox.state.withLock { $0.actions.first?.hold } == nil)
        #expect(action.performed.map(\.events) == [["1"], ["1"], ["2"], ["3"]])
    }

    @Test("because of one event continues with the others, and that event is dead")
    func oneRefused() throws {
        let stage = RunnerStage(isJumping: true)
        let action = ScriptedAction { item, _ in
            item.event?.objectName.text == "bad" ? .hold("404: nothing is there") : .done
        }
        try stage.load(("a", action))
        stage.deliver("bad", "1", "2", "3")
        stage.runner.begin()
        stage.waitForAll(4)
        stage.stop()
        #expect(stage.outbox.states() == [.dead, .done, .done, .done])
        #expect(action.performed.count { $0.events == ["bad"] } == 4)
        #expect(
            stage.outbox.state.withLock { $0.entries[0].reason }
                == "refused, while others were done: 404: nothing is there")
    }

    @Test("after several refusals in a row loses none of the later events")
    func suspected() throws {
        let stage = RunnerStage(isJumping: true)
        let isRight = Atomic<Bool>(false)
        let action = ScriptedAction { [clock = stage.clock, start] _, _ in
            if clock.now - start > .seconds(200) { isRight.store(true, ordering: .relaxed) }
            return isRight.load(ordering: .relaxed) ? .done : .dead("400: invalid_blocks")
        }
        try stage.load(("a", action))
        (1...20).forEach { stage.outbox.deliver("\($0)") }
        stage.tell()
        stage.runner.begin()
        stage.waitForAll(20)
        stage.stop()
        #expect(stage.outbox.states().filter { $0 == .dead }.count == 2)
        #expect(stage.outbox.states().filter { $0 == .done }.count == 18)
        #expect(
            stage.told.all.contains {
                $0.hasPrefix("action a is on hold: 3 events were refused one after the other, so it seems to be the")
            })
    }

    @Test("continues soon if only the first events were refused for their contents")
    func poisoned() throws {
        let stage = RunnerStage(isJumping: true)
        let action = ScriptedAction { item, _ in
            (Int(item.event?.objectName.text ?? "") ?? 0) <= 12 ? .dead("400") : .done
        }
        try stage.load(("a", action))
        (1...40).forEach { stage.outbox.deliver("\($0)") }
        stage.tell()
        stage.runner.begin()
        stage.waitForAll(40)
        stage.stop()
        #expect(stage.outbox.states() == (1...40).map { $0 <= 12 ? .dead : .done })
        #expect(stage.clock.now - start < .seconds(1_800))
    }

    @Test("sends a refused batch again in halves, until one event alone is dead")
    func halves() throws {
        let stage = RunnerStage(isJumping: true)
        let refuses = Mutex(true)
        let action = ScriptedAction(manner: manner { $0.largestBatch = 64 }) { _, _ in .done }
        let picky = PickyAction(action) { $0.contains("13") && refuses.withLock(\.self) }
        try stage.load(("a", picky))
        (1...64).forEach { stage.outbox.deliver("\($0)") }
        stage.tell()
        stage.runner.begin()
        stage.waitForAll(64)
        stage.stop()
        #expect(stage.outbox.states() == (1...64).map { $0 == 13 ? .dead : .done })
        #expect(Set(action.performed.flatMap(\.events)).count == 63 && action.performed.flatMap(\.events).count == 63)
        #expect(picky.requests.withLock(\.self) <= 14)
    }

    @Test("waits for the requested time, whatever another lane has done in the meantime")
    func retryAfter() {
        var machine = OutboxMachine(manner { $0.lanes = 2 })
        var generator = SeededGenerator(seed: 1)
        func entry(_ id: Int64) -> OutboxEntry { OutboxEntry(id: id, action: "a", row: id, addedAt: start) }
        let waiting = OutboxMachine.Waiting(entries: [entry(3)], nextDue: nil)
        machine.begin(1, items: 1, at: start)
        machine.begin(2, items: 1, at: start)
        _ = machine.end(
            1, [entry(1)], [.retry("503", after: .seconds(5), scope: .action)], at: start, using: &generator)
        _ = machine.end(2, [entry(2)], [.done], at: start + .seconds(1), using: &generator)
        #expect(machine.next(waiting, at: start + .seconds(1)) == .sleep(until: start + .seconds(5)))
        #expect(machine.next(waiting, at: start + .seconds(5)) == .send([3]))
    }

    @Test("does not try every event if many fail in a row: it waits")
    func doubted() {
        var machine = OutboxMachine(ActionManner())
        var generator = SeededGenerator(seed: 2)
        for id in Int64(1)...9 {
            let entry = OutboxEntry(id: id, action: "a", row: id, addedAt: start)
            _ = machine.end(id, [entry], [.retry("500")], at: start, using: &generator)
            #expect(machine.earliestStart(at: start) == nil)
        }
        let tenth = OutboxEntry(id: 10, action: "a", row: 10, addedAt: start)
        let result = machine.end(10, [tenth], [.retry("500")], at: start, using: &generator)
        #expect(machine.earliestStart(at: start) != nil && result.news == [.failing(reason: "500")])
    }

    @Test("asks for unknown outcomes, and does not send their entries as probes")
    func recovery() throws {
        let stage = RunnerStage(isJumping: true)
        let action = ScriptedAction(
            recovery: { _, call in call < 4 ? .hold("403") : .done },
            answer: { _, call in call == 1 ? .unknown("no answer") : .done })
        try stage.load(("a", action))
        stage.deliver("1", "2")
        stage.runner.begin()
        stage.waitForAll(2)
        stage.stop()
        #expect(stage.outbox.states() == [.done, .done])
        #expect(action.performed.map(\.events) == [["1"], ["2"]])
        #expect(action.state.withLock { $0.recovered.count } == 4)
    }

    @Test("reports a reached daily limit once, with the number of waiting events")
    func limit() throws {
        let stage = RunnerStage()
        try stage.load(("sms", ScriptedAction(manner: manner { $0.mostPerDay = 3 }) { _, _ in .done }))
        (1...50).forEach { stage.outbox.deliver("\($0)") }
        stage.tell()
        stage.runner.begin()
        stage.awaited.expect("a day's wait") { $0 == stage.clock.now + .seconds(86_400) ? () : nil }
        stage.deliver("more")
        stage.outbox.state.expect("51 entries") { $0.entries.count == 51 ? () : nil }
        #expect(try stage.runner.skipAll("sms", in: [.queued, .failed, .dead]) == 48)
        stage.stop()
        #expect(
            stage.told.all == [
                "action sms: 47 events wait, because it has done all that “most-per-day: 3” allows; the next is done in"
                    + " 24 h. b2watch actions skip sms drops them"
            ])
    }

    @Test("sends one item about its failure to the action in on-failure, whose own failure ends there")
    func onFailure() throws {
        let stage = RunnerStage()
        let bad = ScriptedAction { item, _ in
            item.event?.objectName.text == "2" ? .hold("403: share it") : .dead("400: too long")
        }
        let notes = Mutex<[NotificationEvent]>([])
        let pager = ScriptedAction { item, _ in
            notes.withLock { $0.append(item.event ?? NotificationEvent()) }
            return .dead("the pager is broken")
        }
        let none = FilterContext(now: stage.clock.now, allowsRegularExpressions: false)
        try stage.runner.load([
            ActionDeclaration(
                name: "rows", kind: "scripted", filter: .everything, manner: bad.manner, action: bad,
                onFailure: "pager"),
            ActionDeclaration(
                name: "pager", kind: "scripted", filter: try Filter("sig:invalid", in: none), manner: pager.manner,
                action: pager),
        ])
        stage.deliver("1", "2", "3")
        stage.runner.begin()
        pager.wait(for: 2)
        stage.stop()
        let events = notes.withLock(\.self)
        #expect(events.map(\.eventType.text) == ["b2watch:ActionFailed:Dead", "b2watch:ActionFailed:OnHold"])
        #expect(
            events.map(\.objectName.text) == [
                "action rows: an entry is dead: 400: too long", "action rows is on hold: 403: share it",
            ])
        #expect(events.allSatisfy { $0.matchedRuleName.text == "rows" })
        // A failure of the pager is not reported to any action.
        #expect(pager.performed.count == 2)
    }
}

/// An action that refuses whole batches.
private final class PickyAction: Action {
    let action: ScriptedAction
    let requests = Mutex(0)
    private let refuses: @Sendable ([String]) -> Bool

    init(_ action: ScriptedAction, refuses: @escaping @Sendable ([String]) -> Bool) {
        self.action = action
        self.refuses = refuses
    }

    var summary: String { action.summary }
    var manner: ActionManner { action.manner }

    func perform(_ items: [ActionItem], batch: Int64) -> ActionReport {
        requests.withLock { $0 += 1 }
        guard refuses(items.map { $0.event?.objectName.text ?? "" }) else {
            return action.perform(items, batch: batch)
        }
        return ActionReport(items.map { _ in .dead("400") })
    }

    func preview(_ items: [ActionItem]) throws -> [UInt8] { [] }
    func test(_ item: ActionItem) throws -> String { "" }
}

// MARK: - Holding up

@Suite("The reason for a delay", .blocking)
struct ActionHoldTests {
    private func told(_ stage: RunnerStage) -> Timestamp? {
        stage.outbox.state.withLock { $0.actions.first?.heldUntil }
    }

    @Test("is recorded while the action fails, and removed when a person retries")
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

    @Test("is recorded when the limit of a minute is reached")
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

    @Test("is recorded if an outcome cannot be found out, but not for brief delays")
    func unknown() throws {
        var generator = SystemRandomNumberGenerator()
        var machine = OutboxMachine(ActionManner())
        let now = Timestamp(milliseconds: 1_000)
        let entry = OutboxEntry(id: 1, action: "a", row: 1, state: .queued, addedAt: now)
        machine.begin(7, items: 1, at: now)
        #expect(machine.hold(at: now) == nil)
        _ = machine.end(7, [entry], [.unknown("lost", after: .seconds(30))], at: now, using: &generator)
        let end = now + .seconds(30)
        #expect(machine.hold(at: now) == ActionHold(.failing, until: end, reason: "lost"))
        #expect(machine.hold(at: end) == nil)
    }

    @Test("is recorded if the order is kept and the first entry has failed")
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
