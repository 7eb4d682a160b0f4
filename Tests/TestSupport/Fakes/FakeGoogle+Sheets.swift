import Base
import Foundation
import Notifications

extension FakeGoogle {
    func api(_ request: FakeRequest, _ state: inout State, at time: Int64) -> FakeReply {
        let prefix = "/v4/spreadsheets/"
        guard request.path.hasPrefix(prefix) else { return Self.error(404, "NOT_FOUND", "Not found") }
        guard let header = request.value(of: "Authorization"), header.hasPrefix("Bearer "),
            let end = state.tokens[String(header.dropFirst(7))], time < end
        else {
            return Self.error(
                401, "UNAUTHENTICATED", "Request had invalid authentication credentials. Expected OAuth 2 access token."
            )
        }
        guard state.isEnabled else {
            return Self.error(
                403, "PERMISSION_DENIED",
                "Google Sheets API has not been used in project 1234 before or it is disabled.",
                details:
                    ",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"SERVICE_DISABLED\"}]"
            )
        }
        let isWrite = request.path.hasSuffix(":batchUpdate")
        let recent = (isWrite ? state.writes : state.reads).reversed().prefix { $0 > time - 60_000 }.count
        guard recent < Self.quota else {
            let kind = isWrite ? "Write" : "Read"
            return Self.error(
                429, "RESOURCE_EXHAUSTED",
                "Quota exceeded for quota metric '\(kind) requests' and limit '\(kind) requests per minute per user'")
        }
        if isWrite { state.bodies.append(String(decoding: request.body, as: UTF8.self)) }
        if isWrite { state.writes.append(time) } else { state.reads.append(time) }

        let rest = request.path.dropFirst(prefix.count)
        let id = String(rest.prefix { $0 != "/" && $0 != ":" })
        let call = String(rest.dropFirst(id.count))
        guard let spreadsheet = state.spreadsheets[id] else {
            return Self.error(404, "NOT_FOUND", "Requested entity was not found.")
        }
        guard spreadsheet.isShared else {
            return Self.error(403, "PERMISSION_DENIED", "The caller does not have permission")
        }
        guard !spreadsheet.isOffice else {
            return Self.error(400, "FAILED_PRECONDITION", "This operation is not supported for this document")
        }
        guard !isWrite || !spreadsheet.isReadOnly else {
            return Self.error(403, "PERMISSION_DENIED", "The caller does not have permission")
        }
        if request.method == "POST", isWrite { return batch(request.body, id, &state) }
        if request.method == "POST", call == "/developerMetadata:search" {
            let isShort = request.target.contains(
                "fields=matchedDeveloperMetadata.developerMetadata(metadataId,metadataValue)")
            let found = spreadsheet.metadata.sorted { $0.key < $1.key }.map { metadata in
                isShort
                    ? "{\"developerMetadata\":{\"metadataId\":\(metadata.key),\"metadataValue\":\"\(metadata.value.value)\"}}"
                    : "{\"developerMetadata\":\(Self.json(metadata))}"
            }
            return .json(200, "{\"matchedDeveloperMetadata\":[\(found.joined(separator: ","))]}")
        }
        guard request.method == "GET" else { return Self.error(404, "NOT_FOUND", "Not found") }
        if call.isEmpty || call.hasPrefix("?") { return Self.sheets(spreadsheet) }
        if call.hasPrefix("/values:batchGet") { return Self.ranges(request.target, spreadsheet) }
        if call.hasPrefix("/values/") {
            switch Self.values(String(call.dropFirst(8)).removingPercentEncoding ?? "", spreadsheet) {
            case .success(let json): return .json(200, json)
            case .failure(let problem): return problem.reply
            }
        }
        if call.hasPrefix("/developerMetadata/"), let number = Int64(call.dropFirst(19)) {
            guard let metadata = spreadsheet.metadata[number] else {
                return Self.error(404, "NOT_FOUND", "No developer metadata with ID \(number)")
            }
            return .json(200, Self.json((number, metadata)))
        }
        return Self.error(404, "NOT_FOUND", "Not found")
    }

    private static func json(_ metadata: (key: Int64, value: (key: String, value: String))) -> String {
        "{\"metadataId\":\(metadata.key),\"metadataKey\":\"\(metadata.value.key)\",\"metadataValue\":"
            + "\"\(metadata.value.value)\",\"location\":{\"locationType\":\"SPREADSHEET\",\"spreadsheet\":true},"
            + "\"visibility\":\"DOCUMENT\"}"
    }

