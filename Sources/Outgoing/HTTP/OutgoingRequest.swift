/// One request that we send.
public struct OutgoingRequest: Sendable, Hashable {
    /// Such as `POST`.
    public var method: String
    /// An http or https URL.
    public var url: WebhookURL
    /// In the order in which they are sent. Host and Content-Length are added where they are not there.
    public var headers: [OutgoingField]
    public var body: [UInt8]
    /// Whether plain http is right whatever the address: because the user has said so.
    public var allowsPlainHTTP: Bool
    /// How much of the URL nobody may see.
    public var secrecy: Secrecy

    /// How much of a URL is masked in what is kept and shown.
    public enum Secrecy: Sendable, Hashable {
        case nothing
        /// The query.
        case query
        /// All behind the authority: the URL itself is the credential.
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
        // Where there is no body, methods that mean one say so.
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
    /// Whether nobody may see the value: in what is kept and shown it is masked.
    public var isSecret: Bool

    public init(_ name: String, _ value: String, isSecret: Bool = false) {
        self.name = name
        self.value = value
        self.isSecret = isSecret
    }
}

/// What was answered.
public struct OutgoingAnswer: Sendable, Hashable {
    /// How much of a body is kept, in bytes.
    public static let longest = 64 << 10

    /// The HTTP status, whatever it is.
    public var status: Int
    public var headers: [OutgoingField]
    /// The first 64 KiB of the body.
    public var body: [UInt8]
    /// Whether the body was longer.
    public var isCut: Bool
    /// From the start of sending to the end of the answer.
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

    /// The value of the first field of this name, in any case.
    public func value(of name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// Why there is no answer; each with a sentence that holds no secret.
public enum OutgoingFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The request is against the rules: plain http to another machine, b2watch's own address. Never sent.
    case forbidden(String)
    /// Surely nothing was received: no connection came about.
    case notSent(String)
    /// The request may have been received: the connection ended, or the time was up.
    case lost(String)
    /// The client was shut down before anything of the request was sent; what was under way then is `lost`.
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
