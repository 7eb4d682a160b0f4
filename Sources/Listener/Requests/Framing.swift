internal import Notifications

/// How the end of a request's body is marked.
enum Framing: Sendable, Hashable {
    case length(Int)
    case chunked

    /// Nil where two readers could disagree about where the request ends: such a request is refused, for it may be
    /// an attempt to smuggle another one past a proxy (RFC 9112, 6.3).
    init?(_ head: RequestHead) {
        var length: Int?
        var isChunked = false
        for field in head.headers {
            if field.isNamed("Content-Length") {
                let value = Self.trim(field.value)
                let digits = value.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
                guard length == nil, digits, let number = Int(value) else { return nil }
                length = number
            } else if field.isNamed("Transfer-Encoding") {
                // HTTP/1.0 knows no transfer codings, and any other than this one would have to be decoded.
                let value = Self.trim(field.value).lowercased()
                guard !isChunked, head.version == .http11, value == "chunked" else { return nil }
                isChunked = true
            }
        }
        if isChunked {
            guard length == nil else { return nil }
            self = .chunked
        } else {
            self = .length(length ?? 0)
        }
    }

    /// The parser leaves the white space at a value's end, which is not part of it (RFC 9110, 5.5).
    private static func trim(_ value: String) -> Substring {
        let isText: (UInt8) -> Bool = { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
        guard let last = value.utf8.lastIndex(where: isText) else { return "" }
        return value[...last]
    }
}
