internal import Base
internal import Glibc
internal import NIOCore
internal import Notifications

/// The head of a request: everything before its body.
struct RequestHead: Sendable, Hashable {
    enum Version: String, Sendable {
        case http10 = "HTTP/1.0"
        case http11 = "HTTP/1.1"
    }

    let method: String
    /// The request target as sent.
    let target: String
    let version: Version
    let headers: [HeaderField]

    /// Returns the values of a field whose elements are a list, without the white space around them.
    func list(_ name: String) -> [Substring] {
        headers.lazy.filter { $0.isNamed(name) }.flatMap { $0.value.split(separator: ",") }
            .map { $0.drop { $0 == " " || $0 == "\t" } }
            .map { element in
                let last = element.utf8.lastIndex { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
                return last.map { element[...$0] } ?? ""
            }
    }

    func hasHeader(_ name: String) -> Bool {
        headers.contains { $0.isNamed(name) }
    }

    /// Whether it has one `Host`, as HTTP/1.1 demands; an older request may have none (RFC 9112, 3.2).
    fileprivate var hasGoodHost: Bool {
        var hosts = 0
        for field in headers where field.isNamed("Host") { hosts += 1 }
        return hosts == 1 || hosts == 0 && version == .http10
    }
}

/// Reads HTTP/1.1 requests from the bytes of a connection (RFC 9112), strictly. Input that two readers could read
/// differently is refused, because it may smuggle a request past a proxy. The parser keeps each header value's bytes,
/// and reads no byte twice.
///
/// A pure state machine: bytes go in, parts come out.
struct RequestParser {
    enum Part {
        case head(RequestHead, Framing)
        /// A part of the body.
        case body(ByteBuffer)
        case end
    }

    private enum State {
        case requestLine
        case fields
        /// The body continues for this many bytes.
        case body(Int)
        case chunkSize
        case chunk(Int)
        case chunkEnd
        case trailer
    }

    /// The bytes of a chunk's size with its extensions, and of the line breaks before a request, that are taken.
    private static let longestExtra = 4_096

    private let limits: ListenerLimits
    private var state = State.requestLine
    /// The offset in the line from which to look for its end.
    private var searched = 0
    private var method = ""
    private var target = ""
    private var version = RequestHead.Version.http11
    private var headers: [HeaderField] = []
    /// The bytes of the names, values and target so far, or of the trailer.
    private var size = 0

    init(_ limits: ListenerLimits) {
        self.limits = limits
    }

    /// Returns the next part, which it takes out of the buffer; nil where more bytes are needed.
    ///
    /// - Throws: `Refusal`; nothing is to be read behind it.
    mutating func next(_ buffer: inout ByteBuffer) throws(Refusal) -> Part? {
        switch state {
        case .requestLine, .fields: return try head(&buffer)
        case .body(let left):
            guard left > 0 else {
                state = .requestLine
                return .end
            }
            guard let part = buffer.readSlice(length: min(left, buffer.readableBytes)), part.readableBytes > 0 else {
                return nil
            }
            state = .body(left - part.readableBytes)
            return .body(part)
        case .chunkSize, .chunk, .chunkEnd, .trailer: return try chunk(&buffer)
        }
    }

    // MARK: - Heads

    private mutating func head(_ buffer: inout ByteBuffer) throws(Refusal) -> Part? {
        let outcome = buffer.readWithUnsafeReadableBytes { bytes -> (Int, Result<Bool, Refusal>) in
            var used = 0
            do throws(Refusal) {
                while let line = try line(bytes, from: used) {
                    used = line.upperBound + 2
                    if try read(UnsafeRawBufferPointer(rebasing: bytes[line])) { return (used, .success(true)) }
                }
                return (used, .success(false))
            } catch {
                return (used, .failure(error))
            }
        }
        guard try outcome.get() else { return nil }
        let head = RequestHead(method: method, target: target, version: version, headers: headers)
        headers = []
        size = 0
        guard let framing = Framing(head) else { throw .ambiguousLength }
        guard head.hasGoodHost else { throw .noHost }
        switch framing {
        case .length(let length): state = .body(length)
        case .chunked: state = .chunkSize
        }
        return .head(head, framing)
    }

