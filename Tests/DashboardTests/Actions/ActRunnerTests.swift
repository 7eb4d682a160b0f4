import Base
import History
import Notifications
import Synchronization
import Testing
import TestSupport

@testable import Dashboard

@Suite("Acting on many rows", .blocking)
struct ActRunnerTests {
    /// Whoever runs actions, and takes note.
    private final class Taker: ActionControl {
        let runs = Mutex<[[Int64]]>([])
        let replays = Mutex<[Int64]>([])
        /// Is told before each delivery is sent.
        let onReplay: @Sendable (Int64) -> Void

        init(onReplay: @escaping @Sendable (Int64) -> Void = { _ in }) { self.onReplay = onReplay }

        func setPaused(_ action: String, _ isPaused: Bool) throws {}
        func runAction(_ action: String, rows: [Int64]) throws -> Outbox.Addition {
            runs.withLock { $0.append(rows) }
            return Outbox.Addition(added: rows.count)
        }
        func retryEntries(_ entries: [Int64]) throws -> Int { entries.count }
        func retryAll(_ action: String, in states: Set<EntryState>) throws -> Int { 0 }
        func skipAll(_ action: String, in states: Set<EntryState>) throws -> Int { 0 }
        func skipEntries(_ entries: [Int64]) throws -> Int { entries.count }
        func previewAction(_ action: String, rows: [Int64]) throws -> [UInt8] { Array("\(rows)".utf8) }
        func testAction(_ action: String) throws -> String { throw TestFailure() }
        func missedRows(_ action: String, in reach: MissedReach) throws -> MissedRows { MissedRows() }
        func replay(
            _ deliveries: [Int64], to url: String?, while goesOn: (ReplayCount) -> Bool
        ) throws -> ReplayCount {
            var count = ReplayCount()
            for delivery in deliveries {
                onReplay(delivery)
                replays.withLock { $0.append(delivery) }
                count.add(.answered(200))
                guard goesOn(count) else { break }
            }
            return count
        }
        func actionNames() throws -> [String] { ["rows"] }
    }

