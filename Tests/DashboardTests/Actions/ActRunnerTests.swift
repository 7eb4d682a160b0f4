import Actions
import Base
import Foundation
import History
import Notifications
import Sending
import Synchronization
import Terminal
import Testing
import TestSupport

@testable import Dashboard
@testable import Receiving

@Suite("Acting on many rows", .blocking)
struct ActRunnerTests {
    /// Whoever runs actions and replays, and takes note.
    private final class Taker: ActionAsking {
        let runs = Mutex<[[Int64]]>([])
        let replays = Mutex<[Int64]>([])

        func ask<Request: ListenerRequest<ActionRunner>>(_ request: Request) throws -> Request.Reply {
            let reply: any Sendable
            switch request {
            case let run as RunAction:
                runs.withLock { $0.append(run.rows) }
                reply = Outbox.Addition(added: run.rows.count)
            case let retry as RetryEntries: reply = retry.entries.count
            case let preview as PreviewAction: reply = Data("\(preview.rows)".utf8)
            case is PauseAction: reply = ControlDone()
            default: throw TestFailure()
            }
            guard let reply = reply as? Request.Reply else { throw TestFailure() }
            return reply
        }

        func replay(_ deliveries: [Int64], while goesOn: (ReplayCount) -> Bool) -> ReplayCount {
            var count = ReplayCount()
            for delivery in deliveries {
                replays.withLock { $0.append(delivery) }
                count.add(.answered(200))
                guard goesOn(count) else { break }
            }
            return count
        }
    }

    /// A receiver that answers once a gate is open.
    private struct Gated: HTTPSending {
        let gate: Gate

        func send(_ request: OutgoingRequest, within limit: Duration) -> OutgoingAnswer {
            gate.wait()
            return OutgoingAnswer(status: 200)
        }
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
        of request: ActRequest, _ reader: HistoryReader, _ taker: Taker,
        progress: @escaping @Sendable (Int, Cancellation) -> Void = { _, _ in }
    ) throws -> ActOutcome {
        let cancellation = Cancellation()
        let asking = Asking<ActOutcome>(cancellation) { part in
            if case .passed(let passed) = part { progress(passed, cancellation) }
        }
        return try request.act(
            reader, taker, replay: { taker.replay($0, while: $2) }, note: { _ in }, asking)
    }

    private func all(_ predicate: RowPredicate = .everything, but left: Set<Int64> = []) -> ActedRows {
        .all(of: BrowseQuery(predicate), latestRow: 2_500, except: left, count: nil)
    }

