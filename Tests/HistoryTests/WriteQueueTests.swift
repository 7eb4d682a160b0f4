import Base
import Dispatch
import Foundation
import Notifications
import Synchronization
import TestSupport
import Testing

@testable import History

/// The order of writes, without threads.
@Suite struct WriteQueueTests {
    private typealias Queue = WriteQueue<Int, String>

    /// The writer's next step, in words.
    private func step(_ queue: inout Queue) -> String {
        switch queue.next() {
        case .batch(let deliveries): "batch of \(deliveries.count) from \(deliveries.first ?? -1)"
        case .slice(let slice): "slice \(slice)"
        case .rest: "rest"
        }
    }

    private func steps(_ queue: inout Queue) -> [String] {
        var all: [String] = []
        repeat { all.append(step(&queue)) } while all.last != "rest"
        return all
    }

    @Test func theWriterIsStartedOnceUntilItRests() {
        var queue = Queue(capacity: 10, byteCapacity: 100)
        #expect(queue.add(1, bytes: 1) == .start)
        #expect(queue.add(2, bytes: 1) == .queued)
        #expect(queue.add("a") == .queued)
        #expect(steps(&queue) == ["batch of 2 from 1", "slice a", "rest"])
        #expect(queue.add("b") == .start)
        #expect(queue.add(3, bytes: 1) == .queued)
        #expect(steps(&queue) == ["batch of 1 from 3", "slice b", "rest"])
        #expect(step(&queue) == "rest")
        #expect(queue.add(4, bytes: 1) == .start)
    }

