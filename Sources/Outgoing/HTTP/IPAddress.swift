internal import Foundation

/// An IP address. An IPv4 address that is written as IPv6 (`::ffff:127.0.0.1`) is the IPv4 address.
struct IPAddress: Sendable, Hashable {
    /// 4 or 16 bytes, in network order.
    let bytes: [UInt8]

    private init(_ bytes: [UInt8]) {
        let isMapped = bytes.count == 16 && bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF])
        self.bytes = isMapped ? Array(bytes.suffix(4)) : bytes
    }

    /// Reads an address as it is usually written; nil for any other text. A zone (`%eth0`) is ignored.
    init?(_ text: some StringProtocol) {
        let text = String(text.prefix { $0 != "%" })
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self.init(withUnsafeBytes(of: &four) { Array($0) })
        } else if inet_pton(AF_INET6, text, &six) == 1 {
            self.init(withUnsafeBytes(of: &six) { Array($0) })
        } else {
            return nil
        }
    }

    /// Reads an address in any form that the system's functions accept, such as `127.1` or `0x7f.0.0.1`.
    init?(numeric text: String) {
        var four = in_addr()
        if inet_aton(text, &four) != 0 {
            self.init(withUnsafeBytes(of: &four) { Array($0) })
        } else {
            self.init(text)
        }
    }

    /// Reads the address and the port that a socket has or is to be connected to; nil for other families.
    static func endpoint(_ address: UnsafePointer<sockaddr>) -> (address: IPAddress, port: Int)? {
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            var four = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in.self)
            return (IPAddress(withUnsafeBytes(of: &four.sin_addr) { Array($0) }), Int(UInt16(bigEndian: four.sin_port)))
        case AF_INET6:
            var six = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in6.self)
            return (IPAddress(withUnsafeBytes(of: &six.sin6_addr) { Array($0) }), Int(UInt16(bigEndian: six.sin6_port)))
        default: return nil
        }
    }

    /// Returns the addresses of a name; none where the name is unknown. Blocks while the system looks it up.
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

    /// Whether it is this machine's own whatever its network: `127.0.0.0/8` or `::1`.
    var isLoopback: Bool {
        bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
    }

    /// `0.0.0.0` or `::`: a connection to it reaches this machine.
    var isUnspecified: Bool { bytes.allSatisfy { $0 == 0 } }

    /// Whether it begins with the same bits.
    func isInside(_ network: IPAddress, bits: Int) -> Bool {
        guard bytes.count == network.bytes.count, (0...bytes.count * 8).contains(bits) else { return false }
        return (0..<bits).allSatisfy { bit in
            (bytes[bit / 8] ^ network.bytes[bit / 8]) & (0x80 >> UInt8(bit % 8)) == 0
        }
    }
}

extension WebhookURL {
    /// Whether its host is, as it is written, this machine.
    public var isLoopback: Bool {
        let name = host.lowercased()
        if name == "localhost" || name == "localhost." || name.hasSuffix(".localhost") { return true }
        return IPAddress(host)?.isLoopback == true
    }
}
