public import Base

/// One HTTP request as it arrived, kept whole: every byte that a signature or a person may need.
public struct Delivery: Sendable, Hashable {
    /// When the head of the request had arrived.
    public var receivedAt: Timestamp
    /// The IP address of the client, without a port: that of the peer, or the one that a trusted proxy names; `unknown` where
    /// what it names is no address.
    public var remoteAddress: String
    /// The method, such as `POST`.
    public var method: String
    /// The request target as sent: path and query.
    public var target: String
    /// The protocol version, such as `HTTP/1.1`.
    public var httpVersion: String
    /// The header fields in the order, case and number in which they arrived.
    public var headers: [HeaderField]
    public var body: [UInt8]
    /// The length of the body that was received, in bytes: more than `body.count` if only its start was kept.
    public var bodyLength: Int

    public init(
        receivedAt: Timestamp, remoteAddress: String, method: String, target: String, httpVersion: String = "HTTP/1.1",
        headers: [HeaderField], body: [UInt8], bodyLength: Int? = nil
    ) {
        self.receivedAt = receivedAt
        self.remoteAddress = remoteAddress
        self.method = method
        self.target = target
        self.httpVersion = httpVersion
        self.headers = headers
        self.body = body
        self.bodyLength = bodyLength ?? body.count
    }

    /// Whether only the start of the body was kept.
    public var isCut: Bool { bodyLength > body.count }

    /// Returns the values of all header fields of this name, in order.
    public func values(of name: String) -> [String] {
        headers.filter { $0.isNamed(name) }.map(\.value)
    }
}

// MARK: - Header fields

/// One header line of a request: its name, in the case in which it arrived, and its value.
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

    /// Creates a field whose value may be other than UTF-8.
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
    /// If an older version has recorded the field, a value in which U+FFFD itself was sent is marked too.
    public var isAltered: Bool {
        rawBytes != nil || value.unicodeScalars.contains("\u{FFFD}")
    }

    /// Whether bytes of the value may be unknown: an older version has recorded the field.
    public var hasLostBytes: Bool { rawBytes == nil && isAltered }

    /// Returns whether this field has the given name; names compare without case (RFC 9110, 5.1).
    public func isNamed(_ other: String) -> Bool {
        let one = name.utf8
        let two = other.utf8
        return one.count == two.count && zip(one, two).allSatisfy { lowercased($0) == lowercased($1) }
    }

    private func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}

// MARK: - Header fields as JSON

extension HeaderField {
    /// Returns header fields as a JSON array of `[name, value]`, in order. A value that is not UTF-8 is followed by its bytes,
    /// as an array of numbers.
    public static func json(_ fields: [HeaderField]) -> String {
        String(decoding: jsonBytes(fields), as: UTF8.self)
    }

    /// Returns the UTF-8 bytes of `json(_:)`.
    public static func jsonBytes(_ fields: [HeaderField]) -> [UInt8] {
        // With room for a last value whose bytes might all be escaped.
        var writer = JSONWriter(capacity: fields.reduce(512) { $0 + $1.name.utf8.count + $1.value.utf8.count + 8 })
        writer.headers(fields, withBytes: true)
        return writer.bytes
    }

    /// Reads what `json(_:)` wrote.
    ///
    /// - Throws: `JSONError` where it is something else.
    public static func fields(fromJSON json: String) throws(JSONError) -> [HeaderField] {
        try Array(json.utf8).withUnsafeBufferPointer { bytes throws(JSONError) in
            try fields(fromJSON: UnsafeRawBufferPointer(bytes))
        }
    }

    /// Reads what `json(_:)` wrote.
    ///
    /// - Throws: `JSONError` where it is something else.
    public static func fields(fromJSON json: UnsafeRawBufferPointer) throws(JSONError) -> [HeaderField] {
        var fields: [HeaderField] = []
        fields.reserveCapacity(16)
        try scan(json) { name, value, raw throws(JSONError) in
            if let raw {
                fields.append(HeaderField(JSONString.decode(name), bytes: try bytes(raw)))
            } else {
                fields.append(HeaderField(JSONString.decode(name), JSONString.decode(value)))
            }
        }
        return fields
    }

    /// Visits the names and values of what `json(_:)` wrote, as strings of JSON with their quotes, and the array of a value's
    /// bytes where there is one.
    ///
    /// - Throws: `JSONError` where it is something else.
    @inline(__always)
    fileprivate static func scan(
        _ json: UnsafeRawBufferPointer,
        _ visit: (
            _ name: Slice<UnsafeBufferPointer<UInt8>>, _ value: Slice<UnsafeBufferPointer<UInt8>>,
            _ bytes: Slice<UnsafeBufferPointer<UInt8>>?
        ) throws(JSONError) -> Void
    ) throws(JSONError) {
        let start = json.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let bytes = UnsafeBufferPointer(start: start, count: json.count)
        var scanner = JSONScanner(bytes)
        try scanner.elements { scanner throws(JSONError) in
            var (name, value, raw): (Range<Int>?, Range<Int>?, Range<Int>?)
            var count = 0
            try scanner.elements { scanner throws(JSONError) in
                switch count {
                case 0: name = try scanner.string()
                case 1: value = try scanner.string()
                default:
                    guard scanner.peek() == UInt8(ascii: "[") else {
                        throw JSONError(offset: scanner.index, problem: .expected("an array of bytes"))
                    }
                    raw = try scanner.value(depth: 2)
                }
                count += 1
            }
            guard count == 2 || count == 3, let name, let value else {
                throw JSONError(offset: scanner.index, problem: .expected("a name and a value"))
            }
            try visit(bytes[name], bytes[value], raw.map { bytes[$0] })
        }
        try scanner.expectEnd()
    }

