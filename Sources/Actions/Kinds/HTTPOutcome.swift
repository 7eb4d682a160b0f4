public import Outgoing
public import Notifications

/// What an answer over HTTP, or its lack, means for an action: what all kinds have in common.
public struct HTTPOutcome: Sendable {
    /// Whom it is about, as a person knows it: `Slack`, `hooks.example.com`. It holds no secret.
    public var service: String
    /// What to do where the service refuses, by status; behind the words `Slack answered 403 Forbidden: `.
    public var advice: @Sendable (OutgoingAnswer) -> String?
    /// What becomes of a request that may have been received.
    public var lost: @Sendable (String) -> ActionOutcome

    public init(
        _ service: String, advice: @escaping @Sendable (OutgoingAnswer) -> String? = { _ in nil },
        lost: @escaping @Sendable (String) -> ActionOutcome
    ) {
        self.service = service
        self.advice = advice
        self.lost = lost
    }

    /// Returns what an answer means for the event.
    ///
    /// An answer with Retry-After is never final, and whatever the action would do now waits for as long as it says.
    ///
    /// - Parameter now: What a date in Retry-After is counted from.
    public func judge(_ answer: OutgoingAnswer, at now: Timestamp) -> ActionOutcome {
        let said = "\(service) answered \(HTTPStatus.words(answer.status))"
        let sentence: String
        if let advice = advice(answer) {
            sentence = "\(said): \(advice)"
        } else {
            let start = answer.start.map { "; it answered “\($0)”" } ?? ""
            sentence = (Self.advice(answer.status).map { "\(said): \($0)" } ?? said) + start
        }
        let wait = answer.retryAfter(at: now)
        switch answer.status {
        case 200..<300: return .done
        case 429, 503: return .retry(said, after: wait, scope: .action)
        case 408, 425, 500...: return .retry(sentence, after: wait, scope: wait == nil ? .item : .action)
        case 400... where wait != nil: return .retry(sentence, after: wait, scope: .action)
        case 300..<400, 401, 402, 403, 404, 405, 407, 410, 415, 421, 426, 451, 511: return .hold(sentence)
        default: return .dead(sentence)
        }
    }

    /// Judges the lack of an answer.
    public func judge(_ failure: OutgoingFailure) -> ActionOutcome {
        switch failure {
        case .forbidden(let reason): .hold(reason)
        case .notSent(let reason): .retry(reason, scope: .action)
        case .lost(let reason): lost(reason)
        case .cancelled: .retry("\(failure)", scope: .action)
        }
    }

    /// Judges either.
    public func judge(_ result: Result<OutgoingAnswer, OutgoingFailure>, at now: Timestamp) -> ActionOutcome {
        switch result {
        case .success(let answer): judge(answer, at: now)
        case .failure(let failure): judge(failure)
        }
    }

    /// What a person can do about a refusal, whoever refuses.
    private static func advice(_ status: Int) -> String? {
        switch status {
        case 300..<400: "it wants to be asked elsewhere, which b2watch does not follow; write the new URL"
        case 400, 422: "it does not understand the request; the answer is kept with the entry"
        case 401: "it wants other credentials; check the secret and the URL"
        case 403: "it does not allow this; check what the credentials may do"
        case 404: "there is nothing at this URL; check it for what was left out"
        case 405: "it takes no POST at this URL; check the URL"
        case 410: "what was at this URL is gone for good; write another one"
        case 413: "the request is too large for it; raise its limit"
        case 415: "it does not take this kind of content; check the URL"
        default: nil
        }
    }
}

/// The names of statuses.
enum HTTPStatus {
    /// Such as `404 Not Found`.
    static func words(_ status: Int) -> String {
        names[status].map { "\(status) \($0)" } ?? String(status)
    }

    private static let names = [
        200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 301: "Moved Permanently", 302: "Found",
        303: "See Other", 307: "Temporary Redirect", 308: "Permanent Redirect", 400: "Bad Request",
        401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
        407: "Proxy Authentication Required", 408: "Request Timeout",
        409: "Conflict", 410: "Gone", 411: "Length Required", 413: "Content Too Large", 415: "Unsupported Media Type",
        421: "Misdirected Request", 422: "Unprocessable Content", 423: "Locked", 425: "Too Early",
        426: "Upgrade Required", 429: "Too Many Requests",
        451: "Unavailable For Legal Reasons", 500: "Internal Server Error",
        501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
        511: "Network Authentication Required",
    ]
}
