internal import CCurl
internal import Foundation

/// The reason why no answer arrived.
public enum SendError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Nothing listens there.
    case refused(WebhookURL)
    /// The host's name has no address.
    case nameNotFound(WebhookURL)
    case timedOut(WebhookURL)
    /// The connection ended before the answer did.
    case closed(WebhookURL)
    /// The TLS connection could not be established.
    case insecure(WebhookURL, TLSProblem)
    /// The other side does not speak HTTP; with the problem of its answer.
    case notHTTP(WebhookURL, String)
    /// The task was cancelled, or the sender shut down.
    case cancelled
    /// Anything else, in the words of the system or of libcurl.
    case failed(WebhookURL, String)

    /// A sentence with the failure, its place, and a remedy.
    public var description: String {
        switch self {
        case .refused: "\(problem): check the host and the port, and whether the server runs"
        case .nameNotFound: "\(problem): check its spelling, and the DNS of this machine"
        case .timedOut: "\(problem): check the host and the port, and whether a firewall is in between"
        default: problem
        }
    }

    /// The failure and its place.
    var problem: String {
        switch self {
        case .refused(let url): "nothing listens at \(url.authority)"
        case .nameNotFound(let url): "the name of \(url.authority) was not found"
        case .timedOut(let url): "no answer from \(url.authority) in time"
        case .closed(let url): "\(url.authority) closed the connection before it had answered"
        case .insecure(let url, .notTLS):
            "\(url.authority) does not speak TLS: check the port, and whether the URL begins with http://"
        case .insecure(let url, let problem): "no secure connection to \(url.authority): \(problem)"
        case .notHTTP(let url, let problem):
            "what answered at \(url.authority) is not HTTP (\(problem)): check the host, the port, and whether it is https"
        case .cancelled: "cancelled"
        case .failed(let url, let problem): "cannot send to \(url.authority): \(problem)"
        }
    }
}

/// The reason why the TLS connection could not be established.
public enum TLSProblem: Sendable, Hashable, CustomStringConvertible {
    case notTLS
    /// The server ended the connection during the handshake.
    case closed
    case expired
    case notYetValid
    case revoked
    /// With the names for which it is valid.
    case otherName(String)
    case selfSigned
    /// With the name of the authority.
    case unknownAuthority(String)
    /// This system has no list of authorities.
    case noAuthorities
    /// Anything else, in the words of the TLS library.
    case other(String)

    /// The problem and a remedy.
    public var description: String {
        switch self {
        case .notTLS: "it does not speak TLS"
        case .closed:
            "it closed the connection during the TLS handshake: check the port, and whether it speaks TLS 1.2 or 1.3"
        case .expired:
            "its certificate has expired: its operator has to renew it, unless the clock of this machine is wrong"
        case .notYetValid: "its certificate is not valid yet: check the clock of this machine"
        case .revoked: "its certificate was revoked: its operator has to replace it"
        case .otherName(let names):
            "its certificate is for another name\(names.isEmpty ? "" : " (\(names))"): check the host in the URL"
        case .selfSigned:
            "its certificate is self-signed: if you trust it, put it into a file, and name that in --ca-file"
        case .unknownAuthority(let name):
            "its certificate is from an authority that is not trusted here\(name.isEmpty ? "" : " (\(name))"): if you trust it,"
                + " name its certificate in --ca-file; if it is a public one, the server sends no intermediate certificate"
        case .noAuthorities:
            "the certificates of authorities cannot be read: install the package ca-certificates, or check SSL_CERT_FILE"
        case .other(let text): text
        }
    }
}

// MARK: - What libcurl reports

/// The reason why a transfer has no answer.
struct TransferFailure: Error, Sendable, Hashable {
    enum Cause: Sendable, Hashable {
        /// The address was not allowed.
        case refused(OutgoingFailure)
        case cancelled
        case curl(CurlOutcome)
    }

    var cause: Cause
    /// Whether the request may have been received.
    var hasSent: Bool

    init(_ cause: Cause, hasSent: Bool = false) {
        self.cause = cause
        self.hasSent = hasSent
    }
}

