internal import Notifications

/// The proxies for URLs, from the environment: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, lower case
/// first. Requests to this machine never use a proxy, nor do those to link-local addresses, where clouds have the metadata
/// of a machine: a proxy would ask about its own.
public struct ProxyRules: Sendable {
    private let secure: Result<ProxyServer, ProxyProblem>?
    private let plain: Result<ProxyServer, ProxyProblem>?
    private let exceptions: [Exception]

    /// Creates rules without a proxy.
    public init() {
        self.init(environment: [:])
    }

    public init(environment: [String: String]) {
        func proxy(_ names: [String]) -> Result<ProxyServer, ProxyProblem>? {
            for name in names {
                let value = environment[name].map { String($0.trimmingSpace) } ?? ""
                guard !value.isEmpty else { continue }
                return Result { () throws(ProxyProblem) in try ProxyServer(value, from: name) }
            }
            return nil
        }
        secure = proxy(["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
        // In a CGI process the sender of a request sets this variable by a header field (CVE-2016-5385).
        let upper = environment["REQUEST_METHOD"] == nil ? ["HTTP_PROXY"] : []
        plain = proxy(["http_proxy"] + upper + ["all_proxy", "ALL_PROXY"])
        let list = environment["no_proxy"] ?? environment["NO_PROXY"] ?? ""
        exceptions = list.split { $0 == "," || $0.isWhitespace }.compactMap { Exception($0) }
    }

    /// Returns the proxy for a URL; nil for a direct connection.
    func proxy(for url: WebhookURL) throws(ProxyProblem) -> ProxyServer? {
        guard let proxy = url.isSecure ? secure : plain else { return nil }
        let isHere = url.isLoopback || IPAddress(url.host)?.isUnspecified == true
        let isNear = IPAddress(url.host).map(Self.linkLocal.contains) ?? false
        guard !isHere, !isNear, !exceptions.contains(where: { $0.matches(url) }) else { return nil }
        return try proxy.get()
    }

    private static let linkLocal = AddressList(
        ["169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128"].compactMap { IPNetwork($0) })

    /// An element of `NO_PROXY`.
    private struct Exception: Sendable {
        private enum Host: Sendable {
            case any
            /// This name, and all names below it.
            case name(String)
            case network(IPAddress, bits: Int)
        }

        private let host: Host
        private let port: Int?

        init?(_ text: Substring) {
            if let network = Self.network(text) {
                host = network
                port = nil
                return
            }
            let isBracketed = text.hasPrefix("[")
            let end = text.lastIndex { $0 == (isBracketed ? "]" : ":") } ?? text.endIndex
            let name = text[..<end].drop { $0 == "[" }
            let rest = text[end...].drop { $0 == "]" }
            if rest.isEmpty {
                port = nil
            } else {
                guard rest.hasPrefix(":"), let number = UInt16(rest.dropFirst()) else { return nil }
                port = Int(number)
            }
            if name == "*" {
                host = .any
            } else if let network = Self.network(name) {
                host = network
            } else {
                let base = (name.hasPrefix("*.") ? name.dropFirst() : name).drop { $0 == "." }.lowercased()
                guard !base.isEmpty else { return nil }
                host = .name(base)
            }
        }

        private static func network(_ text: Substring) -> Host? {
            if let address = IPAddress(text) { return .network(address, bits: address.width) }
            let parts = text.split(separator: "/")
            guard parts.count == 2, let address = IPAddress(parts[0]), let bits = Int(parts[1]) else { return nil }
            return .network(address, bits: bits)
        }

        func matches(_ url: WebhookURL) -> Bool {
            if let port, port != url.port { return false }
            switch host {
            case .any: return true
            case .network(let network, let bits):
                return IPAddress(url.host)?.isInside(network, bits: bits) == true
            case .name(let base):
                let name = url.host.lowercased()
                return name == base || name.hasSuffix(".\(base)")
            }
        }
    }
}

extension StringProtocol where SubSequence == Substring {
    /// The text without the white space at its ends.
    var trimmingSpace: Substring {
        let start = drop { $0.isWhitespace }
        return start.lastIndex { !$0.isWhitespace }.map { start[...$0] } ?? ""
    }
}

// MARK: - Proxies

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
    /// - Throws: `ProxyProblem`, which contains nothing of the value.
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

    /// Removes percent-encoding; returns nil if it is invalid.
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
    /// The variable that names the proxy, such as `HTTPS_PROXY`.
    public let variable: String

    public var description: String {
        "the proxy in \(variable) is not one that b2watch can use: write http://host:port or socks5://host:port"
    }
}