    /// Returns the next line without its end; nil as long as its end has not arrived.
    private mutating func line(_ bytes: UnsafeRawBufferPointer, from start: Int) throws(Refusal) -> Range<Int>? {
        guard let base = bytes.baseAddress, start < bytes.count else { return nil }
        let from = min(start + searched, bytes.count)
        guard let found = memchr(base + from, Int32(UInt8(ascii: "\n")), bytes.count - from) else {
            searched = bytes.count - start
            try checkLength(UnsafeRawBufferPointer(rebasing: bytes[start...]))
            // A peer that speaks another protocol gets its answer at once.
            if case .requestLine = state, !bytes[from...].allSatisfy(Self.isOfRequestLine) { throw .notHTTP }
            return nil
        }
        searched = 0
        let end = UnsafeRawPointer(found) - base - 1
        try checkLength(UnsafeRawBufferPointer(rebasing: bytes[start..<(end + 1)]))
        // A line ends with both; a lone line feed is read as the end of a line by some and not by others.
        guard end >= start, bytes[end] == UInt8(ascii: "\r") else { throw .notHTTP }
        return start..<end
    }

    /// Checks the length of a line without its line feed, whether or not that has arrived: what is refused does not depend on
    /// how the bytes are divided.
    private func checkLength(_ line: UnsafeRawBufferPointer) throws(Refusal) {
        switch state {
        case .requestLine:
            // A method and a version are short.
            let most = limits.headerField + 64
            guard line.count > most else { return }
            throw line.prefix(most + 1).allSatisfy(Self.isOfRequestLine) ? .headersTooLarge : .notHTTP
        case .fields:
            if line.count > 2 * limits.headerField || size + line.count > limits.headers + 64 {
                throw .headersTooLarge
            }
        default:
            if line.count > Self.longestExtra { throw .notHTTP }
        }
    }

    /// Returns whether a byte may be in a request line, with the first byte of its end.
    private static func isOfRequestLine(_ byte: UInt8) -> Bool {
        (0x20...0x7E).contains(byte) || byte == UInt8(ascii: "\r")
    }

    /// Reads a line of the head.
    ///
    /// - Returns: Whether it was the empty one that ends it.
    private mutating func read(_ line: UnsafeRawBufferPointer) throws(Refusal) -> Bool {
        if case .requestLine = state {
            // Line breaks before a request are skipped (RFC 9112, 2.2).
            if line.isEmpty {
                size += 2
                if size > Self.longestExtra { throw .notHTTP }
                return false
            }
            size = 0
            try readRequestLine(line)
            state = .fields
            return false
        }
        guard !line.isEmpty else { return true }
        try readField(line)
        return false
    }

    private mutating func readRequestLine(_ line: UnsafeRawBufferPointer) throws(Refusal) {
        guard let first = line.firstIndex(of: UInt8(ascii: " ")),
            let last = line.lastIndex(of: UInt8(ascii: " ")), first > 0, last > first + 1,
            line[..<first].allSatisfy(Self.isToken),
            line[(first + 1)..<last].allSatisfy({ (0x21...0x7E).contains($0) }),
            let version = RequestHead.Version(bytes: line[(last + 1)...])
        else { throw .notHTTP }
        let target = line[(first + 1)..<last]
        if target.count > limits.headerField { throw .headersTooLarge }
        size = target.count
        self.version = version
        method = String(decoding: line[..<first], as: UTF8.self)
        self.target = String(decoding: target, as: UTF8.self)
        headers.reserveCapacity(12)
    }

    private mutating func readField(_ line: UnsafeRawBufferPointer) throws(Refusal) {
        guard let field = try field(line) else { throw .notHTTP }
        size += field.name.utf8.count + field.value.utf8.count
        if headers.count == limits.headerFields || size > limits.headers { throw .headersTooLarge }
        headers.append(field)
    }

