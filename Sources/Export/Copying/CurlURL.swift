import Notifications

/// The URLs that a curl command is given.
enum CurlURL {
    /// Scheme, host and port of a URL; nil where it is none of HTTP.
    static func origin(of url: String?) -> String? {
        guard let url, let scheme = ["http://", "https://"].first(where: { url.hasPrefix($0) }) else { return nil }
        let authority = url.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        return isAuthority(authority) ? scheme + authority : nil
    }

    /// The host that a request names, by HTTPS where a proxy says that it came so.
    static func origin(named delivery: Delivery) -> String {
        guard let host = delivery.values(of: "Host").first, isAuthority(host[...]) else { return "http://localhost" }
        let isSecure = delivery.values(of: "X-Forwarded-Proto").contains("https")
        return (isSecure ? "https://" : "http://") + host
    }

    /// Whether curl sends a path and query in a URL just so. It would refuse spaces, keep what follows a `#` to itself,
    /// and quote what is not ASCII.
    static func isSentAsItIs(_ target: String) -> Bool {
        target.hasPrefix("/")
            && target.utf8.allSatisfy { (0x21...0x7e).contains($0) && !Array("\"#<>\\^`{|}".utf8).contains($0) }
    }

    /// A host with or without a port, and nothing that could be more.
    private static func isAuthority(_ text: Substring) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"):
                    true
                default: Array("-._:[]".utf8).contains(byte)
                }
            }
    }
}