    /// A history of so many deliveries of an event each; every third is invalid.
    private func history(_ count: Int) throws -> History {
        let history = try History(.memory)
        let recorded = Monitor(0)
        let body = Array(#"{"events":[{"eventType":"b2:ObjectCreated:Upload","objectName":"a"}]}"#.utf8)
        for number in 1...count {
            let delivery = Delivery(
                receivedAt: Timestamp(milliseconds: Make.start), remoteAddress: "", method: "POST", target: "/",
                headers: [], body: body)
            let judged = JudgedDelivery(
                delivery: delivery, judgement: Judgement(number % 3 == 0 ? .invalid : .valid, secret: nil),
                answer: .accepted, events: Payload(scanning: body).events, generation: 1)
            while !history.record(judged, completion: { _ in recorded.change { $0 += 1 } }) {}
        }
        try recorded.require("\(count) records") { $0 == count ? true : nil }
        return history
    }

    private func outcome(
        of request: ActRequest, _ reader: HistoryReader, _ control: any ActionControl,
        progress: @escaping @Sendable (Int, ActRunner) -> Void = { _, _ in }
    ) throws -> ActOutcome? {
        let runner = ActRunner(reader, control)
        let result = Monitor<Result<ActOutcome, EffectFailure>?>(nil)
        runner.act(request, progress: { progress($0, runner) }) { answer in result.change { $0 = answer } }
        return try result.require("an outcome") { $0 }.get()
    }

    private func all(_ predicate: RowPredicate = .everything, but left: Set<Int64> = []) -> ActedRows {
        .all(of: BrowseQuery(predicate), latestRow: 2_500, except: left, count: nil)
    }

    @Test("goes over all rows of a filter but for those left out, in pieces of a thousand")
    func pieces() throws {
        let history = try history(2_500)
        let taker = Taker()
        let request = ActRequest(
            deed: .run("rows"), rows: all(.verdict([.valid]), but: [1, 2]), isCount: false, generation: 1)
        guard case .done(let report)? = try outcome(of: request, history.reader, taker) else {
            Issue.record("not done")
            return
        }
        #expect(report.addition.added == 1_665)
        #expect(taker.runs.withLock { $0.map(\.count) } == [1_000, 665])
        #expect(taker.runs.withLock { $0.joined().allSatisfy { $0 % 3 != 0 && $0 > 2 } })

        var counting = request
        counting.isCount = true
        let count = try outcome(of: counting, history.reader, taker)
        #expect(count == .counted(ActCount(events: 1_665, deliveries: 1_665)))
        #expect(taker.runs.withLock { $0.count } == 2)
    }

    @Test("ends after the piece it is at when it is cancelled")
    func cancelling() throws {
        let history = try history(1_500)
        let taker = Taker()
        let request = ActRequest(
            deed: .run("rows"), rows: .chosen(Set(1...1_500)), isCount: false, generation: 1)
        let result = try outcome(of: request, history.reader, taker) { _, runner in runner.cancel() }
        guard case .cancelled(let report)? = result else {
            Issue.record("not cancelled")
            return
        }
        #expect(report.passed == 1_000 && taker.runs.withLock { $0.count } == 1)
    }

    @Test("replays each delivery once, and adds up what was answered")
    func replays() throws {
        let history = try history(250)
        let taker = Taker()
        let request = ActRequest(
            deed: .replay(to: nil), rows: .chosen(Set(1...250)), isCount: false, generation: 1)
        guard case .done(let report)? = try outcome(of: request, history.reader, taker) else {
            Issue.record("not done")
            return
        }
        #expect(report.replay.sentence == "Replay: 250 sent: 250 answered 200")
        #expect(taker.replays.withLock { $0 } == Array(1...250))
    }

    @Test("a replay ends with the delivery it is at when it is cancelled, the last one of all too")
    func cancelledReplay() throws {
        let history = try history(250)
        for last in [3, 250] {
            let taker = Taker()
            let request = ActRequest(
                deed: .replay(to: nil), rows: .chosen(Set(1...250)), isCount: false, generation: 1)
            let result = try outcome(of: request, history.reader, taker) { passed, runner in
                if passed == last { runner.cancel() }
            }
            #expect(taker.replays.withLock { $0 } == Array(1...Int64(last)))
            switch result {
            case .cancelled(let report)?:
                #expect(last == 3 && report.passed == 3 && report.replay.total == 3)
            case .done(let report)?: #expect(last == 250 && report.replay.total == 250)
            default: Issue.record("neither cancelled nor done")
            }
        }
    }

    @Test("pausing an action waits for no replay")
    func besideReplay() throws {
        let history = try history(1)
        let gate = Gate()
        let runner = ActRunner(history.reader, Taker(onReplay: { _ in gate.wait() }))
        let (told, ended) = (Monitor(false), Monitor(false))
        let request = ActRequest(deed: .replay(to: nil), rows: .chosen([1]), isCount: false, generation: 1)
        runner.act(request, progress: { _ in }) { _ in ended.change { $0 = true } }
        runner.call(.setPaused("rows", true)) { _ in told.change { $0 = true } }
        try told.require("a word") { $0 ? true : nil }
        #expect(!ended.withLock { $0 })
        gate.open()
        try ended.require("the end") { $0 ? true : nil }
    }

    @Test("counts and retries the entries of one action, as the outbox has them")
    func entries() throws {
        let history = try history(30)
        let (outbox, now) = (history.outbox, Timestamp(milliseconds: Make.start))
        let ids = try outbox.declare(["rows", "alerts"].map { .init(name: $0, kind: "csv", summary: "") })
        for id in ids.values { _ = try outbox.add(id, rows: (1...30).filter { $0 % 3 != 0 }, at: now) }
        let rows = try #require(ids["rows"])
        let due = try history.reader.outboxDue(rows, at: now, limit: 5).map(\.id)
        _ = try outbox.begin(due, batch: 1, at: now)
        try outbox.settle(due.map { .init($0, .dead, reason: "401") }, exchange: Make.exchange, at: now)

        let taker = Taker()
        let all = ActedRows.all(of: BrowseQuery(), latestRow: 30, except: [], count: nil)
        var request = ActRequest(deed: .retry("rows"), rows: all, isCount: true, generation: 1)
        let count = ActCount(events: 30, deliveries: 30, notValid: 10, states: [.dead: 5, .queued: 15])
        #expect(try outcome(of: request, history.reader, taker) == .counted(count))
        #expect(
            request.question(count, answers: "(y/n)").hasPrefix(
                "Retry “rows” for 5 events? The other 25 stay as they are."))
        request.isCount = false
        guard case .done(let report)? = try outcome(of: request, history.reader, taker) else {
            Issue.record("not done")
            return
        }
        #expect(report.changed == 5)

        let listed = try history.reader.listedActions()
        #expect(listed.map(\.status.name) == ["alerts", "rows"] && listed.last?.status[.dead] == 5)
    }

