public import Base

/// Sends requests over HTTP/1.1 according to its policy. Follows no redirect, so that no field of a request is ever
/// sent to another origin than its URL's; a proxy sees only the host and the port of it.
///
/// Each request has its own connection: so a server that closes an idle one cannot be mistaken for a lost answer. The
/// owner calls `shutdown()` at the end.
public final class OutgoingClient: HTTPSending {
    /// The time limit until a request can be sent, if the request's own limit is longer.
    private static let connecting = Duration.seconds(10)

    private let policy: OutgoingPolicy
    private let rules: ConnectionRules
    private let transfers = Transfers()

    public init(_ policy: OutgoingPolicy = OutgoingPolicy(), rules: ConnectionRules = ConnectionRules()) {
        self.policy = policy
        self.rules = rules
    }

    deinit {
        transfers.shutdown()
    }

    public func send(
        _ request: OutgoingRequest, within limit: Duration
    ) throws(OutgoingFailure) -> OutgoingAnswer {
        let proxy: ProxyServer?
        let transfer: Transfer
        switch try policy.route(of: request) {
        case .proxy(let server):
            proxy = server
            transfer = Transfer(
                request, by: server, connectingWithin: Self.connecting, within: limit, rules: rules)
        case .direct(let onlyLoopback):
            proxy = nil
            transfer = Transfer(request, connectingWithin: Self.connecting, within: limit, rules: rules) {
                [policy] address, port in
                policy.refusal(of: address, port: port, for: request.url, onlyLoopback: onlyLoopback)
            }
        }
        switch transfers.result(of: transfer) {
        case .success(let answer): return answer
        case .failure(let failure): throw OutgoingFailure(failure, to: request.url, by: proxy)
        }
    }

    /// Ends current requests, as `lost` if they may have been received. Blocks until all have ended; more than one call
    /// does no harm.
    public func shutdown() {
        let hasEnded = Monitor(false)
        transfers.shutdown { hasEnded.change { $0 = true } }
        hasEnded.wait { $0 ? true : nil }
    }
}

// MARK: - Requests and answers

/// A request to send.
public struct OutgoingRequest: Sendable, Hashable {
    /// The method, such as `POST`.
    public var method: String
    /// An http or https URL.
    public var url: WebhookURL
    /// The fields in the order in which they are sent. Host and Content-Length are added if missing.
    public var headers: [OutgoingField]
    public var body: [UInt8]
    /// Whether plain http is allowed for any address, because the user has allowed it.
    public var allowsPlainHTTP: Bool
    /// The secret parts of the URL.
    public var secrecy: Secrecy
    /// The number of bytes of the answer's body that are kept.
    public var longestAnswer = OutgoingAnswer.longest

    /// The parts of a URL that are masked when it is recorded and shown.
    public enum Secrecy: Sendable, Hashable {
        case nothing
        /// The query.
        case query
        /// Everything after the authority: the URL itself is the credential.
        case path
    }

    public init(
        _ method: String, _ url: WebhookURL, headers: [OutgoingField] = [], body: [UInt8] = [],
        allowsPlainHTTP: Bool = false, secrecy: Secrecy = .nothing
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.allowsPlainHTTP = allowsPlainHTTP
        self.secrecy = secrecy
    }
}

extension OutgoingRequest {
    /// The header fields as they are sent: Host goes first (RFC 9112, 3.2), and Content-Length last.
    var sentHeaders: [OutgoingField] {
        let others = headers.filter {
            !["host", "content-length", "transfer-encoding"].contains($0.name.lowercased())
        }
        var host = headers.first { $0.name.lowercased() == "host" } ?? OutgoingField("Host", url.hostField)
        host.name = "Host"
        var fields = [host] + others
        // Without a body, the methods that usually have one state a length of 0.
        if !body.isEmpty || !["GET", "HEAD", "DELETE", "CONNECT", "TRACE"].contains(method) {
            fields.append(OutgoingField("Content-Length", "\(body.count)"))
        }
        return fields
    }
}

/// A header field that we send or are answered.
public struct OutgoingField: Sendable, Hashable {
    public var name: String
    public var value: String
    /// Whether the value is secret: it is masked when it is recorded and shown.
    public var isSecret: Bool

