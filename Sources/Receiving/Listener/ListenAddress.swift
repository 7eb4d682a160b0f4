internal import NIOCore

/// A host and a port to listen on, as in `127.0.0.1:8080`, `[::1]:8080` or `localhost:0`.
public struct ListenAddress: Sendable, Hashable {
    /// An IP address, IPv6 without brackets, or a name.
    public let host: String
    /// 0 takes a free port.
    public let port: Int
    /// Whether it speaks HTTPS.
    public private(set) var isSecure = false

    /// Reads `HOST:PORT` or `[IPv6]:PORT`.
    ///
    /// - Throws: `ListenAddressError`, which explains the fault and what to write.
    public init(_ text: String) throws(ListenAddressError) {
        guard let (host, port) = try Self.split(text) else {
            let isIPv6 = text.contains(":") && Self.ip(text) != nil
            throw isIPv6 ? .unbracketed(text) : .noPort(text)
        }
        guard !host.isEmpty else { throw .noHost(text) }
        guard port.utf8.count <= 5, port.utf8.allSatisfy(Self.isDigit), let number = Int(port), number <= 65_535 else {
            throw .badPort(String(port))
        }
        self.init(host: String(host), port: number)
    }

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads the address of a bound socket.
    init?(_ address: SocketAddress?) {
        guard let host = address?.ipAddress, let port = address?.port else { return nil }
        self.init(host: host, port: port)
    }

    /// Whether only this machine can reach it.
    public var isLoopback: Bool {
        switch Self.ip(host)?.ipAddress {
        case let ip?: ip.hasPrefix("127.") || ip == "::1" || ip.hasPrefix("::ffff:127.")
        case nil: host.lowercased() == "localhost"
        }
    }

    /// The address as a URL, such as `http://127.0.0.1:8080/` or `http://[::1]:8080/`.
    public var url: String { "\(isSecure ? "https" : "http")://\(self)/" }

    /// The URL at which this machine itself reaches the address, also where that is every address it has.
    public var localURL: String {
        let reachable =
            switch host {
            case "0.0.0.0": ListenAddress(host: "127.0.0.1", port: port)
            case "::": ListenAddress(host: "::1", port: port)
            default: self
            }
        return reachable.speaking(https: isSecure).url
    }

    /// Returns the same address with another scheme.
    func speaking(https isSecure: Bool) -> ListenAddress {
        var address = self
        address.isSecure = isSecure
        return address
    }

    private static func ip(_ host: String) -> SocketAddress? {
        try? SocketAddress(ipAddress: host, port: 0)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// Returns the parts before and after the colon that separates them; nil without such a colon.
    private static func split(_ text: String) throws(ListenAddressError) -> (Substring, Substring)? {
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { throw .unbracketed(text) }
            let host = text[text.index(after: text.startIndex)..<end]
            guard case .v6 = ip(String(host)) else { throw .notIPv6(String(host)) }
            let rest = text[text.index(after: end)...]
            return rest.hasPrefix(":") ? (host, rest.dropFirst()) : nil
        }
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let host = text[..<colon]
        guard !host.contains(":") else { throw .unbracketed(text) }
        return (host, text[text.index(after: colon)...])
    }
}

extension ListenAddress: CustomStringConvertible {
    /// The address in the form that `init(_:)` reads.
    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}

/// The reason why a text is not an address to listen on.
public enum ListenAddressError: Error, Sendable, Hashable, CustomStringConvertible {
    case noPort(String)
    case noHost(String)
    /// The text that was to be a port.
    case badPort(String)
    /// There is more than one colon, without brackets.
    case unbracketed(String)
    /// The text between the brackets.
    case notIPv6(String)

    /// A sentence: what is wrong, and what to write.
    public var description: String {
        switch self {
        case .noPort(let text):
            "\u{201C}\(text)\u{201D} has no port: write HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080"
        case .noHost(let text):
            "\u{201C}\(text)\u{201D} has no host: write 127.0.0.1\(text) for this machine alone, or 0.0.0.0\(text) for all networks"
        case .badPort(let port):
            "\u{201C}\(port)\u{201D} is not a port: write a number from 0 to 65535 (0 takes a free one)"
        case .unbracketed(let text):
            "\u{201C}\(text)\u{201D} has several colons: write an IPv6 address in brackets, such as [::1]:8080"
        case .notIPv6(let host):
            "\u{201C}\(host)\u{201D} is not an IPv6 address: only IPv6 addresses are written in brackets, such as [::1]:8080"
        }
    }
}

// MARK: - Peers

/// The text by which a peer is recorded: its IP address, and nothing else.
enum RemoteAddress {
    /// Returns IPv6 without brackets and zone, and an IPv4 address that is mapped into IPv6 as IPv4.
    static func text(of address: SocketAddress?) -> String {
        guard let ip = address?.ipAddress else { return "unknown" }
        let plain = ip.prefix { $0 != "%" }
        let mapped = "::ffff:"
        if plain.hasPrefix(mapped), plain.contains(".") { return String(plain.dropFirst(mapped.count)) }
        return String(plain)
    }
}
