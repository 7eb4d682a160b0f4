#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What judging needs of a recorded delivery, in memory that is lent: not to be kept.
public struct RecordedRequest {
    /// The header fields, as `HeaderField.json(_:)` wrote them.
    public let headers: UnsafeRawBufferPointer
    public let body: UnsafeRawBufferPointer

    public init(headers: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer) {
        self.headers = headers
        self.body = body
    }

    /// What the signature header holds, as far as a quick look tells.
    var signature: PlainSignature {
        // Without a backslash, every quote begins or ends a string, and names and values take turns.
        guard !Self.contains(UInt8(ascii: "\\"), in: headers) else { return .unusual }
        var found = PlainSignature.none
        var index = 0
        var isName = true
        var isNamed = false
        while let start = quote(from: index) {
            guard let end = quote(from: start + 1) else { return .unusual }
            let text = headers[(start + 1)..<end]
            if isName {
                isNamed = Self.isName(text)
            } else if isNamed {
                guard case .none = found, let digest = PlainSignature.digest(UnsafeRawBufferPointer(rebasing: text))
                else {
                    return .unusual
                }
                found = .digest(digest)
            }
            isName.toggle()
            index = end + 1
        }
        return found
    }

    /// Whether a string of an event may be equal to this one; false only where none is.
    func mayHold(_ text: String) -> Bool {
        let text = Array(text.utf8)
        guard let first = text.first, text.allSatisfy(Self.isPlain), var place = body.baseAddress,
            !Self.contains(UInt8(ascii: "\\"), in: body)
        else { return true }
        let end = place + body.count
        while let found = memchr(place, Int32(first), end - place) {
            guard end - UnsafeRawPointer(found) >= text.count else { return false }
            if memcmp(found, text, text.count) == 0 { return true }
            place = UnsafeRawPointer(found) + 1
        }
        return false
    }

    /// Whether a byte of UTF-8 stands for a letter or digit that has no other form. `K` has one: the sign for kelvin.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "K"): false
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }

    /// The delivery, as far as judging needs it.
    func delivery() throws(JSONError) -> Delivery {
        Delivery(
            receivedAt: Timestamp(milliseconds: 0), remoteAddress: "", method: "", target: "",
            headers: try HeaderField.fields(fromJSON: String(decoding: headers, as: UTF8.self)), body: Array(body))
    }

    private func quote(from index: Int) -> Int? {
        guard let start = headers.baseAddress, index < headers.count,
            let place = memchr(start + index, Int32(UInt8(ascii: "\"")), headers.count - index)
        else { return nil }
        return UnsafeRawPointer(place) - start
    }

    private static func contains(_ byte: UInt8, in bytes: UnsafeRawBufferPointer) -> Bool {
        guard let start = bytes.baseAddress else { return false }
        return memchr(start, Int32(byte), bytes.count) != nil
    }

    private static let name = Array(SignatureHeader.name.utf8)

    /// Names compare without case; this one holds nothing but lower-case letters and hyphens.
    private static func isName(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
        guard text.count == name.count else { return false }
        return zip(text, name).allSatisfy { byte, lower in
            byte == lower
                || byte | 0x20 == lower && byte != lower && byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
        }
    }
}
