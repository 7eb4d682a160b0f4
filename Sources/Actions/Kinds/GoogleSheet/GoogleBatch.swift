internal import History
internal import Notifications

/// The request that appends rows, once: it creates developer metadata of the batch's own number in the same stroke.
///
/// `spreadsheets.batchUpdate` applies all of its requests or none, and refuses metadata whose number is there. So
/// however many copies of a batch arrive, and however late, at most one of them is applied as long as the number stays
/// in the spreadsheet. After a lost answer the batch is sent again under its old number, whatever has become of the
/// first copy; its number is taken away only when no copy of it can be under way any more (`GoogleMarks`).
struct GoogleBatch: Sendable {
    /// Short, as the mark is: a spreadsheet has room for some 30,000 characters of both.
    static let metadataKey = "b2w"
    /// Of the seconds in a mark.
    static let radix = 36
    /// What a request may come to, in bytes: Google advises 2 MB.
    static let largest = 1_800_000
    /// The longest text of a cell, in UTF-16 units.
    static let longestCell = 50_000
    /// Integers beyond are not exact as the numbers of a sheet.
    static let exact: ClosedRange<Int64> = -(1 << 53)...(1 << 53)

    /// In 1...2³¹-1.
    let number: Int64
    /// What the metadata says besides its number: whose it is, and since when.
    let mark: String
    let sheet: Int
    let header: SheetHeader
    /// Whether the header is to be written too.
    let writesHeader: Bool
    let items: [ActionItem]
    let timestamps: SheetRow.TimestampForm
    /// Metadata of earlier batches to take away.
    var done: [Int64]

    /// The metadata's number for a batch's.
    static func number(of batch: Int64) -> Int64 {
        let number = batch & Int64(Int32.max)
        return number == 0 ? 1 : number
    }

    /// How many items, from the first, one request takes.
    static func fitting(_ items: [ActionItem]) -> Int {
        var bytes = 0
        for (index, item) in items.enumerated() {
            let event = [
                item.event?.accountId ?? .absent, item.row.eventId, item.row.bucketName, item.row.matchedRuleName,
            ]
            let fields = item.row.sheetFields
            let sheet = [
                fields.eventTimestamp, fields.eventType, fields.objectName, fields.objectSize, fields.objectVersionId,
            ]
            // The syntax of the cells, and what they hold.
            bytes += 1_024 + (event + sheet).reduce(0) { $0 + escaped($1.text) }
            if bytes > largest, index > 0 { return index }
        }
        return items.count
    }

    /// The bytes that a text takes at most as a string of JSON that `JSONWriter` writes.
    private static func escaped(_ text: String) -> Int {
        let bytes = text.utf8.reduce(0) { bytes, byte in
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes + 2
            case 0x20..<0x7F: bytes + 1
            // A control, as \u001b.
            case ..<0x80: bytes + 6
            // Of a character that is escaped: two bytes as \u0085, four as two such.
            default: bytes + 3
            }
        }
        return min(bytes, 6 * longestCell)
    }

    /// The body of the request, and how many cells were cut.
    func body() -> (json: [UInt8], cut: Int) {
        var writer = JSONWriter()
        var cut = 0
        writer.syntax("{\"requests\":[")
        // First, so that there is room for what is created.
        for number in done {
            writer.syntax(
                "{\"deleteDeveloperMetadata\":{\"dataFilter\":{\"developerMetadataLookup\":{\"metadataId\":")
            writer.integer(number)
            writer.syntax("}}}},")
        }
        writer.syntax("{\"createDeveloperMetadata\":{\"developerMetadata\":{\"metadataId\":")
        writer.integer(number)
        writer.syntax(",\"metadataKey\":")
        writer.string(Self.metadataKey)
        writer.syntax(",\"metadataValue\":")
        writer.string(mark)
        writer.syntax(",\"location\":{\"spreadsheet\":true},\"visibility\":\"DOCUMENT\"}}},")
        writer.syntax("{\"appendCells\":{\"sheetId\":")
        writer.integer(sheet)
        writer.syntax(",\"rows\":[")
        if writesHeader {
            row(header.texts.map { .text($0) }, to: &writer, cut: &cut)
            if !items.isEmpty { writer.syntax(",") }
        }
        for (index, item) in items.enumerated() {
            if index > 0 { writer.syntax(",") }
            row(header.values(item, timestamps: timestamps).map(\.cell), to: &writer, cut: &cut)
        }
        writer.syntax("],\"fields\":\"userEnteredValue\"}}]}")
        return (writer.bytes, cut)
    }

    private func row(_ cells: [SheetRow.Cell], to writer: inout JSONWriter, cut: inout Int) {
        writer.syntax("{\"values\":[")
        for (index, cell) in cells.enumerated() {
            if index > 0 { writer.syntax(",") }
            switch cell {
            case .empty: writer.syntax("{}")
            case .text(""): writer.syntax("{}")
            case .number(let number) where Self.exact.contains(number):
                writer.syntax("{\"userEnteredValue\":{\"numberValue\":")
                writer.integer(number)
                writer.syntax("}}")
            case .number, .text:
                // A stringValue stays text whatever it looks like: a formula would be a formulaValue.
                writer.syntax("{\"userEnteredValue\":{\"stringValue\":")
                writer.string(Self.cut(cell.string, &cut))
                writer.syntax("}}")
            }
        }
        writer.syntax("]}")
    }

    private static func cut(_ text: String, _ count: inout Int) -> String {
        guard text.utf8.count > longestCell, text.utf16.count > longestCell else { return text }
        count += 1
        var units = 0
        return String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix { scalar in
                    units += UTF16.width(scalar)
                    return units < longestCell
                })) + "…"
    }
}
