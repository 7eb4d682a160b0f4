/// Where requests may go, and by which way.
///
/// A direct connection is checked address by address, as it is opened. Through a proxy b2watch sees no address: there the
/// URL's host is checked as it is written, and a name with a port of ours is looked up here. So a proxy that knows this
/// machine by a name that the machine itself does not know can lead back to it.
public struct OutgoingPolicy: Sendable {
    /// The addresses that b2watch itself listens at now. Nothing is sent there: it would come back as an event.
    public var own: @Sendable () -> [OwnAddress]
    /// Whether that is allowed all the same: a person sends a delivery again.
    public var allowsOwnAddress: Bool
    public var proxies: ProxyRules
    /// The addresses that a name stands for.
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

    /// Looks at a request as it is written; where its name leads is looked at when there is a connection.
    ///
    /// - Throws: `.forbidden` where it must not be sent.
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

    /// Looks at where a name leads that a proxy would connect to: there is no connection of ours to see it by. Only a name
    /// with a port of ours is looked up.
    private func checkName(_ url: WebhookURL) throws(OutgoingFailure) {
        guard !allowsOwnAddress, IPAddress(url.host) == nil, own().contains(where: { $0.port == url.port }) else {
            return
        }
        for address in resolve(url.host) { try check(address, url) }
    }

    /// Looks at an address that a request would go to.
    func check(_ address: IPAddress, _ url: WebhookURL) throws(OutgoingFailure) {
        if isOwn(address, port: url.port) { throw Self.refusesItself(url) }
    }

    /// Checks an address that a direct connection would go to, before it is opened: libcurl asks for each address that
    /// the name stands for, and connects to exactly the one that was checked.
    ///
    /// - Returns: Why it must not be used; nil if it may.
    func refusal(of address: IPAddress, port: Int, for url: WebhookURL, onlyLoopback: Bool) -> OutgoingFailure? {
        if onlyLoopback, !address.isLoopback {
            return .forbidden(
                "plain http to \(url.authority) is not allowed: the name does not stand for this machine; write"
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
            "\(url.authority) is b2watch itself: what is sent there would come back as an event, again and again; use"
                + " another URL")
    }

    /// What is wrong with a method or a header field: whoever can put a line break into one can forge others.
    private static func problem(in request: OutgoingRequest) -> String? {
        guard isToken(request.method), request.method != "CONNECT", request.method != "TRACE" else {
            return "the request's method is none that is sent"
        }
        for field in request.headers {
            guard isToken(field.name) else { return "the name of a header field is none: it may not be sent" }
            guard field.value.utf8.allSatisfy({ $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F }) else {
                return "the value of the header field \(field.name) holds a line break or another control character"
            }
        }
        return nil
    }

    /// Whether it is a `token` (RFC 9110, 5.6.2).
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
    /// An IP address; `0.0.0.0` and `::` stand for each that this machine has.
    public var host: String
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Whether a connection to this address and port reaches b2watch.
    func isReached(at address: IPAddress, port: Int, machine: () -> Set<IPAddress>) -> Bool {
        guard port == self.port else { return false }
        // A name: which of the machine's addresses it stands for is not known, so it stands for each.
        let listening = IPAddress(host)
        if listening == address { return true }
        if let listening, !listening.isUnspecified { return address.isUnspecified && listening.isLoopback }
        return address.isLoopback || address.isUnspecified || machine().contains(address)
    }
}
