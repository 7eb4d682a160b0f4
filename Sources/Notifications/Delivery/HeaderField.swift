/// One header line of a request: its name in the case it came in, and its value.
public struct HeaderField: Sendable, Hashable {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Whether some bytes of the value were replaced because they were no UTF-8.
    ///
    /// The HTTP decoder puts U+FFFD in their place, so a value that held U+FFFD itself is marked too.
    public var isAltered: Bool {
        value.unicodeScalars.contains("\u{FFFD}")
    }

    /// Whether this field has the given name; names compare without case (RFC 9110, 5.1).
    public func isNamed(_ other: String) -> Bool {
        let one = name.utf8
        let two = other.utf8
        return one.count == two.count && zip(one, two).allSatisfy { lowercased($0) == lowercased($1) }
    }

    private func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
