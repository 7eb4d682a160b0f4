/// The URL of a webhook: http or https, with a host, and without a user and password.
public struct WebhookURL: Sendable, Hashable, CustomStringConvertible {
    /// The URL as it was given.
    public let description: String
    /// The host and, where it was given, the port.
    public let authority: String
    /// The host without the brackets of an IPv6 address, as it was given.
    public let host: String
    /// The port that was given, or the scheme's own.
    public let port: Int
    /// Whether it is an https URL.
    public let isSecure: Bool

    /// Reads a URL.
    ///
    /// - Throws: `WebhookURLError`, which says what is wrong and what to write.
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
    /// The value of the Host field: the port is left out where it is the scheme's own.
    var hostField: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }
}

/// Why a text is no URL of a webhook. No description holds the URL's secrets.
public enum WebhookURLError: Error, Sendable, Hashable, CustomStringConvertible {
    case noScheme
    case otherScheme(String)
    case notASCII
    case hasUser
    case noHost
    case badPort

    /// A sentence: what is wrong, and what to write.
    public var description: String {
        switch self {
        case .noScheme:
            "the URL has no scheme: write http:// or https:// before it"
        case .otherScheme(let scheme):
            "\u{201C}\(scheme)\u{201D} is no scheme of a webhook: write http:// or https://"
        case .notASCII:
            "the URL has a space or another character that must be percent-encoded, such as %20"
        case .hasUser:
            "the URL has a user or a password in it: leave out what stands before the @"
        case .noHost:
            "the URL has no host: write such as http://127.0.0.1:8080/"
        case .badPort:
            "the URL's port is none: write a number from 1 to 65535"
        }
    }
}
