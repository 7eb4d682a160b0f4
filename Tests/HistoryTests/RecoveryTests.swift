import Foundation
import GRDB
@testable import History
import Notifications
import TestSupport
import Testing

/// The readable part of a damaged history, which is left unchanged.
@Suite(.blocking) struct RecoveryTests {
    private let folder = TemporaryFolder()
    private let path: String
    private let output: String

    init() throws {
        path = folder.file("history.sqlite")
        output = folder.file("recovered.sqlite")
    }

    private struct Content: Equatable {
        var deliveries: [Int64: DeliveryRecord] = [:]
        var rows: [Int64: EventRow] = [:]

        init(_ history: History) throws {
            for record in try history.reader.deliveries(after: 0, limit: 1_000_000, bytes: .max) {
                deliveries[record.id] = record
            }
            for row in try history.allRows { rows[row.id] = row }
        }
    }

    /// Records deliveries of all kinds: with many events and none, with bodies that fill several pages, of wrong methods.
    private func record(_ count: Int, close: Bool = true) async throws -> (History, Content) {
        let history = try History(.file(path))
        for number in 0..<count {
            let events = (0..<number % 4).map {
                SampleEvent(
                    id: "event \(number) \($0)", object: String(repeating: "path/", count: number % 300) + "\(number)")
            }
            let judged =
                switch number % 10 {
                case 7: JudgedDelivery.sample(.sample(method: "GET", body: []), .unjudged, answer: .methodNotAllowed)
                case 8: JudgedDelivery.sample(.sample(body: Array("no json".utf8)), .invalid, answer: .invalidSignature)
                case 9: JudgedDelivery.sample(.sample(events), .unverified)
                default: JudgedDelivery.sample(.sample(events), .valid, secret: "prod")
                }
            #expect(await history.keep(judged))
        }
        let content = try Content(history)
        if close { history.close() }
        return (history, content)
    }

    private func pages() throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

    /// Recovers, and checks that the damaged files are unchanged and that the new history is consistent.
    private func recover() async throws -> (HistoryRecovery.Report, Content) {
        let before = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map {
            try Data(contentsOf: URL(fileURLWithPath: folder.file($0)))
        }
        let report = try HistoryRecovery.run(path, to: output)
        let after = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            .filter { !$0.hasPrefix("recovered") }.map { try Data(contentsOf: URL(fileURLWithPath: folder.file($0))) }
        #expect(before == after)
        #expect(try TemporaryFolder.mode(of: output) == 0o600)
        let history = try History(.file(output))
        defer { history.close() }
        let (check, strays) = try history.reader.read { db in
            (
                try String.fetchOne(db, sql: "PRAGMA integrity_check"),
                try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").count
            )
        }
        #expect(check == "ok")
        #expect(strays == 0)
        let content = try Content(history)
        // Every delivery is in the list, and counted.
        #expect(Set(content.rows.values.map(\.deliveryID)) == Set(content.deliveries.keys))
        let counted = SignatureVerdict.allCases.reduce(0) { $0 + history.current.tally[$1] }
        #expect(counted == content.deliveries.count)
        #expect(history.current.tally.rows == content.rows.count)
        // New deliveries follow the last one.
        #expect(await history.keep(.sample(ids: ["next"])))
        #expect(try history.allRows.last?.deliveryID ?? 0 > content.deliveries.keys.max() ?? 0)
        return (report, content)
    }

    /// Checks that complete deliveries are unchanged, and that others are parts of the original.
    private func compare(_ content: Content, with original: Content, _ report: HistoryRecovery.Report) {
        var whole = 0
        for (id, record) in content.deliveries {
            guard let before = original.deliveries[id] else {
                Issue.record("delivery \(id) was never recorded")
                continue
            }
            guard record.delivery == before.delivery else {
                #expect(record.delivery.body.isEmpty)
                continue
            }
            whole += 1
            #expect(record.status == before.status)
            // The verdict may be lost, or the secret it refers to.
            let verdict = record.judgement.verdict
            #expect(verdict == before.judgement.verdict || verdict == .unverified)
        }
        #expect(whole == report.deliveries)
        #expect(report.deliveries + report.parts == content.deliveries.count)
        for (id, row) in content.rows where row.position != nil {
            #expect(original.rows[id]?.objectName == row.objectName)
            #expect(original.rows[id]?.eventId == row.eventId)
            #expect(original.rows[id]?.deliveryID == row.deliveryID)
        }
    }

    @Test func allOfASoundHistory() async throws {
        let (_, original) = try await record(400)
        let (report, content) = try await recover()
        #expect(content == original)
        #expect(report.deliveries == 400)
        #expect(report.parts + report.lost + report.damagedPages == 0)
    }

