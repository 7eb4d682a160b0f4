import Base
import History
import Notifications
import Sending
import Settings
import Testing
import TestSupport

@testable import Actions

@Suite("The header of a sheet")
struct SheetHeaderTests {
    @Test("is recognized by its texts, in any case and order, and with blanks around them")
    func texts() {
        let header = SheetHeader([
            " object NAME ", "Notes", "EVENT TYPE", "Object Name", "", "\u{FEFF}bucket", "Account ID",
        ])
        #expect(header.filled == ["Object Name", "Event Type", "Bucket", "Account"])
        let cells = header.values(.sample(), SheetOptions()).map(\.cell)
        #expect(
            cells == [
                .text("photos/2026/cat.jpg"), .empty, .text("b2:ObjectCreated:Upload"), .empty, .empty,
                .text("mySampleBucket"), .text("e85c6a500333"),
            ])
    }

    @Test("of a new sheet has the tutorial's columns, followed by the requested ones")
    func fresh() {
        #expect(SheetHeader(adding: []).texts == SheetRow.headers)
        let header = SheetHeader(adding: SheetColumn.more)
        #expect(header.texts == SheetRow.headers + ["Bucket", "Rule", "Event ID", "Account", "Received", "Verdict"])
        let cells = header.values(.sample(), SheetOptions(timestamps: .epochMilliseconds)).map(\.cell.string)
        #expect(cells[0] == "1767262272345" && cells[9] == "1767262273000" && cells[10] == "valid")
        #expect(header.isUseful && !SheetHeader(["a", " "]).isUseful && SheetHeader(["", " "]).isEmpty)
    }

    @Test("has dates for times and numbers for sizes on request")
    func forms() {
        var item = ActionItem.numbered(1)
        item.row.objectSize = .string("12")
        let header = SheetHeader(adding: SheetColumn.more.filter { $0.name == "received" })
        let values = header.values(item, SheetOptions(timestamps: .date, sizes: .number))
        #expect(values[0].cell == .date(Timestamp(milliseconds: 1_767_262_272_345)))
        #expect(values[0].exported.string(isVerbatim: false) == "2026-01-01 10:11:12.345")
        #expect(values[0].exported.string(isVerbatim: false, hasDecimalComma: true) == "2026-01-01 10:11:12,345")
        #expect(values[3].cell == .number(12) && values[5].cell.string == "2026-01-01 10:11:13.000")
        #expect(header.values(item, SheetOptions())[3].cell == .text("12"))
        item.row.objectSize = .string("012")
        item.row.eventTimestamp = .integer(.max)
        let odd = header.values(item, SheetOptions(timestamps: .date, sizes: .number))
        #expect(odd[0].cell == .number(.max) && odd[3].cell == .text("012"))
    }

    @Test("that loses a heading causes a warning that names the new text there")
    func loss() throws {
        let old = SheetHeader(["Notes", "Event Type", "Object Name", "Object Size"])
        #expect(
            SheetHeader(["Object Size", "", "event type", "OBJECT NAME"]).lossWarning(
                since: old.bits, in: "row 1", old: old) == nil)
        let renamed = SheetHeader(["Notes", "Event Type", "File", "Object Size"])
        #expect(renamed.lost(since: old.bits) == ["Object Name"])
        let warning = try #require(renamed.lossWarning(since: old.bits, in: "row 1", old: old))
        #expect(
            warning.hasPrefix("the heading “Object Name” (it is “File” now) is gone from row 1: its column stays empty")
        )
        let after = try #require(SheetHeader(["Object Size"]).lossWarning(since: old.bits, in: "row 1", old: nil))
        #expect(after.hasPrefix("the headings “Event Type”, “Object Name” are gone from row 1: their columns stay"))
        #expect(SheetHeader(adding: SheetColumn.more).bits == 1 << SheetColumn.all.count - 1)
        #expect(
            renamed.summary(SheetOptions())
                == "filled are Event Type, Object Size; there is no heading for Event Timestamp, Object Name, Object Version"
                + " ID")
    }

    @Test("reports wrong settings with their line")
    func settings() {
        var reading = ActionReading.sample(
            "rows", [("columns", .texts(["bucket", "buckt", "bucket"])), ("timestamps", .text("unix"))])
        _ = SheetOptions(&reading)
        #expect(reading.problems.count == 3)
        #expect(reading.problems.map(\.text).joined().contains("“buckt” is not a column that can be added"))
        var right = ActionReading.sample("rows", [("columns", .texts(["rule"])), ("timestamps", .text("epoch"))])
        let options = SheetOptions(&right)
        #expect(right.problems.isEmpty && options.columns.map(\.name) == ["rule"])
        #expect(options.timestamps == .epochMilliseconds && options.sizes == .exact)
        var other = ActionReading.sample("rows", [("timestamps", .text("date")), ("sizes", .text("number"))])
        let dates = SheetOptions(&other)
        #expect(other.problems.isEmpty && dates.timestamps == .date && dates.sizes == .number)
        var wrong = ActionReading.sample("rows", [("sizes", .text("big"))])
        _ = SheetOptions(&wrong)
        #expect(wrong.problems.first?.text.contains("expected is exact or number") == true)
    }
}