    /// Reads a header field; nil if the line is not one (RFC 9112, 5). A line that continues the one before is not one.
    private func field(_ line: UnsafeRawBufferPointer) throws(Refusal) -> HeaderField? {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0, line[..<colon].allSatisfy(Self.isToken)
        else { return nil }
        var start = colon + 1
        while start < line.count, line[start] == UInt8(ascii: " ") || line[start] == UInt8(ascii: "\t") { start += 1 }
        let value = UnsafeRawBufferPointer(rebasing: line[start...])
        var isASCII = true
        for byte in value where !(0x20...0x7E).contains(byte) {
            if byte >= 0x80 { isASCII = false } else if byte != UInt8(ascii: "\t") { return nil }
        }
        if colon > limits.headerField || value.count > limits.headerField { throw .headersTooLarge }
        let name = String(decoding: line[..<colon], as: UTF8.self)
        return isASCII
            ? HeaderField(name, String(decoding: value, as: UTF8.self)) : HeaderField(name, bytes: Array(value))
    }

    private func fieldOrRefusal(_ line: UnsafeRawBufferPointer) -> Result<HeaderField?, Refusal> {
        do throws(Refusal) {
            return .success(try field(line))
        } catch {
            return .failure(error)
        }
    }

    /// Returns whether a byte may be in a token, such as a method or a field's name (RFC 9110, 5.6.2).
    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"),
            UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"),
            UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    // MARK: - Chunks

    /// Reads on in a body of chunks (RFC 9112, 7.1), up to some bytes of it or its end.
    private mutating func chunk(_ buffer: inout ByteBuffer) throws(Refusal) -> Part? {
        while true {
            switch state {
            case .chunk(let left):
                guard let part = buffer.readSlice(length: min(left, buffer.readableBytes)), part.readableBytes > 0
                else { return nil }
                state = left == part.readableBytes ? .chunkEnd : .chunk(left - part.readableBytes)
                return .body(part)
            case .chunkSize:
                guard let line = try line(&buffer) else { return nil }
                let size = try Self.chunkSize(line)
                state = size > 0 ? .chunk(size) : .trailer
            case .chunkEnd:
                guard let line = try line(&buffer) else { return nil }
                guard line.isEmpty else { throw .notHTTP }
                state = .chunkSize
            case .trailer:
                guard let line = try line(&buffer) else { return nil }
                guard !line.isEmpty else {
                    size = 0
                    state = .requestLine
                    return .end
                }
                // Fields behind the body are checked and dropped.
                size += line.count
                if size > limits.headers { throw .headersTooLarge }
                if try line.withUnsafeBytes(fieldOrRefusal).get() == nil { throw .notHTTP }
            case .requestLine, .fields, .body: return nil
            }
        }
    }

    private mutating func line(_ buffer: inout ByteBuffer) throws(Refusal) -> [UInt8]? {
        let outcome = buffer.readWithUnsafeReadableBytes { bytes -> (Int, Result<[UInt8]?, Refusal>) in
            do throws(Refusal) {
                guard let line = try line(bytes, from: 0) else { return (0, .success(nil)) }
                return (line.upperBound + 2, .success(Array(bytes[line])))
            } catch {
                return (0, .failure(error))
            }
        }
        return try outcome.get()
    }

    /// Reads hex digits and, behind a semicolon, extensions that mean nothing here.
    private static func chunkSize(_ line: [UInt8]) throws(Refusal) -> Int {
        let end = line.firstIndex { $0 == UInt8(ascii: ";") || $0 == UInt8(ascii: " ") } ?? line.endIndex
        let digits = line[..<end]
        let isFollowedWell = line[end...].allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == UInt8(ascii: "\t") }
        let extensions = line[end...].drop { $0 == UInt8(ascii: " ") }
        guard !digits.isEmpty, digits.count <= 15, isFollowedWell,
            extensions.first.map({ $0 == UInt8(ascii: ";") }) ?? true,
            let size = Int(String(decoding: digits, as: UTF8.self), radix: 16),
            digits.first != UInt8(ascii: "+"), digits.first != UInt8(ascii: "-")
        else { throw .notHTTP }
        return size
    }
}

