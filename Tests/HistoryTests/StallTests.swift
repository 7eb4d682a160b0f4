import GRDB
import Notifications
import Synchronization
import TestSupport
import Testing

@testable import History

/// A write that does not end, such as a commit to a disk that hangs: its deliveries are answered before B2 gives up. Time
/// passes only as the test lets it.
@Suite(.blocking) struct StallTests {
    private final class Answers: Sendable {
        let all = Watched<[Int64?]>([])

        func note(_ id: Int64?) { all.change { $0.append(id) } }

        func wait(for count: Int) -> [Int64?]? { all.wait { $0.count >= count ? $0 : nil } }
    }

    private let folder = TemporaryFolder()
    private let history: History

    init() throws {
        history = try History(.file(folder.file("history.sqlite")))
        history.writer.stalls.isManual.store(true, ordering: .relaxed)
    }

    /// Lets time pass by so many steps.
    private func pass(_ steps: Int) {
        for _ in 0..<steps { _ = history.writer.stalls.advance { history.writer.look(at: $0) } }
    }

    @Test func whatWaitsBehindItIsAnsweredInTimeAndNotWrittenAnyMore() async throws {
        let (gate, began, answers) = (Gate(), Watched(false), Answers())
        history.writer.perform(
            { [gate] db in
                began.change { $0 = true }
                gate.wait()
            }, completion: { _ in })
        #expect(began.wait { $0 ? true : nil } == true)
        #expect(history.record(.sample(ids: ["a"]), completion: answers.note))
        pass(history.writer.stalls.limit)
        #expect(answers.all.now.isEmpty)
        pass(1)
        #expect(answers.all.now == [nil])
        #expect(history.current.health == .failing("the disk does not answer: a write does not end"))
        // Nothing more is queued behind it, and the check for health knows at once.
        #expect(!history.record(.sample(ids: ["b"]), completion: answers.note))
        #expect(await !history.probe())
        gate.open()
        // The writer goes on: what comes now is kept.
        _ = try history.writer.write { _ in 0 }
        #expect(await history.keep(.sample(ids: ["c"])))
        #expect(history.current.health == .recording)
        #expect(try history.allRows.map(\.eventId.text) == ["c"])
        #expect(answers.all.now == [nil])
        history.close()
    }

    @Test func whatIsBeingWrittenIsAnsweredInTimeAndMayBeThereLater() async throws {
        let (gate, began, answers) = (Gate(), Watched(false), Answers())
        try history.writer.write { db in
            db.add(
                function: DatabaseFunction("hold", argumentCount: 0) { _ in
                    began.change { $0 = true }
                    gate.wait()
                    return 1
                })
            try db.execute(
                sql: "CREATE TEMP TRIGGER slow AFTER INSERT ON main.delivery BEGIN SELECT hold(); END")
        }
        #expect(history.record(.sample(ids: ["a"]), completion: answers.note))
        #expect(began.wait { $0 ? true : nil } == true)
        pass(history.writer.stalls.limit + 1)
        #expect(answers.all.now == [nil])
        gate.open()
        #expect(answers.wait(for: 2)?.last == .some(1))
        _ = try history.writer.write { _ in 0 }
        #expect(try history.allRows.map(\.eventId.text) == ["a"] && history.current.health == .recording)
        history.close()
    }

    @Test func anIdleHistoryLetsNoTimePass() async throws {
        #expect(await history.keep(.sample(ids: ["a"])))
        // What is behind the delivery in the queue shows that its batch is over.
        _ = try history.writer.write { _ in 0 }
        _ = history.writer.look(at: 0)
        #expect(!history.writer.look(at: 0))
        history.close()
    }
}