    private func batch(_ body: [UInt8], _ id: String, _ state: inout State) -> FakeReply {
        switch state.mishap() {
        case .none: return Self.apply(body, to: id, &state)
        case .before(let change):
            if var spreadsheet = state.spreadsheets[id] {
                change(&spreadsheet)
                state.spreadsheets[id] = spreadsheet
            }
            return Self.apply(body, to: id, &state)
        case .lostBefore: return .lost
        case .lostAfter:
            _ = Self.apply(body, to: id, &state)
            return .lost
        case .late:
            state.late.append((id, body))
            return .lost
        case .answer(let reply): return reply
        case .answerAfter(let reply):
            _ = Self.apply(body, to: id, &state)
            return reply
        }
    }

    private static func sheets(_ spreadsheet: Spreadsheet) -> FakeReply {
        let sheets = spreadsheet.sheets.map { sheet in
            let title = (try? JSONEncoder().encode(sheet.title)).map { String(decoding: $0, as: UTF8.self) } ?? ""
            // Zeros are left out.
            let number = sheet.id == 0 ? "" : "\"sheetId\":\(sheet.id),"
            let frozen = sheet.frozenRows == 0 ? "" : ",\"frozenRowCount\":\(sheet.frozenRows)"
            return "{\"properties\":{\(number)\"title\":\(title),\"gridProperties\":{\"rowCount\":\(sheet.gridRows),"
                + "\"columnCount\":\(sheet.gridColumns)\(frozen)}}}"
        }
        return .json(200, "{\"sheets\":[\(sheets.joined(separator: ","))]}")
    }

    private struct Refusal: Error {
        let reply: FakeReply
    }

    private static func ranges(_ target: String, _ spreadsheet: Spreadsheet) -> FakeReply {
        var found: [String] = []
        for parameter in target.drop(while: { $0 != "?" }).dropFirst().split(separator: "&")
        where parameter != "prettyPrint=false" {
            guard parameter.hasPrefix("ranges=") else { return error(400, "INVALID_ARGUMENT", "Unknown name") }
            switch values(String(parameter.dropFirst(7)).removingPercentEncoding ?? "", spreadsheet) {
            case .success(let json): found.append(json)
            case .failure(let problem): return problem.reply
            }
        }
        return .json(200, "{\"spreadsheetId\":\"x\",\"valueRanges\":[\(found.joined(separator: ","))]}")
    }

    private static func values(_ range: String, _ spreadsheet: Spreadsheet) -> Result<String, Refusal> {
        let unclear = Result<String, Refusal>.failure(
            Refusal(reply: error(400, "INVALID_ARGUMENT", "Unable to parse range: \(range)")))
        guard range.hasPrefix("'"), let mark = range.range(of: "'!", options: .backwards) else { return unclear }
        let name = range[range.index(after: range.startIndex)..<mark.lowerBound].replacingOccurrences(
            of: "''", with: "'")
        guard let sheet = spreadsheet.sheets.first(where: { $0.title == name }) else { return unclear }
        let ends = range[mark.upperBound...].split(separator: ":").map { part in
            (column: part.prefix { $0.isLetter }, row: Int(part.drop { $0.isLetter }))
        }
        guard ends.count == 2, let first = ends[0].row, first >= 1 else { return unclear }
        let last = ends[1].row ?? sheet.gridRows
        guard first <= sheet.gridRows, last <= sheet.gridRows, ends[1].row.map({ $0 >= first }) ?? true else {
            let reply = error(
                400, "INVALID_ARGUMENT", "Range (\(range)) exceeds grid limits. Max rows: \(sheet.gridRows)")
            return .failure(Refusal(reply: reply))
        }
        func index(_ letters: Substring) -> Int { letters.utf8.reduce(0) { $0 * 26 + Int($1) - 64 } - 1 }
        let columns = ends[0].column.isEmpty ? 0...Int.max - 1 : index(ends[0].column)...index(ends[1].column)
        var rows = sheet.rows.dropFirst(first - 1).prefix(last - first + 1).map { row -> [String] in
            var texts = row.indices.filter(columns.contains).map { text(row[$0]) }
            while texts.last == "" { texts.removeLast() }
            return texts
        }
        while rows.last == [] { rows.removeLast() }
        guard !rows.isEmpty, let json = try? JSONEncoder().encode(rows) else {
            return .success("{\"range\":\"A\",\"majorDimension\":\"ROWS\"}")
        }
        return .success(
            "{\"range\":\"A\",\"majorDimension\":\"ROWS\",\"values\":\(String(decoding: json, as: UTF8.self))}")
    }