    @Test func whatComesWhileABatchIsWrittenGoesIntoTheNext() {
        var queue = Queue(capacity: 10, byteCapacity: 100)
        #expect(queue.add(1, bytes: 1) == .start)
        #expect(step(&queue) == "batch of 1 from 1")
        for number in 2...4 { #expect(queue.add(number, bytes: 1) == .queued) }
        #expect(steps(&queue) == ["batch of 3 from 2", "rest"])
    }

    @Test func deliveriesKeepTheirOrderInBatchesOfAtMost512() {
        var queue = Queue(capacity: 2_000, byteCapacity: 2_000)
        for number in 0..<1_025 { _ = queue.add(number, bytes: 1) }
        #expect(steps(&queue) == ["batch of 512 from 0", "batch of 512 from 512", "batch of 1 from 1024", "rest"])
    }

    @Test func whatIsNotValidMayUseHalfOfIt() {
        var queue = Queue(capacity: 4, byteCapacity: 100)
        #expect(queue.add(1, bytes: 1, isReserved: false) == .start)
        #expect(queue.add(2, bytes: 1, isReserved: false) == .queued)
        #expect(queue.add(3, bytes: 1, isReserved: false) == .full)
        #expect(queue.add(4, bytes: 1) == .queued)
        #expect(queue.add(5, bytes: 1) == .queued)
        #expect(queue.add(6, bytes: 1) == .full)
        #expect(step(&queue) == "batch of 4 from 1")
        #expect(queue.add(7, bytes: 40, isReserved: false) == .queued)
        #expect(queue.add(8, bytes: 11, isReserved: false) == .full)
        #expect(queue.add(9, bytes: 60) == .queued)
    }

    @Test func aBatchHoldsItsDeliveriesInOrder() {
        var queue = Queue(capacity: 10, byteCapacity: 100)
        for number in [3, 1, 2] { _ = queue.add(number, bytes: 1) }
        guard case .batch(let batch) = queue.next() else {
            Issue.record("no batch")
            return
        }
        #expect(batch == [3, 1, 2])
    }

    @Test func slicesKeepTheirOrderAndComeOneAtATime() {
        var queue = Queue(capacity: 10, byteCapacity: 100)
        for name in ["a", "b", "c"] { _ = queue.add(name) }
        #expect(step(&queue) == "slice a")
        _ = queue.add(1, bytes: 1)
        #expect(steps(&queue) == ["batch of 1 from 1", "slice b", "slice c", "rest"])
    }

    @Test func aSteadyLoadDoesNotStarveSlices() {
        var queue = Queue(capacity: 10, byteCapacity: 100)
        _ = queue.add(0, bytes: 1)
        _ = queue.add("a")
        _ = queue.add("b")
        var all: [String] = []
        for number in 1...10 {
            all.append(String(step(&queue).prefix(7)))
            _ = queue.add(number, bytes: 1)
        }
        let batches = Array(repeating: "batch o", count: Queue.batchesPerSlice)
        #expect(all == batches + ["slice a"] + batches + ["slice b"])
    }

    @Test func batchesThatNoSliceWaitedForDoNotCount() {
        var queue = Queue(capacity: 10, byteCapacity: 100)
        for number in 0..<10 {
            _ = queue.add(number, bytes: 1)
            #expect(step(&queue) == "batch of 1 from \(number)")
        }
        _ = queue.add(10, bytes: 1)
        _ = queue.add("a")
        #expect(step(&queue) == "batch of 1 from 10")
        #expect(step(&queue) == "slice a")
    }

    @Test func isFullByCount() {
        var queue = Queue(capacity: 3, byteCapacity: 100)
        #expect((0..<5).map { queue.add($0, bytes: 1) } == [.start, .queued, .queued, .full, .full])
        // Other work is not refused.
        #expect(queue.add("a") == .queued)
        #expect(step(&queue) == "batch of 3 from 0")
        #expect(queue.add(9, bytes: 1) == .queued)
    }

    @Test func isFullByBytesButTakesAnythingWhereItIsEmpty() {
        var queue = Queue(capacity: 10, byteCapacity: 100)
        #expect(queue.add(1, bytes: 60) == .start)
        #expect(queue.add(2, bytes: 41) == .full)
        #expect(queue.add(3, bytes: 40) == .queued)
        #expect(queue.add(4, bytes: 1) == .full)
        #expect(steps(&queue) == ["batch of 2 from 1", "rest"])
        #expect(queue.add(5, bytes: 1_000) == .start)
        #expect(queue.add(6, bytes: 1) == .full)
        #expect(steps(&queue) == ["batch of 1 from 5", "rest"])
        #expect(queue.add(7, bytes: 100) == .start)
    }

    @Test func onceClosedItTakesNothingAndGivesWhatItHolds() {
        var queue = Queue(capacity: 10, byteCapacity: 100)
        _ = queue.add(1, bytes: 1)
        _ = queue.add("a")
        queue.close()
        #expect(queue.add(2, bytes: 1) == .full)
        #expect(queue.add("b") == .full)
        #expect(steps(&queue) == ["batch of 1 from 1", "slice a", "rest"])
    }

    @Test func bytesAreGivenBackBatchByBatch() {
        var queue = Queue(capacity: 2_000, byteCapacity: 600)
        for number in 0..<600 { _ = queue.add(number, bytes: 1) }
        #expect(queue.add(600, bytes: 1) == .full)
        #expect(step(&queue) == "batch of 512 from 0")
        #expect(queue.add(600, bytes: 512) == .queued)
        #expect(queue.add(601, bytes: 1) == .full)
    }
}

// MARK: - Writers and readers at once

@Suite struct ConcurrencyTests {
    private let folder = TemporaryFolder()

    /// Records a number of deliveries from 8 threads at once; each has its number as its event's id.
    private func flood(_ history: History, _ count: Int) async -> Int {
        await answer("the end of a flood", orElse: 0) { give in
            DispatchQueue.global().async {
                let kept = Atomic<Int>(0)
                let limit = DispatchTime.now() + Duration.patience.seconds
                let all = DispatchGroup()
                // No more are in flight than the queue accepts.
                let places = DispatchSemaphore(value: 4_000)
                DispatchQueue.concurrentPerform(iterations: 8) { thread in
                    for number in stride(from: thread, to: count, by: 8) {
                        guard places.wait(timeout: limit) == .success else { return }
                        all.enter()
                        let isQueued = history.record(.sample(ids: ["\(number)"])) { id in
                            if id != nil { kept.add(1, ordering: .relaxed) }
                            places.signal()
                            all.leave()
                        }
                        if !isQueued {
                            places.signal()
                            all.leave()
                        }
                    }
                }
                _ = all.wait(timeout: limit)
                give(kept.load(ordering: .relaxed))
            }
        }
    }

