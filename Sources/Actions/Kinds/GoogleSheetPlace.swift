internal import Base
internal import Foundation
internal import History
internal import Notifications
internal import Sending

/// A sheet of a spreadsheet, as the API shows it.
struct GoogleSheetPlace: Sendable {
    let client: GoogleClient

    struct Sheet: Sendable, Hashable {
        var id: Int
        var title: String
        /// The size of the grid in rows and columns; those at the end may be empty.
        var rows: Int
        var columns: Int
        /// The number of frozen rows at the top: none of our rows is inserted between them.
        var frozen = 0
    }

    /// The end of b2watch's rows in a sheet.
    struct End: Sendable, Hashable {
        /// The last row that has anything in a column that b2watch fills, or that is frozen; 0 in an empty sheet.
        var row: Int
        /// The texts of a column's last rows, if they were read.
        var texts: [Int: String] = [:]
    }

    /// The first row, and the exchange that read it.
    struct FirstRow: Sendable {
        var header: SheetHeader
        var exchange: OutboxExchange
    }

    /// The state of a batch's metadata.
    enum Mark: Hashable {
        case ours, foreign, absent
    }

    /// The metadata of our batches.
    struct Found: Sendable {
        /// The marks, each with the time of its creation in seconds, which a person may have set to any number.
        var marks: [(number: Int64, since: Int64)]
        /// The columns that the latest batch has filled, as `SheetHeader.bits`; nil if no metadata has them.
        var latestBits: Int?
        /// Whether they are all that there are.
        var isWhole: Bool
    }

    /// The most cells that Google allows in a spreadsheet.
    private static let mostRows = 10_000_000
    /// The number of rows of a sheet that was never extended.
    private static let usualRows = 1_000

    private var settings: GoogleSheetSettings { client.settings }

    /// Returns the sheet for the rows.
    func sheet() throws(GoogleProblem) -> Sheet {
        struct Content: Decodable {
            struct Item: Decodable {
                struct Properties: Decodable {
                    struct Grid: Decodable {
                        var rowCount: Int?
                        var columnCount: Int?
                        var frozenRowCount: Int?
                    }
                    var sheetId: Int?
                    var title: String
                    var gridProperties: Grid?
                }
                var properties: Properties
            }
            var sheets: [Item]
        }
        let answer = try client.read(
            "GET", "?fields=sheets.properties(sheetId,title,gridProperties(rowCount,columnCount,frozenRowCount))")
        let sheets = try read(Content.self, answer).sheets.map { item in
            // The API leaves out zeros.
            let grid = item.properties.gridProperties
            func bounded(_ count: Int?) -> Int { min(max(0, count ?? 0), Self.mostRows) }
            return Sheet(
                id: item.properties.sheetId ?? 0, title: item.properties.title,
                rows: bounded(grid?.rowCount ?? Self.usualRows),
                columns: bounded(grid?.columnCount), frozen: bounded(grid?.frozenRowCount))
        }
        if let sheet = sheets.first(where: { $0.title == settings.sheet }) { return sheet }
        let names = sheets.prefix(20).map { "“\($0.title)”" }.joined(separator: ", ")
        throw GoogleProblem(
            .lasting, "the spreadsheet has no sheet “\(settings.sheet)”: there are \(names)"
        ).with(answer.exchange)
    }

    func firstRow() throws(GoogleProblem) -> FirstRow {
        let answer = try client.read("GET", path(of: "1:1"))
        return FirstRow(header: SheetHeader(try values(answer).first ?? []), exchange: answer.exchange)
    }

    /// Checks that a sheet whose first row is empty is entirely empty: otherwise rows, and their header, would be below
    /// other contents.
    func checkEmpty(_ sheet: Sheet) throws(GoogleProblem) {
        let answer: GoogleAnswer
        do throws(GoogleProblem) {
            answer = try client.read("GET", path(of: "1:\(sheet.rows > 0 ? sheet.rows : Self.usualRows)"))
        } catch {
            // The sheet now has fewer rows, so nothing can be below.
            if error.kind == .refused { return }
            throw error
        }
        if !answer.answer.isCut, try values(answer).joined().allSatisfy(\.isEmpty) { return }
        throw GoogleProblem(
            .lasting,
            "row 1 of “\(settings.sheet)” is empty, but rows below it are not: write"
                + " \(SheetRow.headers.joined(separator: ", ")) into row 1, a cell each, or name an empty sheet"
        ).with(answer.exchange)
    }

