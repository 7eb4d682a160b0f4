internal import Foundation
internal import Outgoing
internal import Settings

/// What the kind `google-sheet` is told.
struct GoogleSheetSettings: Sendable {
    static let usualAPI = "https://sheets.googleapis.com"

    /// The id of the spreadsheet.
    var spreadsheet: String
    /// The name of the sheet in it.
    var sheet: String
    var keyFile: String
    var options = SheetOptions()
    /// Where the API is, without a slash at the end.
    var api = usualAPI
    /// Which action of which configuration it is.
    var writer: String

    /// The id in what was given: an id, or the address that a browser shows.
    static func spreadsheetID(_ text: String) -> String? {
        let text = text.trimmingCharacters(in: .whitespaces)
        var id = text[...]
        if let start = text.firstRange(of: "/spreadsheets/") {
            let path = text[start.upperBound...].prefix { $0 != "?" && $0 != "#" }
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            // Such as `d/ID/edit`, or `u/0/d/ID/edit` for who uses several accounts.
            guard let mark = parts.prefix(3).firstIndex(of: "d"), mark + 1 < parts.endIndex else { return nil }
            id = parts[mark + 1]
        }
        let isID =
            id.utf8.count >= 10
            && id.unicodeScalars.allSatisfy { scalar in
                scalar.isASCII
                    && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "-"
                        || scalar == "_")
            }
        return isID ? String(id) : nil
    }
}

extension ActionKind {
    /// Rows in Google Sheets.
    static let googleSheet = ActionKind("google-sheet") { reading, surroundings in
        let count = reading.problems.count
        let spreadsheet = reading.required(
            "spreadsheet", expected: "the spreadsheet's address in the browser, or its id")
        let sheet = reading.required("sheet", expected: "the name of the sheet, as its tab shows it, such as Sheet1")
        let keyFile = reading.secretFile("key-file", expected: "the path of the service account's key, a JSON file")
        let api = reading.text("api", expected: "the address of the Sheets API")
        let options = SheetOptions(&reading)
        var id: String?
        if let spreadsheet {
            id = GoogleSheetSettings.spreadsheetID(spreadsheet.value)
            if id == nil {
                reading.problem(
                    "“spreadsheet” of “\(reading.name)” is no spreadsheet's address or id: copy the address from the"
                        + " browser; the id stands in it between /d/ and /edit", at: spreadsheet.position)
            }
        }
        var base = GoogleSheetSettings.usualAPI
        if let api {
            do throws(WebhookURLError) {
                let url = try WebhookURL(api.value)
                if !url.isSecure, !url.isLoopback {
                    reading.problem(
                        "“api” of “\(reading.name)” is not https, and the token would be sent for all to read",
                        at: api.position)
                }
                base = String(api.value.reversed().drop { $0 == "/" }.reversed())
            } catch {
                reading.problem("“api” of “\(reading.name)”: \(error)", at: api.position)
            }
        }
        guard let id, let sheet, let keyFile, reading.problems.count == count else { return nil }
        let settings = GoogleSheetSettings(
            spreadsheet: id, sheet: sheet.value, keyFile: keyFile.value, options: options, api: base,
            writer: "\(reading.folder)\n\(reading.name)")
        return GoogleSheetAction(settings, http: surroundings.http, now: surroundings.now)
    }
}