    /// Reads an array of numbers from 0 to 255.
    private static func bytes(_ json: Slice<UnsafeBufferPointer<UInt8>>) throws(JSONError) -> [UInt8] {
        var scanner = JSONScanner(UnsafeBufferPointer(rebasing: json))
        var values: [UInt8] = []
        try scanner.elements { scanner throws(JSONError) in
            let range = try scanner.value(depth: 1)
            let text = json[(json.startIndex + range.lowerBound)..<(json.startIndex + range.upperBound)]
            guard let value = UInt8(String(decoding: text, as: UTF8.self)) else {
                throw JSONError(offset: json.startIndex + range.lowerBound, problem: .expected("a byte"))
            }
            values.append(value)
        }
        return values
    }
}

extension JSONWriter {
    /// Writes header fields as an array of `[name, value]`, in order, as exports have them.
    public mutating func headers(_ fields: [HeaderField]) {
        headers(fields, withBytes: false)
    }

    /// - Parameter withBytes: Whether a value that is not UTF-8 is followed by its bytes.
    fileprivate mutating func headers(_ fields: [HeaderField], withBytes: Bool) {
        syntax("[")
        for (index, field) in fields.enumerated() {
            if index > 0 { syntax(",") }
            syntax("[")
            string(field.name)
            syntax(",")
            string(field.value)
            if withBytes, let raw = field.rawBytes {
                syntax(",[")
                for (index, byte) in raw.enumerated() {
                    if index > 0 { syntax(",") }
                    integer(byte)
                }
                syntax("]")
            }
            syntax("]")
        }
        syntax("]")
    }

    /// Writes header fields that are recorded as JSON, as `headers(_:)` writes them.
    ///
    /// - Throws: `JSONError` where they are something else.
    public mutating func headers(recorded json: UnsafeRawBufferPointer) throws(JSONError) {
        syntax("[")
        var isFirst = true
        try HeaderField.scan(json) { name, value, _ throws(JSONError) in
            if !isFirst { syntax(",") }
            isFirst = false
            syntax("[")
            string(json: name)
            syntax(",")
            string(json: value)
            syntax("]")
        }
        syntax("]")
    }

    /// Writes a string that `JSONScanner` has checked.
    private mutating func string(json: Slice<UnsafeBufferPointer<UInt8>>) {
        let inner = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: json.dropFirst().dropLast()))
        if inner.contains(UInt8(ascii: "\\")) {
            string(JSONString.decode(json))
        } else {
            _ = string(utf8: inner)
        }
    }
}

// MARK: - Origin

/// The origin of a request, as far as its peer and its header fields show it.
///
/// A tunnel and a reverse proxy connect from this computer or from a private network, and name the client in a header
/// field. A request that somebody sends to b2watch directly, from this computer or its network, has no such field.
/// Anybody can write one, so use this for hints, never for trust.
public struct DeliveryOrigin: Sendable, Hashable {
    /// Whether the request arrived over the public address: its peer, or a client that a proxy names, has a public IP
    /// address.
    public let isPublic: Bool
    /// Whether its sender has the name of B2's.
    public let isNamedB2: Bool

    /// Finds the origin of a request with this peer and these header fields.
    public init(remoteAddress: String, headers: [HeaderField]) {
        let forwarded = headers.filter { field in Self.forwarding.contains { field.isNamed($0) } }
        isPublic =
            Self.isPublic(remoteAddress)
            || forwarded.contains { Self.addresses(in: $0.value).contains(where: Self.isPublic) }
        isNamedB2 = headers.contains { $0.isNamed("User-Agent") && $0.value.hasPrefix("B2/EventNotifications") }
    }

    /// The header fields in which proxies and tunnels name the client.
    private static let forwarding = [
        "Forwarded", "X-Forwarded-For", "X-Real-IP", "X-Client-IP", "CF-Connecting-IP", "True-Client-IP",
        "Fly-Client-IP",
    ]

    /// The most characters of a value that are looked at.
    private static let longest = 512

