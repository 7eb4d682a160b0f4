import Foundation
import History
import Notifications
import TestSupport
import Testing

/// One process records into a file at a time.
@Suite struct HistoryLockTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func expectInUse(_ path: String, resolved: String) throws {
        let error = #expect(throws: HistoryError.self) { try History(.file(path)) }
        guard case .inUse(resolved, let holder) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(holder.hasPrefix("process \(getpid()) "))
    }

    @Test func aSecondOneIsRefusedAndTheFirstIsNamed() async throws {
        let path = folder.file("history.sqlite")
        let history = try History(.file(path))
        try expectInUse(path, resolved: path)
        let name = (folder.path as NSString).lastPathComponent
        try expectInUse("\(folder.path)/../\(name)/history.sqlite", resolved: path)
        // The first is none the worse for it.
        #expect(await history.keep(.sample()))
        history.close()
    }

    @Test func aCommandThatHoldsItIsNamedAsOne() throws {
        let path = folder.file("history.sqlite")
        let history = try History(.file(path), for: .command("b2watch actions run"))
        let error = #expect(throws: HistoryError.self) { try History(.file(path)) }
        let text = error?.description ?? ""
        #expect(text.contains("in use by the command b2watch actions run (process \(getpid())): wait until"))
        #expect(!text.contains("attach"))
        history.close()
    }

    @Test func aLockThatLeadsElsewhereIsNotFollowed() throws {
        let path = folder.file("history.sqlite")
        let victim = try folder.write("victim", "precious")
        try FileManager.default.createSymbolicLink(atPath: path + ".lock", withDestinationPath: victim)
        #expect(throws: HistoryError.self) { try History(.file(path)) }
        #expect(try String(contentsOfFile: victim, encoding: .utf8) == "precious")
    }

    @Test(arguments: ["file", "folder"])
    func alsoThroughASymbolicLink(kind: String) throws {
        let path = folder.file("history.sqlite")
        let history = try History(.file(path))
        let link = folder.file("link")
        let target = kind == "file" ? path : folder.path
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
        try expectInUse(kind == "file" ? link : "\(link)/history.sqlite", resolved: path)
        history.close()
    }

    @Test func aClosedHistoryMayBeOpenedAgain() async throws {
        let path = folder.file("history.sqlite")
        let first = try History(.file(path))
        #expect(await first.keep(.sample()))
        first.close()
        let second = try History(.file(path))
        #expect(second.current.tally[.valid] == 1)
        #expect(await second.keep(.sample()))
        // Whoever still holds the first is told the truth.
        #expect(await !first.keep(.sample()))
        #expect(second.current.tally[.valid] == 2)
        second.close()
    }

    @Test func theLockOfADeadProcessIsNone() throws {
        let path = folder.file("history.sqlite")
        _ = try folder.write("history.sqlite.lock", "process 1 (init), which held it once, with a long name\n")
        let history = try History(.file(path))
        let text = try String(contentsOfFile: path + ".lock", encoding: .utf8)
        #expect(text.hasPrefix("process \(getpid()) "))
        #expect(!text.contains("init"))
        history.close()
    }
}
