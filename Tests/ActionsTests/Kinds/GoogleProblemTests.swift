import Base
import Foundation
import History
import Notifications
import Sending
import Settings
import Testing
import TestSupport

@testable import Actions

@Suite("Refusals by Google")
struct GoogleProblemTests {
    private func reason(_ action: GoogleSheetAction) -> String {
        switch action.perform([.numbered(1)], batch: 1).outcomes[0] {
        case .dead(let reason): "dead: \(reason)"
        case .hold(let reason, _): "hold: \(reason)"
        case .retry(let reason, let wait, let scope): "retry \(wait.map { "\($0)" } ?? "-") \(scope): \(reason)"
        case .unknown(let reason, _): "unknown: \(reason)"
        case .again(let reason): "again: \(reason)"
        case .uncertain(let reason): "uncertain: \(reason)"
        case .done: "done"
        }
    }

    @Test("are reported with a remedy")
    func usual() throws {
        let stand = try SheetStand()
        #expect(
            reason(stand.action(sheet: "Sheet1")).hasPrefix(
                "hold: the spreadsheet has no sheet “Sheet1”: there are “Overview”, “B2's events”"))
        #expect(
            reason(stand.action(spreadsheet: "1NoSuchSpreadsheet")).hasPrefix(
                "hold: no spreadsheet has the id 1NoSuchSpreadsheet"))
        stand.google.change(SheetStand.id) { $0.sheets[0].rows = [[.text("Something"), .text("else")]] }
        #expect(
            reason(stand.action(sheet: "Overview")).hasPrefix("hold: row 1 of “Overview” has none of b2watch's headers")
        )
        stand.google.change(SheetStand.id) { $0.isShared = false }
        #expect(
            reason(stand.action()).contains("hold: the spreadsheet is not shared with \(FakeGoogle.account): share it"))
        stand.google.disable()
        #expect(reason(stand.action()).hasPrefix("hold: the Google Sheets API is not enabled"))
        #expect(stand.rows.isEmpty)
    }

    @Test("show the refused request and its answer")
    func shown() throws {
        let stand = try SheetStand()
        stand.google.change(SheetStand.id) { $0.isShared = false }
        let refused = try #require(stand.action().perform([.numbered(1)], batch: 1).exchange)
        let asked = String(decoding: refused.request, as: UTF8.self)
        #expect(asked.hasPrefix("GET https://sheets.googleapis.com/v4/spreadsheets/\(SheetStand.id)"))
        #expect(asked.contains("\nAuthorization: •••\n") && !asked.contains("ya29"))
        #expect(refused.outcome == "403 Forbidden")
        #expect(String(decoding: refused.answer, as: UTF8.self).contains("The caller does not have permission"))
        stand.google.change(SheetStand.id) { $0.isShared = true }
        let missing = try #require(stand.action(sheet: "Sheet1").perform([.numbered(1)], batch: 1).exchange)
        #expect(String(decoding: missing.answer, as: UTF8.self).contains("Overview"))

        let key = stand.google.keyFile().replacingOccurrences(of: FakeGoogle.account, with: "gone@sample.iam")
        let gone = stand.action(keyFile: try stand.folder.write("gone.json", key))
        let token = try #require(gone.perform([.numbered(1)], batch: 1).exchange)
        let form = String(decoding: token.request, as: UTF8.self)
        #expect(form.hasPrefix("POST https://oauth2.googleapis.com/token HTTP/1.1\n"))
        #expect(form.hasSuffix("&assertion=•••"))
        #expect(String(decoding: token.answer, as: UTF8.self).contains("account not found"))
    }

    @Test("show it next to the request if Google wrote other values than it was sent")
    func found() throws {
        let stand = try SheetStand()
        stand.google.onBatch { .lostAfter }
        let sent = try #require(stand.action().perform([.numbered(1)], batch: 1).exchange)
        #expect(sent.outcome == "no answer: the rows were found written")
        #expect(String(decoding: sent.request, as: UTF8.self).contains(":batchUpdate HTTP/1.1\n"))
        let asked = try #require(stand.action().recover([.numbered(1)], batch: 1).exchange)
        #expect(asked.outcome == "200 OK: the rows were found written")
        #expect(String(decoding: asked.request, as: UTF8.self).contains("/developerMetadata/1 HTTP/1.1\n"))
    }

    @Test("because of a concurrent change lead to another attempt under the same number")
    func aborted() throws {
        let stand = try SheetStand()
        let first = Once()
        stand.google.onBatch {
            first.isFirst ? .answer(.json(409, "{\"error\":{\"message\":\"m\",\"status\":\"ABORTED\"}}")) : .none
        }
        #expect(reason(stand.action()) == "done")
        #expect(stand.names == ["photos/1.jpg"])
    }

    @Test("for the moment are followed by the requested pause")
    func later() throws {
        let stand = try SheetStand()
        stand.google.onBatch {
            .answer(.answer(status: 429, headers: [("Retry-After", "17")], body: Array("{}".utf8)))
        }
        #expect(reason(stand.action()).hasPrefix("retry 17.0 seconds action: Google's quota"))
        let date = FakeGoogle.date(stand.time.now + 40_000)
        stand.google.onBatch { .answer(.answer(status: 429, headers: [("Retry-After", date)], body: [])) }
        guard case .retry(_, let wait?, .action) = stand.action().perform([.numbered(1)], batch: 1).outcomes[0] else {
            Issue.record("a date was accepted as a time to wait")
            return
        }
        #expect(wait > .seconds(35) && wait <= .seconds(40))
        #expect(stand.rows.isEmpty)
    }

    @Test("did not happen if b2watch ended before anything was sent")
    func ended() throws {
        struct Ended: HTTPSending {
            func send(_ request: OutgoingRequest, within limit: Duration) throws(OutgoingFailure) -> OutgoingAnswer {
                throw .cancelled
            }
        }
        let stand = try SheetStand()
        #expect(reason(stand.action(http: Ended())) == "retry - action: b2watch is ending")
    }

    @Test("of a token are explained by the clock or by the key")
    func tokens() throws {
        let stand = try SheetStand()
        #expect(
            reason(stand.action(skew: 7_200_000)).contains(
                "the clock of this machine differs from Google's by 7200 seconds (it is ahead)"))
        #expect(reason(stand.action(skew: -7_200_000)).contains("(it is behind)"))
        let key = stand.google.keyFile().replacingOccurrences(of: FakeGoogle.account, with: "gone@sample.iam")
        let gone = try stand.folder.write("gone.json", key)
        #expect(reason(stand.action(keyFile: gone)).hasPrefix("hold: Google gives gone@sample.iam no token"))
        let bad = try stand.folder.write("bad.json", "{\"type\":\"authorized_user\"}")
        #expect(reason(stand.action(keyFile: bad)).contains("lacks a part of a login"))
        #expect(reason(stand.action(keyFile: stand.folder.file("none.json"))).contains("is missing"))
        let plain = stand.google.keyFile().replacingOccurrences(of: "https:", with: "http:")
        let open = try stand.folder.write("open.json", plain)
        #expect(reason(stand.action(keyFile: open)).contains("is not https"))
        #expect(stand.rows.isEmpty && stand.google.tokensGiven == 0)
    }

    @Test("of a token are distinguished from answers of other servers")
    func portal() throws {
        struct Portal: HTTPSending {
            func send(_ request: OutgoingRequest, within limit: Duration) throws(OutgoingFailure) -> OutgoingAnswer {
                OutgoingAnswer(status: 302, headers: [OutgoingField("Location", "https://login.example/")])
            }
        }
        let stand = try SheetStand()
        let text = reason(stand.action(http: Portal()))
        #expect(
            text.hasPrefix(
                "retry - action: oauth2.googleapis.com answered 302 Found, without a body, which is not an answer of Google's"
            ))
    }

    @Test("of one account are not reported for another, after the key file was replaced")
    func replacedKey() throws {
        let stand = try SheetStand()
        let action = stand.action()
        #expect(reason(action) == "done")
        let other = stand.google.keyFile().replacingOccurrences(of: FakeGoogle.account, with: "other@sample.iam")
        _ = try stand.folder.write("key.json", other)
        // The fake does not know this account, which shows that its token was requested.
        #expect(reason(action).hasPrefix("hold: Google gives other@sample.iam no token"))
        let renewed = stand.google.keyFile().replacingOccurrences(of: "0123456789abcdef", with: "fedcba9876543210")
        _ = try stand.folder.write("key.json", renewed)
        #expect(action.perform([.numbered(2)], batch: 2).outcomes == [.done])
        #expect(stand.google.tokensGiven == 2)
    }

    @Test("of a token that has expired or is no longer accepted renew the token")
    func renewal() throws {
        let stand = try SheetStand()
        let action = stand.action()
        #expect(reason(action) == "done")
        stand.google.forgetTokens()
        #expect(action.perform([.numbered(2)], batch: 2).outcomes == [.done])
        #expect(stand.google.tokensGiven == 2)
        stand.time.pass(3_250_000)
        #expect(action.perform([.numbered(3)], batch: 3).outcomes == [.done])
        #expect(stand.google.tokensGiven == 2)
        stand.time.pass(100_000)
        #expect(action.perform([.numbered(4)], batch: 4).outcomes == [.done])
        #expect(stand.google.tokensGiven == 3 && stand.names.count == 4)
    }

    /// Makes a change, and expects the same result from a test and from an event, and nothing written.
    private func refusal(
        _ expected: String, _ body: (inout FakeGoogle.Spreadsheet) -> Void
    ) throws {
        let header = SheetRow.headers.map { FakeGoogle.Cell.text($0) }
        let stand = try SheetStand(rows: [header, [.text("old")]])
        stand.google.change(SheetStand.id, body)
        let error = #expect(throws: GoogleProblem.self) { try stand.action().test(.numbered(1)) }
        #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
        #expect(reason(stand.action()).contains(expected))
        #expect(stand.rows.count == 2 && stand.google.spreadsheet(SheetStand.id)?.metadata.isEmpty == true)
        for raw in ["The caller", "You are trying", "This action", "This operation"] {
            #expect(error?.description.contains(raw) == false)
        }
    }

    @Test("to write to a readable sheet are found by a test, with the remedy")
    func unwritable() throws {
        try refusal("can read the spreadsheet and not change it: share it with that address as an editor") {
            $0.isReadOnly = true
        }
        try refusal("that b2watch has to write are protected: under Data, Protect sheets and ranges, let") {
            $0.sheets[1].protected = (0..<1_000, 0..<1)
        }
        try refusal("10 million cells are the most that Google allows") {
            $0.sheets[0].gridRows = 10_000_000 / 26 - 1_000
        }
        try refusal("an Office file: open it in Google Sheets") { $0.isOffice = true }
    }

    @Test("are found by tests that change nothing")
    func tried() throws {
        for rows in [[], [SheetRow.headers.map { FakeGoogle.Cell.text($0) }, [.text("old")]]] {
            let stand = try SheetStand(rows: rows)
            stand.google.change(SheetStand.id) { $0.sheets[1].gridColumns = 5 }
            let options = SheetOptions(columns: SheetColumn.more)
            let said = try stand.action(options).test(.numbered(1))
            #expect(said.hasPrefix("\(FakeGoogle.account) can write into “B2's events”"))
            #expect(said.hasSuffix("a row was written and taken away again in one request; nothing has changed"))
            let spreadsheet = try #require(stand.google.spreadsheet(SheetStand.id))
            #expect(stand.rows == rows && spreadsheet.metadata.isEmpty && stand.google.writes.count == 1)
            #expect(spreadsheet.sheets[1].gridRows == 1_000 && spreadsheet.sheets[1].gridColumns == 5)
        }
    }

    @Test("are distinguished from answers of other servers, which are described")
    func stranger() throws {
        struct Stranger: HTTPSending {
            let google: InProcessHTTP
            func send(_ request: OutgoingRequest, within limit: Duration) throws(OutgoingFailure) -> OutgoingAnswer {
                guard request.url.authority == "sheets.googleapis.com" else {
                    return try google.send(request, within: limit)
                }
                return OutgoingAnswer(
                    status: 200, headers: [OutgoingField("Content-Type", "text/html")],
                    body: Array("<html>\n<title>Log in</title>".utf8))
            }
        }
        let stand = try SheetStand()
        let http = Stranger(google: InProcessHTTP(["oauth2.googleapis.com": stand.google]))
        #expect(
            reason(stand.action(http: http))
                == "retry - action: the answer is not as expected of Google, but 200 OK, text/html, “<html> <title>Log"
                + " in</title>”")
        stand.google.onBatch { .answer(.text(403, "blocked by policy")) }
        #expect(
            reason(stand.action()).hasPrefix(
                "retry - action: the answer is not one of Google's, but 403 Forbidden, text/plain, “blocked by policy”")
        )
    }

    @Test("with a time to wait are not retried earlier")
    func asked() throws {
        let stand = try SheetStand()
        let action = stand.action()
        stand.google.onBatch {
            .answer(.answer(status: 503, headers: [("Retry-After", "5")], body: Array("{\"error\":{}}".utf8)))
        }
        guard case .unknown(_, .seconds(5)?) = action.perform([.numbered(1)], batch: 1).outcomes[0] else {
            Issue.record("it was asked again at once")
            return
        }
        #expect(stand.google.writes.count == 1)
        stand.google.onBatch { .none }
        #expect(action.recover([.numbered(1)], batch: 1).outcomes == [.done])
        #expect(stand.names == ["photos/1.jpg"])
    }

    @Test("are shown before anything is written")
    func trial() throws {
        let stand = try SheetStand()
        let action = stand.action()
        #expect(try action.test(.numbered(1)).contains("it is empty, and gets the headers Event Timestamp, Event Type"))
        let preview = String(decoding: try action.preview([.numbered(1)]), as: UTF8.self)
        #expect(preview.contains("\"updateCells\":{\"start\":{\"sheetId\":77") && preview.contains("photos/1.jpg"))
        #expect(stand.google.writes.count == 1 && stand.rows.isEmpty)
        #expect(throws: GoogleProblem.self) { try stand.action(sheet: "none").test(.numbered(1)) }
    }

    @Test("do not follow from mixed forms of timestamps, which cause a warning")
    func forms() throws {
        let header = SheetRow.headers.map { FakeGoogle.Cell.text($0) }
        let old: [[FakeGoogle.Cell]] = (0..<250).map { [.number(Double(1_767_262_272_345 + $0))] }
        let stand = try SheetStand(rows: [header] + old)
        let warning = stand.action().perform([.numbered(1)], batch: 1).warning
        #expect(warning?.contains("has its timestamp as a number, and new rows have it as text") == true)
        let epoch = stand.action(SheetOptions(timestamps: .epochMilliseconds))
        #expect(epoch.perform([.numbered(2)], batch: 2).warning?.contains("set “timestamps” to rfc3339") == true)
        #expect(stand.rows.last?.first == .number(1_767_262_272_345))
        let again = stand.action(SheetOptions(timestamps: .epochMilliseconds))
        #expect(again.perform([.numbered(3)], batch: 3).warning == nil)
    }

    @Test(
        "do not follow from timestamps that a person has written",
        arguments: ["2026-01-01 10:11:12", "1767262272", "yesterday", "01.01.2026 10:11", ""])
    func ownForms(_ text: String) throws {
        let header = SheetRow.headers.map { FakeGoogle.Cell.text($0) }
        let stand = try SheetStand(rows: [header, [.text(text), .text("x")]])
        #expect(stand.action().perform([.numbered(1)], batch: 1).warning == nil)
        #expect(SheetRow.TimestampForm(of: text) == nil)
        #expect(SheetRow.TimestampForm(of: "1,767,262,272,345") == .epochMilliseconds)
        #expect(SheetRow.TimestampForm(of: "2026-01-01T10:11:12.345Z") == .rfc3339)
    }

    @Test("are not needed to find a wrong setting")
    func settings() throws {
        let url = "https://docs.google.com/spreadsheets/d/1AbCdEfGhIjKlMnOpQrStUvWxYz/edit?gid=0#gid=0"
        #expect(GoogleSheetSettings.spreadsheetID(url) == SheetStand.id)
        #expect(GoogleSheetSettings.spreadsheetID(SheetStand.id) == SheetStand.id)
        for part in ["u/0/d", "u/11/d", "d"] {
            for end in ["", "/", "/edit", "/edit#gid=0", "/edit?usp=sharing", "?usp=sharing", "#gid=1"] {
                let url = "https://docs.google.com/spreadsheets/\(part)/\(SheetStand.id)\(end) "
                #expect(GoogleSheetSettings.spreadsheetID(url) == SheetStand.id)
            }
        }
        let published = "https://docs.google.com/spreadsheets/d/e/2PACX-1vAbCdEfGhIjKlMnOp/pubhtml"
        #expect(GoogleSheetSettings.spreadsheetID(published) == nil)
        #expect(GoogleSheetSettings.spreadsheetID("https://example.com/1AbCdEfGhIjKl") == nil)
        let surroundings = ActionSurroundings(
            http: InProcessHTTP([:]), environment: [:], folder: "/etc", now: { Timestamp(milliseconds: 0) })
        var wrong = ActionReading.sample(
            "sheet",
            [("spreadsheet", .text("My sheet")), ("api", .text("http://example.com")), ("key-file", .text("k"))])
        #expect(ActionKind.googleSheet.read(&wrong, surroundings) == nil)
        #expect(wrong.problems.count == 3)
        var right = ActionReading.sample(
            "sheet",
            [
                ("spreadsheet", .text(url)), ("sheet", .text("Sheet1")), ("key-file", .text("~/key.json")),
                ("api", .text("http://127.0.0.1:9999/")),
            ])
        let action = try #require(ActionKind.googleSheet.read(&right, surroundings) as? GoogleSheetAction)
        #expect(right.problems.isEmpty && action.settings.keyFile == "/home/me/key.json")
        #expect(action.settings.api == "http://127.0.0.1:9999")
        #expect(action.summary == "rows in “Sheet1” of \(SheetStand.id)")
    }

    @Test("do not arise between two actions that write to one sheet: they take turns")
    func turns() throws {
        let stand = try SheetStand()
        let one = stand.action(), other = stand.action()
        #expect(GoogleTurn.of(one.settings) === GoogleTurn.of(other.settings))
        #expect(GoogleTurn.of(one.settings) !== GoogleTurn.of(stand.action(sheet: "Overview").settings))
        #expect(GoogleSheetPlace.columnName(0) == "A" && GoogleSheetPlace.columnName(27) == "AB")
    }
}
