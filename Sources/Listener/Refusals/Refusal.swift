/// Why a request is not taken at all. It becomes a line in the log, not a row.
enum Refusal: Error, Hashable {
    /// The body is longer than the limit, which is in bytes.
    case bodyTooLarge(limit: Int)
    case headersTooLarge
    case notHTTP
    /// A TLS handshake; this port speaks plain HTTP.
    case tls
    /// The length of the body is not clear.
    case ambiguousLength
    /// The target is neither a path nor a URL of HTTP, such as `*`.
    case noPath
    /// The peer ended the connection in the middle.
    case incomplete
    case slowHead
    case slowRequest
    case tooManyConnections(limit: Int)

    /// What the peer is told.
    var response: Response {
        switch self {
        case .bodyTooLarge: Response(status: 413, text: "Body too large")
        case .headersTooLarge: Response(status: 431, text: "Headers too large")
        case .notHTTP: Response(status: 400, text: "Bad request")
        case .tls: Response(status: 400, text: "This port speaks HTTP, not HTTPS")
        case .ambiguousLength: Response(status: 400, text: "Ambiguous body length")
        case .noPath: Response(status: 400, text: "The request names no path")
        case .incomplete: Response(status: 400, text: "Incomplete request")
        case .slowHead, .slowRequest: Response(status: 408, text: "Request took too long")
        case .tooManyConnections: Response(status: 503, text: "Too many connections")
        }
    }
}

extension Refusal: CustomStringConvertible {
    /// As the log says it.
    var description: String {
        switch self {
        case .bodyTooLarge(let limit): "body over \(Self.size(limit)) (413)"
        case .headersTooLarge: "headers too large (431)"
        case .notHTTP: "not valid HTTP (400)"
        case .tls: "HTTPS on a port that speaks HTTP (400)"
        case .ambiguousLength: "the length of the body is ambiguous (400)"
        case .noPath: "the request names no path (400)"
        case .incomplete: "ended in the middle (400)"
        case .slowHead: "the head took too long (408)"
        case .slowRequest: "the request took too long (408)"
        case .tooManyConnections(let limit): "over \(limit) connections (503)"
        }
    }

    private static func size(_ bytes: Int) -> String {
        for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] where bytes >= 1 << shift {
            if bytes & (1 << shift - 1) == 0 { return "\(bytes >> shift) \(unit)" }
        }
        return "\(bytes) bytes"
    }
}