    /// Only the log contains the newest deliveries.
    @Test func theLogIsReadToo() async throws {
        let (history, original) = try await record(150, close: false)
        let copy = folder.file("copy.sqlite")
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
        }
        history.close()
        let report = try HistoryRecovery.run(copy, to: output)
        #expect(report.deliveries == original.deliveries.count)
        // Without the log, only the contents of the file are recovered.
        unlink(copy + "-wal")
        let less = try HistoryRecovery.run(copy, to: folder.file("less.sqlite"))
        #expect(less.deliveries > 0)
        #expect(less.deliveries < report.deliveries)
    }

    @Test func damagedPagesCostWhatIsInThem() async throws {
        let (_, original) = try await record(1_000)
        var bytes = try pages()
        let count = bytes.count / 4_096
        var random = SystemRandomNumberGenerator()
        let damaged = (0..<count / 16).map { _ in Int.random(in: 1..<count, using: &random) }
        for page in damaged {
            bytes.replaceSubrange(
                page * 4_096..<(page + 1) * 4_096, with: (0..<4_096).map { _ in UInt8.random(in: 0...255) })
        }
        try bytes.write(to: URL(fileURLWithPath: path))
        let (report, content) = try await recover()
        compare(content, with: original, report)
        // A sixteenth of the pages, which affects only some deliveries each.
        #expect(report.deliveries > 700)
    }

    /// Pages are found even if the pages that lead to them are lost.
    @Test func theTreesMayBeLost() async throws {
        let (_, original) = try await record(1_000)
        var bytes = try pages()
        var destroyed = 0
        for page in 1..<bytes.count / 4_096 where [2, 5].contains(bytes[page * 4_096]) {
            bytes.replaceSubrange(page * 4_096..<(page + 1) * 4_096, with: Data(repeating: 0x55, count: 4_096))
            destroyed += 1
        }
        #expect(destroyed > 1)
        try bytes.write(to: URL(fileURLWithPath: path))
        let (report, content) = try await recover()
        compare(content, with: original, report)
        #expect(report.deliveries == 1_000)
        #expect(content.rows == original.rows)
    }

    @Test(arguments: [0, 1, 0x55] as [UInt8])
    func theFirstPageMayBeLost(byte: UInt8) async throws {
        let (_, original) = try await record(1_000)
        var bytes = try pages()
        bytes.replaceSubrange(0..<4_096, with: Data(repeating: byte, count: 4_096))
        try bytes.write(to: URL(fileURLWithPath: path))
        let (report, content) = try await recover()
        compare(content, with: original, report)
        #expect(report.deliveries == 1_000)
        #expect(content.rows == original.rows)
    }

    @Test func theEndMayBeLost() async throws {
        let (_, original) = try await record(1_000)
        let bytes = try pages()
        try bytes.prefix(bytes.count / 2 + 1_000).write(to: URL(fileURLWithPath: path))
        let (report, content) = try await recover()
        compare(content, with: original, report)
        #expect(report.deliveries > 300)
        #expect(report.deliveries < 1_000)
        #expect(report.lost + report.parts + report.deliveries == 1_000)
    }

    /// `: > history.sqlite` while deliveries were recorded into it.
    @Test func anEmptyFileLeavesTheLog() async throws {
        let (history, original) = try await record(300, close: false)
        truncate(path, 0)
        #expect(await !history.keep(.sample()))
        history.close()
        let (report, content) = try await recover()
        compare(content, with: original, report)
        #expect(report.deliveries > 20)
    }

    @Test func queuedEventsAreKept() async throws {
        let history = try History(.file(path))
        let action = try history.declare("rows")
        for number in 0..<300 { try history.keepNow(.sample(ids: ["event \(number)"])) }
        _ = try history.walkAll(action)
        let entries = try history.entries()
        let status = try history.reader.actions()
        history.close()
        let (report, _) = try await recover()
        #expect(report.entries == 300)
        let again = try History(.file(output))
        #expect(try again.entries() == entries)
        #expect(try again.reader.actions().map(\.cursor) == status.map(\.cursor))
        #expect(try again.reader.actions().map { $0[.queued] } == [300])
        again.close()
    }

    /// A history of a version before the last changes of the tables is brought up to date.
    @Test func anOlderHistoryIsRecoveredAsItWas() async throws {
        let database = try DatabaseQueue(path: path)
        try Schema.migrator.migrate(database, upTo: "3 outbox")
        try await database.write { db in
            let body = Data(SampleBody.notification([SampleEvent()]))
            for number in 1...200 {
                try db.execute(
                    sql: """
                        INSERT INTO delivery (receivedAt, remoteAddress, method, target, httpVersion, headers, body,
                            bodyLength, answer, eventCount, firstRow, rowCount)
                        VALUES (1795452185123, '203.0.113.7', 'POST', '/', 'HTTP/1.1', '[]', :body, length(:body), 'OK', 1,
                            :number, 1)
                        """, arguments: ["body": body, "number": number])
                try db.execute(
                    sql: """
                        INSERT INTO event (delivery, position, eventId) VALUES (:number, 0, 'event ' || :number);
                        INSERT INTO outcome (delivery, receivedAt, verdict, secret, generation, status)
                            VALUES (:number, 1795452185123, 1, 'prod', 1, 200);
                        """, arguments: ["number": number])
            }
        }
        try database.close()
        var bytes = try pages()
        bytes.replaceSubrange(30 * 4_096..<31 * 4_096, with: Data(repeating: 0x55, count: 4_096))
        try bytes.write(to: URL(fileURLWithPath: path))
        let report = try HistoryRecovery.run(path, to: output)
        #expect(report.deliveries + report.parts + report.lost == 200)
        #expect(report.deliveries > 150)
        try History(.file(output)).close()
    }

    @Test func whatCannotBeRecoveredIsRefusedWithASentence() async throws {
        #expect(throws: HistoryRecoveryError.missing(path: path)) { try HistoryRecovery.run(path, to: output) }
        _ = try folder.write("notes.txt", String(repeating: "notes ", count: 10_000))
        #expect(throws: HistoryRecoveryError.nothing(path: folder.file("notes.txt"))) {
            try HistoryRecovery.run(folder.file("notes.txt"), to: output)
        }
        let (history, _) = try await record(3, close: false)
        guard
            case .inUse = #expect(
                throws: HistoryRecoveryError.self, performing: { try HistoryRecovery.run(path, to: output) })
        else {
            Issue.record("a history in use is not refused")
            return
        }
        history.close()
        #expect(!FileManager.default.fileExists(atPath: output))
        _ = try folder.write("recovered.sqlite", "mine")
        #expect(throws: HistoryRecoveryError.exists(path: output)) { try HistoryRecovery.run(path, to: output) }
        #expect(try String(contentsOfFile: output, encoding: .utf8) == "mine")
    }
}