    @Test("goes over all rows of a filter but for those left out, in pieces of a thousand")
    func pieces() throws {
        let history = try history(2_500)
        let taker = Taker()
        let request = ActRequest(
            deed: .run("rows"), rows: all(.verdict([.valid]), but: [1, 2]), isCount: false)
        guard case .done(let report) = try outcome(of: request, history.reader, taker) else {
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
            deed: .run("rows"), rows: .chosen(Set(1...1_500)), isCount: false)
        let result = try outcome(of: request, history.reader, taker) { _, cancellation in cancellation.cancel() }
        guard case .cancelled(let report) = result else {
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
            deed: .replay(to: nil), rows: .chosen(Set(1...250)), isCount: false)
        guard case .done(let report) = try outcome(of: request, history.reader, taker) else {
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
                deed: .replay(to: nil), rows: .chosen(Set(1...250)), isCount: false)
            let result = try outcome(of: request, history.reader, taker) { passed, cancellation in
                if passed == last { cancellation.cancel() }
            }
            #expect(taker.replays.withLock { $0 } == Array(1...Int64(last)))
            switch result {
            case .cancelled(let report):
                #expect(last == 3 && report.passed == 3 && report.replay.total == 3)
            case .done(let report): #expect(last == 250 && report.replay.total == 250)
            default: Issue.record("neither cancelled nor done")
            }
        }
    }

    @Test("pausing an action waits for no replay")
    func besideReplay() throws {
        let history = try history(1)
        let gate = Gate()
        var environment = DashboardEnvironment(reader: history.reader, listener: NoListener())
        environment.actions = Taker()
        environment.http = Gated(gate: gate)
        let mailbox = Mailbox<DashboardMessage>()
        let runner = EffectRunner(environment, mailbox: mailbox)
        let replay = ActRequest.Deed.replay(to: "http://127.0.0.1:9000/")
        let request = ActRequest(deed: replay, rows: .chosen([1]), isCount: false)
        var questions = Questions<[String]>()
        questions.ask("act", on: .acting) { outside, asking in
            try outside.act(request, asking)
        } then: { said, result in
            if case .success(.done) = result { said.append("done") }
        }
        questions.ask("pause", on: .actions) { outside, _ in
            try outside.ask(PauseAction("rows", isPaused: true))
        } then: { said, _ in
            said.append("paused")
        }
        for effect in questions.dequeue() { _ = runner.carryOut(effect) }
        var said: [String] = []
        func wait(for count: Int) throws {
            try TestSupport.wait(for: "\(count) answers") {
                for message in mailbox.drain() {
                    if case .answered(let answered) = message.event { questions.settle(answered)?(&said) }
                }
                return said.count < count ? nil : ()
            }
        }
        try wait(for: 1)
        #expect(said == ["paused"])
        gate.open()
        try wait(for: 2)
        #expect(said == ["paused", "done"])
    }

    @Test("counts and retries the entries of one action, as the outbox has them")
    func entries() throws {
        let history = try history(30)
        let (outbox, now) = (history.outbox, Timestamp(milliseconds: Make.start))
        let ids = try outbox.declare(["rows", "alerts"].map { .init(name: $0, kind: "csv", summary: "") })
        for id in ids.values { _ = try history.add(id, rows: (1...30).filter { $0 % 3 != 0 }, at: now) }
        let rows = try #require(ids["rows"])
        let due = try history.reader.outboxDue(rows, at: now, limit: 5).map(\.id)
        _ = try outbox.begin(due, batch: 1, at: now)
        try outbox.settle(due.map { .init($0, .dead, reason: "401") }, exchange: Make.exchange, at: now)

        let taker = Taker()
        let all = ActedRows.all(of: BrowseQuery(), latestRow: 30, except: [], count: nil)
        var request = ActRequest(deed: .retry("rows"), rows: all, isCount: true)
        let count = ActCount(events: 30, deliveries: 30, notValid: 10, states: [.dead: 5, .queued: 15])
        #expect(try outcome(of: request, history.reader, taker) == .counted(count))
        #expect(
            request.question(count, answers: "(y/n)").hasPrefix(
                "Retry “rows” for 5 events? The other 25 stay as they are."))
        request.isCount = false
        guard case .done(let report) = try outcome(of: request, history.reader, taker) else {
            Issue.record("not done")
            return
        }
        #expect(report.changed == 5)

        let listed = try history.reader.listedActions()
        #expect(listed.map(\.status.name) == ["alerts", "rows"] && listed.last?.status[.dead] == 5)
    }

    @Test("a dry run is of the first rows, and where nobody runs actions that is said")
    func calls() throws {
        let history = try history(30)
        let rows = ActedRows.all(of: BrowseQuery(.verdict([.invalid])), latestRow: 30, except: [3], count: nil)
        let run = try DryRun(of: "rows", for: rows, history.reader, Taker())
        #expect(run == DryRun(text: Array("[6, 9, 12, 15, 18, 21, 24, 27, 30]".utf8), shown: 9, count: 9))
        let environment = DashboardEnvironment(reader: history.reader, listener: NoListener())
        let nobody = EffectRunner(environment, mailbox: Mailbox<DashboardMessage>())
        #expect(throws: NobodyActs.self) { try nobody.preview("rows", rows) }
        #expect(EffectFailure(NobodyActs()).sentence == "Nobody runs actions here.")
    }

    @Test("a dry run leaves out what would not be sent, but for a single row, and tells how many that is")
    func dryRun() throws {
        let history = try history(30)
        let now = Timestamp(milliseconds: Make.start)
        let id = try #require(try history.outbox.declare([.init(name: "rows", kind: "csv", summary: "")])["rows"])
        _ = try history.add(id, rows: Array(1...12), at: now)
        func preview(_ rows: ActedRows) throws -> DryRun { try DryRun(of: "rows", for: rows, history.reader, Taker()) }
        let all = try preview(.all(of: BrowseQuery(), latestRow: 30, except: [], count: nil))
        #expect(all.text == Array("\(Array(13...22))".utf8))
        #expect(all.shown == 10 && all.count == 18 && all.there == 12)
        #expect(
            all.words("rows")
                == "What “rows” would send. Nothing was sent. These are the first 10 of 18. Left out: 12 done or waiting already."
        )
        let none = try preview(.chosen([1, 2]))
        #expect(none.text.isEmpty && none.words("rows").hasPrefix("“rows” would send nothing for these."))
        let one = try preview(.current(Make.row(1)))
        #expect(one.text == Array("[1]".utf8) && one.words("rows").contains("is done for this event already"))
    }

    @Test("a question says how many of the events have no valid signature")
    func notValid() throws {
        let history = try history(9)
        let request = ActRequest(deed: .run("rows"), rows: .chosen([1, 2, 3, 6]), isCount: true)
        guard case .counted(let count) = try outcome(of: request, history.reader, Taker()) else {
            Issue.record("not counted")
            return
        }
        #expect(
            request.question(count, answers: "(y/n)")
                == "Run “rows” for 4 events? 2 of them have no valid signature. (y/n)")
    }
}
