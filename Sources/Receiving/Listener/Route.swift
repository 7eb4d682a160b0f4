internal import NIOCore
internal import Notifications

/// The destination of a request.
enum Route: Sendable, Hashable {
    /// `GET` or `HEAD /healthz`, which is answered and not passed on.
    case health
    /// To the receiver.
    case delivery(RequestKind)

    init(_ head: RequestHead, rule: PathRule) {
        let isRead = head.method == "GET" || head.method == "HEAD"
        if isRead, PathRule.path(of: head.target).elementsEqual("/healthz".utf8) {
            self = .health
        } else if !rule.accepts(head.target) {
            self = .delivery(.wrongPath)
        } else {
            self = .delivery(head.method == "POST" ? .notification : .wrongMethod)
        }
    }

    /// Returns how many bytes of the body are kept of a request that goes here.
    func keptBytes(limit: Int) -> Int {
        switch self {
        case .health: 0
        case .delivery(.notification): limit
        case .delivery: min(limit, 4 << 10)
        }
    }
}

// MARK: - Paths

/// The request targets that are ours: the configured paths and everything below them.
///
/// Paths are compared byte by byte; nothing is percent-decoded.
struct PathRule: Sendable {
    /// The paths without their trailing slashes; an empty one accepts every path.
    private let paths: [[UInt8]]

    init(_ settings: [String]) {
        paths = settings.map(Self.bytes)
    }

    private static func bytes(_ setting: String) -> [UInt8] {
        var path = Array(setting.utf8)
        while path.last == UInt8(ascii: "/") { path.removeLast() }
        if let first = path.first, first != UInt8(ascii: "/") { path.insert(UInt8(ascii: "/"), at: 0) }
        return path
    }

    /// Returns whether a target is one of the paths or lies below one.
    func accepts(_ target: String) -> Bool {
        if paths.contains(where: \.isEmpty) { return true }
        let other = Self.path(of: target)
        return paths.contains { path in
            other.starts(with: path)
                && other.dropFirst(path.count).first.map { $0 == UInt8(ascii: "/") } ?? true
        }
    }

    /// Returns whether a target names a path: it begins with a slash, or is an absolute URL of HTTP (RFC 9112, 3.2).
    static func namesPath(_ target: String) -> Bool {
        target.hasPrefix("/") || afterScheme(target[...]) != nil
    }

    /// Returns the path of a target, without its query; for an absolute URL, the part after the host.
    static func path(of target: String) -> Substring.UTF8View {
        let end = target.utf8.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? target.endIndex
        let bare = target[..<end]
        guard !bare.hasPrefix("/"), let authority = afterScheme(bare) else { return bare.utf8 }
        guard let slash = authority.utf8.firstIndex(of: UInt8(ascii: "/")) else { return Substring("/").utf8 }
        return authority[slash...].utf8
    }

    private static func afterScheme(_ target: Substring) -> Substring? {
        for scheme in ["http://", "https://"] where target.prefix(scheme.count).lowercased() == scheme {
            return target.dropFirst(scheme.count)
        }
        return nil
    }
}

// MARK: - Responses

/// A status and a line of plain text, and how they look on the wire.
struct Response {
    let status: Int
    let text: String

    init(status: Int, text: String) {
        self.status = status
        self.text = text
    }

    init(_ answer: Answer) {
        self.init(status: answer.status, text: answer.text)
    }

    /// The response that lets a waiting client send the body.
    static let goOn = ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")

    /// Returns the response in full.
    ///
    /// - Parameters:
    ///   - closes: Whether the connection ends with it.
    ///   - isHead: Whether it answers a HEAD request, and so has no body.
    func bytes(closes: Bool, isHead: Bool = false) -> ByteBuffer {
        var head = "HTTP/1.1 \(status) \(Self.phrase(status))\r\n"
        head += "Content-Type: text/plain; charset=utf-8\r\nContent-Length: \(text.utf8.count)\r\n"
        if status == 405 { head += "Allow: POST\r\n" }
        if let seconds = Self.retry[status] { head += "Retry-After: \(seconds)\r\n" }
        if closes { head += "Connection: close\r\n" }
        return ByteBuffer(string: head + "\r\n" + (isHead ? "" : text))
    }

    /// The usual answer, to a client that keeps its connection: made once.
    private static let usual = Dictionary(
        uniqueKeysWithValues: Answer.allCases.map { ($0, Response($0).bytes(closes: false)) })

    /// Returns the bytes of an answer.
    static func bytes(of answer: Answer, closes: Bool, isHead: Bool) -> ByteBuffer {
        if !closes, !isHead, let bytes = usual[answer] { return bytes }
        return Response(answer).bytes(closes: closes, isHead: isHead)
    }

    /// The seconds after which a client may try again, by status.
    private static let retry = [429: 60, 503: 5]

    private static func phrase(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 413: "Content Too Large"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 503: "Service Unavailable"
        default: "Unknown"
        }
    }
}
