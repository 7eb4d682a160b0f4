internal import History
internal import Notifications

/// The request that inserts rows, once: it creates developer metadata of the batch's own number in the same request.
///
/// The rows are new: whatever a person writes into the sheet at the same moment is moved down, and never overwritten.
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
    let sheet: GoogleSheetPlace.Sheet
    /// How many rows of the sheet stay above the new ones.
    let above: Int
    let header: SheetHeader
    /// Whether the header is to be written too.
    let writesHeader: Bool
    let items: [ActionItem]
    let options: SheetOptions
    /// The columns whose new cells are to be shown as dates; the others are shown as the row above.
    let dateColumns: [Int]
    /// Metadata of earlier batches to take away.
    var done: [Int64]
    /// Whether the request takes away in the end what it has written: then nothing has changed, but all of it was tried.
    var isTrial = false

    /// How many rows are inserted.
    var rows: Int { items.count + (writesHeader ? 1 : 0) }
    /// How many columns the sheet lacks for a header that is to be written.
    private var missingColumns: Int {
        writesHeader && sheet.columns > 0 ? max(0, header.texts.count - sheet.columns) : 0
    }

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
        if missingColumns > 0 {
            writer.syntax("{\"appendDimension\":{\"sheetId\":")
            writer.integer(sheet.id)
            writer.syntax(",\"dimension\":\"COLUMNS\",\"length\":")
            writer.integer(missingColumns)
            writer.syntax("}},")
        }
        writer.syntax("{\"insertDimension\":{\"range\":")
        dimension(to: &writer, "ROWS", above, above + rows)
        // The first row of data does not look like the header, but at the end of the sheet there is no row behind it.
        writer.syntax(",\"inheritFromBefore\":")
        writer.boolean(above > 1 || above > 0 && above >= sheet.rows)
        writer.syntax("}},{\"updateCells\":{\"start\":{\"sheetId\":")
        writer.integer(sheet.id)
        writer.syntax(",\"rowIndex\":")
        writer.integer(above)
        writer.syntax(",\"columnIndex\":0},\"rows\":[")
        if writesHeader {
            row(header.texts.map { .text($0) }, to: &writer, cut: &cut)
            if !items.isEmpty { writer.syntax(",") }
        }
        for (index, item) in items.enumerated() {
            if index > 0 { writer.syntax(",") }
            row(header.values(item, options).map(\.cell), to: &writer, cut: &cut)
        }
        writer.syntax("],\"fields\":\"userEnteredValue\"}}")
        dateColumns.forEach { showDates(in: $0, to: &writer) }
        if isTrial { undo(to: &writer) }
        writer.syntax("]}")
        return (writer.bytes, cut)
    }

    private func dimension(to writer: inout JSONWriter, _ name: StaticString, _ start: Int, _ end: Int) {
        writer.syntax("{\"sheetId\":")
        writer.integer(sheet.id)
        writer.syntax(",\"dimension\":\"")
        writer.syntax(name)
        writer.syntax("\",\"startIndex\":")
        writer.integer(start)
        writer.syntax(",\"endIndex\":")
        writer.integer(end)
        writer.syntax("}")
    }

    private func showDates(in column: Int, to writer: inout JSONWriter) {
        writer.syntax(",{\"repeatCell\":{\"range\":{\"sheetId\":")
        writer.integer(sheet.id)
        writer.syntax(",\"startRowIndex\":")
        writer.integer(above + (writesHeader ? 1 : 0))
        writer.syntax(",\"endRowIndex\":")
        writer.integer(above + rows)
        writer.syntax(",\"startColumnIndex\":")
        writer.integer(column)
        writer.syntax(",\"endColumnIndex\":")
        writer.integer(column + 1)
        writer.syntax(
            "},\"cell\":{\"userEnteredFormat\":{\"numberFormat\":{\"type\":\"DATE_TIME\",\"pattern\":")
        writer.string("yyyy-mm-dd hh:mm:ss.000")
        writer.syntax("}}},\"fields\":\"userEnteredFormat.numberFormat\"}}")
    }

    private func undo(to writer: inout JSONWriter) {
        writer.syntax(",{\"deleteDimension\":{\"range\":")
        dimension(to: &writer, "ROWS", above, above + rows)
        if missingColumns > 0 {
            writer.syntax("}},{\"deleteDimension\":{\"range\":")
            dimension(to: &writer, "COLUMNS", sheet.columns, sheet.columns + missingColumns)
        }
        writer.syntax("}},{\"deleteDeveloperMetadata\":{\"dataFilter\":{\"developerMetadataLookup\":{\"metadataId\":")
        writer.integer(number)
        writer.syntax("}}}}")
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
            case .date(let moment):
                // Days since 1899-12-30, which is what a sheet takes for a date.
                writer.syntax("{\"userEnteredValue\":{\"numberValue\":")
                writer.decimal(Double(moment.milliseconds) / 86_400_000 + 25_569)
                writer.syntax("}}")
            case .number(let number) where options.sizes == .number:
                writer.syntax("{\"userEnteredValue\":{\"numberValue\":")
                writer.decimal(Double(number))
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
