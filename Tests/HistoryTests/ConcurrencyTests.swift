import Dispatch
import Foundation
import History
import Notifications
import Synchronization
import TestSupport
import Testing

@Suite struct ConcurrencyTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Records so many deliveries from 8 threads at once; each has its number as its event's id.
    private func flood(_ history: History, _ count: Int) async -> Int {
        await answer("the end of a flood", orElse: 0) { give in
            DispatchQueue.global().async {
                let kept = Atomic<Int>(0)
                let limit = DispatchTime.now() + Duration.patience.seconds
                let all = DispatchGroup()
                // No more in flight than the queue takes.
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

    @Test(.timeLimit(.minutes(2)), arguments: Kept.allCases)
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

    @Test(.timeLimit(.minutes(2)), arguments: Kept.allCases)
    func readersReadWhileTheWriterWrites(kept: Kept) async throws {
        let history = try kept.open(folder)
        async let flooded = flood(history, 3_000)
        async let windows: Int = {
            var read = 0
            while read < 20 {
                let window = try history.reader.rows(RowRequest(.newest, before: 99, after: 0))
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

    @Test(.timeLimit(.minutes(2)))
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

    /// On a thread of its own: the writer is not held up for ever.
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
