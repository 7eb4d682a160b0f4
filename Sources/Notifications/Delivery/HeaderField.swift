/// One header line of a request: its name in the case it came in, and its value.
public struct HeaderField: Sendable, Hashable {
    public let name: String
    /// The value as text. Bytes that are not UTF-8 are U+FFFD in it.
    public let value: String
    /// The value's bytes where they are not UTF-8; older versions have not kept them.
    let rawBytes: [UInt8]?

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
        rawBytes = nil
    }

    /// A field whose value may be other than UTF-8.
    public init(_ name: String, bytes: [UInt8]) {
        self.name = name
        if let text = String(validating: bytes, as: UTF8.self) {
            value = text
            rawBytes = nil
        } else {
            value = String(decoding: bytes, as: UTF8.self)
            rawBytes = bytes
        }
    }

    /// The value's bytes as received.
    public var bytes: [UInt8] { rawBytes ?? Array(value.utf8) }

    /// Whether some bytes of the value are replaced in the text because they are not UTF-8.
    ///
    /// Where an older version has recorded the field, a value that held U+FFFD itself is marked too.
    public var isAltered: Bool {
        rawBytes != nil || value.unicodeScalars.contains("\u{FFFD}")
    }

    /// Whether bytes of the value may be unknown: an older version has recorded the field.
    public var hasLostBytes: Bool { rawBytes == nil && isAltered }

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