    /// An answer is read up to a length, so it is to be short.
    private static let short = "prettyPrint=false"

    private func path(of range: String) -> String { "/values/\(encoded(range))?\(Self.short)" }

    private func encoded(_ range: String) -> String {
        ("'" + settings.sheet.replacingOccurrences(of: "'", with: "''") + "'!" + range).percentEncoded
    }

    /// Cells of a range as text: rows, without the empty cells at their ends.
    private struct Values: Decodable {
        private struct Cell: Decodable {
            let text: String

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let text = try? container.decode(String.self) {
                    self.text = text
                } else {
                    text = (try? container.decode(Double.self)).map { "\($0)" } ?? ""
                }
            }
        }

        let rows: [[String]]

        private enum Key: CodingKey { case values }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: Key.self).decodeIfPresent([[Cell]].self, forKey: .values)
            rows = (values ?? []).map { $0.map(\.text) }
        }
    }

    private func values(_ answer: GoogleAnswer) throws(GoogleProblem) -> [[String]] {
        try read(Values.self, answer).rows
    }

    // MARK: - Where the rows end

    /// Reads row 1 again, and the rows from the last one of b2watch on: one request.
    ///
    /// - Parameters:
    ///   - header: The previous row 1.
    ///   - end: The previous end.
    /// - Returns: Nil for the end if it must be searched: row 1 has changed, or a person has removed rows.
    func again(
        _ header: SheetHeader, _ end: End, in sheet: Sheet
    ) throws(GoogleProblem) -> (row: FirstRow, end: End?) {
        let from = max(2, end.row)
        let tail = from <= sheet.rows ? ranges(of: header, from: from) : []
        let answer = try client.read("GET", batchPath(["1:1"] + tail))
        if answer.answer.isCut {
            // The last row is long, or there are many cells below it.
            let row = try firstRow()
            guard row.header.texts == header.texts else { return (row, nil) }
            return (row, try self.end(of: header, in: sheet, from: from))
        }
        let found = try ranged(answer)
        let row = FirstRow(header: SheetHeader(found.first?.first ?? []), exchange: answer.exchange)
        guard row.header.texts == header.texts else { return (row, nil) }
        let last = Self.end(of: Array(found.dropFirst()), header, from: from)
        return (row, last ?? (end.row <= max(1, sheet.frozen) ? end : nil))
    }

    /// Looks for the last row that has anything in a column of the header. In a long sheet that takes some steps: each
    /// asks for all rows from one on, and an answer that is too long proves that there are more.
    ///
    /// - Parameter from: A row that has something, or that has something below it.
    /// - Returns: At least row 1, and the frozen rows.
    func end(of header: SheetHeader, in sheet: Sheet, from: Int = 1) throws(GoogleProblem) -> End {
        var end = End(row: from)
        // There is something in `low` or below it, and nothing below `high`.
        var low = from
        var high = sheet.rows
        var next = from + 1
        var isFirst = true
        while low < high {
            let answer = try client.read("GET", batchPath(ranges(of: header, from: next)))
            if answer.answer.isCut {
                low = next
            } else if let found = Self.end(of: try ranged(answer), header, from: next) {
                end = found
                low = found.row
                high = found.row
            } else {
                high = next - 1
            }
            // Most sheets end shortly after their data.
            next = isFirst && high - 200 > low ? high - 200 : (low + high + 1) / 2
            isFirst = false
        }
        end.row = max(low, sheet.frozen)
        return end
    }

    /// Looks for columns that b2watch does not fill and that have contents below its last row.
    ///
    /// - Returns: A warning about it; otherwise nil.
    func fillWarning(_ header: SheetHeader, in sheet: Sheet, below end: End) throws(GoogleProblem) -> String? {
        guard end.row < sheet.rows, sheet.columns > 0 else { return nil }
        let range = "A\(end.row + 1):\(Self.columnName(sheet.columns - 1))"
        let answer = try client.read("GET", path(of: range))
        let advice =
            "b2watch inserts its rows above that, and what is filled there moves down; in new rows only a formula in the"
            + " heading that fills its whole column, as ARRAYFORMULA does, has values"
        guard !answer.answer.isCut else {
            return "columns of “\(settings.sheet)” are filled far below b2watch's last row, \(end.row): \(advice)"
        }
        var last: (column: Int, row: Int)?
        for (index, row) in try values(answer).enumerated() {
            guard let column = row.indices.last(where: { !row[$0].isEmpty }) else { continue }
            last = (column, end.row + 1 + index)
        }
        guard let last else { return nil }
        let heading = header.texts.indices.contains(last.column) ? header.texts[last.column] : ""
        let name = Self.columnName(last.column) + (heading.isEmpty ? "" : " (“\(heading)”)")
        return "column \(name) of “\(settings.sheet)” is filled down to row \(last.row), and b2watch's last row is"
            + " \(end.row): \(advice)"
    }

    /// Returns ranges such as `A12:C`: open, so that rows that a person adds at the end are included.
    private func ranges(of header: SheetHeader, from row: Int) -> [String] {
        header.filledRanges.map { "\(Self.columnName($0.lowerBound))\(row):\(Self.columnName($0.upperBound))" }
    }

    private func batchPath(_ ranges: [String]) -> String {
        "/values:batchGet?\(Self.short)" + ranges.map { "&ranges=\(encoded($0))" }.joined()
    }

    private func ranged(_ answer: GoogleAnswer) throws(GoogleProblem) -> [[[String]]] {
        struct Content: Decodable { var valueRanges: [Values]? }
        return (try read(Content.self, answer).valueRanges ?? []).map(\.rows)
    }

    /// Returns the end found in the values of the filled ranges.
    ///
    /// - Parameter row: The row in which they begin.
    private static func end(of found: [[[String]]], _ header: SheetHeader, from row: Int) -> End? {
        var end: End?
        for (columns, rows) in zip(header.filledRanges, found) {
            for (index, cells) in rows.enumerated() {
                for (offset, text) in cells.enumerated() where !text.isEmpty {
                    end = End(row: max(end?.row ?? 0, row + index), texts: end?.texts ?? [:])
                    end?.texts[columns.lowerBound + offset] = text
                }
            }
        }
        return end
    }

    // MARK: - Marks

    /// Finds out whether a batch's metadata exists: then the batch was applied.
    func mark(
        _ number: Int64, whose writer: GoogleWriter
    ) throws(GoogleProblem) -> (mark: Mark, exchange: OutboxExchange?) {
        struct Content: Decodable {
            var metadataValue: String?
        }
        do throws(GoogleProblem) {
            let answer = try client.read("GET", "/developerMetadata/\(number)")
            let words = try read(Content.self, answer).metadataValue?.split(separator: " ") ?? []
            let isOurs = words.count > 1 && writer.isNamed(words[0])
            return (isOurs ? .ours : .foreign, answer.exchange)
        } catch {
            guard error.status == 404 else { throw error }
            return (.absent, error.exchange)
        }
    }

    /// Finds the metadata of our batches.
    func marks(of writer: GoogleWriter) throws(GoogleProblem) -> Found {
        struct Content: Decodable {
            struct Match: Decodable {
                struct Metadata: Decodable {
                    var metadataId: Int64
                    var metadataValue: String?
                }
                var developerMetadata: Metadata
            }
            var matchedDeveloperMetadata: [Match]?
        }
        let body =
            "{\"dataFilters\":[{\"developerMetadataLookup\":{\"metadataKey\":\"\(GoogleBatch.metadataKey)\"}}]}"
        // The answer has no pages, so it is to be short.
        let fields = "fields=matchedDeveloperMetadata.developerMetadata(metadataId,metadataValue)&prettyPrint=false"
        let found = try client.read("POST", "/developerMetadata:search?\(fields)", body: Array(body.utf8))
        var answer = found.answer
        let isWhole = !answer.isCut
        if answer.isCut, let end = Data(answer.body).range(of: Data("}}".utf8), options: .backwards) {
            // The complete ones are enough: when they are removed, the others are found.
            answer.body = answer.body[..<end.upperBound] + Array("]}".utf8)
            answer.isCut = false
        }
        let whole = GoogleAnswer(answer: answer, exchange: found.exchange)
        var latest: (since: Int64, bits: Int)?
        let marks = (try read(Content.self, whole).matchedDeveloperMetadata ?? []).compactMap {
            match -> (number: Int64, since: Int64)? in
            let words = (match.developerMetadata.metadataValue ?? "").split(separator: " ")
            // Marks of older versions do not contain the columns that they have filled.
            guard (2...3).contains(words.count), writer.isNamed(words[0]),
                let since = Int64(words[1], radix: GoogleBatch.radix)
            else { return nil }
            if words.count == 3, let bits = Int(words[2], radix: GoogleBatch.radix), since >= latest?.since ?? .min {
                latest = (since, bits)
            }
            return (match.developerMetadata.metadataId, since)
        }
        return Found(marks: marks, latestBits: latest?.bits, isWhole: isWhole)
    }

    private func read<Content: Decodable>(
        _ type: Content.Type, _ found: GoogleAnswer
    ) throws(GoogleProblem) -> Content {
        let answer = found.answer
        guard !answer.isCut, let content = try? JSONDecoder().decode(type, from: Data(answer.body)) else {
            throw GoogleProblem(
                .later(after: nil),
                "the answer is not as expected of Google\(answer.isCut ? ": it is too long" : ", but \(answer.summary)")",
                status: answer.status
            ).with(found.exchange)
        }
        return content
    }

    /// Returns a column's name, such as `A` for 0 and `AB` for 27.
    static func columnName(_ column: Int) -> String {
        var rest = column
        var name = ""
        repeat {
            name = String(UnicodeScalar(UInt8(65 + rest % 26))) + name
            rest = rest / 26 - 1
        } while rest >= 0
        return name
    }
}

