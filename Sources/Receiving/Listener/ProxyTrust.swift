internal import Base
internal import NIOCore
public import Notifications

/// The way in which a proxy names its client.
public enum ProxyHeader: String, Sendable, Hashable, CaseIterable {
    /// The field `X-Forwarded-For`.
    case xForwardedFor = "x-forwarded-for"
    /// The field `Forwarded` (RFC 7239).
    case forwarded
    /// A PROXY header before the first byte of the connection.
    case proxyProtocol = "proxy-protocol"
}

/// The trusted proxies, and the way in which they name their client. Exactly one way is read, because a proxy passes on
/// header fields that it does not rewrite, and anybody can write those.
public struct ProxyTrust: Sendable, Hashable {
    /// The addresses of the proxies.
    public var proxies: AddressList
    public var header: ProxyHeader

    public init(proxies: AddressList, header: ProxyHeader = .xForwardedFor) {
        self.proxies = proxies
        self.header = header
    }

    /// Finds the address of the client of a request.
    ///
    /// - Parameters:
    ///   - peer: The address of the connection.
    ///   - fields: The header fields of the request.
    /// - Returns: The peer, if it is not a trusted proxy or names nobody; nil if the proxy wrote something other than
    ///   an address.
    func client(of peer: IPAddress, _ fields: [HeaderField]) -> IPAddress? {
        guard header != .proxyProtocol, proxies.contains(peer) else { return peer }
        let name = header == .xForwardedFor ? "X-Forwarded-For" : "Forwarded"
        let lines = fields.filter { $0.isNamed(name) }.map(\.value)
        guard !lines.isEmpty else { return peer }
        let text = lines.joined(separator: ",")
        guard let named = header == .xForwardedFor ? Self.listed(text) : Self.forwarded(text) else { return nil }
        // From the nearest proxy outwards: each has appended the address that it saw.
        var client = peer
        for address in named.reversed() {
            guard let address else { return nil }
            client = address
            if !proxies.contains(address) { break }
        }
        return client
    }

    /// Returns the addresses of `X-Forwarded-For`, in order; nil for an entry that is not an address.
    private static func listed(_ text: String) -> [IPAddress?]? {
        // By bytes: some characters join the comma behind them, and would hide the address that the proxy has added.
        text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
            .map { address(trimmed(Substring($0))) }
    }

    /// Returns the addresses of the elements of `Forwarded`, in order; nil for an element without one. Returns nil for
    /// a malformed text: a misplaced quotation mark could hide the part that the proxy has added.
    private static func forwarded(_ text: String) -> [IPAddress?]? {
        var reader = ForwardedReader(text)
        return reader.elements()?.map { $0.flatMap(address) }
    }

    /// Reads `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`.
    private static func address(_ text: some StringProtocol) -> IPAddress? {
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]"), isPort(text[text.index(after: end)...]),
                let address = IPAddress(text[text.index(after: text.startIndex)..<end]),
                text[..<end].contains(":"), !text.contains("%")
            else { return nil }
            return address
        }
        guard !text.contains("%") else { return nil }
        let colons = text.utf8.count { $0 == UInt8(ascii: ":") }
        guard colons == 1, let colon = text.firstIndex(of: ":") else { return IPAddress(text) }
        return isPort(text[colon...]) ? IPAddress(text[..<colon]) : nil
    }

    /// Returns whether a text is empty, or a colon and a port.
    private static func isPort(_ text: some StringProtocol) -> Bool {
        let digits = text.utf8.dropFirst()
        return text.isEmpty
            || text.hasPrefix(":") && (1...5).contains(digits.count) && digits.allSatisfy { (0x30...0x39).contains($0) }
    }

    fileprivate static func trimmed(_ text: Substring) -> Substring {
        let start = text.drop { $0 == " " || $0 == "\t" }
        return start.lastIndex { $0 != " " && $0 != "\t" }.map { start[...$0] } ?? ""
    }
}

// MARK: - Forwarded

/// Reads the field `Forwarded` strictly (RFC 7239, 4).
private struct ForwardedReader {
    private var rest: Substring.UTF8View

    init(_ text: String) {
        rest = text[...].utf8
    }

    /// Returns the value of `for` in each element, nil for an element without it; nil altogether if the text is
    /// malformed.
    mutating func elements() -> [String?]? {
        var elements: [String?] = []
        repeat {
            var client: String?
            repeat {
                skipSpace()
                // An element or a pair may be empty.
                guard let byte = rest.first, byte != UInt8(ascii: ","), byte != UInt8(ascii: ";") else { continue }
                guard let name = token()?.lowercased(), accept("="), let value = value() else { return nil }
                if name == "for" {
                    // Twice in one element is ambiguous.
                    guard client == nil else { return nil }
                    client = value
                }
                skipSpace()
            } while accept(";")
            elements.append(client)
        } while accept(",")
        return rest.isEmpty ? elements : nil
    }