    @Test(.timeLimit(.minutes(Sanitizer.minutes)), arguments: Kept.allCases)
    func tenThousandFromManyThreadsAreAllKept(kept: Kept) async throws {
        let history = try kept.open(folder)
        #expect(await flood(history, 10_000) == 10_000)
        let rows = try history.allRows
        #expect(rows.map(\.id) == Array(1...10_000))
        #expect(rows.map(\.deliveryID) == Array(1...10_000))
        #expect(Set(rows.map(\.eventId.text)).count == 10_000)
        #expect(history.current.tally == Tally(deliveries: [.valid: 10_000], rows: 10_000))
        #expect(history.current.latestRow == 10_000)
        history.close()
        if kept == .onFile {
            let again = try kept.open(folder)
            #expect(try again.allRows == rows)
            #expect(again.current.tally == Tally(deliveries: [.valid: 10_000], rows: 10_000))
        }
    }

    @Test(.timeLimit(.minutes(Sanitizer.minutes)), arguments: Kept.allCases)
    func readersReadWhileTheWriterWrites(kept: Kept) async throws {
        let history = try kept.open(folder)
        async let flooded = flood(history, 3_000)
        async let windows: Int = {
            var read = 0
            while read < 20 {
                let window = try history.reader.rows(WindowRequest<Int64>(.newest, before: 99, after: 0))
                let ids = window.rows.map(\.id)
                #expect(ids == Array((ids.first ?? 1)..<(ids.first ?? 1) + Int64(ids.count)))
                read += 1
                await Task.yield()
            }
            return read
        }()
        #expect(try await windows == 20)
        #expect(await flooded == 3_000)
    }

    @Test(arguments: Kept.allCases)
    func closingWritesWhatIsQueued(kept: Kept) async throws {
        let history = try kept.open(folder)
        let told = Atomic<Int>(0)
        for _ in 0..<500 {
            #expect(history.record(.sample()) { if $0 != nil { told.add(1, ordering: .relaxed) } })
        }
        history.close()
        #expect(told.load(ordering: .relaxed) == 500)
        if kept == .onFile { #expect(try kept.open(folder).current.tally[.valid] == 500) }
    }

    @Test(.timeLimit(.minutes(Sanitizer.minutes)))
    func theWriteAheadLogDoesNotGrowWithoutBound() async throws {
        let history = try Kept.onFile.open(folder)
        let path = folder.file("history.sqlite")
        let body = [UInt8](repeating: 0x20, count: 1 << 20)
        let count = LongTests.count(150, long: 200)
        for _ in 0..<count { #expect(await history.keep(.sample(.sample(body: body)))) }
        let log = try FileManager.default.attributesOfItem(atPath: path + "-wal")[.size] as? Int ?? 0
        #expect(log < 128 << 20)
        history.close()
        let file = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
        #expect(file > count << 20)
        #expect(!FileManager.default.fileExists(atPath: path + "-wal"))
    }

    /// Runs on a thread of its own: the writer is not held up for ever.
    @Test(.blocking) func aFullQueueRefusesAndNeverCallsBack() async throws {
        let history = try History(.memory)
        let writer = HeldWriter(history)
        await writer.hold()
        let told = Atomic<Int>(0)
        var taken = 0
        while taken <= 8_192, history.record(.sample(), completion: { _ in told.add(1, ordering: .relaxed) }) {
            taken += 1
        }
        #expect(taken == 8_192)
        #expect(!history.record(.sample()) { _ in told.add(1_000_000, ordering: .relaxed) })
        writer.letGo()
        history.close()
        #expect(told.load(ordering: .relaxed) == taken)
    }
}
