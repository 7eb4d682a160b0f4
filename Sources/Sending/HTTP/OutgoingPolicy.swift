internal import Base
internal import Foundation
internal import Notifications

/// The allowed targets of requests, and the way to them.
///
/// A direct connection is checked address by address, as it is opened. Through a proxy b2watch sees no address: there
/// the URL's host is checked as it is written, and a name with a port of ours is looked up here. So a proxy that knows
/// this machine by a name that the machine itself does not know can lead back to it.
public struct OutgoingPolicy: Sendable {
    /// The current addresses of b2watch's own listener. Nothing is sent there: it would return as an event.
    public var own: @Sendable () -> [OwnAddress]
    /// Whether that is allowed all the same: a person sends a delivery again.
    public var allowsOwnAddress: Bool
    public var proxies: ProxyRules
    /// The function that looks up the addresses of a name.
    var resolve: @Sendable (String) -> [IPAddress] = { IPAddress.all(of: $0) }

    public init(
        own: @escaping @Sendable () -> [OwnAddress] = { [] }, allowsOwnAddress: Bool = false,
        proxies: ProxyRules = ProxyRules()
    ) {
        self.own = own
        self.allowsOwnAddress = allowsOwnAddress
        self.proxies = proxies
    }

    /// The way of a request.
    enum Route: Sendable, Hashable {
        /// - Parameter onlyLoopback: The connection must end on this machine: only then plain http is right.
        case direct(onlyLoopback: Bool)
        case proxy(ProxyServer)
    }

    /// Checks a request as it is written; the addresses of its name are checked when the connection is opened.
    ///
    /// - Throws: `.forbidden` if it must not be sent.
    func route(of request: OutgoingRequest) throws(OutgoingFailure) -> Route {
        let url = request.url
        if let problem = Self.problem(in: request) { throw .forbidden(problem) }
        guard url.isSecure || url.isLoopback || request.allowsPlainHTTP else {
            throw .forbidden(
                "plain http to \(url.authority) is not allowed: anyone between could read it; write https://, or allow"
                    + " plain http where you mean it")
        }
        if let address = url.isLoopback && IPAddress(url.host) == nil ? IPAddress("127.0.0.1") : IPAddress(url.host) {
            try check(address, url)
        }
        if url.isLoopback { return .direct(onlyLoopback: !url.isSecure && !request.allowsPlainHTTP) }
        let proxy: ProxyServer?
        do throws(ProxyProblem) {
            proxy = try proxies.proxy(for: url)
        } catch {
            throw .forbidden("\(error)")
        }
        guard let proxy else { return .direct(onlyLoopback: false) }
        try checkName(url)
        return .proxy(proxy)
    }

    /// Checks the addresses of a name that a proxy would connect to, because no connection of ours shows them. Only a
    /// name with a port of ours is looked up.
    private func checkName(_ url: WebhookURL) throws(OutgoingFailure) {
        guard !allowsOwnAddress, IPAddress(url.host) == nil, own().contains(where: { $0.port == url.port }) else {
            return
        }
        for address in resolve(url.host) { try check(address, url) }
    }

    /// Checks the address that a request would go to.
    func check(_ address: IPAddress, _ url: WebhookURL) throws(OutgoingFailure) {
        if isOwn(address, port: url.port) { throw Self.refusesItself(url) }
    }

    /// Checks an address of a direct connection before it is opened: libcurl asks for each address of the name, and
    /// connects to exactly the one that was checked.
    ///
    /// - Returns: The reason why it must not be used; nil if it may.
    func refusal(of address: IPAddress, port: Int, for url: WebhookURL, onlyLoopback: Bool) -> OutgoingFailure? {
        if onlyLoopback, !address.isLoopback {
            return .forbidden(
                "plain http to \(url.authority) is not allowed: the name is not an address of this machine; write"
                    + " 127.0.0.1, or https://")
        }
        return isOwn(address, port: port) ? Self.refusesItself(url) : nil
    }

    private func isOwn(_ address: IPAddress, port: Int) -> Bool {
        !allowsOwnAddress
            && own().contains { $0.isReached(at: address, port: port, machine: IPAddress.ofMachine) }
    }

    static func refusesItself(_ url: WebhookURL) -> OutgoingFailure {
        .forbidden(
            "\(url.authority) is b2watch itself: each event sent there would return as a new event, without end; use"
                + " another URL")
    }

    /// Returns the problem of a method or a header field: a line break in one could forge others.
    private static func problem(in request: OutgoingRequest) -> String? {
        guard isToken(request.method), request.method != "CONNECT", request.method != "TRACE" else {
            return "the request's method cannot be sent"
        }
        for field in request.headers {
            guard isToken(field.name) else { return "the name of a header field is not valid, so it may not be sent" }
            guard field.value.utf8.allSatisfy({ $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F }) else {
                return "the value of the header field \(field.name) contains a line break or another control character"
            }
        }
        return nil
    }

    /// Returns whether a text is a `token` (RFC 9110, 5.6.2).
    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}

/// An address that b2watch itself listens at.
public struct OwnAddress: Sendable, Hashable {
    /// An IP address; `0.0.0.0` and `::` mean every address of this machine.
    public var host: String
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Returns whether a connection to this address and port reaches b2watch.
    func isReached(at address: IPAddress, port: Int, machine: () -> Set<IPAddress>) -> Bool {
        guard port == self.port else { return false }
        // A name: it is unknown which of the machine's addresses it means, so it counts as each of them.
        let listening = IPAddress(host)
        if listening == address { return true }
        if let listening, !listening.isUnspecified { return address.isUnspecified && listening.isLoopback }
        return address.isLoopback || address.isUnspecified || machine().contains(address)
    }
}

