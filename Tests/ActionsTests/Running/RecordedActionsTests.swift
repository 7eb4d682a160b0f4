import Base
import History
import Notifications
import Sending
import Synchronization
import Testing
import TestSupport

@testable import Actions

@Suite("The runner on a history", .blocking)
struct RecordedActionsTests {
    private func places() throws -> [(History.Place, TemporaryFolder?)] {
        let folder = TemporaryFolder()
        return [(.memory, nil), (.file(folder.file("history.sqlite")), folder)]
    }

    private func record(_ names: [String], _ verdict: SignatureVerdict = .valid, in history: History) throws {
        let body = SampleBody.notification(names.map { TestSupport.SampleEvent(id: "id of \($0)", object: $0) })
        let delivery = Delivery.sample(body: body)
        let kept = Watched<Int64??>(nil)
        let judged = JudgedDelivery(
            delivery: delivery, judgement: Judgement(verdict),
            answer: verdict == .valid ? .accepted : .invalidSignature, events: Payload(scanning: body).events,
            generation: 1)
        #expect(history.record(judged) { id in kept.change { $0 = .some(id) } })
        #expect(try kept.require("a record") { $0 } != nil)
    }

    private func runner(_ history: History, _ action: any Action) throws -> ActionRunner {
        let surroundings = ActionSurroundings(
            http: NoHTTP(), environment: [:], folder: "/", now: { Timestamp(milliseconds: 1_795_452_185_123) })
        let runner = ActionRunner(history: history, surroundings: surroundings, say: { _ in }, note: { _, _ in })
        let filter = try Filter(
            ActionDeclaration.usualFilter,
            in: FilterContext(now: surroundings.now(), allowsRegularExpressions: false))
        try runner.load([
            ActionDeclaration(name: "rows", kind: "scripted", filter: filter, manner: action.manner, action: action)
        ])
        return runner
    }

    @Test("processes each event once, including one that was first refused, and keeps the order")
    func once() throws {
        for (place, folder) in try places() {
            try withExtendedLifetime(folder) {
                let history = try History(place)
                defer { history.close() }
                try record(["before"], in: history)
                var manner = ActionManner()
                manner.keepsOrder = true
                manner.largestBatch = 2
                let action = ScriptedAction(manner: manner)
                let runner = try runner(history, action)
                runner.begin()
                try record(["one"], .invalid, in: history)
                try record(["one"], in: history)
                try record(["one", "two", "three"], in: history)
                try record(["four"], in: history)
                action.state.expect("the batches") { $0.performed.flatMap(\.events).count >= 4 ? () : nil }
                #expect(runner.stop(within: .patience))
                #expect(action.performed.flatMap(\.events) == ["one", "two", "three", "four"])
                let status = try #require(try runner.statuses().first)
                #expect(status[.done] == 4 && status.counts.values.reduce(0, +) == 4)
            }
        }
    }

    @Test("counts a daily limit across restarts, in whatever order entries were done")
    func limitOfADay() throws {
        let history = try History(.memory)
        defer { history.close() }
        let id = try #require(
            try history.outbox.declare([Outbox.Declaration(name: "rows", kind: "scripted", summary: "x")])["rows"])
        try record((1...7).map(String.init), in: history)
        let now = Timestamp(milliseconds: 1_795_452_185_000)
        _ = try history.outbox.walk(id, through: 7, matching: .everything, at: now)
        func finish(_ entries: [Int64], _ state: EntryState, at time: Timestamp) throws {
            _ = try history.outbox.begin(entries, batch: 1, at: time)
            try history.outbox.settle(entries.map { Outbox.Settlement($0, state) }, exchange: nil, at: time)
        }
        let hour = Duration.seconds(3_600)
        try finish([4, 5, 6], .done, at: now + hour * -48)
        // Old entries that a person had retried.
        try finish([2, 3], .done, at: now + hour * -2)
        try finish([1], .uncertain, at: now + hour * -3)

        let awaited = Monitor<Timestamp?>(nil)
        let runner = ActionRunner(
            RecordedActions(history), from: 7, now: { now }, say: { _ in }, note: { _, _ in },
            instant: { moment in
                awaited.change { $0 = moment }
                return nil
            })
        var manner = ActionManner()
        manner.mostPerDay = 3
        let action = ScriptedAction(manner: manner)
        func load(_ manner: ActionManner) throws {
            try runner.load([
                ActionDeclaration(name: "rows", kind: "scripted", filter: .everything, manner: manner, action: action)
            ])
        }
        try load(manner)
        runner.begin()
        awaited.expect("a wait of 21 hours") { $0 == now + hour * 21 ? () : nil }
        #expect(action.performed.isEmpty)
        // A limit that is set in the meantime counts earlier items too.
        manner.mostPerDay = 4
        try load(manner)
        action.wait(for: 1)
        #expect(runner.stop(within: .patience))
        #expect(action.performed.map(\.events) == [["7"]])
    }

    @Test("asks for the outcome of interrupted entries at the next start")
    func recovery() throws {
        for (place, folder) in try places() {
            try withExtendedLifetime(folder) {
                let history = try History(place)
                defer { history.close() }
                let action = ScriptedAction(
                    recovery: { item, _ in item.row.objectName.text == "one" ? .done : .again("not done") },
                    answer: { _, _ in .done })
                let id = try #require(
                    try history.outbox.declare([Outbox.Declaration(name: "rows", kind: "scripted", summary: "x")])[
                        "rows"])
                try record(["one", "two", "three"], in: history)
                let now = Timestamp(milliseconds: 1_795_452_185_000)
                _ = try history.outbox.walk(id, through: 3, matching: .everything, at: now)
                let due = try history.reader.outboxDue(id, at: now, limit: 2).map(\.id)
                #expect(try history.outbox.begin(due, batch: 4_711, at: now).count == 2)
                let runner = try runner(history, action)
                runner.begin()
                action.state.expect("the batches") { $0.performed.flatMap(\.events).count >= 2 ? () : nil }
                #expect(runner.stop(within: .patience))
                #expect(action.state.withLock { $0.recovered.map(\.batch) } == [4_711])
                #expect(action.performed.flatMap(\.events).sorted() == ["three", "two"])
                #expect(try runner.statuses().first?[.done] == 3)
            }
        }
    }

    @Test("forwards a delivery of many events once")
    func forward() throws {
        for (place, folder) in try places() {
            try withExtendedLifetime(folder) {
                let history = try History(place)
                defer { history.close() }
                let receiver = FakeReceiver()
                let action = ForwardAction(
                    ForwardSettings(url: try WebhookURL("https://a.test/")),
                    ActionSurroundings(
                        http: InProcessHTTP(["a.test": receiver]), environment: [:], folder: "/",
                        now: { Timestamp(milliseconds: 0) }))
                let runner = try runner(history, action)
                try record(["small"], in: history)
                try record((0..<1_000).map { "\($0)" }, in: history)
                try record(["last"], in: history)
                let news = Monitor(0)
                history.observe { _ in news.change { $0 += 1 } }
                runner.begin()
                var seen = 0
                while try runner.statuses().first?[.done] != 1_002 {
                    let last = seen
                    seen = try news.require("news") { $0 > last ? $0 : nil }
                }
                #expect(runner.stop(within: .patience))
                #expect(receiver.requests.count == 3)
            }
        }
    }
}
