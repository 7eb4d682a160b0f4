import Base
import Foundation
import GRDB
import History
import Notifications
import Synchronization
import TestSupport
import Testing

/// The files that are accepted as histories, and their state afterwards.
@Suite struct HistoryFileTests {
    private let folder = TemporaryFolder()

    private func sqlite(_ name: String, _ sql: String) throws -> String {
        let database = try DatabaseQueue(path: folder.file(name))
        try database.write { db in try db.execute(sql: sql) }
        try database.close()
        return folder.file(name)
    }

    private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

    @Test func onlyItsUserCanReadWhatIsMade() async throws {
        let path = folder.file("a/b/c/history.sqlite")
        let history = try History(.file(path))
        #expect(await history.keep(.sample()))
        for made in ["a", "a/b", "a/b/c"] { #expect(try TemporaryFolder.mode(of: folder.file(made)) == 0o700) }
        for suffix in ["", "-wal", "-shm", ".lock"] { #expect(try TemporaryFolder.mode(of: path + suffix) == 0o600) }
        #expect(history.path == path)
    }

    @Test func aHistoryThatOthersCouldReadIsTakenFromThem() throws {
        let path = folder.file("history.sqlite")
        try History(.file(path)).close()
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        let history = try History(.file(path))
        #expect(try TemporaryFolder.mode(of: path) == 0o600)
        history.close()
    }

    @Test func anEmptyFileIsAccepted() async throws {
        let path = try folder.write("history.sqlite", "", mode: 0o644)
        let history = try History(.file(path))
        #expect(await history.keep(.sample()))
        #expect(try TemporaryFolder.mode(of: path) == 0o600)
    }

    /// The states of a file whose process ended while it created the tables.
    @Test(arguments: [
        "PRAGMA user_version = 0", "PRAGMA journal_mode = WAL",
        "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)",
    ])
    func aHalfMadeFileIsAccepted(sql: String) async throws {
        let database = try DatabaseQueue(path: folder.file("history.sqlite"))
        try await database.writeWithoutTransaction { db in try db.execute(sql: sql) }
        try database.close()
        let history = try History(.file(folder.file("history.sqlite")))
        #expect(await history.keep(.sample()))
    }

    @Test(arguments: ["PRAGMA journal_mode = DELETE", "PRAGMA application_id = 7", "PRAGMA user_version = 3"])
    func anotherProgramsDatabaseIsRefusedUntouched(sql: String) throws {
        let path = try sqlite("other.sqlite", "CREATE TABLE precious (a); INSERT INTO precious VALUES (1); \(sql)")
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        let before = try bytes(path)
        #expect(throws: HistoryError.foreign(path: path)) { try History(.file(path)) }
        #expect(try bytes(path) == before)
        #expect(try TemporaryFolder.mode(of: path) == 0o644)
    }

    @Test(arguments: [16, 100, 5_000])
    func aFileThatIsNoDatabaseIsRefusedUntouched(size: Int) throws {
        let path = try folder.write("notes.txt", String(repeating: "n", count: size), mode: 0o644)
        let before = try bytes(path)
        #expect(throws: HistoryError.foreign(path: path)) { try History(.file(path)) }
        #expect(try bytes(path) == before)
        #expect(try TemporaryFolder.mode(of: path) == 0o644)
    }

    @Test func aNewerSchemaIsRefused() throws {
        let path = folder.file("history.sqlite")
        try History(.file(path)).close()
        _ = try sqlite("history.sqlite", "INSERT INTO grdb_migrations VALUES ('2 from the future')")
        #expect(throws: HistoryError.newer(path: path)) { try History(.file(path)) }
    }

    @Test func whatCannotBeOpenedSaysSo() throws {
        let file = try folder.write("file", "x")
        for path in [folder.path, file + "/history.sqlite", "/proc/nothing/history.sqlite"] {
            let error = #expect(throws: HistoryError.self) { try History(.file(path)) }
            guard case .unusable(path, _) = error else {
                Issue.record("\(path): \(String(describing: error))")
                continue
            }
        }
    }

    @Test func aPowerCutLosesNothingAcknowledged() throws {
        let history = try Kept.onFile.open(folder)
        let (synchronous, journal) = try settings(of: history)
        #expect(synchronous == 2)
        #expect(journal == "wal")
    }

    @Test func errorsSayWhatToDo() {
        #expect(HistoryError.inUse(path: "/a", holder: "process 7").description.contains("process 7"))
        for error in [
            HistoryError.inUse(path: "/a", holder: "process 7"), .unusable(path: "/a", reason: "why"),
            .foreign(path: "/a"), .newer(path: "/a"),
        ] {
            #expect(error.description.contains("/a"))
            #expect(error.description.contains("--history"))
        }
    }
}

// MARK: - Lock

/// One process records into a file at a time.
@Suite struct HistoryLockTests {
    private let folder = TemporaryFolder()

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
        // The first one is not affected.
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
        // A reader that still has the first file open receives its contents.
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

// MARK: - Closing

/// Several threads read a history; closing it must not close a connection in use.
@Suite struct ClosingTests {
    private final class Count: Sendable {
        let value = Atomic<Int>(0)
    }

    @Test func readsThatAreUnderWayEndBeforeTheFileCloses() async throws {
        let folder = TemporaryFolder()
        for round in 0..<5 {
            let history = try History(.file(folder.file("\(round).sqlite")))
            for _ in 0..<50 { #expect(await history.keep(.sample())) }
            let reads = Count()
            await withTaskGroup { group in
                for _ in 0..<4 {
                    group.addTask {
                        while let rows = try? history.reader.rows(WindowRequest<Int64>(.newest, before: 50, after: 0)) {
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
        let folder = TemporaryFolder()
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
