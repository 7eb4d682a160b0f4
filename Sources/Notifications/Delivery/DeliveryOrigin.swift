/// Where a request came from, as far as its peer and its header fields show it.
///
/// A tunnel and a reverse proxy connect from this computer or from a private network, and name the client in a header
/// field. A request that somebody sends to b2watch directly, from this computer or its network, has no such field. Nobody
/// is kept from writing one: this is for hints, never for trust.
public struct DeliveryOrigin: Sendable, Hashable {
    /// Whether it came over the public address: its peer, or a client that a proxy names, has a public IP address.
    public let isPublic: Bool
    /// Whether its sender has the name of B2's.
    public let isNamedB2: Bool

    /// The origin of a request with this peer and these header fields.
    public init(remoteAddress: String, headers: [HeaderField]) {
        let forwarded = headers.filter { field in Self.forwarding.contains { field.isNamed($0) } }
        isPublic =
            Self.isPublic(remoteAddress)
            || forwarded.contains { Self.addresses(in: $0.value).contains(where: Self.isPublic) }
        isNamedB2 = headers.contains { $0.isNamed("User-Agent") && $0.value.hasPrefix("B2/EventNotifications") }
    }

    /// The header fields in which proxies and tunnels name the client.
    private static let forwarding = [
        "Forwarded", "X-Forwarded-For", "X-Real-IP", "X-Client-IP", "CF-Connecting-IP", "True-Client-IP",
        "Fly-Client-IP",
    ]

    /// The most characters of a value that are looked at.
    private static let longest = 512

    /// What may be an address in a value such as `203.0.113.9, 10.0.0.1` or `for="[2001:db8::1]:4711";proto=https`.
    private static func addresses(in value: String) -> [String] {
        value.prefix(longest).split(whereSeparator: { ",; ".contains($0) }).map { part in
            var text = part.lowercased()[...]
            if text.hasPrefix("for=") { text = text.dropFirst(4) }
            text = text.drop { $0 == "\"" }
            if text.hasPrefix("[") { return String(text.dropFirst().prefix { $0 != "]" }) }
            let isIPv4WithPort = text.contains(".") && text.filter { $0 == ":" }.count == 1
            return String(text.prefix { $0 != "\"" && !(isIPv4WithPort && $0 == ":") })
        }
    }

    /// Whether a text is an IP address that is neither of this computer nor of a private network.
    static func isPublic(_ text: String) -> Bool {
        let text = text.lowercased().replacing("::ffff:", with: "")
        guard text.contains(":") else { return isPublicIPv4(text) }
        let groups = text.split(separator: ":", omittingEmptySubsequences: true)
        guard groups.count <= 8, groups.allSatisfy({ $0.count <= 4 && $0.allSatisfy(\.isHexDigit) }),
            let first = groups.first.flatMap({ UInt16($0, radix: 16) })
        else { return false }
        // `::` and `::1`; link-local, unique local and multicast addresses.
        if text.hasPrefix("::") { return false }
        return !(0xfe80...0xfebf).contains(first) && !(0xfc00...0xfdff).contains(first) && first < 0xff00
    }

    private static func isPublicIPv4(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 4, let first = parts[0], let second = parts[1], parts.allSatisfy({ $0 != nil }) else {
            return false
        }
        switch (first, second) {
        case (0, _), (10, _), (127, _), (169, 254), (172, 16...31), (192, 168), (100, 64...127): return false
        default: return first < 224
        }
    }
}
