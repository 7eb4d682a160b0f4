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

    /// What an answer of the Sheets API other than 2xx means.
    ///
    /// - Parameter now: What a date in Retry-After is counted from.
    init(_ answer: OutgoingAnswer, account: String, spreadsheet: String, at now: Timestamp) {
        struct Body: Decodable {
            struct Content: Decodable {
                var message: String?
                var status: String?
            }
            var error: Content
        }
        let content = try? JSONDecoder().decode(Body.self, from: Data(answer.body)).error
        let message = content?.message ?? "status \(answer.status)"
        let text = String(decoding: answer.body, as: UTF8.self)
        let wait = answer.retryAfter(at: now)
        switch answer.status {
        case 429,
            403 where content?.status == "RESOURCE_EXHAUSTED" || message.lowercased().contains("quota"):
            self.init(
                .later(after: wait), "Google's quota is used up for now (\(message))", status: answer.status)
        // It is said of two changes at once, of which one was put off.
        case 409:
            self.init(.lost(after: wait), "Google put the request off: \(message)", status: answer.status)
        case 500...:
            self.init(.lost(after: wait), "Google has trouble of its own: \(message)", status: answer.status)
        case 408: self.init(.lost(after: nil), "Google gave up waiting: \(message)", status: answer.status)
        case 401:
            self.init(
                .lasting, "Google does not accept the token of \(account): make a new key for it (\(message))",
                status: answer.status)
        case 403 where text.contains("SERVICE_DISABLED") || message.contains("has not been used"):
            self.init(
                .lasting,
                "the Google Sheets API is not enabled in the project of \(account): enable it at"
                    + " https://console.cloud.google.com/apis/library/sheets.googleapis.com, wait some minutes, and"
                    + " retry", status: answer.status)
        case 403:
            self.init(
                .lasting,
                "the spreadsheet is not shared with \(account): share it with that address as an editor, and"
                    + " retry (\(message))", status: answer.status)
        case 404:
            self.init(
                .lasting, "there is no spreadsheet \(spreadsheet): copy its id from its address, between /d/ and /edit",
                status: answer.status)
        case 400 where Self.isFull(message):
            self.init(
                .full,
                "the spreadsheet has no room for another mark of b2watch's (\(message)): b2watch waits until it may take"
                    + " older ones away", status: answer.status)
        case 400: self.init(.refused, "Google refuses the request: \(message)", status: answer.status)
        default:
            self.init(
                .lasting, "Google answers \(answer.status), which was not expected: \(message)", status: answer.status)
        }
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
