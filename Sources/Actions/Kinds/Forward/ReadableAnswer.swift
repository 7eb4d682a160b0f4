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
        return Array("no text\(type), \(length):\n\n\(lines.joined(separator: "\n"))\(rest)".utf8)
    }

    private var isText: Bool {
        guard !body.contains(0) else { return false }
        // A character may be cut through at the end.
        let most = isCut ? min(3, body.count) : 0
        return (0...most).contains { String(validating: body.dropLast($0), as: UTF8.self) != nil }
    }
}
