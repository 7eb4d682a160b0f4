import Base
import Foundation
import GRDB
@testable import History
import Notifications
import Synchronization
import Testing
import TestSupport

/// A delivery that cannot be recorded is never acknowledged.
@Suite struct FailureTests {
    private let folder = TemporaryFolder()
    private let path: String

    init() throws {
        path = folder.file("history.sqlite")
    }

    private func isFailing(_ history: History) -> Bool {
        if case .failing = history.current.health { true } else { false }
    }

    /// Runs SQL on the file, next to the history.
    private func meddle(_ sql: String) throws {
        let database = try DatabaseQueue(path: path)
        try database.write { db in try db.execute(sql: sql) }
        try database.close()
    }

    @Test func oneBadRowFailsAlone() async throws {
        let history = try History(.file(path))
        // However long a busy machine takes.
        history.writer.stalls.isManual.store(true, ordering: .relaxed)
        let observer = Observer(history)
        try meddle(
            """
            CREATE TRIGGER bad BEFORE INSERT ON event WHEN new.objectName = 'bad'
            BEGIN SELECT RAISE(ABORT, 'this row is bad'); END
            """)
        let kept = await withTaskGroup(of: (Int, Bool).self) { group in
            for number in 0..<300 {
                let name = number.isMultiple(of: 100) ? "bad" : "good \(number)"
                group.addTask { (number, await history.keep(.sample(.sample([SampleEvent(object: name)])))) }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        for number in 0..<300 { #expect(kept[number] == !number.isMultiple(of: 100)) }
        #expect(history.current.health == .recording)
        #expect(history.current.tally[.valid] == 297)
        #expect(try history.allRows.count == 297)
        #expect(observer.refusals.count == 3)
        #expect(observer.refusals.allSatisfy { $0.contains("this row is bad") })
    }

    /// All deliveries are in one batch: they queue while the writer is held up.
    @Test(.blocking) func theGoodOnesOfABatchAreKept() async throws {
        let history = try History(.file(path))
        try meddle(
            """
            CREATE TRIGGER bad BEFORE INSERT ON delivery WHEN new.target = '/bad'
            BEGIN SELECT RAISE(ABORT, 'bad'); END
            """)
        let writer = HeldWriter(history)
        await writer.hold()
        async let kept = withTaskGroup(of: Bool.self) { group in
            for number in 0..<100 {
                let target = number == 50 ? "/bad" : "/good"
                group.addTask { await history.keep(.sample(.sample(target: target))) }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        writer.letGo()
        #expect(await kept == 99)
        #expect(history.current.tally[.valid] == 100)
    }

    @Test func aLockedFileFailsAndRecovers() async throws {
        let history = try History(.file(path))
        let observer = Observer(history)
        #expect(await history.keep(.sample()))
        let other = try FileLocker(path)

        for _ in 0..<3 { #expect(await !history.keep(.sample())) }
        #expect(isFailing(history))
        #expect(observer.changes.last == history.current)
        #expect(await !history.probe())
        // The history can still be read.
        #expect(try history.allRows.count == 1)

        try other.letGo()
        #expect(await history.probe())
        #expect(history.current.health == .recording)
        #expect(observer.changes.last == history.current)
        #expect(await history.keep(.sample()))
        #expect(history.current.tally[.valid] == 2)
        #expect(try history.allRows.count == 2)
    }

    /// Strangers ask for the health: ten questions lead to a write, and then five in a second.
    @Test(.blocking) func frequentQuestionsDoNotWrite() async throws {
        let history = try History(.file(path))
        let now = ContinuousClock.now
        func probe(after seconds: Double) async -> Bool {
            await answer("whether it records", orElse: false) { give in
                history.probe(limitedAt: now + .seconds(seconds)) { give($0) }
            }
        }
        for _ in 0..<10 { #expect(await probe(after: 0)) }
        let other = try FileLocker(path)
        // Without a write it is not noticed, and a second later it is; then all know.
        #expect(await probe(after: 0.1))
        #expect(await !probe(after: 0.4))
        #expect(await !probe(after: 0.4))
        #expect(isFailing(history))
        try other.letGo()
        #expect(await !probe(after: 0.41))
        #expect(await probe(after: 1))
        #expect(history.current.health == .recording)
        history.close()
    }

    @Test func aLockedFileFailsAnotherKeyringToo() throws {
        let history = try History(.file(path))
        let other = try FileLocker(path)
        #expect(throws: (any Error).self) { try history.adopt("one") }
        #expect(isFailing(history))
        try other.letGo()
        #expect(try history.adopt("one") == 1)
        #expect(history.current.health == .recording)
    }

    @Test(arguments: ["", "-wal"])
    func aFileThatWasRemovedKeepsNothing(suffix: String) async throws {
        let history = try History(.file(path))
        #expect(await history.keep(.sample()))
        #expect(unlink(path + suffix) == 0)
        #expect(await !history.keep(.sample()))
        #expect(isFailing(history))
        #expect(await !history.probe())
        #expect(throws: (any Error).self) { try history.adopt("one") }
        history.close()
    }

    /// Opens the file after its removal, as another program may.
    @Test func alsoWhereAnotherLogIsInTheOldOnesPlace() async throws {
        let history = try History(.file(path))
        #expect(await history.keep(.sample()))
        for suffix in ["-wal", "-shm"] {
            #expect(unlink(path + suffix) == 0)
            _ = try folder.write("history.sqlite" + suffix, "")
        }
        #expect(await !history.keep(.sample()))
        #expect(isFailing(history))
        history.close()
    }

    @Test func aFileThatWasReplacedKeepsNothing() async throws {
        let history = try History(.file(path))
        #expect(rename(path, path + ".old") == 0)
        #expect(await !history.keep(.sample()))
        _ = try folder.write("history.sqlite", "")
        #expect(await !history.keep(.sample()))
        #expect(isFailing(history))
        #expect(rename(path + ".old", path) == 0)
        #expect(await history.keep(.sample()))
        #expect(history.current.health == .recording)
        // The counts are those of the file, whichever of the failed writes succeeded.
        #expect(try history.allRows.count == history.current.tally.rows)
        history.close()
    }

    /// The history is at fault, not a row, so it must be reported in red.
    @Test func aMissingTableIsAFailingStore() async throws {
        let history = try History(.file(path))
        try meddle("DROP TABLE event")
        #expect(await !history.keep(.sample()))
        #expect(isFailing(history))
        history.close()
    }

    @Test func aFullDiskIsAFailingStore() async throws {
        let history = try History(.file(path))
        try limitPages(of: history, to: 40)
        let large = JudgedDelivery.sample(.sample(body: [UInt8](repeating: 0x20, count: 1 << 20)))
        #expect(await !history.keep(large))
        #expect(history.current.health == .failing("the disk is full"))
        try limitPages(of: history, to: 1 << 20)
        #expect(await history.keep(large))
        #expect(history.current.health == .recording)
    }

    /// The report contains the system's own reason, in a sentence.
    @Test(
        arguments: [
            (EFBIG, "file-size limit"), (EDQUOT, "quota"), (ENOSPC, "full"), (EROFS, "read-only"), (EIO, "kernel"),
            (ENOLCK, "locks"), (ESTALE, "network"), (EMFILE, "ulimit -n"),
        ] as [(Int32, String)])
    func theReasonIsNamed(number: Int32, part: String) {
        #expect(WriteFailure.reason(ofSystemError: number)?.contains(part) == true)
        #expect(WriteFailure.reason(ofSystemError: 0) == nil)
    }

    @Test(arguments: Kept.allCases)
    func afterClosingNothingIsKept(kept: Kept) async throws {
        let history = try kept.open(folder)
        #expect(await history.keep(.sample()))
        history.close()
        #expect(await !history.keep(.sample()))
        #expect(await !history.probe())
        #expect(throws: (any Error).self) { try history.adopt("one") }
        #expect(throws: (any Error).self) {
            try history.rejudge(Rejudgement(of: 1...1, generation: 1, at: Timestamp(milliseconds: 1)))
        }
        // A late reader receives an error, or the earlier contents.
        switch kept {
        case .inMemory: #expect(try history.allRows.count == 1)
        case .onFile: #expect(throws: (any Error).self) { try history.allRows }
        }
        history.close()
    }
}
