import Base
import History
import Notifications
import Testing
import TestSupport

@testable import Actions

@Suite("The next step of an action")
struct OutboxMachineTests {
    private let start = Timestamp(milliseconds: 1_000_000_000)

    private func manner(_ change: (inout ActionManner) -> Void = { _ in }) -> ActionManner {
        var manner = ActionManner()
        change(&manner)
        return manner
    }

    private func entry(
        _ id: Int64, _ state: EntryState = .queued, attempts: Int = 0, due: Timestamp? = nil, added: Timestamp? = nil,
        since: Timestamp? = nil
    ) -> OutboxEntry {
        OutboxEntry(
            id: id, action: "a", row: id, state: state, attempts: attempts, due: due, addedAt: added ?? start,
            since: since)
    }

    private func waiting(_ entries: [OutboxEntry], next: Timestamp? = nil) -> OutboxMachine.Waiting {
        OutboxMachine.Waiting(entries: entries, nextDue: next)
    }

    @Test("is nothing if nothing is queued or the action is paused")
    func rest() {
        var machine = OutboxMachine(manner())
        #expect(machine.next(waiting([]), at: start) == .rest)
        #expect(machine.next(waiting([], next: start + .seconds(3)), at: start) == .sleep(until: start + .seconds(3)))
        #expect(machine.next(waiting([entry(1)]), at: start) == .send([1]))
        machine.isPaused = true
        #expect(machine.next(waiting([entry(1)]), at: start) == .rest)
    }

