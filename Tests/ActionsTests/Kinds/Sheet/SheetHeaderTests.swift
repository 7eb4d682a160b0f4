import Notifications
import Settings
import TestSupport
import Testing

@testable import Actions

@Suite("The header of a sheet")
struct SheetHeaderTests {
    @Test("is read by its texts, whatever their case, blanks and order")
    func texts() {
        let header = SheetHeader([
            " object NAME ", "Notes", "EVENT TYPE", "Object Name", "", "\u{FEFF}bucket", "Account ID",
        ])
        #expect(header.filled == ["Object Name", "Event Type", "Bucket", "Account"])
        let cells = header.values(.sample(), timestamps: .rfc3339).map(\.cell)
        #expect(
            cells == [
                .text("photos/2026/cat.jpg"), .empty, .text("b2:ObjectCreated:Upload"), .empty, .empty,
                .text("mySampleBucket"), .text("e85c6a500333"),
            ])
    }

    @Test("of a fresh sheet is the tutorial's, and what was asked for behind it")
    func fresh() {
        #expect(SheetHeader(adding: []).texts == SheetRow.headers)
        let header = SheetHeader(adding: SheetColumn.more)
        #expect(header.texts == SheetRow.headers + ["Bucket", "Rule", "Event ID", "Account", "Received", "Verdict"])
        let cells = header.values(.sample(), timestamps: .epochMilliseconds).map(\.cell.string)
        #expect(cells[0] == "1767262272345" && cells[9] == "1767262273000" && cells[10] == "valid")
        #expect(header.isUseful && !SheetHeader(["a", " "]).isUseful && SheetHeader(["", " "]).isEmpty)
    }

    @Test("can be told wrongly, which is said with its line")
    func settings() {
        var reading = ActionReading.sample(
            "rows", [("columns", .texts(["bucket", "buckt", "bucket"])), ("timestamps", .text("unix"))])
        _ = SheetOptions(&reading)
        #expect(reading.problems.count == 3)
        #expect(reading.problems.map(\.text).joined().contains("there is no column “buckt” to add"))
        var right = ActionReading.sample("rows", [("columns", .texts(["rule"])), ("timestamps", .text("epoch"))])
        let options = SheetOptions(&right)
        #expect(right.problems.isEmpty && options.columns.map(\.name) == ["rule"])
        #expect(options.timestamps == .epochMilliseconds)
    }
}