/// The end of a transfer, in the codes of libcurl, the system and the TLS library.
struct CurlOutcome: Sendable, Hashable {
    var code: CURLcode
    /// The system's error of the connection; 0 for other failures.
    var errno: Int32
    /// OpenSSL's verdict on the certificate (`X509_V_ERR_…`); 0 without an objection.
    var verification = 0
    /// The HTTP status with which a proxy answered CONNECT; 0 without an answer.
    var proxyStatus = 0
    /// The reply of a SOCKS proxy (`CURLPX_…`).
    var proxyReply = 0
    /// The names of the other side's certificate.
    var names = ""
    /// The issuer of the certificate that is not accepted.
    var issuer = ""
    /// libcurl's own words, which may contain text of the other side.
    var text = ""

    init(_ code: CURLcode, errno: Int32 = 0) {
        self.code = code
        self.errno = errno
    }
}

extension SendError {
    init(_ failure: TransferFailure, to url: WebhookURL) {
        switch failure.cause {
        case .cancelled: self = .cancelled
        case .refused(let refusal): self = .failed(url, "\(refusal)")
        case .curl(let outcome): self.init(outcome, to: url, hasSent: failure.hasSent)
        }
    }

    /// - Parameter proxy: The proxy that was to connect to the URL's host.
    init(_ failure: TransferFailure, to url: WebhookURL, by proxy: ProxyServer?) {
        if let proxy, !failure.hasSent, case .curl(let outcome) = failure.cause,
            let sentence = proxy.sentence(for: outcome, to: url)
        {
            self = .failed(url, sentence)
        } else {
            self.init(failure, to: url)
        }
    }

    private init(_ outcome: CurlOutcome, to url: WebhookURL, hasSent: Bool) {
        switch outcome.code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: self = .nameNotFound(url)
        case CURLE_OPERATION_TIMEDOUT: self = .timedOut(url)
        case CURLE_URL_MALFORMAT: self = .failed(url, "the host or the port in the URL is not one that b2watch can use")
        case CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE: self = .closed(url)
        // In this state curl accepts an answer of HTTP/0.9, which may be any text.
        case CURLE_UNSUPPORTED_PROTOCOL where hasSent: self = .notHTTP(url, "it does not begin with HTTP/1.1")
        case CURLE_WEIRD_SERVER_REPLY, CURLE_WRITE_ERROR, CURLE_BAD_CONTENT_ENCODING:
            self = .notHTTP(url, outcome.words)
        case CURLE_RECV_ERROR where outcome.errno == 0 && outcome.text.contains("chunk"):
            self = .notHTTP(url, outcome.words)
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CLIENTCERT, CURLE_SSL_INVALIDCERTSTATUS:
            self = .insecure(url, TLSProblem(outcome))
        case CURLE_RECV_ERROR, CURLE_SEND_ERROR:
            // An alert, such as that of a server that wants a certificate of the client's.
            self = outcome.text.contains("SSL routines") ? .insecure(url, TLSProblem(outcome)) : .closed(url)
        case CURLE_COULDNT_CONNECT where outcome.errno == ECONNREFUSED: self = .refused(url)
        case CURLE_COULDNT_CONNECT where outcome.errno == ETIMEDOUT: self = .timedOut(url)
        default: self = .failed(url, outcome.errno != 0 ? String(cString: strerror(outcome.errno)) : outcome.words)
        }
    }
}

extension TLSProblem {
    fileprivate init(_ outcome: CurlOutcome) {
        // OpenSSL's numbers, of which none has changed since they were given (x509_vfy.h).
        switch outcome.verification {
        case 9: self = .notYetValid
        case 10: self = .expired
        case 18: self = .selfSigned
        case 2, 19, 20, 21, 27: self = .unknownAuthority(outcome.issuer)
        case 23: self = .revoked
        case 62, 64: self = .otherName(outcome.names)
        // 1 is the value before the certificate is checked.
        case 0, 1: self.init(outcome.code, outcome.errno, outcome.words, outcome.names)
        default: self = .other("its certificate is not accepted (\(outcome.words))")
        }
    }

    private init(_ code: CURLcode, _ errno: Int32, _ words: String, _ names: String) {
        let notTLS = ["wrong version number", "packet length too long", "http request", "unknown protocol"]
        let closed = ["SSL_ERROR_SYSCALL", "reset by peer", "unexpected eof"]
        if code == CURLE_SSL_CACERT_BADFILE {
            self = .noAuthorities
        } else if code == CURLE_PEER_FAILED_VERIFICATION, words.contains("subject name") {
            // OpenSSL has checked the chain, and libcurl the name.
            self = .otherName(names)
        } else if notTLS.contains(where: words.contains) {
            self = .notTLS
        } else if errno == ECONNRESET || errno == EPIPE || closed.contains(where: words.contains) {
            self = .closed
        } else if words.contains("certificate required") {
            self = .other("it asks for a client certificate, which b2watch does not send")
        } else {
            self = .other("the TLS handshake failed (\(words))")
        }
    }
}

