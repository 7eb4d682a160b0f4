import Foundation
import GRDB
import History
import Notifications
import TestSupport
import Testing

/// Which files are taken for a history, and how they are left.
@Suite struct HistoryFileTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

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

    /// What is there when the process ended while it made its tables.
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