    @Test("is the largest possible batch, without entries that are not due")
    func batches() {
        let machine = OutboxMachine(manner { $0.largestBatch = 3 })
        let later = entry(2, .failed, attempts: 1, due: start + .seconds(1))
        #expect(machine.next(waiting([entry(1), later, entry(3), entry(4), entry(5)]), at: start) == .send([1, 3, 4]))
        #expect(
            machine.next(waiting([entry(1), later, entry(3)]), at: start + .seconds(1)) == .send([1, 2, 3]))
    }

    @Test("waits for a failed entry if the order is kept")
    func order() {
        let machine = OutboxMachine(
            manner {
                $0.largestBatch = 3
                $0.keepsOrder = true
            })
        let later = entry(2, .failed, attempts: 1, due: start + .seconds(1))
        #expect(machine.next(waiting([entry(1), later, entry(3)]), at: start) == .send([1]))
        #expect(machine.next(waiting([later, entry(3)]), at: start) == .sleep(until: start + .seconds(1)))
        #expect(machine.next(waiting([later, entry(3)]), at: start + .seconds(1)) == .send([2, 3]))
    }

    @Test("waits for a larger batch, but not after a full one, an old one or one that failed")
    func gathering() {
        let machine = OutboxMachine(
            manner {
                $0.largestBatch = 2
                $0.gathering = .seconds(1)
            })
        #expect(machine.next(waiting([entry(1)]), at: start) == .sleep(until: start + .seconds(1)))
        #expect(machine.next(waiting([entry(1)]), at: start + .seconds(1)) == .send([1]))
        #expect(machine.next(waiting([entry(1), entry(2)]), at: start) == .send([1, 2]))
        let failed = entry(1, .failed, attempts: 1, due: start)
        #expect(machine.next(waiting([failed]), at: start) == .send([1]))
        // A clock that was set back.
        #expect(
            machine.next(waiting([entry(1, added: start + .seconds(9_000))]), at: start)
                == .sleep(until: start + .seconds(1)))
    }

    @Test("keeps the shortest time between batches")
    func pace() {
        var machine = OutboxMachine(manner { $0.pace = .seconds(2) })
        machine.begin(1, items: 1, at: start)
        #expect(machine.next(waiting([entry(1)]), at: start + .seconds(1)) == .sleep(until: start + .seconds(2)))
        #expect(machine.next(waiting([entry(1)]), at: start + .seconds(2)) == .send([1]))
        #expect(machine.next(waiting([]), at: start + .seconds(1)) == .rest)
        #expect(machine.next(waiting([entry(1)]), at: start + .seconds(-5)) == .send([1]))
    }

    @Test("keeps the limits of a minute and of a day, which count only items that were done")
    func limits() {
        var machine = OutboxMachine(
            manner {
                $0.largestBatch = 10
                $0.mostPerMinute = 3
                $0.mostPerDay = 4
            })
        var generator = SeededGenerator(seed: 1)
        let many = (1...9).map { entry(Int64($0)) }
        #expect(machine.next(waiting(many), at: start) == .send([1, 2, 3]))
        machine.begin(7, items: 3, at: start)
        #expect(machine.next(waiting(many), at: start + .seconds(1)) == .sleep(until: start + .seconds(60)))
        _ = machine.end(
            7, Array(many.prefix(3)), [.done, .dead("no"), .uncertain("who knows")], at: start, using: &generator)
        #expect(machine.next(waiting(many), at: start + .seconds(1)) == .send([1]))
        machine.begin(8, items: 1, at: start + .seconds(1))
        #expect(machine.next(waiting(many), at: start + .seconds(2)) == .sleep(until: start + .seconds(60)))
        #expect(machine.next(waiting(many), at: start + .seconds(60)) == .send([1]))
        machine.begin(9, items: 1, at: start + .seconds(60))
        #expect(machine.next(waiting(many), at: start + .seconds(200)) == .sleep(until: start + .seconds(86_400)))
        var later = OutboxMachine(machine.manner)
        later.remember([start, start, start, start + .seconds(5)])
        #expect(later.next(waiting(many), at: start + .seconds(100)) == .sleep(until: start + .seconds(86_400)))
    }

    @Test("counts items that are later found to have been done, and no others")
    func limitsOfRecovery() {
        var machine = OutboxMachine(
            manner {
                $0.largestBatch = 3
                $0.mostPerDay = 3
            })
        var generator = SeededGenerator(seed: 2)
        let many = (1...9).map { entry(Int64($0)) }
        // A batch of an earlier process.
        machine.ask(.init(batch: 5, entries: [1], due: start))
        _ = machine.end(5, [many[0]], [.uncertain("?")], isRecovery: true, at: start, using: &generator)
        #expect(machine.next(waiting(many), at: start + .seconds(9)) == .send([1, 2]))
        // A batch of this process: one of two items is done, the other is not.
        machine.begin(6, items: 2, at: start + .seconds(9))
        let first = Array(many.prefix(2))
        _ = machine.end(6, first, [.done, .unknown("lost")], at: start + .seconds(9), using: &generator)
        machine.ask(.init(batch: 6, entries: [2], due: start))
        _ = machine.end(
            6, [many[1]], [.again("not done")], isRecovery: true, at: start + .seconds(60), using: &generator)
        #expect(machine.next(waiting(many), at: start + .seconds(60)) == .send([1]))
        machine.begin(7, items: 1, at: start + .seconds(60))
        #expect(machine.next(waiting(many), at: start + .seconds(61)) == .sleep(until: start + .seconds(86_400)))
        // Another declaration: items begun under the old one are among those remembered.
        machine.remember([start, start + .seconds(9)])
        #expect(machine.next(waiting(many), at: start + .seconds(61)) == .send([1]))
    }

    @Test("after failures is delayed exponentially, up to 15 minutes, by a random part of the time")
    func backOff() {
        var longest: [Duration] = []
        for failures in 1...14 {
            #expect(BackOff.delay(after: failures, 0, atLeast: nil) == .zero)
            longest.append(BackOff.delay(after: failures, 1, atLeast: nil))
        }
        #expect(longest == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900].map { .seconds($0) })
        #expect(BackOff.delay(after: 1, 1, atLeast: .seconds(77)) == .seconds(77))
        #expect(BackOff.delay(after: 20, 1, atLeast: .seconds(77)) == .seconds(900))
        #expect(BackOff.delay(after: 1, 1, atLeast: .seconds(8_000_000)) == .seconds(86_400))
    }

    @Test("sets a state for each outcome; entries that failed together are due together")
    func outcomes() {
        var machine = OutboxMachine(manner { $0.largestBatch = 9 })
        var generator = SeededGenerator(seed: 1)
        let entries = (1...6).map { entry(Int64($0)) }
        machine.begin(5, items: 6, at: start)
        let result = machine.end(
            5, entries,
            [
                .done, .retry("busy"), .dead("gone"), .uncertain("lost"), .retry("busy"),
                .retry("asked", after: .seconds(50)),
            ],
            at: start, using: &generator)
        #expect(result.settlements.map(\.state) == [.done, .failed, .dead, .uncertain, .failed, .failed])
        #expect(result.settlements.map(\.reason) == [nil, "busy", "gone", "lost", "busy", "asked"])
        let due = result.settlements.map(\.due)
        #expect(due[0] == nil && due[2] == nil && due[3] == nil)
        #expect(due[1] == due[4] && (due[1] ?? start) <= start + .seconds(1))
        #expect(due[5] == start + .seconds(50))
        #expect(
            result.news == [
                .works, .eventsFailing(count: 3, reason: "busy"), .gone(.dead, count: 1, reason: "gone"),
                .gone(.uncertain, count: 1, reason: "lost"),
            ])
        // An item of its own delays no others.
        #expect(machine.next(waiting([entry(7)]), at: start) == .send([7]))
    }

    @Test("repeats at once, without a report, entries that were certainly not done although nothing failed")
    func again() {
        var machine = OutboxMachine(manner())
        var generator = SeededGenerator(seed: 2)
        let result = machine.end(5, [entry(1)], [.again("its number is taken")], at: start, using: &generator)
        #expect(result.settlements == [Outbox.Settlement(1, .failed, due: start, reason: "its number is taken")])
        #expect(result.news.isEmpty)
        #expect(machine.next(waiting([entry(1, .failed, attempts: 1, due: start)]), at: start) == .send([1]))
    }

    @Test("is delayed longer each time after failures of the whole action, until something is done")
    func wholeAction() {
        var machine = OutboxMachine(manner())
        var generator = SeededGenerator(seed: 3)
        var holds: [Duration] = []
        for number in 1...12 {
            let now = start + .seconds(number * 10_000)
            _ = machine.end(
                Int64(number), [entry(1)], [.retry("no network", scope: .action)], at: now, using: &generator)
            let hold = (machine.earliestStart(at: now) ?? now) - now
            holds.append(hold)
            #expect(hold <= min(.seconds(900), .seconds(1 << (number - 1))))
            if hold > .zero {
                #expect(machine.next(waiting([entry(2)]), at: now) == .sleep(until: now + hold))
            }
        }
        #expect(holds.max().map { $0 > .seconds(60) } == true)
        let end = start + .seconds(200_000)
        _ = machine.end(
            99, [entry(1)], [.retry("slow down", after: .seconds(120), scope: .action)], at: end, using: &generator)
        #expect(machine.earliestStart(at: end).map { $0 >= end + .seconds(120) } == true)
        var asked = machine
        asked.tryAgain(at: end)
        #expect(asked.next(waiting([entry(2)]), at: end) == .send([2]))
        _ = machine.end(100, [entry(1)], [.done], at: end, using: &generator)
        #expect(machine.earliestStart(at: end) == nil)
    }

    /// Such as one whose contents a gateway blocks.
    @Test("an event that is always answered 503 delays the others no longer once two of them were done")
    func alwaysUnavailable() {
        var machine = OutboxMachine(manner())
        var generator = SeededGenerator(seed: 5)
        var left = (1...40).map { entry(Int64($0)) }
        var now = start
        var done: [Timestamp] = []
        var (batch, attempts): (Int64, Int) = (0, 0)
        while left.count > 1 || attempts < 6, batch < 1_000 {
            switch machine.next(waiting(left), at: now) {
            case .send(let ids):
                batch += 1
                let sent = left.filter { ids.contains($0.id) }
                machine.begin(batch, items: sent.count, at: now)
                let outcome = ids == [1] ? ActionOutcome.retry("503", scope: .action) : .done
                let result = machine.end(batch, sent, [outcome], at: now, using: &generator)
                if ids == [1] {
                    attempts += 1
                    left[0].state = .failed
                    left[0].attempts += 1
                    left[0].due = result.settlements.first?.due
                } else {
                    done.append(now)
                    left.removeAll { ids.contains($0.id) }
                }
            case .sleep(let time): now = time
            case .rest, .recover: batch = 1_000
            }
        }
        #expect(done.count == 39 && attempts == 6)
        // It was tried at once, and held the others up for a second at most.
        #expect(done.allSatisfy { $0 - start <= .seconds(2) })
        // By itself it waits longer each time, and the action does not.
        #expect(machine.hold(at: now) == nil)
    }

    @Test("a service that takes nothing is tried with other events too, and delays all of them")
    func unavailable() {
        var machine = OutboxMachine(manner())
        var generator = SeededGenerator(seed: 5)
        var now = start
        var tried: Set<Int64> = []
        for batch in 1...200 as ClosedRange<Int64> {
            var entries = (1...100).map { entry(Int64($0)) }
            entries.removeAll { tried.contains($0.id) }
            entries += tried.sorted().map { entry($0, .failed, attempts: 1, due: now) }
            entries.sort { $0.id < $1.id }
            if case .sleep(let time) = machine.next(waiting(entries), at: now) { now = time }
            guard case .send(let ids) = machine.next(waiting(entries), at: now) else { return #expect(Bool(false)) }
            tried.formUnion(ids)
            machine.begin(batch, items: 1, at: now)
            _ = machine.end(
                batch, entries.filter { ids.contains($0.id) }, [.retry("503", scope: .action)], at: now,
                using: &generator)
        }
        #expect(tried.count > 10)
        #expect(now - start > .seconds(10_000))
        #expect(machine.wanted < 100)
    }

    @Test("gives up an entry after its time limit, counted from its creation or its last retry")
    func patience() {
        var machine = OutboxMachine(manner { $0.patience = .seconds(3_600) })
        var generator = SeededGenerator(seed: 4)
        func state(of entry: OutboxEntry, at now: Timestamp) -> Outbox.Settlement? {
            machine.end(1, [entry], [.retry("refused")], at: now, using: &generator).settlements.first
        }
        let end = start + .seconds(3_600)
        #expect(state(of: entry(1, .failed, attempts: 8), at: end + .seconds(-1))?.state == .failed)
        let dead = state(of: entry(1, .failed, attempts: 8), at: end)
        #expect(dead?.state == .dead && dead?.reason == "given up after 1 h: refused")
        // An entry that has waited for its turn is still tried some times.
        #expect(state(of: entry(2), at: end)?.state == .failed)
        #expect(state(of: entry(2, .failed, attempts: 1), at: end)?.state == .failed)
        #expect(state(of: entry(2, .failed, attempts: 2), at: end)?.state == .dead)
        // Retried by a person, as if it had never been tried.
        #expect(state(of: entry(3, since: end), at: end)?.state == .failed)
        #expect(state(of: entry(3, .failed, attempts: 7, since: end), at: end + .seconds(3_599))?.state == .failed)
        #expect(state(of: entry(3, .failed, attempts: 8, since: end), at: end + .seconds(3_600))?.state == .dead)
    }

    @Test("asks for a batch with an unknown outcome before anything else")
    func recovery() {
        var machine = OutboxMachine(manner { $0.patience = .seconds(3_600) })
        var generator = SeededGenerator(seed: 5)
        var running = [
            entry(1, .running, attempts: 1), entry(2, .running, attempts: 1), entry(3, .running, attempts: 1),
        ]
        running[0].batch = 70
        running[1].batch = 70
        running[2].batch = 80
        machine.find(running, at: start)
        let first = OutboxMachine.Unsettled(batch: 70, entries: [1, 2], due: start)
        #expect(machine.next(waiting([entry(9)]), at: start) == .recover(first))
        machine.ask(first)
        #expect(machine.next(waiting([entry(9)]), at: start) == .rest)
        // One item was done; the outcome of the other is not known yet.
        let result = machine.end(
            70, Array(running.prefix(2)), [.done, .retry("no network", after: .seconds(30))], isRecovery: true,
            at: start,
            using: &generator)
        #expect(result.settlements == [Outbox.Settlement(1, .done)])
        let second = OutboxMachine.Unsettled(batch: 80, entries: [3], due: start)
        #expect(machine.next(waiting([entry(9)]), at: start) == .recover(second))
        machine.ask(second)
        let again = machine.end(
            80, [running[2]], [.again("not done")], isRecovery: true, at: start, using: &generator)
        #expect(again.settlements == [Outbox.Settlement(3, .failed, due: start, reason: "not done")])
        #expect(again.news.isEmpty)
        #expect(machine.next(waiting([entry(9)]), at: start) == .sleep(until: start + .seconds(30)))
        let later = start + .seconds(30)
        #expect(
            machine.next(waiting([entry(9)]), at: later)
                == .recover(.init(batch: 70, entries: [2], due: later, failures: 1)))
        machine.ask(.init(batch: 70, entries: [2], due: later, failures: 1))
        _ = machine.end(70, [running[1]], [.done], isRecovery: true, at: later, using: &generator)
        #expect(machine.next(waiting([entry(9)]), at: later) == .send([9]))
    }

    @Test("asks for the outcome of a lost answer by the batch's number, and is uncertain if it stays unknown")
    func unknown() {
        var machine = OutboxMachine(manner { $0.patience = .seconds(3_600) })
        var generator = SeededGenerator(seed: 6)
        machine.begin(70, items: 1, at: start)
        let result = machine.end(70, [entry(1)], [.unknown("no answer")], at: start, using: &generator)
        #expect(result.settlements.isEmpty)
        #expect(result.news == [.failing(reason: "no answer")])
        var now = start
        for _ in 0..<2_000 {
            switch machine.next(waiting([entry(9)]), at: now) {
            case .sleep(let time): now = time
            case .recover(let batch):
                #expect(batch.batch == 70 && batch.entries == [1])
                machine.ask(batch)
                let result = machine.end(
                    70, [entry(1, .running, attempts: 1)], [.unknown("no answer")], isRecovery: true, at: now,
                    using: &generator)
                guard let settlement = result.settlements.first else { continue }
                #expect(settlement.state == .uncertain && now >= start + .seconds(3_600))
                #expect(machine.next(waiting([entry(9)]), at: now) == .send([9]))
                return
            default: Issue.record("another batch began before the outcome was known")
            }
        }
        Issue.record("it never ended")
    }

    @Test("reports the first failure and the recovery with the number of attempts, and counts dead entries")
    func lines() {
        var lines = ActionLines(name: "rows")
        func told(_ news: ActionNews, _ seconds: Int) -> [String] {
            lines.report([news], at: start + .seconds(seconds)).map(\.line)
        }
        #expect(told(.works, 0) == [])
        #expect(told(.failing(reason: "no \u{1b}[2J"), 0) == ["action rows fails and is tried again: no \\x1b[2J"])
        #expect(told(.failing(reason: "no"), 1) == [])
        #expect(told(.works, 2) == ["action rows works again, after 2 failed attempts"])
        #expect(told(.gone(.dead, count: 1, reason: "404"), 3) == ["action rows: an entry is dead: 404"])
        #expect(told(.gone(.dead, count: 1, reason: "404"), 4) == [])
        #expect(told(.gone(.uncertain, count: 2, reason: "?"), 4) == ["action rows: 2 entries are uncertain: ?"])
        #expect(told(.gone(.dead, count: 3, reason: "404"), 63) == ["action rows: 4 entries are dead: 404"])
        #expect(told(.gone(.dead, count: 3, reason: "404"), 64) == [])
        #expect(lines.rest() == ["action rows: 3 more entries are dead"])
    }

    @Test("reports an alternation of failures and successes once a minute, and lasting states at once")
    func flapping() {
        var lines = ActionLines(name: "rows")
        func told(_ news: ActionNews, _ seconds: Int) -> [String] {
            lines.report([news], at: start + .seconds(seconds)).map(\.line)
        }
        var all: [String] = []
        for second in 0..<20 { all += told(second.isMultiple(of: 2) ? .failing(reason: "503") : .works, second) }
        #expect(all.count == 2)
        #expect(told(.failing(reason: "503"), 21) == [])
        #expect(told(.failing(reason: "503"), 90) == ["action rows fails and is tried again: 503"])
        #expect(told(.onHold(reason: "404"), 91).first?.hasPrefix("action rows is on hold: 404. ") == true)
        #expect(told(.onHold(reason: "404"), 200) == [])
        #expect(told(.works, 201) == ["action rows works again, after 4 failed attempts"])
        // One failing event proves nothing about the action.
        #expect(
            told(.eventsFailing(count: 1, reason: "status 1"), 202)
                == ["action rows: an event has failed and is tried again: status 1"])
        #expect(told(.works, 203) == [] && told(.eventsFailing(count: 1, reason: "status 1"), 204) == [])
        // One event that fails three times does not count as three events.
        #expect(told(.eventsFailing(count: 1, reason: "status 1"), 208) == [])
        #expect(
            told(.eventsFailing(count: 1, reason: "status 2"), 270) == [
                "action rows: 3 more attempts for single events have failed and are repeated; the latest: status 2"
            ])
    }
}
