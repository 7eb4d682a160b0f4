import Base
import Foundation
import History
import Notifications
import Testing
import TestSupport

@testable import Actions

@Suite("Marks of batches in a spreadsheet")
struct GoogleMarksTests {
    private let now = Timestamp(milliseconds: 1_795_452_185_000)

    private func metadata(_ stand: SheetStand) -> [Int64: (key: String, value: String)] {
        stand.google.spreadsheet(SheetStand.id)?.metadata ?? [:]
    }

    @Test(
        "may contain any time, because everybody who can edit the spreadsheet can write it",
        arguments: [.min, -1, 0, 1_795_452_186, .max])
    func anyTime(since: Int64) throws {
        var marks = GoogleMarks()
        #expect(marks.areMissing(at: now))
        marks.found(GoogleSheetPlace.Found(marks: [(7, since)], isWhole: true), at: now)
        #expect(!marks.areMissing(at: now))
        #expect(marks.free(at: Timestamp(milliseconds: now.milliseconds + GoogleMarks.quarantine)) == [7])

        let stand = try SheetStand()
        let action = stand.action()
        stand.google.change(SheetStand.id) {
            $0.metadata[7] = (GoogleBatch.metadataKey, "\(action.writer) \(String(since, radix: GoogleBatch.radix))")
        }
        #expect(action.perform([.numbered(1)], batch: 1).outcomes == [.done])
    }

    @Test("name their writer by twelve digits; those of older versions, without leading zeros, stay its own")
    func writers() throws {
        let identity = "/etc/b2watch\na0"
        let writer = GoogleWriter(identity)
        #expect(writer.description == "0dca10809c79" && writer.formerName == "dca10809c79")
        #expect(writer.isNamed("0dca10809c79") && writer.isNamed("dca10809c79") && !writer.isNamed("dca10809c7"))

        let stand = try SheetStand()
        let action = stand.action(writer: identity)
        // So young that the marks may not be removed yet.
        let since = String(stand.time.now / 1_000, radix: GoogleBatch.radix)
        stand.google.change(SheetStand.id) {
            $0.metadata[5] = (GoogleBatch.metadataKey, "dca10809c79 \(since)")
            $0.metadata[6] = (GoogleBatch.metadataKey, "ca10809c79 \(since)")
        }
        // The batch was written by an older version; the other one's number belongs to somebody else.
        #expect(action.perform([.numbered(1)], batch: 5).outcomes == [.done])
        #expect(stand.names.isEmpty)
        #expect(action.perform([.numbered(2)], batch: 6).outcomes != [.done])
        #expect(action.perform([.numbered(3)], batch: 7).outcomes == [.done])
        #expect(metadata(stand)[7]?.value.hasPrefix("0dca10809c79 ") == true)
    }

    @Test("are searched for only at intervals if the search fails")
    func pause() {
        var marks = GoogleMarks()
        marks.found(nil, at: now)
        #expect(!marks.areMissing(at: now + .seconds(599)) && marks.areMissing(at: now + .seconds(600)))
    }

    @Test("may be gone: a batch that cannot remove the mark before it is sent once without")
    func removed() throws {
        let stand = try SheetStand()
        let action = stand.action()
        #expect(action.perform([.numbered(1)], batch: 1).outcomes == [.done])
        stand.google.change(SheetStand.id) { $0.metadata = [:] }
        #expect(action.perform([.numbered(2)], batch: 2).outcomes == [.done])
        #expect(stand.google.writes.count == 3)
        #expect(action.perform([.numbered(3)], batch: 3).outcomes == [.done])
        #expect(stand.google.writes.count == 4 && stand.names.count == 3)
        #expect(metadata(stand).keys.sorted() == [2, 3] || metadata(stand).keys.sorted() == [3])
    }

    @Test("are not forgotten if a batch is refused for another reason")
    func refused() throws {
        let stand = try SheetStand()
        let action = stand.action()
        for batch in 1...30 {
            stand.google.change(SheetStand.id) {
                $0.metadata[Int64(batch)] = (GoogleBatch.metadataKey, "\(action.writer) 1000")
            }
        }
        stand.google.onBatch { .answer(.json(400, "{\"error\":{\"message\":\"no\"}}")) }
        guard case .dead = action.perform([.numbered(1)], batch: 99).outcomes[0] else {
            Issue.record("nothing was refused")
            return
        }
        // First with the mark to remove, then without it, and then after the sheet was read again.
        #expect(stand.google.writes.count == 3)
        stand.google.onBatch { .none }
        for batch in 101...103 { #expect(action.perform([.numbered(batch)], batch: Int64(batch)).outcomes == [.done]) }
        #expect(metadata(stand).keys.sorted() == [103])
    }

    @Test("are found even in a very long answer, and all removed in the end")
    func many() throws {
        let stand = try SheetStand()
        let action = stand.action()
        stand.google.change(SheetStand.id) { spreadsheet in
            for number in 1...900 {
                spreadsheet.metadata[2_147_000_000 + Int64(number)] = (
                    GoogleBatch.metadataKey, "\(action.writer) gjdgxs"
                )
            }
        }
        for batch in 1...80 {
            stand.time.pass(20_000)
            #expect(action.perform([.numbered(batch)], batch: Int64(batch)).outcomes == [.done])
        }
        #expect(metadata(stand).keys.sorted() == [80])
    }

    @Test("fit into the spreadsheet, even if every answer is lost for a long time")
    func storm() throws {
        let stand = try SheetStand()
        let action = stand.action()
        stand.google.change(SheetStand.id) { spreadsheet in
            for number in 1...600 {
                spreadsheet.metadata[1_000 + Int64(number)] = (GoogleBatch.metadataKey, "\(action.writer) gjdgxs")
            }
        }
        stand.google.onBatch { .lostAfter }
        for batch in 1...40 {
            #expect(action.perform([.numbered(batch)], batch: Int64(batch)).outcomes == [.done])
        }
        #expect(metadata(stand).keys.sorted() == Array(1...40) && stand.names.count == 40)
        // As many as an account leaves before the first may be taken away.
        let most = Int(GoogleMarks.quarantine) / Int(GooglePace.least / .milliseconds(1)) + 1
        let longest = try #require(metadata(stand).values.map { $0.key.count + $0.value.count }.max())
        #expect(most * longest < 15_000)
    }

    @Test("may not fit into the spreadsheet: the batch waits, and old marks are removed first")
    func full() throws {
        let stand = try SheetStand()
        let action = stand.action()
        #expect(action.perform([.numbered(1)], batch: 1).outcomes == [.done])
        stand.google.change(SheetStand.id) {
            $0.metadata[900] = ("other", String(repeating: "x", count: 30_000 - 3 - 5 - 22))
        }
        #expect(action.perform([.numbered(2)], batch: 2).outcomes == [.done])
        stand.google.change(SheetStand.id) { $0.metadata[901] = ("other", String(repeating: "x", count: 1_000)) }
        let report = action.perform([.numbered(3)], batch: 3)
        guard case .retry(let reason, .seconds(60)?, .action) = report.outcomes[0] else {
            Issue.record("\(report.outcomes)")
            return
        }
        #expect(reason.contains("has no room for another mark"))
        #expect(report.exchange?.outcome == "400 Bad Request")
        stand.google.change(SheetStand.id) { $0.metadata[901] = nil }
        #expect(action.perform([.numbered(3)], batch: 4).outcomes == [.done])
        #expect(stand.names.count == 3)
    }
}
