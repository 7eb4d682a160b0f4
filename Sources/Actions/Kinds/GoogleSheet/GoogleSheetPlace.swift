internal import Foundation
internal import History
internal import Notifications
internal import Outgoing

/// A sheet of a spreadsheet, as the API shows it.
struct GoogleSheetPlace: Sendable {
    let client: GoogleClient

    struct Sheet: Sendable, Hashable {
        var id: Int
        var title: String
        /// How many rows the grid has; those at the end may be empty.
        var rows: Int
    }

    /// The first row, and what is kept of reading it.
    struct FirstRow: Sendable {
        var header: SheetHeader
        var exchange: OutboxExchange
    }

    /// What is known of a batch's metadata.
    enum Mark: Hashable {
        case ours, foreign, absent
    }

    /// The metadata of our batches.
    struct Found: Sendable {
        /// Each with the seconds since when it is there, as somebody has written it: any number.
        var marks: [(number: Int64, since: Int64)]
        /// Whether they are all that there are.
        var isWhole: Bool
    }

    /// What Google allows a spreadsheet, in cells.
    private static let mostRows = 10_000_000
    /// The rows of a sheet that nobody has made longer.
    private static let usualRows = 1_000

    private var settings: GoogleSheetSettings { client.settings }

    /// The sheet that the rows go to.
    func sheet() throws(GoogleProblem) -> Sheet {
        struct Content: Decodable {
            struct Item: Decodable {
                struct Properties: Decodable {
                    struct Grid: Decodable { var rowCount: Int? }
                    var sheetId: Int?
                    var title: String
                    var gridProperties: Grid?
                }
                var properties: Properties
            }
            var sheets: [Item]
        }
        let answer = try client.read(
            "GET", "?fields=sheets.properties(sheetId,title,gridProperties.rowCount)")
        let sheets = try read(Content.self, answer).sheets.map { item in
            // The API leaves out zeros.
            Sheet(
                id: item.properties.sheetId ?? 0, title: item.properties.title,
                rows: min(max(0, item.properties.gridProperties?.rowCount ?? 0), Self.mostRows))
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

    /// Makes sure that a sheet whose first row is empty is empty as a whole: else rows, and their header, would stand below
    /// something.
    func checkEmpty(_ sheet: Sheet) throws(GoogleProblem) {
        let answer: GoogleAnswer
        do throws(GoogleProblem) {
            answer = try client.read("GET", path(of: "1:\(sheet.rows > 0 ? sheet.rows : Self.usualRows)"))
        } catch {
            // It has fewer rows by now: whoever takes rows away has none to lose.
            if error.kind == .refused { return }
            throw error
        }
        if !answer.answer.isCut, try values(answer).joined().allSatisfy(\.isEmpty) { return }
        throw GoogleProblem(
            .lasting,
            "row 1 of “\(settings.sheet)” is empty, and something stands below: write"
                + " \(SheetRow.headers.joined(separator: ", ")) into row 1, a cell each, or name an empty sheet"
        ).with(answer.exchange)
    }

    private func path(of range: String) -> String {
        let name = "'" + settings.sheet.replacingOccurrences(of: "'", with: "''") + "'!" + range
        return "/values/\(name.percentEncoded)"
    }

    /// Cells as text: rows, of which what is empty at the end is left out.
    private func values(_ answer: GoogleAnswer) throws(GoogleProblem) -> [[String]] {
        enum Cell: Decodable {
            case text(String)
            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let text = try? container.decode(String.self) {
                    self = .text(text)
                } else if let number = try? container.decode(Double.self) {
                    self = .text("\(number)")
                } else {
                    self = .text("")
                }
            }
        }
        struct Content: Decodable { var values: [[Cell]]? }
        return (try read(Content.self, answer).values ?? []).map { row in
            row.map { cell in
                switch cell {
                case .text(let text): text
                }
            }
        }
    }

    /// Whether a batch's metadata is there: then the batch was applied.
    func mark(
        _ number: Int64, whose writer: String
    ) throws(GoogleProblem) -> (mark: Mark, exchange: OutboxExchange?) {
        struct Content: Decodable {
            var metadataValue: String?
        }
        do throws(GoogleProblem) {
            let answer = try client.read("GET", "/developerMetadata/\(number)")
            let isOurs = try read(Content.self, answer).metadataValue?.hasPrefix(writer + " ") ?? false
            return (isOurs ? .ours : .foreign, answer.exchange)
        } catch {
            guard error.status == 404 else { throw error }
            return (.absent, error.exchange)
        }
    }

    /// The text in the last row of a column; nil where there is none. It is found in a few steps, and in a very long
    /// sheet may be one of the last.
    ///
    /// - Parameter rows: How many the grid has: the rows at its end may be empty.
    func lastText(column: Int, rows: Int) throws(GoogleProblem) -> String? {
        let block = 100
        let name = Self.columnName(column)
        guard rows >= 2 else { return nil }
        var last: String?
        var low = 0
        var high = (rows - 2) / block
        var middle = high
        for _ in 0..<8 where low <= high {
            let start = 2 + middle * block
            let range = "\(name)\(start):\(name)\(min(rows, start + block - 1))"
            let cells = try values(try client.read("GET", path(of: range))).compactMap(\.first)
            if let text = cells.last(where: { !$0.isEmpty }) {
                last = text
                low = middle + 1
            } else {
                high = middle - 1
            }
            middle = (low + high) / 2
        }
        return last
    }

    /// Looks for the metadata of our batches.
    func marks(of writer: String) throws(GoogleProblem) -> Found {
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
            // Those that are there whole will do: when they are gone the others are found.
            answer.body = answer.body[..<end.upperBound] + Array("]}".utf8)
            answer.isCut = false
        }
        let whole = GoogleAnswer(answer: answer, exchange: found.exchange)
        let marks = (try read(Content.self, whole).matchedDeveloperMetadata ?? []).compactMap {
            match -> (number: Int64, since: Int64)? in
            let words = (match.developerMetadata.metadataValue ?? "").split(separator: " ")
            guard words.count == 2, words[0] == writer, let since = Int64(words[1], radix: GoogleBatch.radix) else {
                return nil
            }
            return (match.developerMetadata.metadataId, since)
        }
        return Found(marks: marks, isWhole: isWhole)
    }

    private func read<Content: Decodable>(
        _ type: Content.Type, _ found: GoogleAnswer
    ) throws(GoogleProblem) -> Content {
        let answer = found.answer
        guard !answer.isCut, let content = try? JSONDecoder().decode(type, from: Data(answer.body)) else {
            throw GoogleProblem(
                .later(after: nil), "Google's answer is not as expected\(answer.isCut ? ": it is too long" : "")",
                status: answer.status
            ).with(found.exchange)
        }
        return content
    }

    /// Such as `A` for 0 and `AB` for 27.
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
