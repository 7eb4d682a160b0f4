public import Notifications

/// A recorded request as a curl command that sends it again.
///
/// Whatever was in the request, a pasted command runs `printf` and `curl` and nothing else, and contains only printable
/// ASCII. The body is sent byte by byte, and the header fields as received except those that belong to the connection,
/// which curl makes itself.
public struct CurlCommand: Sendable {
    /// The target, such as `http://127.0.0.1:8080/`.
    public let url: String
    private let delivery: Delivery
    private let policy: Masking
    /// Whether the body is short and plain enough to be in the command itself.
    private let sendsOnLine: Bool
    /// The names of fields that are between two neighbours only, and of those that frame the body.
    private let ofTheConnection: [String]

    /// Creates a command.
    ///
    /// - Parameter listener: The listener's URL, of which the path does not matter; nil for the host that the request
    ///   names.
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

    /// The parts that the command cannot send exactly, in sentences.
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
        // In curl's options a semicolon sends an empty value; an empty text after the colon omits curl's own field.
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

    /// The characters allowed in a name besides letters and digits (RFC 9110, 5.6.2).
    private static let marks = Array("!#$%&'*+-.^_`|~".utf8)

    /// Returns whether curl reads it as a field with this name and value. One that begins with `@` would name a file.
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

// MARK: - URLs

/// The URLs that a curl command is given.
enum CurlURL {
    /// Returns scheme, host and port of a URL; nil if it is not a URL of HTTP.
    static func origin(of url: String?) -> String? {
        guard let url, let scheme = ["http://", "https://"].first(where: { url.hasPrefix($0) }) else { return nil }
        let authority = url.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        return isAuthority(authority) ? scheme + authority : nil
    }

    /// Returns the host that a request names, with HTTPS if a proxy reports that it was used.
    static func origin(named delivery: Delivery) -> String {
        guard let host = delivery.values(of: "Host").first, isAuthority(host[...]) else { return "http://localhost" }
        let isSecure = delivery.values(of: "X-Forwarded-Proto").contains("https")
        return (isSecure ? "https://" : "http://") + host
    }

    /// Returns whether curl sends a path and query in a URL unchanged. It would refuse spaces, not send the text after
    /// a `#`, and quote characters outside ASCII.
    static func isSentAsItIs(_ target: String) -> Bool {
        target.hasPrefix("/")
            && target.utf8.allSatisfy { (0x21...0x7e).contains($0) && !Array("\"#<>\\^`{|}".utf8).contains($0) }
    }

    /// Returns whether a text is a host with or without a port, and cannot be anything more.
    private static func isAuthority(_ text: Substring) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"):
                    true
                default: Array("-._:[]".utf8).contains(byte)
                }
            }
    }
}

// MARK: - Words of a shell command

/// Bytes as words of a shell command that can be pasted anywhere.
///
/// The result is printable ASCII on one line, so it has no effect on terminals, no line editor completes at a tab, and
/// no encoding changes it. It uses only what POSIX shells and fish read alike, including interactive ones that expand
/// `!`. Characters that are not allowed in single quotes go through `printf`, in octal.
public enum ShellWord {
    /// Returns one argument, without quotes if it needs none: for commands that a person reads before pasting them.
    public static func readable(_ text: String) -> String {
        let isBare =
            !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"): true
                default: "/._-+:@%".utf8.contains(byte)
                }
            }
        return isBare ? text : argument(text)
    }

    /// Returns one argument. An argument cannot contain bytes 0, or newlines at its end: they are lost.
    static func argument(_ bytes: some Collection<UInt8>) -> String {
        if bytes.allSatisfy(isPlain) { return "'" + String(decoding: bytes, as: UTF8.self) + "'" }
        return "\"$(printf '" + format(bytes, inDoubleQuotes: true) + "')\""
    }

    /// Returns one argument.
    static func argument(_ text: String) -> String { argument(text.utf8) }

    /// Returns a command that prints the bytes, whatever they are.
    static func printing(_ bytes: some Collection<UInt8>) -> String {
        "printf '" + format(bytes, inDoubleQuotes: false) + "'"
    }

    /// Returns whether a byte is allowed within single quotes. A backslash is not: fish interprets it there.
    static func isPlain(_ byte: UInt8) -> Bool {
        (0x20...0x7e).contains(byte) && byte != UInt8(ascii: "'") && byte != UInt8(ascii: "\\")
    }

    /// Returns the format of a `printf` without arguments: every backslash in it is followed by `n` or three digits,
    /// and it contains no quotes.
    private static func format(_ bytes: some Collection<UInt8>, inDoubleQuotes: Bool) -> String {
        var format: [UInt8] = []
        format.reserveCapacity(bytes.count + bytes.count / 8)
        for (place, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "%"): format += [byte, byte]
            case UInt8(ascii: "\n"): format += Array("\\n".utf8)
            // An option begins so.
            case UInt8(ascii: "-") where place == 0: format += octal(byte)
            // An interactive bash expands these even in single quotes within double ones; csh expands ! everywhere.
            case UInt8(ascii: "!"): format += octal(byte)
            case UInt8(ascii: "\""), UInt8(ascii: "$"), UInt8(ascii: "`"):
                format += inDoubleQuotes ? octal(byte) : [byte]
            case _ where isPlain(byte): format.append(byte)
            default: format += octal(byte)
            }
        }
        return String(decoding: format, as: UTF8.self)
    }

    private static func octal(_ byte: UInt8) -> [UInt8] {
        let zero = UInt8(ascii: "0")
        return [UInt8(ascii: "\\"), zero + byte >> 6, zero + byte >> 3 & 7, zero + byte & 7]
    }
}

// MARK: - Raw requests

/// The header fields of a request as lines, one each, in their order.
public enum HeaderBlock {
    /// Returns `Name: value` lines in UTF-8, each with its newline.
    public static func bytes(_ headers: [HeaderField], _ policy: Masking) -> [UInt8] {
        policy.fields(of: headers).flatMap { Array("\($0.name): \($0.value)\n".utf8) }
    }
}

/// A request as it went over the wire: request line, header fields, an empty line, and the body's own bytes.
public enum RawRequest {
    /// Returns the request with CRLF after each line of its head.
    ///
    /// The listener does not keep white space around header values, or the chunks of a body; if it kept only the start
    /// of the body, the result has only that.
    public static func bytes(_ delivery: Delivery, _ policy: Masking) -> [UInt8] {
        var head = "\(delivery.method) \(policy.target(delivery.target)) \(delivery.httpVersion)\r\n"
        for field in policy.fields(of: delivery.headers) { head += "\(field.name): \(field.value)\r\n" }
        return Array((head + "\r\n").utf8) + delivery.body
    }
}