// MARK: - Batches

/// The writer of batches, as their marks name it: an action of a configuration, unlike every other that writes into the
/// spreadsheet.
struct GoogleWriter: Sendable, Hashable, CustomStringConvertible {
    /// Twelve hex digits: the start of the identity's SHA-256.
    let description: String
    /// The name in the marks of older versions, which left out the zero before a digit. They stay ours.
    let formerName: String

    /// Creates the writer of an action.
    ///
    /// - Parameter identity: The identity of the action and its configuration.
    init(_ identity: String) {
        let start = SHA256.hash(identity.utf8).prefix(6)
        description = Hex.encode(start)
        formerName = start.map { String($0, radix: 16) }.joined()
    }

    /// Returns whether the name in a mark is this writer's.
    func isNamed(_ name: Substring) -> Bool {
        name == description || name == formerName
    }
}

/// The request that inserts rows once: it creates developer metadata with the batch's number in the same request.
///
/// The rows are new: cells that a person writes into the sheet at the same moment move down, and are never overwritten.
///
/// `spreadsheets.batchUpdate` applies all of its requests or none, and refuses metadata whose number exists. So however
/// many copies of a batch arrive, and however late, at most one of them is applied while the number is in the
/// spreadsheet. After a lost answer the batch is sent again with its old number, whatever has happened to the first
/// copy; its number is removed only when no copy of it can still be on its way (`GoogleMarks`).
struct GoogleBatch: Sendable {
    /// Short, as the mark is: a spreadsheet has room for some 30,000 characters of both.
    static let metadataKey = "b2w"
    /// Of the seconds in a mark.
    static let radix = 36
    /// The largest size of a request, in bytes: Google advises 2 MB.
    static let largest = 1_800_000
    /// The longest text of a cell, in UTF-16 units.
    static let longestCell = 50_000
    /// Integers beyond are not exact as the numbers of a sheet.
    static let exact: ClosedRange<Int64> = -(1 << 53)...(1 << 53)

