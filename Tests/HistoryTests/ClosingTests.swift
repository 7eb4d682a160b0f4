import History
import Notifications
import Synchronization
import TestSupport
import Testing

/// A history is read by several threads; closing it must not pull a connection from under one.
@Suite struct ClosingTests {
    private final class Count: Sendable {
        let value = Atomic<Int>(0)
    }

    @Test func readsThatAreUnderWayEndBeforeTheFileCloses() async throws {
        let folder = try TemporaryFolder()
        for round in 0..<5 {
            let history = try History(.file(folder.file("\(round).sqlite")))
            for _ in 0..<50 { #expect(await history.keep(.sample())) }
            let reads = Count()
            await withTaskGroup { group in
                for _ in 0..<4 {
                    group.addTask {
                        while let rows = try? history.reader.rows(RowRequest(.newest, before: 50, after: 0)) {
                            #expect(rows.rows.count == 50)
                            reads.value.add(1, ordering: .relaxed)
                            await Task.yield()
                        }
                    }
                }
                group.addTask {
                    while reads.value.load(ordering: .relaxed) < 20 { await Task.yield() }
                    history.close()
                }
            }
            #expect(throws: HistoryClosed.self) { try history.reader.delivery(1) }
        }
    }

    @Test func manyWhoAskAtOnceAreAllToldWhetherItRecords() async throws {
        let folder = try TemporaryFolder()
        let history = try History(.file(folder.file("history.sqlite")))
        let answers = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<100 { group.addTask { await history.probe() } }
            return await group.reduce(into: [Bool]()) { $0.append($1) }
        }
        #expect(answers == Array(repeating: true, count: 100))
        history.close()
        #expect(await !history.probe())
    }
}
