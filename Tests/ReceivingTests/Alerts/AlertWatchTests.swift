import Base
import Foundation
import History
import Notifications
import Synchronization
import Testing
import TestSupport

@testable import Receiving

@Suite("The watch for alerts", .blocking)
struct AlertWatchTests {
    private struct Unreadable: Error {}

    private let problem: ProblemReport = {
        let row = EventRow(
            id: 9, deliveryID: 9, position: 0, eventCount: 1, receivedAt: Timestamp(milliseconds: 0), verdict: .invalid)
        return ProblemReport(count: 1, latest: Problem(row))
    }()

    @Test("reads failed reads again once that is possible, and reports the failure once")
    func unreadable() {
        let looks = Mutex<[Range<Int64>]>([])
        let warnings = Mutex<[String]>([])
        let rung = Watched(false)
        let watch = AlertWatch(
            AlertSettings(bell: .problem), from: HistoryChange(latestRow: 7), retryPause: .milliseconds(1)
        ) { [problem] rows, _ in
            let count = looks.withLock {
                $0.append(rows)
                return $0.count
            }
            guard count > 2 else { throw Unreadable() }
            return Arrivals(hasEvents: true, problems: problem)
        }
        watch.begin(
            AlertWatch.Voice(
                ring: { rung.change { $0 = true } }, quiet: { _ in }, note: { _ in },
                warn: { text in warnings.withLock { $0.append(text) } }))
        watch.observe(HistoryChange(latestRow: 9))
        #expect(rung.wait { $0 ? true : nil } == true)
        watch.stop()
        #expect(looks.withLock { $0 } == [7..<9, 7..<9, 7..<9])
        #expect(warnings.withLock(\.count) == 1)
    }

    @Test("applies other settings while it waits for a time of the former ones")
    func sooner() {
        let quiet = Watched(false)
        let watch = AlertWatch(AlertSettings(quietAfter: .seconds(3_600)), from: HistoryChange(latestRow: 7)) { _, _ in
            Arrivals()
        }
        watch.begin(
            AlertWatch.Voice(
                ring: {}, quiet: { if $0 != nil { quiet.change { $0 = true } } }, note: { _ in }, warn: { _ in }))
        watch.change(AlertSettings(quietAfter: .milliseconds(1)))
        #expect(quiet.wait { $0 ? true : nil } == true)
        watch.stop()
    }
}

// MARK: - The program

@Suite("The program on a problem", .blocking)
struct AlertProgramTests {
    private func run(_ script: String, limit: Duration = .patience) -> AlertProgram.Outcome {
        AlertProgram(
            words: ["/bin/sh", "-c", script], environment: ["PATH": NeededProgram.folders, "B2WATCH_OBJECT": "a b"],
            limit: limit
        ).run()
    }

    @Test("receives its arguments and its environment unchanged, and no input")
    func words() {
        let outcome = run("echo \"$B2WATCH_OBJECT\"; cat; env | grep -c ^HOME; echo oops >&2")
        #expect(outcome.lines == ["a b", "0", "oops"])
        #expect(outcome.failure == nil)
    }

    @Test("is ended with all its descendants when its time is over")
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

    @Test("delays nothing by processes that it leaves behind")
    func background() {
        let outcome = run("echo done; sleep 2 &")
        #expect(outcome == AlertProgram.Outcome(lines: ["done"]))
    }

    @Test("reports how it failed")
    func failures() {
        #expect(run("exit 3").failure == "on-problem: /bin/sh ended with status 3")
        #expect(run("kill -TERM $$").failure == "on-problem: /bin/sh was ended by signal 15")
        let missing = AlertProgram(words: ["/nowhere/notify"], environment: [:]).run()
        #expect(missing.failure == "on-problem: /nowhere/notify cannot be run: No such file or directory")
    }

    @Test("of endless output is recorded only at its beginning")
    func output() {
        let outcome = run("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done")
        #expect(outcome.lines.count == 20 && outcome.lines.first == "line 0")
        #expect(outcome.failure == nil)
    }
}

// MARK: - Rows

@Suite("Rows that cause alerts", .blocking)
struct AlertRowsTests {
    @Test("are not test events, except those from elsewhere with a problem")
    func tests() throws {
        let history = try History(.memory)
        let kept = Watched(0)
        func keep(
            _ type: String, _ verdict: SignatureVerdict, from address: String, answering answer: Answer = .accepted
        ) {
            let body = Array(#"{"events":[{"eventType":"\#(type)","objectName":"a"}]}"#.utf8)
            let delivery = Delivery(
                receivedAt: Timestamp(milliseconds: 0), remoteAddress: address, method: "POST", target: "/",
                headers: [], body: body)
            let judged = JudgedDelivery(
                delivery: delivery, judgement: Judgement(verdict, secret: nil), answer: answer,
                events: Payload(scanning: body).events, generation: 1)
            let before = kept.now
            #expect(history.record(judged) { _ in kept.change { $0 += 1 } })
            #expect(kept.wait { $0 > before ? true : nil } == true)
        }
        keep("b2:TestEvent", .valid, from: "127.0.0.1")
        keep("b2:TestEvent", .invalid, from: "127.0.0.1")
        keep("b2:TestEvent", .missing, from: "::1")
        keep("b2:TestEvent", .invalid, from: "203.0.113.7")
        keep("b2:ObjectCreated:Upload", .invalid, from: "127.0.0.1")
        keep("b2:ObjectCreated:Upload", .valid, from: "203.0.113.7")
        // Everything that the screen lists as a problem is a problem here.
        keep("b2:ObjectCreated:Upload", .valid, from: "203.0.113.7", answering: .invalidJSON)
        func rows(_ predicate: RowPredicate) throws -> [Int64] {
            try history.reader.rows(matching: predicate, after: 0, through: 7, limit: 10).rows.map(\.id)
        }
        #expect(try rows(AlertRows.events) == [5, 6, 7])
        #expect(try rows(AlertRows.problems) == [4, 5, 7])
    }
}
