import Notifications
import Outgoing
import Synchronization
import TestSupport

@testable import Actions

/// A fake Google with one spreadsheet, a clock of its own, and actions that write there.
final class SheetStand: Sendable {
    static let id = "1AbCdEfGhIjKlMnOpQrStUvWxYz"

    let folder: TemporaryFolder
    let google: FakeGoogle
    let keyFile: String
    let time = Clock()

    final class Clock: Sendable {
        private let milliseconds = Mutex<Int64>(1_795_452_185_000)
        var now: Int64 { milliseconds.withLock { $0 } }
        func pass(_ time: Int64) { milliseconds.withLock { $0 += time } }
    }

    init(rows: [[FakeGoogle.Cell]] = []) throws {
        folder = try TemporaryFolder()
        let sheets = [
            FakeGoogle.Sheet(id: 0, title: "Overview"), FakeGoogle.Sheet(id: 77, title: "B2's events", rows: rows),
        ]
        google = FakeGoogle([Self.id: FakeGoogle.Spreadsheet(sheets: sheets)]) { [time] in time.now }
        keyFile = try folder.write("key.json", google.keyFile())
    }

    func action(
        _ options: SheetOptions = SheetOptions(), sheet: String = "B2's events", spreadsheet: String = id,
        keyFile: String? = nil, skew: Int64 = 0, http: (any HTTPSending)? = nil
    ) -> GoogleSheetAction {
        let settings = GoogleSheetSettings(
            spreadsheet: spreadsheet, sheet: sheet, keyFile: keyFile ?? self.keyFile, options: options,
            writer: folder.path)
        let http = http ?? InProcessHTTP(["sheets.googleapis.com": google, "oauth2.googleapis.com": google])
        return GoogleSheetAction(
            settings, http: http, now: { [time] in Timestamp(milliseconds: time.now + skew) },
            wait: { [time] in time.pass(Int64($0 / .milliseconds(1))) })
    }

    /// The rows of the sheet.
    var rows: [[FakeGoogle.Cell]] { google.spreadsheet(Self.id)?.sheets[1].rows ?? [] }

    /// The names of objects in the sheet's third column, below the header.
    var names: [String] {
        rows.dropFirst().map { row in
            if row.count > 2, case .text(let name) = row[2] { name } else { "" }
        }
    }
}