extension CurlOutcome {
    /// libcurl's words without details for programmers, on one short line.
    fileprivate var words: String {
        var words = text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
        // For example, `error:0A00010B:SSL routines::wrong version number`.
        if let reason = words.range(of: "error:", options: .caseInsensitive) {
            words = words[reason.upperBound...].split(separator: ":").last.map(String.init) ?? words
        }
        if let number = words.range(of: ", errno ") { words = String(words[..<number.lowerBound]) }
        let printable = words.unicodeScalars.filter { (0x20...0x7E).contains($0.value) }
        return String(String.UnicodeScalarView(printable.prefix(200))).trimmingCharacters(in: [" "])
    }
}

extension OutgoingFailure {
    /// - Parameter proxy: The proxy that was to connect to the URL's host.
    init(_ failure: TransferFailure, to url: WebhookURL, by proxy: ProxyServer?) {
        if case .refused(let refusal) = failure.cause {
            self = refusal
            return
        }
        let problem = SendError(failure, to: url)
        if problem == .cancelled {
            self = failure.hasSent ? .lost("b2watch ended before \(url.authority) answered") : .cancelled
        } else if failure.hasSent {
            self = .lost(problem.problem)
        } else if case .curl(let outcome) = failure.cause, outcome.code == CURLE_URL_MALFORMAT {
            self = .forbidden("\(problem)")
        } else if let proxy, case .curl(let outcome) = failure.cause {
            self = .notSent(
                proxy.sentence(for: outcome, to: url) ?? "\(problem.problem), by the proxy \(proxy.authority)")
        } else {
            self = .notSent("\(problem)")
        }
    }
}

extension ProxyServer {
    /// Returns the problem of the proxy itself, or its answer; nil for other failures.
    fileprivate func sentence(for outcome: CurlOutcome, to url: WebhookURL) -> String? {
        switch (outcome.code, outcome.proxyStatus) {
        case (CURLE_COULDNT_CONNECT, _), (CURLE_COULDNT_RESOLVE_PROXY, _):
            return (try? WebhookURL("http://\(authority)/")).map {
                "\(SendError(TransferFailure(.curl(outcome)), to: $0).problem), which is the proxy"
            }
        case (_, 407):
            return "the proxy \(authority) wants another user and password: write http://user:password@host:port"
        case (_, 502...504):
            return "the proxy \(authority) cannot connect to \(url.authority): it answered \(outcome.proxyStatus)"
        case (_, 300...):
            return "the proxy \(authority) does not let the request through: it answered \(outcome.proxyStatus)"
        case (CURLE_PROXY, _): return "the proxy \(authority) \(socksReply(outcome, to: url))"
        case (CURLE_OPERATION_TIMEDOUT, 0) where kind == .http:
            return "no answer from the proxy \(authority) in time"
        case (CURLE_GOT_NOTHING, 0), (CURLE_RECV_ERROR, 0), (CURLE_SEND_ERROR, 0):
            return "the proxy \(authority) closed the connection before it had answered"
        case (CURLE_UNSUPPORTED_PROTOCOL, 0), (CURLE_WEIRD_SERVER_REPLY, 0):
            return "what answered at \(authority) is not an HTTP proxy"
        default: return nil
        }
    }

    private func socksReply(_ outcome: CurlOutcome, to url: WebhookURL) -> String {
        switch CURLproxycode(UInt32(outcome.proxyReply)) {
        case CURLPX_REPLY_CONNECTION_REFUSED: "answered that nothing listens at \(url.authority)"
        case CURLPX_REPLY_HOST_UNREACHABLE, CURLPX_REPLY_NETWORK_UNREACHABLE, CURLPX_REPLY_TTL_EXPIRED:
            "cannot reach \(url.authority)"
        case CURLPX_REPLY_NOT_ALLOWED: "does not let the request through"
        case CURLPX_NO_AUTH, CURLPX_GSSAPI, CURLPX_USER_REJECTED: "wants a user and a password"
        case CURLPX_CLOSED: "closed the connection before it had answered"
        case CURLPX_BAD_VERSION: "is not a SOCKS5 proxy"
        default: "did not connect to \(url.authority): \(outcome.words)"
        }
    }
}