    public init(_ name: String, _ value: String, isSecret: Bool = false) {
        self.name = name
        self.value = value
        self.isSecret = isSecret
    }
}

/// The answer to a request.
public struct OutgoingAnswer: Sendable, Hashable {
    /// The number of bytes of a body that are kept unless a request asks for more.
    public static let longest = 64 << 10

    /// The HTTP status.
    public var status: Int
    public var headers: [OutgoingField]
    /// The start of the body, as far as the request wants it.
    public var body: [UInt8]
    /// Whether the body was longer.
    public var isCut: Bool
    /// The time from the start of sending to the end of the answer.
    public var duration: Duration

    public init(
        status: Int, headers: [OutgoingField] = [], body: [UInt8] = [], isCut: Bool = false, duration: Duration = .zero
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.isCut = isCut
        self.duration = duration
    }

    /// Returns the value of the first field of this name, in any case.
    public func value(of name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// The reason why no answer arrived; each has a sentence without secrets.
public enum OutgoingFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The request is against the rules: plain http to another machine, b2watch's own address. Never sent.
    case forbidden(String)
    /// Certainly nothing was received: no connection was established.
    case notSent(String)
    /// The request may have been received: the connection ended, or the time was up.
    case lost(String)
    /// The client was shut down before any part of the request was sent; requests that were being sent are `lost`.
    case cancelled

    public var description: String {
        switch self {
        case .forbidden(let text), .notSent(let text), .lost(let text): text
        case .cancelled: "b2watch is ending"
        }
    }
}

/// Sends requests. The calls block; not for event loops nor for the screen's thread.
public protocol HTTPSending: Sendable {
    /// Sends one request and waits for its answer, whatever its status. Follows no redirect.
    func send(_ request: OutgoingRequest, within limit: Duration) throws(OutgoingFailure) -> OutgoingAnswer
}

// MARK: - Masked requests

/// A request as it is recorded and shown, without secrets.
public struct MaskedRequest: Sendable, Hashable {
    /// The replacement of secret text.
    public static let mask = "•••"

    /// The method, the URL and the version in a line, then the header fields, including those of every request, an
    /// empty line, and the body.
    public let bytes: [UInt8]

    /// - Parameter body: The body to show instead of the request's own; nil if that contains no secret.
    public init(_ request: OutgoingRequest, body: [UInt8]? = nil) {
        var text = "\(request.method) \(Self.shown(request.url, request.secrecy)) HTTP/1.1\n"
        for field in request.sentHeaders {
            text += "\(field.name): \(field.isSecret ? Self.mask : field.value)\n"
        }
        text += "\n"
        bytes = Array(text.utf8) + (body ?? request.body)
    }

    /// Returns the URL without its secret parts.
    public static func shown(_ url: WebhookURL, _ secrecy: OutgoingRequest.Secrecy) -> String {
        let text = url.description
        let start = text.firstRange(of: "://")?.upperBound ?? text.startIndex
        let path = text[start...].firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? text.endIndex
        switch secrecy {
        case .nothing: return text
        case .query:
            guard let query = text[path...].firstIndex(where: { $0 == "?" || $0 == "#" }) else { return text }
            return text[..<query] + "?\(mask)"
        case .path: return text[path...].count > 1 ? text[..<path] + "/\(mask)" : text
        }
    }
}

extension OutgoingRequest {
    /// The secret texts of the request. Short ones are left out, because masking them would hide half of an answer.
    private var secrets: [String] {
        var secrets = headers.filter(\.isSecret).flatMap { field in
            // `Basic …` and `Bearer …` are repeated without the first word too.
            [field.value] + field.value.split(separator: " ").dropFirst().map(String.init)
        }
        let text = url.description
        let start = text.firstRange(of: "://")?.upperBound ?? text.startIndex
        let path = text[start...].firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? text.endIndex
        switch secrecy {
        case .nothing: break
        case .query: secrets += text[path...].split(separator: "?", maxSplits: 1).dropFirst().map(String.init)
        case .path: secrets += [String(text[path...])] + text[path...].split(separator: "/").map(String.init)
        }
        return secrets.filter { $0.utf8.count > 8 }.sorted { $0.utf8.count > $1.utf8.count }
    }

