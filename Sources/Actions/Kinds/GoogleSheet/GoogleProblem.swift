internal import Foundation
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
        /// Nothing was done, and nothing will be by itself.
        case lasting
    }

    var kind: Kind
    let description: String
    /// What was answered, where anything was.
    var answer: OutgoingAnswer?

    init(_ kind: Kind, _ description: String, answer: OutgoingAnswer? = nil) {
        self.kind = kind
        self.description = description
        self.answer = answer
    }

    init(_ failure: OutgoingFailure) {
        switch failure {
        case .forbidden: self.init(.lasting, failure.description)
        case .notSent, .cancelled: self.init(.later(after: nil), failure.description)
        case .lost: self.init(.lost(after: nil), failure.description)
        }
    }

    /// What came of the request: the answer, or why there is none.
    var received: Result<OutgoingAnswer, OutgoingFailure> {
        if let answer { return .success(answer) }
        return switch kind {
        case .lost: .failure(.lost(description))
        case .later, .refused, .lasting: .failure(.notSent(description))
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
                .later(after: wait), "Google's quota is used up for now (\(message))", answer: answer)
        case 500...:
            self.init(.lost(after: wait), "Google has trouble of its own: \(message)", answer: answer)
        case 408: self.init(.lost(after: nil), "Google gave up waiting: \(message)", answer: answer)
        case 401:
            self.init(
                .lasting, "Google does not accept the token of \(account): make a new key for it (\(message))",
                answer: answer)
        case 403 where text.contains("SERVICE_DISABLED") || message.contains("has not been used"):
            self.init(
                .lasting,
                "the Google Sheets API is not enabled in the project of \(account): enable it at"
                    + " https://console.cloud.google.com/apis/library/sheets.googleapis.com, wait some minutes, and"
                    + " retry", answer: answer)
        case 403:
            self.init(
                .lasting,
                "the spreadsheet is not shared with \(account): share it with that address as an editor, and"
                    + " retry (\(message))", answer: answer)
        case 404:
            self.init(
                .lasting, "there is no spreadsheet \(spreadsheet): copy its id from its address, between /d/ and /edit",
                answer: answer)
        case 400: self.init(.refused, "Google refuses the request: \(message)", answer: answer)
        default:
            self.init(.lasting, "Google answers \(answer.status), which was not expected: \(message)", answer: answer)
        }
    }
}
