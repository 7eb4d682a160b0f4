internal import Glibc

/// An IP address. An IPv4 address that is written as IPv6 (`::ffff:127.0.0.1`) is the IPv4 address.
public struct IPAddress: Sendable, Hashable {
    /// Whether it is an IPv4 address.
    public let isIPv4: Bool
    /// The first 64 bits of an IPv6 address; 0 for IPv4.
    let high: UInt64
    /// The last 64 bits of an IPv6 address; the 32 bits of an IPv4 address.
    let low: UInt64

    /// Creates an address of 4 or 16 bytes in network order; returns nil for any other number.
    public init?(bytes: some Collection<UInt8>) {
        func number(_ bytes: some Sequence<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        switch bytes.count {
        case 4:
            (isIPv4, high, low) = (true, 0, number(bytes))
        case 16:
            let (first, last) = (number(bytes.prefix(8)), number(bytes.suffix(8)))
            isIPv4 = first == 0 && last >> 32 == 0xFFFF
            high = first
            low = isIPv4 ? last & 0xFFFF_FFFF : last
        default: return nil
        }
    }

    /// Reads an address in its usual forms; returns nil for any other text. A zone (`%eth0`) is ignored.
    public init?(_ text: some StringProtocol) {
        let text = String(text.prefix { $0 != "%" })
        // The longest is 45 characters.
        guard text.utf8.count < 48, !text.utf8.contains(0) else { return nil }
        var (four, six) = (in_addr(), in6_addr())
        if inet_pton(AF_INET, text, &four) == 1 {
            self.init(bytes: withUnsafeBytes(of: &four) { Array($0) })
        } else if inet_pton(AF_INET6, text, &six) == 1 {
            self.init(bytes: withUnsafeBytes(of: &six) { Array($0) })
        } else {
            return nil
        }
    }

    /// The number of bits: 32 or 128.
    public var width: Int { isIPv4 ? 32 : 128 }

    /// The 4 or 16 bytes, in network order.
    public var bytes: [UInt8] {
        func bytes(_ number: UInt64) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }
        return isIPv4 ? bytes(low).suffix(4) : bytes(high) + bytes(low)
    }

    /// Whether it is of this machine, whatever its network: `127.0.0.0/8` or `::1`.
    public var isLoopback: Bool { isIPv4 ? low >> 24 == 127 : high == 0 && low == 1 }

    /// Whether it is `0.0.0.0` or `::`: a connection to it reaches this machine.
    public var isUnspecified: Bool { high == 0 && low == 0 }

    /// Returns whether it begins with the same bits as another one.
    public func isInside(_ network: IPAddress, bits: Int) -> Bool {
        guard isIPv4 == network.isIPv4, (0...width).contains(bits) else { return false }
        func differ(_ one: UInt64, _ other: UInt64, _ bits: Int, of width: Int) -> Bool {
            bits > 0 && (one ^ other) >> UInt64(width - bits) != 0
        }
        if isIPv4 { return !differ(low, network.low, bits, of: 32) }
        return !differ(high, network.high, min(bits, 64), of: 64) && !differ(low, network.low, bits - 64, of: 64)
    }
}

extension IPAddress: CustomStringConvertible {
    /// The address in its usual form, as in `192.0.2.1` or `2001:db8::1`.
    public var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let bytes = bytes
        guard inet_ntop(isIPv4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count)) != nil else { return "" }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

// MARK: - Networks

/// A block of addresses: an address and the number of bits in which all of its addresses agree (CIDR, RFC 4632).
public struct IPNetwork: Sendable, Hashable {
    /// An address in it.
    let address: IPAddress
    /// The bits in which the others agree with it.
    public let bits: Int

    /// Reads `192.0.2.0/24`, `2001:db8::/32`, or an address alone, which is a block of one; returns nil for any other
    /// text. Bits beyond the length are ignored.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), !parts[0].contains("%"), let address = IPAddress(parts[0]) else {
            return nil
        }
        self.address = address
        guard parts.count == 2 else {
            bits = address.width
            return
        }
        guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let written = Int(parts[1])
        else { return nil }
        // `::ffff:10.0.0.0/104` is 10.0.0.0/8.
        bits = address.isIPv4 && parts[0].contains(":") ? written - 96 : written
        guard (0...address.width).contains(bits) else { return nil }
    }

    /// Returns whether an address is in it.
    public func contains(_ address: IPAddress) -> Bool { address.isInside(self.address, bits: bits) }
}

extension IPNetwork: CustomStringConvertible {
    public var description: String { bits == address.width ? "\(address)" : "\(address)/\(bits)" }
}

// MARK: - Lists

/// A list of address blocks, such as those from which Backblaze sends.
public struct AddressList: Sendable, Hashable {
    /// The most blocks of a list: each request is compared with all of them.
    public static let most = 10_000

    /// The blocks, in the order in which they were given.
    public var networks: [IPNetwork]

    public init(_ networks: [IPNetwork] = []) {
        self.networks = networks
    }

    /// Reads a list: a block on each line. Empty lines, and everything after `#`, are ignored.
    ///
    /// - Throws: `AddressListError` with the line that is wrong.
    public init(parsing text: String) throws(AddressListError) {
        networks = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
            guard let word = words.first else { continue }
            guard words.count == 1, let network = IPNetwork(word) else {
                throw AddressListError(line: index + 1, text: words.joined(separator: " "))
            }
            networks.append(network)
            guard networks.count <= Self.most else { throw AddressListError(line: index + 1, text: nil) }
        }
    }

    /// Returns whether an address is in one of the blocks.
    public func contains(_ address: IPAddress) -> Bool { networks.contains { $0.contains(address) } }

    /// Returns whether a text is an address in one of the blocks; a text that is none, such as `unknown`, is not.
    public func contains(_ text: String) -> Bool { IPAddress(text).map { contains($0) } ?? false }
}

/// The reason why a text is not a list of address blocks.
public struct AddressListError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The line, from 1.
    public let line: Int
    /// The text that is not a block; nil if there are too many.
    public let text: String?

    /// The end of a sentence that begins with the name of the list.
    public var description: String {
        guard let text else { return "has more than \(AddressList.most) blocks" }
        return
            "has “\(text.prefix(60))” in line \(line): write one block on each line, such as 192.0.2.0/24 or 2001:db8::/32"
    }
}