extension RequestHead.Version {
    fileprivate init?(bytes: Slice<UnsafeRawBufferPointer>) {
        if bytes.elementsEqual("HTTP/1.1".utf8) {
            self = .http11
        } else if bytes.elementsEqual("HTTP/1.0".utf8) {
            self = .http10
        } else {
            return nil
        }
    }
}

// MARK: - Framing

/// The way in which the end of a request's body is marked.
enum Framing: Sendable, Hashable {
    case length(Int)
    case chunked

    /// Returns nil if two readers could disagree about the end of the request: such a request is refused, because it
    /// may be an attempt to smuggle another one past a proxy (RFC 9112, 6.3).
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
                let value = Self.trim(field.value)
                guard !isChunked, head.version == .http11, Self.isChunked(value) else { return nil }
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

    /// Returns whether a value is `chunked`, in any case of ASCII: Unicode also has a K whose lower case is the letter.
    private static func isChunked(_ value: Substring) -> Bool {
        value.utf8.elementsEqual("chunked".utf8) { $0 | 0x20 == $1 }
    }

    /// Removes the white space at a value's end, which is not part of it (RFC 9110, 5.5) and which the parser leaves.
    private static func trim(_ value: String) -> Substring {
        let isText: (UInt8) -> Bool = { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
        guard let last = value.utf8.lastIndex(where: isText) else { return "" }
        return value[...last]
    }
}

// MARK: - Requests under way

/// A request whose head has arrived, and some of its body.
struct PartialRequest {
    let head: RequestHead
    let route: Route
    let receivedAt: Timestamp
    /// The length of the body so far, in bytes.
    private(set) var bodyLength = 0
    /// The bytes of the budget for long bodies that it has reserved.
    var reserved = 0
    private var body: [UInt8] = []
    private let keptBytes: Int

    /// - Parameter keptBytes: The bytes of the body that are kept; more are only counted.
    init(_ head: RequestHead, framing: Framing, route: Route, keptBytes: Int, receivedAt: Timestamp) {
        self.head = head
        self.route = route
        self.receivedAt = receivedAt
        self.keptBytes = keptBytes
        // The announcement of a long body is not yet a reason to allocate memory for it.
        if case .length(let length) = framing { body.reserveCapacity(min(length, keptBytes, 64 << 10)) }
    }

    mutating func append(_ bytes: ByteBuffer) {
        bodyLength += bytes.readableBytes
        let space = keptBytes - body.count
        if space > 0 { bytes.withUnsafeReadableBytes { body.append(contentsOf: $0.prefix(space)) } }
    }

    /// Returns the bytes that it needs of the budget for long bodies after this number of further bytes.
    func budget(for more: Int) -> Int {
        max(0, min(body.count + more, keptBytes) - ListenerLimits.freeBody)
    }

    /// Whether the connection may serve another request after this one.
    ///
    /// False in HTTP/1.0, whose clients must ask for it, and after CONNECT or an offer to change the protocol.
    var allowsAnother: Bool {
        head.version == .http11 && head.method != "CONNECT" && !head.hasHeader("Upgrade")
            && !head.list("Connection").contains { $0.lowercased() == "close" }
    }

    /// Whether the client waits for a word before it sends the body.
    var expectsContinue: Bool {
        head.version == .http11 && head.list("Expect").contains { $0.lowercased() == "100-continue" }
    }

    /// Returns the request as it is passed on.
    func delivery(from remoteAddress: String) -> Delivery {
        Delivery(
            receivedAt: receivedAt,
            remoteAddress: remoteAddress,
            method: head.method,
            target: head.target,
            httpVersion: head.version.rawValue,
            headers: head.headers,
            body: body,
            bodyLength: bodyLength)
    }
}
