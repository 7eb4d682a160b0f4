internal import NIOCore

/// The text by which a peer is recorded: its IP address, and nothing else.
enum RemoteAddress {
    /// IPv6 without brackets and zone; an IPv4 address that came in IPv6's clothes as what it is.
    static func text(of address: SocketAddress?) -> String {
        guard let ip = address?.ipAddress else { return "unknown" }
        let plain = ip.prefix { $0 != "%" }
        let mapped = "::ffff:"
        if plain.hasPrefix(mapped), plain.contains(".") { return String(plain.dropFirst(mapped.count)) }
        return String(plain)
    }
}
