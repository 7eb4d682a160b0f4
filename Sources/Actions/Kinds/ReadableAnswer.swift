internal import Outgoing
internal import SafeText

extension OutgoingAnswer {
    /// How much of an answer that is no text is shown, in bytes.
    private static let longestHex = 256

    /// The body as a person can read it: text as it is, of anything else what it is and how it begins.
    var readable: [UInt8] {
        guard !isText else { return body }
        let encoding = value(of: "Content-Encoding")?.lowercased() ?? "identity"
        let length = "\(body.count)\(isCut ? " or more" : "") \(body.count == 1 ? "byte" : "bytes")"
        if encoding != "identity" { return Array("compressed (\(SafeText(encoding))), \(length)".utf8) }
        let type = value(of: "Content-Type").map { " (\(SafeText($0)))" } ?? ""
        let start = body.prefix(Self.longestHex).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        let lines = stride(from: 0, to: start.count, by: 16).map { first in
            start[first..<min(first + 16, start.count)].joined(separator: " ")
        }
        let rest = body.count > Self.longestHex ? "\n…" : ""
        return Array("not text\(type), \(length):\n\n\(lines.joined(separator: "\n"))\(rest)".utf8)
    }

    /// What the answer is, in a few words for a sentence: the status, the content type and how the body begins, such as
    /// `502 Bad Gateway, text/html, “<html><head>…”`.
    var summary: String {
        var parts = [HTTPStatus.words(status)]
        if let type = value(of: "Content-Type"), !type.isEmpty { parts.append(SafeText(type).clipped(to: 60).string) }
        parts.append(start.map { "“\($0)”" } ?? "without a body")
        return parts.joined(separator: ", ")
    }

    /// How the body begins, escaped, on one line; nil where it is empty.
    var start: String? {
        guard !body.isEmpty else { return nil }
        guard isText else { return "\(body.count)\(isCut ? " or more" : "") bytes that are not text" }
        let words = String(decoding: body.prefix(400), as: UTF8.self).split(whereSeparator: \.isWhitespace)
        return words.isEmpty ? nil : SafeText(words.joined(separator: " ")).clipped(to: 100).string
    }

    private var isText: Bool {
        guard !body.contains(0) else { return false }
        // A character may be cut through at the end.
        let most = isCut ? min(3, body.count) : 0
        return (0...most).contains { String(validating: body.dropLast($0), as: UTF8.self) != nil }
    }
}