    /// Returns the texts that may be addresses in a value such as `203.0.113.9, 10.0.0.1` or
    /// `for="[2001:db8::1]:4711";proto=https`.
    private static func addresses(in value: String) -> [String] {
        value.prefix(longest).split(whereSeparator: { ",; ".contains($0) }).map { part in
            var text = part.lowercased()[...]
            if text.hasPrefix("for=") { text = text.dropFirst(4) }
            text = text.drop { $0 == "\"" }
            if text.hasPrefix("[") { return String(text.dropFirst().prefix { $0 != "]" }) }
            let isIPv4WithPort = text.contains(".") && text.filter { $0 == ":" }.count == 1
            return String(text.prefix { $0 != "\"" && !(isIPv4WithPort && $0 == ":") })
        }
    }

    /// Returns whether a text is an IP address that is neither of this computer nor of a private network.
    static func isPublic(_ text: String) -> Bool {
        let text = text.lowercased().replacing("::ffff:", with: "")
        guard text.contains(":") else { return isPublicIPv4(text) }
        let groups = text.split(separator: ":", omittingEmptySubsequences: true)
        guard groups.count <= 8, groups.allSatisfy({ $0.count <= 4 && $0.allSatisfy(\.isHexDigit) }),
            let first = groups.first.flatMap({ UInt16($0, radix: 16) })
        else { return false }
        // `::` and `::1`; link-local, unique local and multicast addresses.
        if text.hasPrefix("::") { return false }
        return !(0xfe80...0xfebf).contains(first) && !(0xfc00...0xfdff).contains(first) && first < 0xff00
    }

    private static func isPublicIPv4(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 4, let first = parts[0], let second = parts[1], parts.allSatisfy({ $0 != nil }) else {
            return false
        }
        switch (first, second) {
        case (0, _), (10, _), (127, _), (169, 254), (172, 16...31), (192, 168), (100, 64...127): return false
        default: return first < 224
        }
    }
}

// MARK: - Answer

/// The HTTP response of b2watch to a request: a status and a line of plain text.
///
/// The answers to a notification are word for word those of Backblaze's tutorial *Trigger an Action from an Event
/// Notification*.
public enum Answer: Sendable, Hashable, CaseIterable {
    case accepted
    case missingSignature
    case malformedSignature
    case unsupportedSignature
    case invalidSignature
    case invalidJSON
    /// The target is ours, the method is not POST.
    case methodNotAllowed
    /// The target is not below `--path`.
    case notFound
    /// The delivery could not be recorded. B2 will send it again.
    case notRecorded
    /// The queue to the record is full. B2 will send it again.
    case overloaded
    /// A request that is not valid, of which too many arrive. It is not recorded.
    case tooMany
    /// A request from an address that no list names. It is not recorded.
    case forbidden

    /// The HTTP status.
    public var status: Int {
        switch self {
        case .accepted: 200
        case .invalidJSON: 400
        case .missingSignature, .malformedSignature, .unsupportedSignature, .invalidSignature: 401
        case .forbidden: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .tooMany: 429
        case .notRecorded, .overloaded: 503
        }
    }

    /// The body of the answer, in ASCII.
    public var text: String {
        switch self {
        case .accepted: "OK"
        case .missingSignature: "Missing signature header"
        case .malformedSignature: "Invalid signature format"
        case .unsupportedSignature: "Invalid signature version"
        case .invalidSignature: "Invalid signature"
        case .invalidJSON: "Invalid JSON in message payload"
        case .methodNotAllowed: "Method not allowed"
        case .notFound: "Not found"
        case .notRecorded: "Cannot record the delivery now"
        case .overloaded: "Too busy to record the delivery now"
        case .tooMany: "Too many requests"
        case .forbidden: "Forbidden"
        }
    }

    private static let byText = Dictionary(allCases.map { ($0.text, $0) }, uniquingKeysWith: { one, _ in one })

    /// Creates the answer with a text that was recorded; nil for any other text.
    public init?(text: String) {
        guard let answer = Self.byText[text] else { return nil }
        self = answer
    }

    /// Creates the first answer with a status; nil if none has it.
    public init?(status: Int) {
        guard let answer = Self.allCases.first(where: { $0.status == status }) else { return nil }
        self = answer
    }

    /// Creates the answer to a notification. The signature is checked before the body.
    public init(to verdict: SignatureVerdict, isJSON: Bool) {
        self =
            switch verdict {
            case .missing: .missingSignature
            case .malformed: .malformedSignature
            case .unsupported: .unsupportedSignature
            case .invalid: .invalidSignature
            case .valid, .removed, .unverified, .unsigned, .reconciled, .unjudged: isJSON ? .accepted : .invalidJSON
            }
    }
}

/// A summary of how long the answers of the last five minutes took.
public struct AnswerTimesSummary: Sendable, Hashable {
    /// The number of answers.
    public var count = 0
    /// The median, in microseconds, to within a sixteenth; 0 without answers.
    public var median = 0
    /// The 99th percentile, in microseconds, to within a sixteenth; 0 without answers.
    public var p99 = 0
    /// When it will change by ageing alone; nil without answers.
    public var until: ContinuousClock.Instant?

    public init(count: Int = 0, median: Int = 0, p99: Int = 0, until: ContinuousClock.Instant? = nil) {
        self.count = count
        self.median = median
        self.p99 = p99
        self.until = until
    }
}
