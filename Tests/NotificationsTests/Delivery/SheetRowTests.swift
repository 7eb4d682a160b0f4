import Base
import Notifications
import Testing
import TestSupport

@Suite struct SheetRowTests {
    private func row(_ sample: SampleEvent, _ form: SheetRow.TimestampForm = .rfc3339) throws -> [SheetRow.Cell] {
        let event = try #require(Payload(scanning: SampleBody.notification([sample])).events.first)
        return SheetRow(SheetFields(event), timestamps: form).cells
    }

    @Test func theHeadersAreTheTutorials() {
        #expect(
            SheetRow.headers
                == ["Event Timestamp", "Event Type", "Object Name", "Object Size", "Object Version ID"])
    }

    @Test func anUploadFillsTheFiveColumns() throws {
        #expect(
            try row(SampleEvent(version: "4_z")) == [
                .text("2026-01-01T10:11:12.345Z"), .text("b2:ObjectCreated:Upload"), .text("photos/2026/cat.jpg"),
                .number(10_495_842), .text("4_z"),
            ])
    }

    @Test func theTimestampMayBeTheNumberThatB2Sent() throws {
        #expect(try row(SampleEvent(), .epochMilliseconds)[0] == .number(1_767_262_272_345))
    }

    @Test func whatIsAbsentIsEmpty() throws {
        #expect(try row(.test()).suffix(3) == [.empty, .empty, .empty])
        let event = NotificationEvent()
        #expect(SheetRow(SheetFields(event)).cells == Array(repeating: .empty, count: 5))
        #expect(SheetRow(SheetFields(event), timestamps: .epochMilliseconds).cells.allSatisfy { $0.string.isEmpty })
    }

    @Test(
        arguments: [
            ("0", .number(0)), ("null", .empty), (nil, .empty), ("10995116277760", .number(10_995_116_277_760)),
            ("9223372036854775808", .text("9223372036854775808")), ("1.5", .text("1.5")), (#""5""#, .text("5")),
            (#""""#, .text("")),
        ] as [(String?, SheetRow.Cell)])
    func sizes(json: String?, cell: SheetRow.Cell) throws {
        let cells = try row(SampleEvent().with("objectSize", json: json))
        #expect(cells[3] == cell)
    }

    @Test(
        arguments: [
            ("0", "1970-01-01T00:00:00.000Z"), ("-1", "1969-12-31T23:59:59.999Z"),
            ("253402300799999", "9999-12-31T23:59:59.999Z"), ("253402300800000", "253402300800000"),
            ("9223372036854775807", "9223372036854775807"), ("-9223372036854775808", "-9223372036854775808"),
            ("9223372036854775808", "9223372036854775808"), ("1.5", "1.5"), (#""yesterday""#, "yesterday"),
            ("null", ""),
        ])
    func timestamps(json: String, text: String) throws {
        #expect(try row(SampleEvent().with("eventTimestamp", json: json))[0].string == text)
    }

    @Test func aNameThatLooksLikeAFormulaOrANumberIsText() throws {
        #expect(try row(SampleEvent(object: "=HYPERLINK(1)"))[2] == .text("=HYPERLINK(1)"))
        #expect(try row(SampleEvent(object: "007"))[2] == .text("007"))
    }
}
