import Base
import Foundation
import GRDB
@testable import History
import Notifications
import TestSupport
import Testing

/// Files that are truncated or overwritten in place while a history is open: nothing is acknowledged from then on.
@Suite(.blocking) struct DamageTests {
    private let folder = TemporaryFolder()
    private let path: String

    init() throws {
        path = folder.file("history.sqlite")
    }

    /// A change that another program makes to the files.
    struct Harm: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let does: @Sendable (_ path: String, _ other: String) throws -> Void
        /// A part of the report.
        let report: String

        static let all: [Harm] = [
            Harm(testDescription: ": > file", does: { path, _ in truncate(path, 0) }, report: "was truncated"),
            Harm(
                testDescription: "truncate to a page", does: { path, _ in truncate(path, 4_096) },
                report: "was truncated"),
            Harm(
                testDescription: "cp of another history", does: { path, other in try copy(other, over: path) },
                report: "was overwritten"),
            Harm(
                testDescription: "cp of something else",
                does: { path, other in
                    try Data(repeating: 7, count: 3_000_000).write(to: URL(fileURLWithPath: other))
                    try copy(other, over: path)
                }, report: "was overwritten"),
            Harm(
                testDescription: "dd over the first page", does: { path, _ in try write(4_096, bytesTo: path, at: 0) },
                report: "was overwritten"),
            Harm(testDescription: ": > log", does: { path, _ in truncate(path + "-wal", 0) }, report: "-wal was"),
            Harm(
                testDescription: "truncate of the log",
                does: { path, _ in truncate(path + "-wal", 8_000) }, report: "-wal was"),
            Harm(
                testDescription: "cp of another log", does: { path, other in try copy(other, over: path + "-wal") },
                report: "-wal was"),
            Harm(
                testDescription: "dd over the head of the log",
                does: { path, _ in try write(32, bytesTo: path + "-wal", at: 0) }, report: "-wal was"),
            Harm(
                testDescription: "dd in the middle of the log",
                does: { path, _ in try write(4_096, bytesTo: path + "-wal", at: 6_000) }, report: "-wal was"),
            Harm(testDescription: ": > index", does: { path, _ in truncate(path + "-shm", 0) }, report: "-shm was"),
            Harm(
                testDescription: "dd over the index",
                does: { path, _ in
                    var index = try Data(contentsOf: URL(fileURLWithPath: path + "-shm"))
                    // Changes the number of frames in both copies, so that SQLite accepts the header.
                    for copy in [0, 48] {
                        index[copy + 16] = 3
                        var (one, two) = (UInt32(0), UInt32(0))
                        for pair in 0..<5 {
                            func number(_ place: Int) -> UInt32 {
                                (0..<4).reduce(0) { $0 | UInt32(index[copy + place * 4 + $1]) << UInt32($1 * 8) }
                            }
                            one = one &+ number(2 * pair) &+ two
                            two = two &+ number(2 * pair + 1) &+ one
                        }
                        for (place, sum) in [(40, one), (44, two)] {
                            for byte in 0..<4 {
                                index[copy + place + byte] = UInt8(truncatingIfNeeded: sum >> (8 * byte))
                            }
                        }
                    }
                    try overwrite(path + "-shm", with: index.prefix(96), at: 0)
                }, report: "-shm was"),
        ]

