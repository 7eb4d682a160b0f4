internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Why no answer came.
public enum SendError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Nothing listens there.
    case refused(WebhookURL)
    /// The host's name has no address.
    case nameNotFound(WebhookURL)
    case timedOut(WebhookURL)
    /// The connection ended before the answer did.
    case closed(WebhookURL)
    /// No secure connection; with the library's name for the reason.
    case insecure(WebhookURL, String)
    /// What answered does not speak HTTP; with the parser's words for what is wrong.
    case notHTTP(WebhookURL, String)
    /// The task was cancelled, or the sender shut down.
    case cancelled
    /// Anything else, in the system's or the library's words.
    case failed(WebhookURL, String)

    init(_ error: any Error, to url: WebhookURL) {
        switch error {
        case is CancellationError: self = .cancelled
        case let error as HTTPClientError: self.init(error, to: url)
        case let error as NIOConnectionError:
            if let cause = error.connectionErrors.first?.error {
                self.init(cause, to: url)
            } else if error.dnsAError != nil || error.dnsAAAAError != nil {
                self = .nameNotFound(url)
            } else {
                self = .failed(url, "\(error)")
            }
        case let error as IOError:
            switch error.errnoCode {
            case ECONNREFUSED: self = .refused(url)
            case ECONNRESET, EPIPE: self = .closed(url)
            case ETIMEDOUT: self = .timedOut(url)
            case let code: self = .failed(url, String(cString: strerror(code)))
            }
        case ChannelError.connectTimeout: self = .timedOut(url)
        case let error as HTTPParserError: self = .notHTTP(url, "\(error)")
        default: self = url.isSecure ? .insecure(url, Self.name(of: error)) : .failed(url, "\(error)")
        }
    }

    /// The error's case or type: what it carries may tell of the library's sources.
    private static func name(of error: any Error) -> String {
        String("\(error)".prefix { $0.isASCII && ($0.isLetter || $0.isNumber) })
    }

    private init(_ error: HTTPClientError, to url: WebhookURL) {
        switch error {
        case .connectTimeout, .readTimeout, .writeTimeout, .deadlineExceeded, .tlsHandshakeTimeout,
            .getConnectionFromPoolTimeout:
            self = .timedOut(url)
        case .remoteConnectionClosed, .uncleanShutdown: self = .closed(url)
        case .cancelled, .alreadyShutdown, .requestStreamCancelled: self = .cancelled
        default: self = .failed(url, error.shortDescription)
        }
    }

    /// A sentence: what failed, and where.
    public var description: String {
        switch self {
        case .refused(let url): "nothing listens at \(url.authority)"
        case .nameNotFound(let url): "the name of \(url.authority) was not found"
        case .timedOut(let url): "no answer from \(url.authority) in time"
        case .closed(let url): "\(url.authority) closed the connection before it had answered"
        case .insecure(let url, let name):
            "no secure connection to \(url.authority): it does not speak TLS, or not one that is trusted"
                + (name.isEmpty ? "" : " (\(name))")
        case .notHTTP(let url, let problem):
            "what answered at \(url.authority) is not HTTP (\(problem)): check the host, the port, and whether it is https"
        case .cancelled: "cancelled"
        case .failed(let url, let problem): "cannot send to \(url.authority): \(problem)"
        }
    }
}