    /// In 1...2³¹-1.
    let number: Int64
    /// The text of the metadata without its number: its owner and its time.
    let mark: String
    let sheet: GoogleSheetPlace.Sheet
    /// The number of rows of the sheet that stay above the new ones.
    let above: Int
    let header: SheetHeader
    /// Whether the header is to be written too.
    let writesHeader: Bool
    let items: [ActionItem]
    let options: SheetOptions
    /// The columns whose new cells are to be shown as dates; the others are shown as the row above.
    let dateColumns: [Int]
    /// The metadata of earlier batches to remove.
    var done: [Int64]
    /// Whether the request removes its own row at the end: then nothing has changed, but everything was tried.
    var isTrial = false

    /// The number of rows to insert.
    var rows: Int { items.count + (writesHeader ? 1 : 0) }
    /// The number of columns that must be added for a new header.
    private var missingColumns: Int {
        writesHeader && sheet.columns > 0 ? max(0, header.texts.count - sheet.columns) : 0
    }

    /// Returns the number of the metadata for a batch.
    static func number(of batch: Int64) -> Int64 {
        let number = batch & Int64(Int32.max)
        return number == 0 ? 1 : number
    }

    /// Returns the number of items, from the first, that fit into one request.
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
            // The syntax of the cells, and their contents.
            bytes += 1_024 + (event + sheet).reduce(0) { $0 + escaped($1.text) }
            if bytes > largest, index > 0 { return index }
        }
        return items.count
    }

    /// Returns the most bytes that a text can need as a JSON string written by `JSONWriter`.
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

    /// Returns the body of the request, and the number of cells that were cut.
    func body() -> (json: [UInt8], cut: Int) {
        var writer = JSONWriter()
        var cut = 0
        writer.syntax("{\"requests\":[")
        // First, so that there is room for the new mark.
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
        // The first row of data does not look like the header, but at the end of the sheet no row follows.
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
                // Days since 1899-12-30, a sheet's form of dates.
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

// MARK: - Marks of batches

/// The metadata of our batches in a spreadsheet, and the times when it may be removed.
///
/// Once removed, it no longer prevents a late copy of its batch from being applied. So the metadata of a batch whose
/// answer was lost stays for ten minutes, while a request is given up after half a minute. An account writes fewer than
/// 600 batches in that time, and a spreadsheet has room for that number of marks, even if every answer is lost.
struct GoogleMarks: Sendable {
    static let quarantine: Int64 = 600_000
    /// The number of marks removed with one batch.
    static let most = 20
    /// The time until the next search if one failed.
    static let pause = Duration.seconds(600)
    /// The most found marks to remember.
    private static let mostFound = 1_000

    private var held: [(number: Int64, until: Timestamp)] = []
    /// The time from which the spreadsheet is to be searched for unknown marks: those of earlier processes, and
    /// doubtful ones. Nil if all are known.
    private var search: Timestamp? = Timestamp(milliseconds: .min)

    /// Takes note of a batch that was applied.
    ///
    /// - Parameter isSure: Whether it was sent once, and answered.
    mutating func add(_ number: Int64, at time: Timestamp, isSure: Bool) {
        held.removeAll { $0.number == number }
        held.append((number, isSure ? time : Timestamp(milliseconds: time.milliseconds + Self.quarantine)))
    }

    /// Returns the marks that may be removed now.
    func free(at time: Timestamp) -> [Int64] {
        Array(held.filter { $0.until <= time }.map(\.number).prefix(Self.most))
    }

    mutating func remove(_ numbers: [Int64]) {
        held.removeAll { numbers.contains($0.number) }
    }

    /// Notes that some of these do not exist. Before any is removed, a search must find out which.
    mutating func doubt(_ numbers: [Int64], at time: Timestamp) {
        guard !numbers.isEmpty else { return }
        remove(numbers)
        search = time
    }

    /// Returns whether a search is due.
    func areMissing(at time: Timestamp) -> Bool {
        search.map { $0 <= time } ?? false
    }

    /// Notes the result of a search; nil if it has failed.
    mutating func found(_ found: GoogleSheetPlace.Found?, at time: Timestamp) {
        search = found?.isWhole == true ? nil : time + Self.pause
        for mark in found?.marks.prefix(Self.mostFound) ?? []
        where !held.contains(where: { $0.number == mark.number }) {
            // Anybody who can edit the spreadsheet may have written any number there.
            let since = min(max(mark.since, 0), time.milliseconds / 1_000)
            add(mark.number, at: Timestamp(milliseconds: since * 1_000), isSure: false)
        }
    }
}
