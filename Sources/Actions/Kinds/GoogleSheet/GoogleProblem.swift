internal import Foundation
internal import History
internal import Notifications
internal import Outgoing

/// Why Google did not do what was asked, in a sentence that says what to do.
struct GoogleProblem: Error, CustomStringConvertible {
    enum Kind: Sendable, Hashable {
        /// Nothing was done; later it may be.
        case later(after: Duration?)
        /// It may have been done: the answer is lost, or says nothing about it.
        case lost(after: Duration?)
        /// Nothing was done: the request was found wrong as a whole.
        case refused
        /// Nothing was done: the spreadsheet has no room for the mark of another batch.
        case full
        /// Nothing was done, and nothing will be by itself.
        case lasting
    }

    var kind: Kind
    let description: String
    /// The status of the answer, where there is one.
    let status: Int?
    /// The request that failed with its answer, where one was sent.
    private(set) var exchange: OutboxExchange?

    init(_ kind: Kind, _ description: String, status: Int? = nil) {
        self.kind = kind
        self.description = description
        self.status = status
    }

    func with(_ exchange: OutboxExchange) -> GoogleProblem {
        var problem = self
        problem.exchange = exchange
        return problem
    }

    init(_ failure: OutgoingFailure) {
        switch failure {
        case .forbidden: self.init(.lasting, failure.description)
        case .notSent, .cancelled: self.init(.later(after: nil), failure.description)
        case .lost: self.init(.lost(after: nil), failure.description)
        }
    }

    /// Returns what an answer of the Sheets API other than 2xx means.
    ///
    /// - Parameters:
    ///   - isWrite: Whether something was to be written: the account can read the spreadsheet then.
    ///   - now: The moment that a date in Retry-After is counted from.
    init(
        _ answer: OutgoingAnswer, account: String, _ settings: GoogleSheetSettings, isWrite: Bool, at now: Timestamp
    ) {
        struct Body: Decodable {
            struct Content: Decodable {
                var message: String?
                var status: String?
            }
            var error: Content
        }
        let content = try? JSONDecoder().decode(Body.self, from: Data(answer.body)).error
        let message = content?.message ?? answer.summary
        let text = String(decoding: answer.body, as: UTF8.self)
        let wait = answer.retryAfter(at: now)
        let status = answer.status
        if content == nil, (300..<500).contains(status), ![408, 429].contains(status) {
            self.init(
                .later(after: wait),
                "the answer is not one of Google's, but \(answer.summary): something on the way answers in its place, or"
                    + " “api” is wrong", status: status)
            return
        }
        switch status {
        case 429,
            403 where content?.status == "RESOURCE_EXHAUSTED" || message.lowercased().contains("quota"):
            self.init(.later(after: wait), "Google's quota is used up for now (\(message))", status: status)
        // It is said of two changes at once, of which one was put off.
        case 409: self.init(.lost(after: wait), "Google put the request off: \(message)", status: status)
        case 500...: self.init(.lost(after: wait), "Google has trouble of its own: \(message)", status: status)
        case 408: self.init(.lost(after: wait), "Google gave up waiting: \(message)", status: status)
        case 401:
            self.init(
                .lasting, "Google does not accept the token of \(account): make a new key for it (\(message))",
                status: status)
        case 403:
            self.init(
                .lasting, Self.forbidden(text, account: account, settings, isWrite: isWrite), status: status)
        case 404:
            self.init(
                .lasting,
                "there is no spreadsheet \(settings.spreadsheet): copy its id from its address, between /d/ and /edit",
                status: status)
        case 400 where Self.isFull(message):
            self.init(
                .full,
                "the spreadsheet has no room for another mark of b2watch's (\(message)): b2watch waits until it may take"
                    + " older ones away", status: status)
        case 400:
            let remedy = Self.remedy(message, account: account, settings)
            self.init(
                remedy == nil ? .refused : .lasting, remedy ?? "Google refuses the request: \(message)", status: status)
        default:
            self.init(.lasting, "Google answered \(HTTPStatus.words(status)): \(message)", status: status)
        }
    }

    /// What to do about an answer of 403.
    private static func forbidden(
        _ text: String, account: String, _ settings: GoogleSheetSettings, isWrite: Bool
    ) -> String {
        let console = "https://console.cloud.google.com/"
        if text.contains("SERVICE_DISABLED") || text.contains("has not been used") {
            return "the Google Sheets API is not enabled in the project of \(account): enable it at"
                + " \(console)apis/library/sheets.googleapis.com, wait some minutes, and retry"
        }
        if text.contains("SCOPE") || text.contains("insufficient authentication scopes") {
            return
                "\(account) gets no token for the Sheets API: its organisation restricts what service accounts may do;"
                + " ask its administrator"
        }
        if text.contains("CONSUMER_") || text.contains("suspended") {
            return
                "the project of \(account) is suspended or deleted: look there at \(console), or make another account"
        }
        if text.contains("protected") { return protected(account, settings) }
        return isWrite
            ? "\(account) can read the spreadsheet and not change it: share it with that address as an editor, not as a"
                + " viewer or commenter, and retry"
            : "the spreadsheet is not shared with \(account): share it with that address as an editor, and retry"
    }

    /// What to do about a refusal that stays; nil where its words are not known.
    private static func remedy(_ message: String, account: String, _ settings: GoogleSheetSettings) -> String? {
        let words = message.lowercased()
        if words.contains("protected") { return protected(account, settings) }
        if words.contains("number of cells") || words.contains("limit of 10000000") {
            return
                "the spreadsheet has no room for another row: 10 million cells are the most that Google allows; delete"
                + " rows, columns or sheets that nobody needs, or write into another spreadsheet"
        }
        if words.contains("not supported for this document") || words.contains("office file") {
            return
                "the file is not a Google spreadsheet but an Office file: open it in Google Sheets, choose File, Save as"
                + " Google Sheets, share that with \(account), and write its address into “spreadsheet”"
        }
        if words.contains("data validation") {
            return
                "a data validation rule of “\(settings.sheet)” rejects a value: under Data, Data validation, remove it"
                + " from b2watch's columns, or let it show a warning only"
        }
        return nil
    }

    private static func protected(_ account: String, _ settings: GoogleSheetSettings) -> String {
        "cells of “\(settings.sheet)” that b2watch has to write are protected: under Data, Protect sheets and ranges, let"
            + " \(account) edit them, or remove the protection"
    }

    /// Whether a refusal is for the limit of developer metadata. The words for that are written down nowhere.
    private static func isFull(_ message: String) -> Bool {
        let words = message.lowercased()
        return words.contains("metadata")
            && ["exceed", "limit", "quota", "maximum", "storage", "too much", "too many"].contains {
                words.contains($0)
            }
    }
}