// MARK: - IP addresses

extension IPAddress {
    /// Reads an address in any form that the system's functions accept, such as `127.1` or `0x7f.0.0.1`.
    init?(numeric text: String) {
        var four = in_addr()
        if inet_aton(text, &four) != 0 {
            self.init(bytes: withUnsafeBytes(of: &four) { Array($0) })
        } else {
            self.init(text)
        }
    }

    /// Reads the address and the port that a socket has or is to be connected to; nil for other families.
    static func endpoint(_ address: UnsafePointer<sockaddr>) -> (address: IPAddress, port: Int)? {
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            var four = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in.self)
            return IPAddress(bytes: withUnsafeBytes(of: &four.sin_addr) { Array($0) })
                .map { ($0, Int(UInt16(bigEndian: four.sin_port))) }
        case AF_INET6:
            var six = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in6.self)
            return IPAddress(bytes: withUnsafeBytes(of: &six.sin6_addr) { Array($0) })
                .map { ($0, Int(UInt16(bigEndian: six.sin6_port))) }
        default: return nil
        }
    }

    /// Returns the addresses of a name; none if the name is unknown. Blocks while the system looks it up.
    static func all(of name: String) -> [IPAddress] {
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, nil, &list) == 0, let first = list else { return [] }
        defer { freeaddrinfo(list) }
        return sequence(first: first, next: { $0.pointee.ai_next }).compactMap { info in
            info.pointee.ai_addr.flatMap { endpoint($0)?.address }
        }
    }

    /// Returns the addresses that this machine has now.
    static func ofMachine() -> Set<IPAddress> {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0, let first = list else { return [] }
        defer { freeifaddrs(list) }
        return Set(
            sequence(first: first, next: { $0.pointee.ifa_next }).compactMap { device in
                device.pointee.ifa_addr.flatMap { endpoint($0)?.address }
            })
    }
}

extension WebhookURL {
    /// Whether its host, as written, is this machine.
    public var isLoopback: Bool {
        let name = host.lowercased()
        if name == "localhost" || name == "localhost." || name.hasSuffix(".localhost") { return true }
        return IPAddress(host)?.isLoopback == true
    }
}

// MARK: - URLs

/// The URL of a webhook: http or https, with a host, and without a user and password.
public struct WebhookURL: Sendable, Hashable, CustomStringConvertible {
    /// The URL as given.
    public let description: String
    /// The host and, if given, the port.
    public let authority: String
    /// The host without the brackets of an IPv6 address, as given.
    public let host: String
    /// The port that was given, or the scheme's own.
    public let port: Int
    /// Whether it is an https URL.
    public let isSecure: Bool

    /// Reads a URL.
    ///
    /// - Throws: `WebhookURLError`, with the problem and a remedy.
    public init(_ text: String) throws(WebhookURLError) {
        guard let colon = text.firstRange(of: "://") else { throw .noScheme }
        let scheme = text[..<colon.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else { throw .otherScheme(scheme) }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { throw .notASCII }

        let rest = text[colon.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !authority.contains("@") else { throw .hasUser }
        let isBracketed = authority.hasPrefix("[")
        let hostEnd = authority.firstIndex { $0 == (isBracketed ? "]" : ":") } ?? authority.endIndex
        let host = authority[..<hostEnd].drop { $0 == "[" }
        guard !host.isEmpty else { throw .noHost }
        let port = authority[hostEnd...].drop { $0 == "]" }
        if !port.isEmpty {
            let digits = port.dropFirst()
            guard port.hasPrefix(":"), digits.first?.isNumber == true, UInt16(digits) ?? 0 > 0 else { throw .badPort }
        }
        description = text
        self.authority = String(authority)
        self.host = String(host)
        isSecure = scheme == "https"
        self.port = UInt16(port.dropFirst()).map(Int.init) ?? (isSecure ? 443 : 80)
    }
}

extension WebhookURL {
    /// The value of the Host field, without the scheme's default port.
    var hostField: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }
}

/// The reason why a text is not the URL of a webhook. No description contains the URL's secrets.
public enum WebhookURLError: Error, Sendable, Hashable, CustomStringConvertible {
    case noScheme
    case otherScheme(String)
    case notASCII
    case hasUser
    case noHost
    case badPort

    /// A sentence with the problem and a remedy.
    public var description: String {
        switch self {
        case .noScheme:
            "the URL has no scheme: write http:// or https:// before it"
        case .otherScheme(let scheme):
            "\u{201C}\(scheme)\u{201D} is not a scheme for webhooks: write http:// or https://"
        case .notASCII:
            "the URL has a space or another character that must be percent-encoded, such as %20"
        case .hasUser:
            "the URL contains a user or a password: leave out the part before the @"
        case .noHost:
            "the URL has no host: write such as http://127.0.0.1:8080/"
        case .badPort:
            "the URL's port is not valid: write a number from 1 to 65535"
        }
    }
}

// MARK: - Percent-encoding

extension String {
    /// The text as a part of a path or of a form: everything except letters, digits and `-._~` of ASCII is
    /// percent-encoded (RFC 3986, 2.3).
    public var percentEncoded: String {
        utf8.reduce(into: "") { encoded, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
    }
}
