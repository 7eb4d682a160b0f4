import Base
import Foundation
import History
import Notifications
import Synchronization
import TestSupport
import Testing

@Suite("A copy of a history in use", .blocking)
struct BackupTests {
    private let folder = TemporaryFolder()

    @Test("has every delivery that was recorded before it, and is a history of its own")
    func whole() async throws {
        let path = folder.file("history.sqlite")
        let history = try History(.file(path))
        for _ in 1...20 { #expect(await history.keep(.sample())) }
        let isOver = Atomic<Bool>(false)
        let load = Task {
            var count = 20
            while !isOver.load(ordering: .relaxed) {
                if await history.keep(.sample()) { count += 1 }
            }
            return count
        }
        let read = try ReadOnlyHistory(path)
        var copies: [HistoryCopy] = []
        for number in 1...5 { copies.append(try read.backUp(to: folder.file("copy-\(number)"))) }
        read.close()
        isOver.store(true, ordering: .relaxed)
        let count = await load.value
        history.close()
        #expect(copies.allSatisfy { $0.deliveries >= 20 && $0.deliveries <= count && Int($0.newest) == $0.deliveries })
        #expect(zip(copies, copies.dropFirst()).allSatisfy { $0.deliveries <= $1.deliveries })
        for (index, copy) in copies.enumerated() {
            let path = folder.file("copy-\(index + 1)")
            #expect(try TemporaryFolder.mode(of: path) == 0o600)
            let again = try History(.file(path))
            #expect(again.current.latestDelivery == copy.newest)
            #expect(try again.reader.delivery(1)?.delivery == JudgedDelivery.sample().delivery)
            #expect(await again.keep(.sample()))
            #expect(again.current.latestDelivery == copy.newest + 1)
            again.close()
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(!names.contains { $0.hasSuffix(".new") || $0.contains(".new-") }, "\(names)")
    }

    @Test("replaces no file, and leaves nothing behind where it fails")
    func refused() async throws {
        let path = folder.file("history.sqlite")
        let history = try History(.file(path))
        #expect(await history.keep(.sample()))
        let read = try ReadOnlyHistory(path)
        let other = try folder.write("other", "mine")
        #expect(throws: HistoryCopyError.self) { try read.backUp(to: other) }
        #expect(throws: HistoryCopyError.self) { try read.backUp(to: path) }
        #expect(throws: HistoryCopyError.self) { try read.backUp(to: folder.file("none/copy")) }
        #expect(try String(contentsOfFile: other, encoding: .utf8) == "mine")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(!names.contains { $0.contains(".new") }, "\(names)")
        read.close()
        history.close()
    }
}
