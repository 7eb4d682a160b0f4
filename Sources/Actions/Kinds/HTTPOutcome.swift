public import Base
public import History
internal import Notifications
public import Sending

/// The meaning for an action of an HTTP answer, or of its absence: the part that all kinds share.
public struct HTTPOutcome: Sendable {
    /// The service as a person knows it: `Slack`, `hooks.example.com`. It contains no secret.
    public var service: String
    /// The remedy for a refusal, by status; it follows the words `Slack answered 403 Forbidden: `.
    public var advice: @Sendable (OutgoingAnswer) -> String?
    /// The outcome of a request that may have been received.
    public var lost: @Sendable (String) -> ActionOutcome

    public init(
        _ service: String, advice: @escaping @Sendable (OutgoingAnswer) -> String? = { _ in nil },
        lost: @escaping @Sendable (String) -> ActionOutcome
    ) {
        self.service = service
        self.advice = advice
        self.lost = lost
    }

    /// Returns the meaning of an answer for the event.
    ///
    /// An answer with Retry-After is never final, and everything that the action would do now waits for that time.
    ///
    /// - Parameter now: The reference of a date in Retry-After.
    public func classify(_ answer: OutgoingAnswer, at now: Timestamp) -> ActionOutcome {
        let answered = "\(service) answered \(HTTPStatus.words(answer.status))"
        let sentence: String
        if let advice = advice(answer) {
            sentence = "\(answered): \(advice)"
        } else {
            let start = answer.start.map { "; it answered “\($0)”" } ?? ""
            sentence = (Self.advice(answer.status).map { "\(answered): \($0)" } ?? answered) + start
        }
        let wait = answer.retryAfter(at: now)
        switch answer.status {
        case 200..<300: return .done
        case 429, 503: return .retry(answered, after: wait, scope: .action)
        case 408, 425, 500...: return .retry(sentence, after: wait, scope: wait == nil ? .item : .action)
        case 400... where wait != nil: return .retry(sentence, after: wait, scope: .action)
        case 300..<400, 401, 402, 403, 404, 405, 407, 410, 415, 421, 426, 451, 511: return .hold(sentence)
        default: return .dead(sentence)
        }
    }

    /// Returns the meaning of a missing answer for the event.
    public func classify(_ failure: OutgoingFailure) -> ActionOutcome {
        switch failure {
        case .forbidden(let reason): .hold(reason)
        case .notSent(let reason): .retry(reason, scope: .action)
        case .lost(let reason): lost(reason)
        case .cancelled: .retry("\(failure)", scope: .action)
        }
    }

    /// Returns the meaning for the event of an answer, or of its absence.
    public func classify(_ result: Result<OutgoingAnswer, OutgoingFailure>, at now: Timestamp) -> ActionOutcome {
        switch result {
        case .success(let answer): classify(answer, at: now)
        case .failure(let failure): classify(failure)
        }
    }

    /// Returns a remedy for a refusal by any service.
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
    /// Returns a status in words, such as `404 Not Found`.
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

// MARK: - Answers to read

extension OutgoingAnswer {
    /// The number of bytes shown of an answer that is not text.
    private static let longestHex = 256

    /// The body for a person to read: text unchanged, of other contents a description and the first bytes.
    var readable: [UInt8] {
        guard !isText else { return body }
        let encoding = value(of: "Content-Encoding")?.lowercased() ?? "identity"
        let length = "\(body.count)\(isCut ? " or more" : "") \(body.count == 1 ? "byte" : "bytes")"
        if encoding != "identity" { return Array("compressed (\(SafeText(encoding))), \(length)".utf8) }
        let type = value(of: "Content-Type").map { " (\(SafeText($0)))" } ?? ""
        let start = body.prefix(Self.longestHex).map { Hex.encode([$0]) }
        let lines = stride(from: 0, to: start.count, by: 16).map { first in
            start[first..<min(first + 16, start.count)].joined(separator: " ")
        }
        let rest = body.count > Self.longestHex ? "\n…" : ""
        return Array("not text\(type), \(length):\n\n\(lines.joined(separator: "\n"))\(rest)".utf8)
    }

    /// A summary of the answer for a sentence: the status, the content type and the start of the body, such as `502 Bad
    /// Gateway, text/html, “<html><head>…”`.
    var summary: String {
        var parts = [HTTPStatus.words(status)]
        if let type = value(of: "Content-Type"), !type.isEmpty { parts.append(SafeText(type).clipped(to: 60).string) }
        parts.append(start.map { "“\($0)”" } ?? "without a body")
        return parts.joined(separator: ", ")
    }

    /// The start of the body, escaped, on one line; nil if it is empty.
    var start: String? {
        guard !body.isEmpty else { return nil }
        guard isText else { return "\(body.count)\(isCut ? " or more" : "") bytes that are not text" }
        let words = String(decoding: body.prefix(400), as: UTF8.self).split(whereSeparator: \.isWhitespace)
        return words.isEmpty ? nil : SafeText(words.joined(separator: " ")).clipped(to: 100).string
    }

    private var isText: Bool {
        guard !body.contains(0) else { return false }
        // A character may be cut through at the end.
        let most = isCut ? min(3, body.count) : 0
        return (0...most).contains { String(validating: body.dropLast($0), as: UTF8.self) != nil }
    }
}

// MARK: - Exchanges to keep

extension OutboxExchange {
    /// Creates the record of a request and its result.
    ///
    /// - Parameters:
    ///   - duration: The time that it took.
    ///   - body: The request's body as it is to be recorded; nil if it contains no secret.
    public init(
        _ request: OutgoingRequest, _ result: Result<OutgoingAnswer, OutgoingFailure>, startedAt: Timestamp,
        duration: Duration, body: [UInt8]? = nil
    ) {
        let (seconds, attoseconds) = duration.components
        let microseconds = Int(clamping: seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000)
        let asked = MaskedRequest(request, body: body).bytes
        switch result {
        case .success(let answer):
            self.init(
                startedAt: startedAt, duration: microseconds, request: asked,
                outcome: HTTPStatus.words(answer.status), answer: answer.body, isCut: answer.isCut)
        case .failure(let failure):
            let outcome =
                switch failure {
                case .forbidden: "not sent: not allowed"
                case .notSent: "not sent"
                case .lost: "no answer"
                case .cancelled: "not sent: b2watch is ending"
                }
            self.init(startedAt: startedAt, duration: microseconds, request: asked, outcome: outcome)
        }
    }
}

extension HTTPSending {
    /// Sends one request, and returns its answer and the record of both. The request's secrets are masked in the answer
    /// too.
    ///
    /// - Parameters:
    ///   - now: The current time.
    ///   - body: The request's body as it is to be recorded; nil if it contains no secret.
    public func exchange(
        _ request: OutgoingRequest, within limit: Duration, now: () -> Timestamp, body: [UInt8]? = nil
    ) -> (result: Result<OutgoingAnswer, OutgoingFailure>, exchange: OutboxExchange) {
        let startedAt = now()
        let start = ContinuousClock.now
        let result = Result { () throws(OutgoingFailure) in request.masked(try send(request, within: limit)) }
        let exchange = OutboxExchange(
            request, result, startedAt: startedAt, duration: start.duration(to: .now), body: body)
        return (result, exchange)
    }
}