        static func copy(_ source: String, over target: String) throws {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: source))
            truncate(target, 0)
            try overwrite(target, with: bytes, at: 0)
        }

        static func write(_ count: Int, bytesTo path: String, at offset: Int) throws {
            try overwrite(path, with: Data((0..<count).map { _ in UInt8.random(in: 0...255) }), at: offset)
        }

        static func overwrite(_ path: String, with bytes: Data, at offset: Int) throws {
            let descriptor = open(path, O_WRONLY | O_CLOEXEC)
            #expect(descriptor >= 0)
            let before = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
            // The system's clock for files may not advance for some milliseconds.
            repeat {
                let count = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(offset)) }
                #expect(count == bytes.count)
            } while try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date == before
            // Left open, because closing it would drop SQLite's locks in this process.
        }
    }

    private func reason(_ history: History) -> String {
        if case .failing(let reason) = history.current.health { reason } else { "" }
    }

    private static func deliveries(_ count: Int) -> [JudgedDelivery] {
        (0..<count).map { .sample(ids: ["event \($0)"]) }
    }

    @Test(arguments: Harm.all)
    func nothingIsAcknowledgedBehindIt(harm: Harm) async throws {
        let other = folder.file("other.sqlite")
        let stranger = try History(.file(other))
        #expect(await stranger.keep(Self.deliveries(300)))
        if harm.testDescription == "cp of another log" {
            try FileManager.default.copyItem(atPath: other + "-wal", toPath: other + ".copy")
        }
        stranger.close()

        let history = try History(.file(path))
        #expect(await history.keep(Self.deliveries(100)))
        try harm.does(path, FileManager.default.fileExists(atPath: other + ".copy") ? other + ".copy" : other)
        for _ in 0..<3 { #expect(await !history.keep(.sample())) }
        #expect(reason(history).contains(harm.report), "\(reason(history))")
        #expect(await !history.probe())
        #expect(throws: (any Error).self) { try history.adopt("one") }
        history.close()
    }

    /// Restores an earlier copy of the same history with equal length and identity.
    @Test func anOlderCopyIsToldFromTheFile() async throws {
        let history = try History(.file(path))
        #expect(await history.keep(Self.deliveries(64)))
        history.settle()
        let copy = try Data(contentsOf: URL(fileURLWithPath: path))
        let last = try history.allRows.last?.deliveryID ?? 0
        // These changes add no page; only the number on the first page grows.
        for _ in 0..<64 {
            #expect(await history.keep(.sample(ids: [nil])))
        }
        // A reader may keep the number in the log for a moment.
        for _ in 0..<200 {
            history.settle()
            if try Data(contentsOf: URL(fileURLWithPath: path))[60..<64] != copy[60..<64] { break }
        }
        #expect(last > 0)
        try Harm.overwrite(path, with: copy, at: 0)
        #expect(await !history.keep(.sample()))
        #expect(reason(history).contains("older copy"), "\(reason(history))")
        history.close()
    }

    /// The log keeps its contents, and a file that replaced the history is not written to.
    @Test func theFileThatTookThePlaceIsLeftAlone() async throws {
        let other = folder.file("other.sqlite")
        let stranger = try History(.file(other))
        #expect(await stranger.keep(Self.deliveries(10)))
        stranger.close()
        let bytes = try Data(contentsOf: URL(fileURLWithPath: other))

        let history = try History(.file(path))
        #expect(await history.keep(Self.deliveries(30)))
        try Harm.copy(other, over: path)
        for _ in 0..<100 { #expect(await !history.keep(.sample())) }
        history.close()
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
        // The log belongs to another file: the next start does not write it into this one either.
        let error = #expect(throws: HistoryError.self) { try History(.file(path)) }
        #expect(error?.description.contains("recover") == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
    }

    /// SQLite would delete the log of an empty file.
    @Test func anEmptyFileDoesNotCostTheLog() async throws {
        let history = try History(.file(path))
        #expect(await history.keep(Self.deliveries(30)))
        truncate(path, 0)
        #expect(await !history.keep(.sample()))
        history.close()
        let log = try Data(contentsOf: URL(fileURLWithPath: path + "-wal"))
        #expect(log.count > 4_096)
        guard case .damaged = #expect(throws: HistoryError.self, performing: { try History(.file(path)) }) else {
            Issue.record("not refused as damaged")
            return
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path + "-wal")) == log)
    }

    /// A reader may be the first to find the damage.
    @Test func aReaderThatMeetsDamageEndsTheRecording() async throws {
        let history = try History(.file(path))
        #expect(await history.keep((0..<300).map { _ in .sample(ids: (0..<20).map { "\($0) \(UUID())" }) }))
        history.settle()
        #expect(await history.keep(.sample()))
        // In the middle of the file, where nothing is written any more.
        let pages = try #require(Int(exactly: Data(contentsOf: URL(fileURLWithPath: path)).count)) / 4_096
        for page in pages / 4..<pages / 2 { try Harm.write(4_096, bytesTo: path, at: page * 4_096) }
        let error = #expect(throws: HistoryReadError.self) {
            for id in 1..<6_000 {
                _ = try history.reader.rows(WindowRequest<Int64>(.row(Int64(id)), before: 10, after: 10))
            }
        }
        #expect(error == .damaged(path: path))
        #expect(error?.description.contains("SELECT") == false)
        #expect(await !history.keep(.sample()))
        #expect(reason(history).contains("is damaged"))
        history.close()
    }

    /// SQLite may not notice the damage of a page: values are missing that must not be.
    @Test func missingValuesAreDamageToo() async throws {
        let history = try History(.file(path))
        #expect(await history.keep(Self.deliveries(10)))
        let shell = try DatabaseQueue(path: path)
        try await shell.write { db in
            try db.execute(
                sql: """
                    PRAGMA writable_schema = ON;
                    UPDATE sqlite_schema SET sql = replace(sql, 'method TEXT NOT NULL', 'method TEXT');
                    PRAGMA writable_schema = RESET;
                    """)
            try db.execute(sql: "UPDATE delivery SET method = NULL WHERE id = 5")
        }
        try shell.close()
        #expect(throws: HistoryReadError.damaged(path: path)) { try history.reader.delivery(5) }
        #expect(throws: HistoryReadError.damaged(path: path)) { try history.allRows }
        #expect(await !history.keep(.sample()))
        history.close()
    }

    /// Nobody reads the damaged part, but another program has written to the file, so all of it is checked.
    @Test func damageInTheMiddleIsFoundByALook() async throws {
        let history = try History(.file(path))
        let observer = Observer(history)
        #expect(await history.keep((0..<300).map { _ in .sample(ids: (0..<20).map { "\($0) \(UUID())" }) }))
        history.settle()
        let pages = try Data(contentsOf: URL(fileURLWithPath: path)).count / 4_096
        for page in pages / 4..<pages / 2 { try Harm.write(4_096, bytesTo: path, at: page * 4_096) }
        var kept = 0
        while kept < 100_000, await history.keep(.sample()) { kept += 1 }
        #expect(kept < 100_000)
        #expect(reason(history).contains("is damaged"))
        #expect(
            observer.events.contains { if case .warning(let text) = $0 { text.contains("checked") } else { false } })
        history.close()
    }

    /// Other programs, such as SQLite's shell, may write to a history and move its log.
    @Test func whatIsWrittenBySQLiteIsNoDamage() async throws {
        let history = try History(.file(path))
        #expect(await history.keep(Self.deliveries(200)))
        for round in 0..<3 {
            let shell = try DatabaseQueue(path: path)
            try await shell.writeWithoutTransaction { db in
                try db.execute(sql: "UPDATE probe SET filler = randomblob(\(round + 1) * 9000)")
                _ = try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            }
            #expect(await history.keep(Self.deliveries(100)))
            try await shell.writeWithoutTransaction { db in try db.execute(sql: "VACUUM") }
            #expect(await history.keep(Self.deliveries(100)))
            try await shell.writeWithoutTransaction { db in
                _ = try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(RESTART)")
            }
            #expect(await history.keep(Self.deliveries(100)))
            try shell.close()
        }
        #expect(history.current.health == .recording)
        history.close()
        let again = try History(.file(path))
        #expect(try again.allRows.count == 1_100)
        again.close()
    }

    /// SQLite itself restores an index that was filled with zeros.
    @Test func anIndexOfZerosIsMadeAgain() async throws {
        let history = try History(.file(path))
        #expect(await history.keep(Self.deliveries(100)))
        try Harm.overwrite(path + "-shm", with: Data(count: 96), at: 0)
        #expect(await history.keep(Self.deliveries(100)))
        #expect(history.current.health == .recording)
        #expect(try history.allRows.count == 200)
        history.close()
    }

    /// An access to the truncated mapping would end the process.
    @Test func anIndexTruncatedInTheMiddleOfAWriteAcknowledgesNothing() async throws {
        let history = try History(.file(path))
        #expect(await history.keep(Self.deliveries(300)))
        #expect(throws: (any Error).self) {
            try history.writer.write { [path] db in
                truncate(path + "-shm", 0)
                // Pages must be read from the log, at the places in the index.
                try db.execute(sql: "PRAGMA shrink_memory; UPDATE delivery SET answer = 'lost'")
            }
        }
        #expect(await !history.keep(.sample()))
        #expect(reason(history).contains("-shm was truncated"), "\(reason(history))")
        #expect(throws: HistoryReadError.indexTruncated(path: path)) { try history.allRows }
        history.close()
        // Another process restores the index.
        let copy = folder.file("copy.sqlite")
        for suffix in ["", "-wal"] { try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix) }
        let again = try History(.file(copy))
        #expect(try again.allRows.count == 300)
        #expect(await again.keep(.sample()))
        again.close()
    }

    /// The same while a reader is active.
    @Test func anIndexTruncatedInTheMiddleOfAReadIsReported() async throws {
        let history = try History(.file(path))
        #expect(await history.keep(Self.deliveries(300)))
        #expect(throws: HistoryReadError.indexTruncated(path: path)) {
            try history.reader.gate.read {
                try history.reader.database.read { [path] db in
                    truncate(path + "-shm", 0)
                    _ = try Int.fetchOne(db, sql: "SELECT sum(length(body)) FROM delivery")
                }
            }
        }
        #expect(reason(history).contains("-shm was truncated"), "\(reason(history))")
        history.close()
    }

    /// Acts like the thread of checkpoints, which may be delayed between any two of its checks.
    @Test func whatIsWrittenDuringACheckIsNoDamage() throws {
        let history = try History(.file(path))
        let queue = try DatabaseQueue(path: path)
        let watch = HistoryGuard(path)
        try queue.read { db in
            _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM delivery")
            watch.begin(db)
        }
        try history.writer.write { db in try db.execute(sql: "CREATE TABLE noise (bytes BLOB)") }
        let hasEnded = Watched(false)
        Thread.detachNewThread {
            while !hasEnded.now {
                try? history.writer.write(isDurable: false) { db in
                    try db.execute(sql: "INSERT INTO noise VALUES (zeroblob(5000))")
                }
            }
        }
        defer { hasEnded.change { $0 = true } }
        let end = ContinuousClock.now + .seconds(3)
        while .now < end { try queue.inDatabase { db in try watch.check(db, .move) } }
        hasEnded.change { $0 = true }
        history.close()
        try queue.close()
    }

    @Test func aDamagedHistoryIsRefusedAtTheStart() async throws {
        let history = try History(.file(path))
        #expect(await history.keep((0..<300).map { _ in .sample(ids: (0..<20).map { "\($0) \(UUID())" }) }))
        history.close()
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        for page in 20..<26 { try Harm.write(4_096, bytesTo: path, at: page * 4_096) }
        let damaged = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(throws: HistoryError.damaged(path: path, problem: "is damaged")) { try History(.file(path)) }
        // A refused file is not written to.
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == damaged)

        try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: path))
        #expect(throws: HistoryError.damaged(path: path, problem: "is truncated")) { try History(.file(path)) }

        try whole.write(to: URL(fileURLWithPath: path))
        _ = try folder.write("history.sqlite-wal", String(repeating: "no log ", count: 2_000))
        guard case .damaged = #expect(throws: HistoryError.self, performing: { try History(.file(path)) }) else {
            Issue.record("a log that SQLite would pass over is not refused")
            return
        }
        unlink(path + "-wal")
        try Harm.write(4_096, bytesTo: path, at: 0)
        let error = #expect(throws: HistoryError.foreign(path: path)) { try History(.file(path)) }
        #expect(error?.description.contains("recover") == true)
    }
    /// Of a file above 32 MiB pages are sampled: maps of other pages, pages that continue others, and free ones are there too.
    @Test func aLargeHistoryIsNotCalledDamaged() async throws {
        var history = try History(.file(path))
        for _ in 0..<60 {
            #expect(await history.keep(.sample(.sample(body: [UInt8](repeating: 0x20, count: 1 << 20)))))
        }
        // Trees among the pages, and pages whose successor is beyond the end of the file once that has shrunk.
        #expect(await history.keep((0..<300).map { _ in .sample(ids: (0..<20).map { "\($0) \(UUID())" }) }))
        history.close()
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count > 60 << 20)
        #expect(StartCheck.problem(at: path) == nil)
        history = try History(.file(path))
        #expect(await history.keep(.sample()))
        history.close()

        // The oldest fifteen are removed, and some of their space is given back.
        var bounds = HistoryBounds.file
        bounds.valid = .init(requests: 346)
        history = try History(.file(path), bounds: bounds)
        #expect(await history.keep(.sample()))
        for _ in 0..<200 { _ = try history.writer.write { _ in 0 } }
        #expect(try history.reader.delivery(10) == nil)
        history.close()
        #expect(StartCheck.problem(at: path) == nil)
        try History(.file(path)).close()

        try Harm.write(1 << 20, bytesTo: path, at: 38 << 20)
        #expect(StartCheck.problem(at: path) == "is damaged")
        #expect(throws: HistoryError.damaged(path: path, problem: "is damaged")) { try History(.file(path)) }
    }
}
