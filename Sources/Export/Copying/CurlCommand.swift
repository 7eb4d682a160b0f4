public import Notifications

/// A recorded request as a curl command that sends it again.
///
/// Whatever was in the request, a paste runs `printf` and `curl` and nothing else, and holds only printable ASCII. The
/// body arrives byte by byte, and the header fields as they came but for those that belong to the connection, which
/// curl makes itself.
public struct CurlCommand: Sendable {
    /// Where it goes: `http://127.0.0.1:8080/` or the like.
    public let url: String
    private let delivery: Delivery
    private let policy: Masking
    /// Whether the body is short and plain enough to stand in the command itself.
    private let sendsOnLine: Bool
    /// The names of fields that are between two neighbours only, and of those that frame the body.
    private let ofTheConnection: [String]

    /// A command.
    ///
    /// - Parameter listener: Where the listener is reached, as a URL whose path does not matter; nil for the host that
    ///   the request names.
    public init(_ delivery: Delivery, to listener: String?, _ policy: Masking) {
        self.delivery = delivery
        self.policy = policy
        url = CurlURL.origin(of: listener) ?? CurlURL.origin(named: delivery)
        sendsOnLine = Self.isPlain(delivery)
        ofTheConnection =
            Self.connectionFields
            + delivery.values(of: "Connection").flatMap { value in
                value.split(separator: ",").map { String($0.trimmingSpaces) }
            }
    }

    /// What the command cannot send as it was, in sentences.
    public var shortcomings: [String] {
        var sentences: [String] = []
        if delivery.isCut {
            sentences.append("Only the first \(delivery.body.count) of \(delivery.bodyLength) bytes were kept.")
        }
        if delivery.headers.contains(where: \.hasLostBytes) {
            sentences.append("Header bytes that were not UTF-8 are replaced.")
        }
        if delivery.headers.contains(where: { !isOfTheConnection($0) && !canBeSent($0) }) {
            sentences.append("A header field that curl cannot send is left out.")
        }
        return sentences
    }

    /// The command on one line, or on several that a backslash joins; no newline at its end.
    public var text: String {
        var parts: [String] = []
        var pipe = ""
        if sendsOnLine {
            parts.append("--data-raw \(ShellWord.argument(delivery.body))")
        } else if !delivery.body.isEmpty {
            pipe = ShellWord.printing(delivery.body) + " |\n"
            parts.append("--data-binary @-")
        }
        let command = pipe + "curl --globoff " + method + target
        return ([command] + headers + parts).joined(separator: " \\\n  ")
    }

    private static func isPlain(_ delivery: Delivery) -> Bool {
        if delivery.body.isEmpty { return !["GET", "HEAD", "OPTIONS", "DELETE", "TRACE"].contains(delivery.method) }
        return delivery.body.count <= 4_096 && delivery.body.allSatisfy(ShellWord.isPlain)
            && !delivery.body.contains(UInt8(ascii: "!"))
    }

    private var method: String {
        if delivery.method == "HEAD", delivery.body.isEmpty { return "--head " }
        return "--request \(ShellWord.argument(delivery.method)) "
    }

    private var target: String {
        let version = delivery.httpVersion == "HTTP/1.0" ? "--http1.0 " : "--http1.1 "
        let path = policy.target(delivery.target)
        if CurlURL.isSentAsItIs(path) {
            return version + "--path-as-is --url \(ShellWord.argument(url + path))"
        }
        return version
            + "--request-target \(ShellWord.argument(path)) --url \(ShellWord.argument(url + "/"))"
    }
}

// Header fields.
extension CurlCommand {
    private var headers: [String] {
        let sent = policy.fields(of: delivery.headers).filter { !isOfTheConnection($0) && canBeSent($0) }
        let own = ["Accept", "User-Agent", "Content-Type", "Expect"].filter { name in
            (name != "Content-Type" || sendsOnLine || !delivery.body.isEmpty) && !sent.contains { $0.isNamed(name) }
        }
        // A semicolon is how curl is told to send an empty value; nothing behind the colon, to leave out its own field.
        return sent.map { field in
            let text = field.value.isEmpty ? Array("\(field.name);".utf8) : Array("\(field.name): ".utf8) + field.bytes
            return "--header \(ShellWord.argument(text))"
        }
            + own.map { "--header '\($0):'" }
    }

    private static let connectionFields = [
        "Connection", "Proxy-Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
        "Content-Length", "Expect",
    ]

    private func isOfTheConnection(_ field: HeaderField) -> Bool {
        ofTheConnection.contains { field.isNamed($0) }
    }

    /// What a name may hold besides letters and digits (RFC 9110, 5.6.2).
    private static let marks = Array("!#$%&'*+-.^_`|~".utf8)

    /// Whether curl takes it for a field with this name and value. One that begins with `@` would name a file.
    private func canBeSent(_ field: HeaderField) -> Bool {
        let isToken = field.name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20) || Self.marks.contains(byte)
        }
        return isToken && !field.name.isEmpty && !field.value.utf8.contains { $0 == 0 || $0 == 10 || $0 == 13 }
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        let start = drop { $0 == " " || $0 == "\t" }
        return start[..<(start.lastIndex { $0 != " " && $0 != "\t" }.map(start.index(after:)) ?? start.startIndex)]
    }
}