    private static func text(_ cell: Cell) -> String {
        switch cell {
        case .empty: ""
        case .text(let text), .formula(let text): text
        case .number(let number): number == number.rounded() ? String(format: "%.0f", number) : "\(number)"
        case .date(let days):
            String(
                Timestamp(milliseconds: Int64(((days - 25_569) * 86_400_000).rounded())).rfc3339.dropLast().map {
                    $0 == "T" ? " " : $0
                })
        }
    }

    /// Applies all requests of a batch, or none.
    static func apply(_ body: [UInt8], to id: String, _ state: inout State) -> FakeReply {
        guard var spreadsheet = state.spreadsheets[id],
            let object = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any],
            let requests = object["requests"] as? [[String: [String: Any]]]
        else { return error(400, "INVALID_ARGUMENT", "Invalid JSON payload received.") }
        for (index, request) in requests.enumerated() {
            let problem: String?
            switch request.first {
            case ("createDeveloperMetadata", let content)?: problem = create(content, &spreadsheet)
            case ("deleteDeveloperMetadata", let content)?: problem = delete(content, &spreadsheet)
            case ("insertDimension", let content)?: problem = insert(content, &spreadsheet)
            case ("appendDimension", let content)?: problem = widen(content, &spreadsheet)
            case ("deleteDimension", let content)?: problem = remove(content, &spreadsheet)
            case ("updateCells", let content)?: problem = update(content, &spreadsheet)
            case ("repeatCell", let content)?: problem = showDates(content, &spreadsheet)
            default: problem = "unknown request"
            }
            if let problem { return error(400, "INVALID_ARGUMENT", "Invalid requests[\(index)]: \(problem)") }
        }
        state.spreadsheets[id] = spreadsheet
        return .json(200, "{\"spreadsheetId\":\"\(id)\",\"replies\":[{}]}")
    }

    private static func create(_ content: [String: Any], _ spreadsheet: inout Spreadsheet) -> String? {
        guard let metadata = content["developerMetadata"] as? [String: Any], let id = metadata["metadataId"] as? Int64,
            (1...Int64(Int32.max)).contains(id), let key = metadata["metadataKey"] as? String,
            let value = metadata["metadataValue"] as? String, metadata["visibility"] as? String == "DOCUMENT",
            (metadata["location"] as? [String: Any])?["spreadsheet"] as? Bool == true
        else { return "createDeveloperMetadata is incomplete" }
        guard spreadsheet.metadata[id] == nil else { return "metadata with ID \(id) already exists" }
        spreadsheet.metadata[id] = (key, value)
        let length = spreadsheet.metadata.values.reduce(0) { $0 + $1.key.count + $1.value.count }
        return length > 30_000 ? "too much developer metadata" : nil
    }

    private static func delete(_ content: [String: Any], _ spreadsheet: inout Spreadsheet) -> String? {
        let lookup = (content["dataFilter"] as? [String: Any])?["developerMetadataLookup"] as? [String: Any]
        guard let id = lookup?["metadataId"] as? Int64, spreadsheet.metadata.removeValue(forKey: id) != nil else {
            return "no developer metadata matches"
        }
        return nil
    }

    // MARK: - Rows

    private static let isProtected =
        "You are trying to edit a protected cell or object. Please contact the spreadsheet owner to remove protection if you"
        + " need to edit."

    private static func index(of sheet: Any?, _ spreadsheet: Spreadsheet) -> Int? {
        spreadsheet.sheets.firstIndex { $0.id == sheet as? Int }
    }

    /// Returns the sheet, and the rows or columns of a dimension range.
    private static func range(
        _ content: [String: Any], _ spreadsheet: Spreadsheet
    ) -> (sheet: Int, isRows: Bool, indices: Range<Int>)? {
        guard let range = content["range"] as? [String: Any], let sheet = index(of: range["sheetId"], spreadsheet),
            let dimension = range["dimension"] as? String, let start = range["startIndex"] as? Int,
            let end = range["endIndex"] as? Int, start >= 0, end > start
        else { return nil }
        return (sheet, dimension == "ROWS", start..<end)
    }

    private static func insert(_ content: [String: Any], _ spreadsheet: inout Spreadsheet) -> String? {
        guard let (index, isRows, indices) = range(content, spreadsheet), isRows else { return "No grid with that id" }
        var sheet = spreadsheet.sheets[index]
        let inherits = content["inheritFromBefore"] as? Bool ?? false
        guard indices.lowerBound <= sheet.gridRows else {
            return "range.startIndex is larger than current grid size (\(sheet.gridRows))"
        }
        guard inherits || indices.lowerBound < sheet.gridRows else {
            return "range.startIndex must be less than the grid size (\(sheet.gridRows)) if inheritFromBefore is false."
        }
        guard !inherits || indices.lowerBound > 0 else { return "cannot inherit from before the first row" }
        if let rows = sheet.protected?.rows, rows.lowerBound < indices.lowerBound, indices.lowerBound < rows.upperBound
        {
            return isProtected
        }
        while sheet.rows.count < indices.lowerBound { sheet.rows.append([]) }
        sheet.rows.insert(contentsOf: indices.map { _ in [] }, at: indices.lowerBound)
        while sheet.rows.last?.isEmpty == true { sheet.rows.removeLast() }
        sheet.gridRows += indices.count
        spreadsheet.sheets[index] = sheet
        guard spreadsheet.sheets.reduce(0, { $0 + $1.gridRows * $1.gridColumns }) <= 10_000_000 else {
            return "This action would increase the number of cells in the workbook above the limit of 10000000 cells."
        }
        return nil
    }

    private static func widen(_ content: [String: Any], _ spreadsheet: inout Spreadsheet) -> String? {
        guard let index = index(of: content["sheetId"], spreadsheet), content["dimension"] as? String == "COLUMNS",
            let length = content["length"] as? Int, length > 0
        else { return "appendDimension is incomplete" }
        spreadsheet.sheets[index].gridColumns += length
        return nil
    }

    private static func remove(_ content: [String: Any], _ spreadsheet: inout Spreadsheet) -> String? {
        guard let (index, isRows, indices) = range(content, spreadsheet) else { return "No grid with that id" }
        if isRows {
            guard indices.upperBound <= spreadsheet.sheets[index].gridRows else { return "exceeds grid limits" }
            let rows = spreadsheet.sheets[index].rows.count
            spreadsheet.sheets[index].rows.removeSubrange(min(indices.lowerBound, rows)..<min(indices.upperBound, rows))
            spreadsheet.sheets[index].gridRows -= indices.count
        } else {
            guard indices.upperBound == spreadsheet.sheets[index].gridColumns else { return "exceeds grid limits" }
            spreadsheet.sheets[index].gridColumns -= indices.count
        }
        return nil
    }

    private static func update(_ content: [String: Any], _ spreadsheet: inout Spreadsheet) -> String? {
        guard let start = content["start"] as? [String: Any], let index = index(of: start["sheetId"], spreadsheet),
            let first = start["rowIndex"] as? Int, start["columnIndex"] as? Int == 0,
            content["fields"] as? String == "userEnteredValue", let rows = content["rows"] as? [[String: Any]]
        else { return "updateCells is incomplete" }
        var sheet = spreadsheet.sheets[index]
        for (number, row) in rows.enumerated() {
            var cells: [Cell] = []
            for cell in row["values"] as? [[String: Any]] ?? [] {
                let value = cell["userEnteredValue"] as? [String: Any] ?? [:]
                if let text = value["stringValue"] as? String {
                    guard text.utf16.count <= 50_000 else { return "Your input contains more than 50000 characters" }
                    cells.append(.text(text))
                } else if let formula = value["formulaValue"] as? String {
                    cells.append(.formula(formula))
                } else if let value = value["numberValue"] as? Double {
                    // A new row has the format of the one above.
                    let above =
                        first + number > 0 && first + number <= sheet.rows.count ? sheet.rows[first + number - 1] : []
                    if above.indices.contains(cells.count), case .date = above[cells.count] {
                        cells.append(.date(value))
                    } else {
                        cells.append(.number(value))
                    }
                } else {
                    cells.append(.empty)
                }
            }
            guard cells.count <= sheet.gridColumns, first + number < sheet.gridRows else {
                return "Attempting to write beyond the grid"
            }
            if let area = sheet.protected, area.rows.contains(first + number),
                area.columns.overlaps(0..<cells.count)
            {
                return isProtected
            }
            while sheet.rows.count <= first + number { sheet.rows.append([]) }
            let old = sheet.rows[first + number]
            sheet.rows[first + number] = cells + old.dropFirst(cells.count)
        }
        spreadsheet.sheets[index] = sheet
        return nil
    }

    private static func showDates(_ content: [String: Any], _ spreadsheet: inout Spreadsheet) -> String? {
        guard let range = content["range"] as? [String: Any], let index = index(of: range["sheetId"], spreadsheet),
            let top = range["startRowIndex"] as? Int, let bottom = range["endRowIndex"] as? Int,
            let column = range["startColumnIndex"] as? Int, range["endColumnIndex"] as? Int == column + 1,
            content["fields"] as? String == "userEnteredFormat.numberFormat"
        else { return "repeatCell is incomplete" }
        for row in top..<bottom {
            if case .number(let number) = spreadsheet.sheets[index].rows[row][column] {
                spreadsheet.sheets[index].rows[row][column] = .date(number)
            }
        }
        return nil
    }
}
