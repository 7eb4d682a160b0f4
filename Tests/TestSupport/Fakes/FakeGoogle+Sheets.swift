import Foundation

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
        if request.method == "POST", isWrite { return batch(request.body, id, &state, at: time) }
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
        if call.isEmpty { return Self.sheets(spreadsheet) }
        if call.hasPrefix("/values/") { return Self.values(String(call.dropFirst(8)), spreadsheet) }
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

    private func batch(_ body: [UInt8], _ id: String, _ state: inout State, at time: Int64) -> FakeReply {
        switch state.mishap() {
        case .none: return Self.apply(body, to: id, &state, at: time)
        case .lostBefore: return .lost
        case .lostAfter:
            _ = Self.apply(body, to: id, &state, at: time)
            return .lost
        case .late:
            state.late.append((id, body))
            return .lost
        case .answer(let reply): return reply
        case .answerAfter(let reply):
            _ = Self.apply(body, to: id, &state, at: time)
            return reply
        }
    }

    private static func sheets(_ spreadsheet: Spreadsheet) -> FakeReply {
        let sheets = spreadsheet.sheets.map { sheet in
            let title = (try? JSONEncoder().encode(sheet.title)).map { String(decoding: $0, as: UTF8.self) } ?? ""
            // Zeros are left out.
            let number = sheet.id == 0 ? "" : "\"sheetId\":\(sheet.id),"
            return "{\"properties\":{\(number)\"title\":\(title),\"gridProperties\":{\"rowCount\":\(sheet.gridRows)}}}"
        }
        return .json(200, "{\"sheets\":[\(sheets.joined(separator: ","))]}")
    }

    private static func values(_ path: String, _ spreadsheet: Spreadsheet) -> FakeReply {
        let range = path.removingPercentEncoding ?? ""
        let unclear = error(400, "INVALID_ARGUMENT", "Unable to parse range: \(range)")
        guard range.hasPrefix("'"), let mark = range.range(of: "'!", options: .backwards) else { return unclear }
        let name = range[range.index(after: range.startIndex)..<mark.lowerBound].replacingOccurrences(
            of: "''", with: "'")
        guard let sheet = spreadsheet.sheets.first(where: { $0.title == name }) else { return unclear }
        let ends = range[mark.upperBound...].split(separator: ":").map { part in
            (column: part.prefix { $0.isLetter }, row: Int(part.drop { $0.isLetter }) ?? 0)
        }
        guard ends.count == 2, ends[0].row >= 1, ends[1].row >= ends[0].row else { return unclear }
        guard ends[1].row <= sheet.gridRows else {
            return error(400, "INVALID_ARGUMENT", "Range (\(range)) exceeds grid limits. Max rows: \(sheet.gridRows)")
        }
        let column = ends[0].column.isEmpty ? nil : ends[0].column.utf8.reduce(0) { $0 * 26 + Int($1) - 64 } - 1
        var rows = sheet.rows.dropFirst(ends[0].row - 1).prefix(ends[1].row - ends[0].row + 1).map { row -> [String] in
            let cells = column.map { $0 < row.count ? [row[$0]] : [] } ?? row
            var texts = cells.map(text)
            while texts.last == "" { texts.removeLast() }
            return texts
        }
        while rows.last == [] { rows.removeLast() }
        guard !rows.isEmpty, let json = try? JSONEncoder().encode(rows) else {
            return .json(200, "{\"range\":\"A\",\"majorDimension\":\"ROWS\"}")
        }
        return .json(
            200, "{\"range\":\"A\",\"majorDimension\":\"ROWS\",\"values\":\(String(decoding: json, as: UTF8.self))}")
    }

    private static func text(_ cell: Cell) -> String {
        switch cell {
        case .empty: ""
        case .text(let text), .formula(let text): text
        case .number(let number): number == number.rounded() ? String(format: "%.0f", number) : "\(number)"
        }
    }

    /// Applies all requests of a batch, or none.
    static func apply(_ body: [UInt8], to id: String, _ state: inout State, at time: Int64) -> FakeReply {
        guard var spreadsheet = state.spreadsheets[id],
            let object = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any],
            let requests = object["requests"] as? [[String: [String: Any]]]
        else { return error(400, "INVALID_ARGUMENT", "Invalid JSON payload received.") }
        for (index, request) in requests.enumerated() {
            let problem: String?
            switch request.first {
            case ("createDeveloperMetadata", let content)?: problem = create(content, &spreadsheet)
            case ("deleteDeveloperMetadata", let content)?: problem = delete(content, &spreadsheet)
            case ("appendCells", let content)?: problem = append(content, &spreadsheet)
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

    private static func append(_ content: [String: Any], _ spreadsheet: inout Spreadsheet) -> String? {
        guard let id = content["sheetId"] as? Int, let index = spreadsheet.sheets.firstIndex(where: { $0.id == id })
        else { return "No grid with that id" }
        guard content["fields"] as? String == "userEnteredValue", let rows = content["rows"] as? [[String: Any]] else {
            return "appendCells is incomplete"
        }
        for row in rows {
            var cells: [Cell] = []
            for cell in row["values"] as? [[String: Any]] ?? [] {
                let value = cell["userEnteredValue"] as? [String: Any] ?? [:]
                if let text = value["stringValue"] as? String {
                    guard text.utf16.count <= 50_000 else { return "Your input contains more than 50000 characters" }
                    cells.append(.text(text))
                } else if let formula = value["formulaValue"] as? String {
                    cells.append(.formula(formula))
                } else if let number = value["numberValue"] as? Double {
                    cells.append(.number(number))
                } else {
                    cells.append(.empty)
                }
            }
            spreadsheet.sheets[index].rows.append(cells)
        }
        spreadsheet.sheets[index].gridRows = max(
            spreadsheet.sheets[index].gridRows, spreadsheet.sheets[index].rows.count)
        return nil
    }
}