    @Test("a dry run is of the first rows, and a failure is told in its sentence")
    func calls() throws {
        let history = try history(30)
        let runner = ActRunner(history.reader, Taker())
        let answers = Monitor<[Result<ActionAnswer, EffectFailure>]>([])
        let rows = ActedRows.all(of: BrowseQuery(.verdict([.invalid])), latestRow: 30, except: [3], count: nil)
        runner.call(.preview("rows", rows)) { answer in
            answers.change { $0.append(answer) }
            runner.call(.test("rows")) { answer in answers.change { $0.append(answer) } }
        }
        var told = try answers.require("two answers") { $0.count == 2 ? $0 : nil }
        #expect(
            told.first
                == .success(
                    .preview(DryRun(text: Array("[6, 9, 12, 15, 18, 21, 24, 27, 30]".utf8), shown: 9, count: 9))))
        #expect(told.last == .failure(EffectFailure(TestFailure())))
        let nobody = ActRunner(history.reader, nil)
        nobody.call(.test("rows")) { answer in answers.change { $0.append(answer) } }
        told = try answers.require("three answers") { $0.count == 3 ? $0 : nil }
        #expect(told.last == .failure(EffectFailure(NobodyActs())))
    }

    @Test("a dry run leaves out what would not be sent, but for a single row, and tells how many that is")
    func dryRun() throws {
        let history = try history(30)
        let now = Timestamp(milliseconds: Make.start)
        let id = try #require(try history.outbox.declare([.init(name: "rows", kind: "csv", summary: "")])["rows"])
        _ = try history.outbox.add(id, rows: Array(1...12), at: now)
        let runner = ActRunner(history.reader, Taker())
        func preview(_ rows: ActedRows) throws -> DryRun? {
            let answer = Monitor<Result<ActionAnswer, EffectFailure>?>(nil)
            runner.call(.preview("rows", rows)) { result in answer.change { $0 = result } }
            let result = try answer.require("an answer") { $0 }.get()
            if case .preview(let run) = result { return run }
            return nil
        }
        let all = try #require(try preview(.all(of: BrowseQuery(), latestRow: 30, except: [], count: nil)))
        #expect(all.text == Array("\(Array(13...22))".utf8))
        #expect(all.shown == 10 && all.count == 18 && all.there == 12)
        #expect(
            all.words("rows")
                == "What “rows” would send. Nothing was sent. These are the first 10 of 18. Left out: 12 done or waiting already."
        )
        let none = try #require(try preview(.chosen([1, 2])))
        #expect(none.text.isEmpty && none.words("rows").hasPrefix("“rows” would send nothing for these."))
        let one = try #require(try preview(.current(Make.row(1))))
        #expect(one.text == Array("[1]".utf8) && one.words("rows").contains("is done for this event already"))
    }

    @Test("a question says how many of the events have no valid signature")
    func notValid() throws {
        let history = try history(9)
        let request = ActRequest(deed: .run("rows"), rows: .chosen([1, 2, 3, 6]), isCount: true, generation: 1)
        guard case .counted(let count)? = try outcome(of: request, history.reader, Taker()) else {
            Issue.record("not counted")
            return
        }
        #expect(
            request.question(count, answers: "(y/n)")
                == "Run “rows” for 4 events? 2 of them have no valid signature. (y/n)")
    }
}
