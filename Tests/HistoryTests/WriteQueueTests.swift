@testable import History
import Testing

/// The order of writes, without threads.
@Suite struct WriteQueueTests {
    private typealias Queue = WriteQueue<Int, String>

    /// What the writer would do, in words.
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
