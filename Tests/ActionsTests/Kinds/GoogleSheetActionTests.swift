import Base
import Foundation
import History
import Notifications
import Sending
import Settings
import Synchronization
import Testing
import TestSupport

@testable import Actions

@Suite("Rows in Google Sheets", .blocking)
struct GoogleSheetActionTests {
    @Test("follow a header, have types, and contain no formula")
    func rows() throws {
        let stand = try SheetStand()
        let action = stand.action(SheetOptions(columns: SheetColumn.more.filter { $0.name == "bucket" }))
        let hostile = ActionItem.numbered(2, object: "=HYPERLINK(\"http://x\",\"y\")")
        let report = action.perform([.numbered(1), hostile], batch: 4)
        #expect(report.outcomes == [.done, .done] && report.warning == nil)
        #expect(stand.rows.count == 3)
        #expect(stand.rows[0] == (SheetRow.headers + ["Bucket"]).map { .text($0) })
        #expect(
            stand.rows[2] == [
                .text("2026-01-01T10:11:12.345Z"), .text("b2:ObjectCreated:Upload"),
                .text("=HYPERLINK(\"http://x\",\"y\")"), .number(2),
                .text("4_zaea8c5bc362ae55070130333_f117c7bd5d6c6597c"), .text("mySampleBucket"),
            ])
        let exchange = try #require(report.exchange)
        let asked = String(decoding: exchange.request, as: UTF8.self)
        #expect(exchange.outcome == "200 OK" && asked.contains("\nAuthorization: •••\n") && !asked.contains("ya29"))
        #expect(action.perform([.numbered(3)], batch: 5).outcomes == [.done])
        #expect(stand.names.count == 3 && stand.google.tokensGiven == 1)
        // The batch before is no longer marked, this one is.
        #expect(stand.google.spreadsheet(SheetStand.id).map { Array($0.metadata.keys) } == [5])
    }

    @Test("follow the texts of the header, even if a column is inserted later")
    func inserted() throws {
        let stand = try SheetStand(rows: [[.text("object name"), .text("Notes"), .text(" Object Size ")]])
        let action = stand.action()
        #expect(action.perform([.numbered(1)], batch: 1).outcomes == [.done])
        stand.google.change(SheetStand.id) { spreadsheet in
            for row in spreadsheet.sheets[1].rows.indices {
                spreadsheet.sheets[1].rows[row].insert(row == 0 ? .text("New") : .empty, at: 0)
            }
        }
        // Immediately, as in a steady stream: what was read for one batch is not reused for the next.
        #expect(action.perform([.numbered(2)], batch: 2).outcomes == [.done])
        #expect(stand.rows[1] == [.empty, .text("photos/1.jpg"), .empty, .number(1)])
        #expect(stand.rows[2] == [.empty, .text("photos/2.jpg"), .empty, .number(2)])
    }

    @Test("are written to the sheet of that name, even if it has been replaced", arguments: [0, 1_000, 4_000, 6_000])
    func replaced(after time: Int64) throws {
        let header = SheetRow.headers.map { FakeGoogle.Cell.text($0) }
        let stand = try SheetStand(rows: [header])
        let action = stand.action()
        #expect(action.perform([.numbered(1)], batch: 1).outcomes == [.done])
        stand.time.pass(time)
        stand.google.change(SheetStand.id) { spreadsheet in
            spreadsheet.sheets[1].title = "Archive"
            // Within a moment nobody but a program does that, and is seen where row 1 is not the same.
            let rows = time < 4_000 ? [Array(header.dropLast())] : [header]
            spreadsheet.sheets.append(FakeGoogle.Sheet(id: 991, title: "B2's events", rows: rows))
        }
        #expect(action.perform([.numbered(2)], batch: 2).outcomes == [.done])
        #expect(stand.names == ["photos/1.jpg"])
        #expect(stand.google.spreadsheet(SheetStand.id)?.sheets[2].rows.count == 2)
    }

    @Test(
        "follow b2watch's own last row, whatever other columns contain further down",
        arguments: [1_000, 59, 2_000])
    func farBelow(_ last: Int) throws {
        let header = SheetRow.headers.map { FakeGoogle.Cell.text($0) } + [.text("Paid")]
        var rows = [header]
        rows += (1...3).map { number in (0..<5).map { .text("old \(number) \($0)") } }
        while rows.count < last { rows.append([.empty, .empty, .empty, .empty, .empty]) }
        // A checkbox that is filled down, or a note far below.
        for row in last == 59 ? [58...58] : [4...last - 1] {
            for row in row { rows[row] = [.empty, .empty, .empty, .empty, .empty, .text("FALSE")] }
        }
        let stand = try SheetStand(rows: rows)
        stand.google.change(SheetStand.id) { $0.sheets[1].gridRows = max(1_000, last) }
        let action = stand.action()
        let report = action.perform([.numbered(1), .numbered(2)], batch: 1)
        #expect(report.outcomes == [.done, .done])
        let warning = try #require(report.warning)
        #expect(
            warning.hasPrefix(
                "column F (“Paid”) of “B2's events” is filled down to row \(last), and b2watch's last row is 4"),
            "\(warning)")
        #expect(action.perform([.numbered(3)], batch: 2).warning == nil)
        #expect(stand.rows[4][2] == .text("photos/1.jpg") && stand.rows[6][2] == .text("photos/3.jpg"))
        // The other contents are unchanged, and have moved down.
        #expect(stand.rows.count == last + 3 && stand.rows[last + 2].last == .text("FALSE"))
        #expect(
            try stand.action().test(.numbered(1)).contains("column F (“Paid”) of “B2's events” is filled down to row"))
    }

    @Test("never overwrite what a person writes at the same time")
    func person() throws {
        let header = SheetRow.headers.map { FakeGoogle.Cell.text($0) }
        let stand = try SheetStand(rows: [header])
        let action = stand.action()
        #expect(action.perform([.numbered(1)], batch: 1).outcomes == [.done])
        let first = Once()
        let google = stand.google
        let write: @Sendable (inout FakeGoogle.Spreadsheet) -> Void = {
            $0.sheets[1].rows.append([.text("mine"), .text("mine"), .text("mine")])
        }
        google.onBatch { first.isFirst ? .before(write) : .none }
        #expect(action.perform([.numbered(2)], batch: 2).outcomes == [.done])
        #expect(stand.names == ["photos/1.jpg", "photos/2.jpg", "mine"])
        #expect(action.perform([.numbered(3)], batch: 3).outcomes == [.done])
        #expect(stand.names == ["photos/1.jpg", "photos/2.jpg", "mine", "photos/3.jpg"])
        // A person removes the last rows.
        google.change(SheetStand.id) { $0.sheets[1].rows.removeLast(3) }
        #expect(action.perform([.numbered(4)], batch: 4).outcomes == [.done])
        #expect(stand.names == ["photos/1.jpg", "photos/4.jpg"])
    }

    @Test(
        "are appended to a sheet of any length",
        arguments: [(1, 1), (1, 2), (2, 2), (1, 1_000), (1_000, 1_000), (7_000, 7_003)])
    func ends(_ rows: Int, _ grid: Int) throws {
        let header = SheetRow.headers.map { FakeGoogle.Cell.text($0) }
        let names = (1..<rows).map { [FakeGoogle.Cell.empty, .empty, .text("name \($0) of an object in a bucket")] }
        let stand = try SheetStand(rows: [header] + names)
        stand.google.change(SheetStand.id) { $0.sheets[1].gridRows = grid }
        let action = stand.action()
        for batch in 1...3 { #expect(action.perform([.numbered(batch)], batch: Int64(batch)).outcomes == [.done]) }
        #expect(stand.names.suffix(3) == ["photos/1.jpg", "photos/2.jpg", "photos/3.jpg"])
        #expect(stand.rows.count == rows + 3 && stand.google.reads.count < 24)
    }

    @Test("are written below frozen rows, and into separate columns")
    func frozen() throws {
        let stand = try SheetStand(rows: [
            [.text("Object Name"), .text("Notes"), .text("Object Size")], [.empty, .text("of the team")],
        ])
        stand.google.change(SheetStand.id) { $0.sheets[1].frozenRows = 2 }
        let action = stand.action()
        for batch in 1...2 { #expect(action.perform([.numbered(batch)], batch: Int64(batch)).outcomes == [.done]) }
        #expect(stand.rows[2] == [.text("photos/1.jpg"), .empty, .number(1)])
        #expect(stand.rows[3] == [.text("photos/2.jpg"), .empty, .number(2)])
    }

    @Test("have dates on request, formatted as dates")
    func dates() throws {
        let stand = try SheetStand()
        let received = SheetColumn.more.filter { $0.name == "received" }
        let action = stand.action(SheetOptions(columns: received, timestamps: .date, sizes: .number))
        var item = ActionItem.numbered(1)
        item.row.objectSize = .integer((1 << 53) + 1)
        #expect(action.perform([item], batch: 1).outcomes == [.done])
        #expect(action.perform([.numbered(2)], batch: 2).warning == nil)
        let day = 25_569 + 1_767_262_272_345.0 / 86_400_000
        #expect(stand.rows[1][0] == .date(day) && stand.rows[2][0] == .date(day))
        #expect(stand.rows[1][3] == .number(9_007_199_254_740_992))
        #expect(stand.rows[1][5] == .date(25_569 + 1_767_262_273_000.0 / 86_400_000))
        // The second row copies the format of the first.
        #expect(stand.google.bodies.map { $0.contains("repeatCell") } == [true, false])
    }

    @Test("cause one warning if a heading was renamed, even if b2watch was not running")
    func renamed() throws {
        let header = SheetRow.headers.map { FakeGoogle.Cell.text($0) }
        let stand = try SheetStand(rows: [header])
        let action = stand.action()
        #expect(action.perform([.numbered(1)], batch: 1).warning == nil)
        stand.google.change(SheetStand.id) { $0.sheets[1].rows[0][2] = .text("File") }
        let report = action.perform([.numbered(2)], batch: 2)
        #expect(report.outcomes == [.done])
        #expect(
            report.warning?.hasPrefix(
                "the heading “Object Name” (it is “File” now) is gone from row 1 of “B2's events”")
                == true)
        #expect(action.perform([.numbered(3)], batch: 3).warning == nil)
        stand.google.change(SheetStand.id) { $0.sheets[1].rows[0][3] = .text("Bytes") }
        let next = stand.action()
        let warning = next.perform([.numbered(4)], batch: 4).warning
        #expect(warning?.contains("the heading “Object Size” is gone from") == true)
        #expect(warning?.contains("Object Name") == false)
        #expect(stand.action().perform([.numbered(5)], batch: 5).warning == nil)
    }

    @Test("need only as many reads as necessary, within the limit of a minute")
    func reads() throws {
        let stand = try SheetStand()
        let action = stand.action()
        // Each batch needs a read.
        for batch in 1...200 {
            #expect(action.perform([.numbered(batch)], batch: Int64(batch)).outcomes == [.done])
        }
        let reads = stand.google.reads
        #expect(reads.count >= 200 && reads.count < 240)
        for (one, other) in zip(reads, reads.dropFirst(60)) { #expect(other - one >= 60_000) }
    }

    @Test("are not written into a sheet with contents below an empty row 1")
    func below() throws {
        let stand = try SheetStand(rows: [[], [], [.text("some old data")]])
        let report = stand.action().perform([.numbered(1)], batch: 1)
        guard case .hold(let reason, nil) = report.outcomes[0] else {
            Issue.record("\(report.outcomes)")
            return
        }
        #expect(reason.hasPrefix("row 1 of “B2's events” is empty, but rows below it are not: write Event Timestamp"))
        #expect(stand.rows.count == 3 && stand.google.writes.isEmpty)
        #expect(throws: GoogleProblem.self) { try stand.action().test(.numbered(1)) }
        // More than is read of an answer.
        stand.google.change(SheetStand.id) { spreadsheet in
            spreadsheet.sheets[1].rows = [[]] + (0..<900).map { _ in [.text(String(repeating: "x", count: 100))] }
        }
        #expect(throws: GoogleProblem.self) { try stand.action().test(.numbered(1)) }
    }

    @Test("contain exact large numbers, and long texts cut to a cell")
    func limits() throws {
        let stand = try SheetStand()
        var item = ActionItem.numbered(1, object: String(repeating: "é", count: 60_000))
        item.row.objectSize = .integer((1 << 53) + 1)
        let report = stand.action().perform([item], batch: 1)
        #expect(report.outcomes == [.done] && report.warning?.contains("1 cell was cut") == true)
        #expect(stand.rows[1][3] == .text("9007199254740993"))
        #expect(stand.names[0].hasSuffix("é…") && stand.names[0].utf16.count == 50_000)
        let large = (0..<50).map { ActionItem.numbered($0, object: String(repeating: "a", count: 49_000)) }
        #expect(GoogleBatch.fitting(large) < 50 && GoogleBatch.fitting(large) > 30)
        // The longest names that B2 allows.
        let usual = (0..<500).map { ActionItem.numbered($0, object: String(repeating: "a", count: 1_024)) }
        #expect(GoogleBatch.fitting(usual) == 500)
    }

    @Test("are written once if the answer is lost, or is not Google's", arguments: [0, 1, 2, 3, 4, 5])
    func lost(kind: Int) throws {
        let stand = try SheetStand()
        let first = Once()
        stand.google.onBatch {
            guard first.isFirst else { return .none }
            return switch kind {
            case 0: .lostBefore
            case 1: .lostAfter
            case 2: .late
            case 3: .answerAfter(.json(503, "{\"error\":{\"message\":\"The service is unavailable.\"}}"))
            case 4: .answer(.answer(status: 200, headers: [], body: Array("<html>Please log in</html>".utf8)))
            default: .answerAfter(.json(200, "{}"))
            }
        }
        let action = stand.action()
        #expect(action.perform([.numbered(1), .numbered(2)], batch: 9).outcomes == [.done, .done])
        // The delayed copy is refused. The mark stays for as long as a copy might arrive.
        stand.google.arrive()
        stand.time.pass(2_000)
        #expect(action.perform([.numbered(3)], batch: 10).outcomes == [.done])
        stand.google.arrive()
        #expect(stand.names == ["photos/1.jpg", "photos/2.jpg", "photos/3.jpg"])
        #expect(stand.google.spreadsheet(SheetStand.id)?.metadata[9] != nil)
        // A later process finds the mark, and removes it after ten minutes.
        stand.google.onBatch { .none }
        stand.time.pass(610_000)
        #expect(stand.action().perform([.numbered(4)], batch: 11).outcomes == [.done])
        #expect(stand.google.spreadsheet(SheetStand.id).map { Array($0.metadata.keys) } == [11])
    }

    @Test("are asked for until their outcome is known")
    func unknown() throws {
        let stand = try SheetStand()
        stand.google.onBatch { .late }
        let action = stand.action()
        guard case .unknown = action.perform([.numbered(1)], batch: 3).outcomes[0] else {
            Issue.record("a lost answer was taken for one")
            return
        }
        stand.google.change(SheetStand.id) { $0.isShared = false }
        guard case .unknown(let reason, _) = action.recover([.numbered(1)], batch: 3).outcomes[0] else {
            Issue.record("nobody can know")
            return
        }
        #expect(reason.contains("not shared with \(FakeGoogle.account): share it"))
        stand.google.change(SheetStand.id) { $0.isShared = true }
        stand.google.arrive()
        #expect(action.recover([.numbered(1)], batch: 3).outcomes == [.done])
        #expect(stand.names == ["photos/1.jpg"])
    }

    @Test("are all written, once each, whatever is lost, late or interrupted")
    func storm() throws {
        let stand = try SheetStand()
        let random = Dice(seed: 99)
        stand.google.onBatch {
            switch random.roll(12) {
            case 0: .lostBefore
            case 1: .lostAfter
            case 2: .late
            case 3: .answer(FakeGoogle.unavailable)
            case 4: .answerAfter(FakeGoogle.unavailable)
            default: .none
            }
        }
        var action = stand.action()
        var waiting = (1...1_200).map { ActionItem.numbered($0) }
        var batch: Int64 = 1_000
        while !waiting.isEmpty {
            batch += 1
            stand.time.pass(1_020)
            if random.roll(6) == 0 { stand.google.arrive() }
            let items = Array(waiting.prefix(random.roll(30) + 1))
            var outcomes = action.perform(items, batch: batch).outcomes
            // The process ends before it has recorded the answer.
            if random.roll(5) == 0 {
                action = stand.action()
                outcomes = items.map { _ in .unknown("ended") }
            }
            while case .unknown = outcomes[0] {
                stand.time.pass(5_000)
                outcomes = action.recover(items, batch: batch).outcomes
            }
            let done = Set(zip(items, outcomes).filter { $1 == .done }.map(\.0.entry))
            waiting.removeAll { done.contains($0.entry) }
            try #require(batch < 3_000)
        }
        stand.google.arrive()
        let expected = Set((1...1_200).map { "photos/\($0).jpg" })
        #expect(stand.names.count == 1_200 && Set(stand.names) == expected)
    }

    @Test("keep to the limit of a minute, even if several actions use one account")
    func quota() throws {
        let stand = try SheetStand()
        let actions = [stand.action(), stand.action(sheet: "Overview")]
        for batch in 1...160 {
            let outcomes = actions[batch % 2].perform([.numbered(batch)], batch: Int64(batch)).outcomes
            #expect(outcomes == [.done])
        }
        let writes = stand.google.writes
        #expect(writes.count == 160)
        for (one, other) in zip(writes, writes.dropFirst(60)) { #expect(other - one >= 60_000) }
    }

    @Test("are divided into several requests in their order, without a failure")
    func large() throws {
        let sheet = try SheetStand()
        let stage = RunnerStage(isJumping: true)
        let action = sheet.action()
        try stage.runner.load([
            ActionDeclaration(
                name: "rows", kind: "google-sheet", filter: .everything, manner: action.manner, action: action)
        ])
        let names = (10..<30).map { "\($0)" + String(repeating: "é", count: 40_000) }
        names.forEach { stage.outbox.deliver($0) }
        stage.tell()
        stage.runner.begin()
        stage.waitForAll(20)
        stage.stop()
        #expect(sheet.names == names && sheet.google.writes.count > 2)
        #expect(stage.told.all == [])
        #expect(stage.outbox.state.withLock { $0.entries.allSatisfy { $0.attempts == 1 } })
    }
}

extension FakeGoogle {
    static let unavailable = FakeReply.json(503, "{\"error\":{\"message\":\"The service is currently unavailable.\"}}")
}

// MARK: - A fake Google

/// A fake Google with one spreadsheet, a clock of its own, and actions that write there.
final class SheetStand: Sendable {
    static let id = "1AbCdEfGhIjKlMnOpQrStUvWxYz"

    let folder = TemporaryFolder()
    let google: FakeGoogle
    let keyFile: String
    let time = Clock()

    final class Clock: Sendable {
        private let milliseconds = Mutex<Int64>(1_795_452_185_000)
        var now: Int64 { milliseconds.withLock { $0 } }
        func pass(_ time: Int64) { milliseconds.withLock { $0 += time } }
    }

    init(rows: [[FakeGoogle.Cell]] = []) throws {
        let sheets = [
            FakeGoogle.Sheet(id: 0, title: "Overview"), FakeGoogle.Sheet(id: 77, title: "B2's events", rows: rows),
        ]
        google = FakeGoogle([Self.id: FakeGoogle.Spreadsheet(sheets: sheets)]) { [time] in time.now }
        keyFile = try folder.write("key.json", google.keyFile())
    }

    func action(
        _ options: SheetOptions = SheetOptions(), sheet: String = "B2's events", spreadsheet: String = id,
        keyFile: String? = nil, skew: Int64 = 0, writer: String? = nil, http: (any HTTPSending)? = nil
    ) -> GoogleSheetAction {
        let settings = GoogleSheetSettings(
            spreadsheet: spreadsheet, sheet: sheet, keyFile: keyFile ?? self.keyFile, options: options,
            writer: writer ?? folder.path)
        let http = http ?? InProcessHTTP(["sheets.googleapis.com": google, "oauth2.googleapis.com": google])
        return GoogleSheetAction(
            settings, http: http, now: { [time] in Timestamp(milliseconds: time.now + skew) },
            wait: { [time] in time.pass(Int64($0 / .milliseconds(1))) })
    }

    /// The rows of the sheet.
    var rows: [[FakeGoogle.Cell]] { google.spreadsheet(Self.id)?.sheets[1].rows ?? [] }

    /// The names of objects in the sheet's third column, below the header.
    var names: [String] {
        rows.dropFirst().map { row in
            if row.count > 2, case .text(let name) = row[2] { name } else { "" }
        }
    }
}

// MARK: - Chance

/// Random numbers that are the same in every run, from any thread.
final class Dice: Sendable {
    private let generator: Mutex<SeededGenerator>

    init(seed: UInt64) {
        generator = Mutex(SeededGenerator(seed: seed))
    }

    /// Returns a number from 0 to one less than the number of sides.
    func roll(_ sides: Int) -> Int { generator.withLock { Int.random(in: 0..<sides, using: &$0) } }
}

/// Returns true the first time.
final class Once: Sendable {
    private let isUsed = Mutex(false)

    var isFirst: Bool {
        isUsed.withLock { isUsed in
            defer { isUsed = true }
            return !isUsed
        }
    }
}