    private mutating func skipSpace() {
        rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    }

    private mutating func accept(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }

    private mutating func value() -> String? {
        guard accept("\"") else { return token() }
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: bytes, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = rest.popFirst() else { return nil }
                bytes.append(escaped)
            default: bytes.append(byte)
            }
        }
        return nil
    }

    /// Reads a `token` (RFC 9110, 5.6.2).
    private mutating func token() -> String? {
        let text = rest.prefix { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
        }
        rest = rest.dropFirst(text.count)
        return text.isEmpty ? nil : String(Substring(text))
    }
}

// MARK: - PROXY protocol

/// The header with which a proxy begins a connection: version 1, a line of text, or version 2, in binary
/// (haproxy.org, *The PROXY protocol*).
enum ProxyPreamble: Sendable, Equatable {
    /// The proxy connects for this client.
    case client(IPAddress)
    /// The proxy connects for a client whose address it does not give.
    case unknown
    /// The proxy connects for itself, for example for a health check.
    case proxy

    /// The first bytes of version 2.
    static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10]
    private static let word = Array("PROXY ".utf8)
    /// The longest line of version 1, with its end.
    private static let longestLine = 107
    /// The largest number of bytes of version 2 after its first 16: addresses and the proxy's extensions.
    private static let longestRest = 4_096

    /// The bytes are not a valid PROXY header.
    struct Malformed: Error, Equatable {}

    /// Returns whether bytes begin like a header; nil if there are too few to know.
    static func begins(_ bytes: ByteBufferView) -> Bool? {
        for start in [signature, word] {
            let part = bytes.prefix(start.count)
            if part.elementsEqual(start.prefix(part.count)) { return part.count == start.count ? true : nil }
        }
        return false
    }

    /// Reads a header from a buffer; returns nil if more bytes are needed.
    ///
    /// - Throws: `Malformed`.
    static func read(_ buffer: inout ByteBuffer) throws(Malformed) -> ProxyPreamble? {
        guard let begins = begins(buffer.readableBytesView) else { return nil }
        guard begins else { throw Malformed() }
        return buffer.readableBytesView.first == word.first ? try text(&buffer) : try binary(&buffer)
    }

    private static func text(_ buffer: inout ByteBuffer) throws(Malformed) -> ProxyPreamble? {
        let view = buffer.readableBytesView.prefix(longestLine)
        guard let end = view.firstIndex(of: 13) else {
            guard view.count < longestLine else { throw Malformed() }
            return nil
        }
        guard view.index(after: end) < view.endIndex else {
            guard view.count < longestLine else { throw Malformed() }
            return nil
        }
        guard view[view.index(after: end)] == 10 else { throw Malformed() }
        let line = view[..<end]
        let words = String(decoding: line, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        buffer.moveReaderIndex(forwardBy: line.count + 2)
        guard words.count >= 2 else { throw Malformed() }
        // The rest of the line must be ignored.
        if words[1] == "UNKNOWN" { return .unknown }
        guard words.count == 6, words[1] == "TCP4" || words[1] == "TCP6", let source = IPAddress(words[2]),
            let target = IPAddress(words[3]), isPort(words[4]), isPort(words[5]),
            words[2...3].allSatisfy({ $0.contains(":") == (words[1] == "TCP6") })
        else { throw Malformed() }
        _ = target
        return .client(source)
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt16(text) != nil
    }

    private static func binary(_ buffer: inout ByteBuffer) throws(Malformed) -> ProxyPreamble? {
        var reader = buffer
        reader.moveReaderIndex(forwardBy: signature.count)
        guard let command = reader.readInteger(as: UInt8.self), let family = reader.readInteger(as: UInt8.self),
            let length = reader.readInteger(as: UInt16.self)
        else { return nil }
        guard command >> 4 == 2, length <= longestRest else { throw Malformed() }
        guard var rest = reader.readSlice(length: Int(length)) else { return nil }
        buffer = reader
        switch command & 0xF {
        case 0: return .proxy
        case 1: break
        default: throw Malformed()
        }
        switch family {
        // TCP over IPv4 and IPv6: both addresses, then both ports.
        case 0x11, 0x21:
            let count = family == 0x11 ? 4 : 16
            guard length >= 2 * count + 4, let bytes = rest.readBytes(length: count),
                let client = IPAddress(bytes: bytes)
            else { throw Malformed() }
            return .client(client)
        default: return .unknown
        }
    }
}
