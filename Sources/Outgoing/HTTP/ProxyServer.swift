/// A proxy. Its user and password are shown nowhere.
struct ProxyServer: Sendable, Hashable {
    enum Kind: Sendable, Hashable { case http, socks }

    let kind: Kind
    let host: String
    let port: Int
    let credentials: Credentials?

    struct Credentials: Sendable, Hashable {
        let user: String
        let password: String
    }

    /// Reads the value of a variable: `http://user:password@proxy.example:3128`, `proxy.example:3128` or
    /// `socks5://127.0.0.1:1080`.
    ///
    /// - Throws: `ProxyProblem`, which holds nothing of the value.
    init(_ value: String, from variable: String) throws(ProxyProblem) {
        let problem = ProxyProblem(variable: variable)
        let schemeEnd = value.firstRange(of: "://")
        switch schemeEnd.map({ value[..<$0.lowerBound].lowercased() }) ?? "http" {
        case "http": kind = .http
        case "socks5", "socks5h", "socks": kind = .socks
        default: throw problem
        }
        let authority = value[(schemeEnd?.upperBound ?? value.startIndex)...].prefix { $0 != "/" && $0 != "?" }
        let at = authority.lastIndex(of: "@")
        let place = authority[(at.map { authority.index(after: $0) } ?? authority.startIndex)...]
        // The host and the port are read as those of a URL are.
        guard let url = try? WebhookURL("http://\(place)/") else { throw problem }
        host = url.host
        let hasPort = (place.hasPrefix("[") ? place.drop { $0 != "]" } : place).contains(":")
        port = hasPort ? url.port : kind == .http ? 80 : 1_080
        guard let at else {
            credentials = nil
            return
        }
        let parts = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard kind == .http, let user = parts.first.flatMap({ Self.decoded($0) }),
            let password = parts.count > 1 ? Self.decoded(parts[1]) : ""
        else { throw problem }
        credentials = Credentials(user: user, password: password)
    }

    /// The host and the port.
    var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Without percent-encoding; nil where it is broken.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension ProxyServer: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String { authority }
    var debugDescription: String { authority }
    var customMirror: Mirror { Mirror(self, children: ["proxy": authority]) }
}

/// A variable names no proxy that b2watch can use.
public struct ProxyProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// Such as `HTTPS_PROXY`.
    public let variable: String

    public var description: String {
        "the proxy in \(variable) is none that b2watch can use: write http://host:port or socks5://host:port"
    }
}