    /// Masks the request's secrets in an answer: a server may repeat the URL or a header field.
    public func masked(_ answer: OutgoingAnswer) -> OutgoingAnswer {
        var answer = answer
        for secret in secrets where answer.body.contains(Array(secret.utf8)) {
            answer.body = answer.body.replacing(Array(secret.utf8), with: Array(MaskedRequest.mask.utf8))
        }
        return answer
    }
}

// MARK: - Retry-After

/// When a server wants to be asked again: the field `Retry-After` (RFC 9110, 10.2.3).
public enum RetryAfter {
    /// The longest that is taken at its word.
    public static let longest = Duration.seconds(86_400)

    /// Reads the field's value: seconds, or a date. Seconds with a fraction, which some servers send, are rounded up.
    ///
    /// - Parameter now: The reference of a date.
    /// - Returns: The time to wait, not below zero and at most a day; nil if the value is neither.
    public static func delay(_ value: String, at now: Timestamp) -> Duration? {
        let text = value.filter { $0 != "\t" }.split(separator: " ").joined(separator: " ")
        let isDigit: (UInt8) -> Bool = { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        if !text.isEmpty, text.utf8.allSatisfy(isDigit) {
            return min(.seconds(Int32(text) ?? .max), longest)
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count == 2, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(isDigit) }) {
            let isWhole = parts[1].allSatisfy { $0 == "0" }
            return min(.seconds(Int64(Int32(parts[0]) ?? .max) + (isWhole ? 0 : 1)), longest)
        }
        guard let date = HTTPDate.moment(text) else { return nil }
        let rest = Duration.milliseconds(date.milliseconds - now.milliseconds)
        return min(max(rest, .zero), longest)
    }
}

extension OutgoingAnswer {
    /// Returns the time that the answer asks to wait; nil if it does not.
    ///
    /// - Parameter now: The reference of a date.
    public func retryAfter(at now: Timestamp) -> Duration? {
        value(of: "Retry-After").flatMap { RetryAfter.delay($0, at: now) }
    }
}

// MARK: - Dates

/// A moment as HTTP writes it (RFC 9110, 5.6.7).
public enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Reads any of the three forms that a recipient must accept: `Sun, 06 Nov 1994 08:49:37 GMT`, and the obsolete
    /// `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
    ///
    /// - Returns: Nil if the text has none of these forms.
    public static func moment(_ text: String) -> Timestamp? {
        let words = text.split { $0 == " " }
        switch words.count {
        case 6 where words[0].hasSuffix(",") && words[5] == "GMT":
            return moment(day: words[1], month: words[2], year: Int(words[3]), time: words[4])
        case 4 where words[0].hasSuffix(",") && words[3] == "GMT":
            let parts = words[1].split(separator: "-")
            // Two digits: of this century, or of the last one if the date would otherwise be far in the future.
            guard parts.count == 3, let year = Int(parts[2]), (0...99).contains(year) else { return nil }
            return moment(day: parts[0], month: parts[1], year: year < 70 ? 2_000 + year : 1_900 + year, time: words[2])
        case 5: return moment(day: words[2], month: words[1], year: Int(words[4]), time: words[3])
        default: return nil
        }
    }

    private static func moment(day: Substring, month: Substring, year: Int?, time: Substring) -> Timestamp? {
        guard let day = Int(day), let month = months.firstIndex(of: String(month)), let year,
            (1...31).contains(day), (1970...9999).contains(year)
        else { return nil }
        let time = time.split(separator: ":").compactMap { Int($0) }
        guard time.count == 3, (0..<24).contains(time[0]), (0..<60).contains(time[1]), (0...60).contains(time[2]) else {
            return nil
        }
        // Years that begin on the first of March, so that a leap day is the last of its year.
        let shifted = month >= 2 ? year : year - 1
        let days = 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + ((month + 10) % 12 * 153 + 2) / 5
        let seconds = (days + day - 1 - 719_468) * 86_400 + time[0] * 3_600 + time[1] * 60 + time[2]
        return Timestamp(milliseconds: Int64(seconds) * 1_000)
    }
}
