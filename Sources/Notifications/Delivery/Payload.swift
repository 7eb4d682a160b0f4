import Glibc

/// The body of a notification, parsed.
public enum Payload: Sendable, Hashable {
    /// JSON, with the events found in it: an empty array if it is not a notification.
    ///
    /// `count` is the number of events in the body; `events` has the first `maximumEvents` of them.
    case json(events: [NotificationEvent], count: Int)
    case notJSON(JSONError)

    /// The events that are read of one delivery. B2 sends 50 at most; without a bound a small body of many tiny
    /// elements would make a great many rows.
    public static let maximumEvents = 1_000

    /// Checks a body and reads its events, in one pass.
    ///
    /// Every element of the top-level array `events` is an event, whatever it is; a member that appears twice counts
    /// as it does in JavaScript, where the last one wins.
    public init(scanning body: [UInt8]) {
        self = body.withUnsafeBytes { Payload(scanning: $0) }
    }

    /// Checks a body and reads its events, in one pass.
    public init(scanning body: UnsafeRawBufferPointer) {
        self = body.withMemoryRebound(to: UInt8.self) { bytes in
            do throws(JSONError) {
                return try Self.json(bytes)
            } catch {
                return .notJSON(error)
            }
        }
    }

    public var isJSON: Bool {
        if case .json = self { true } else { false }
    }

    /// The first `maximumEvents` events.
    public var events: [NotificationEvent] {
        if case .json(let events, _) = self { events } else { [] }
    }

    /// The number of events in the body.
    public var eventCount: Int {
        if case .json(_, let count) = self { count } else { 0 }
    }

    /// Returns the byte ranges of the first `maximumEvents` events in a body, without reading them; an empty array if
    /// it is not a notification.
    public static func ranges(in body: UnsafeRawBufferPointer) -> [Range<Int>] {
        body.withMemoryRebound(to: UInt8.self) { bytes in
            var ranges: [Range<Int>] = []
            do throws(JSONError) {
                _ = try scan(bytes, begin: { ranges.removeAll() }) { scanner throws(JSONError) in
                    ranges.append(try scanner.value(depth: 2))
                }
            } catch {
                return []
            }
            return ranges
        }
    }

    private static func json(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONError) -> Payload {
        var events: [NotificationEvent] = []
        let count = try scan(bytes, begin: { events.removeAll() }) { scanner throws(JSONError) in
            events.append(try event(in: bytes, &scanner))
        }
        return .json(events: events, count: count)
    }

    /// Checks a body.
    ///
    /// - Parameters:
    ///   - begin: Is called where the events begin: what was visited before is void.
    ///   - visit: Takes an event. Is called for the first `maximumEvents` of them.
    /// - Returns: How many events there are.
    @inline(__always)
    private static func scan(
        _ bytes: UnsafeBufferPointer<UInt8>, begin: () -> Void,
        visit: (inout JSONScanner) throws(JSONError) -> Void
    ) throws(JSONError) -> Int {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw JSONError(offset: 0, problem: .byteOrderMark) }
        var count = 0
        var scanner = JSONScanner(bytes)
        if scanner.peek() == UInt8(ascii: "{") {
            try scanner.members { scanner, name throws(JSONError) in
                let isEvents = withName(bytes[name]) { name in
                    name.count == 6 && name.elementsEqual("events".utf8)
                }
                guard isEvents else {
                    try scanner.value(depth: 1)
                    return
                }
                begin()
                count = 0
                guard scanner.peek() == UInt8(ascii: "[") else {
                    try scanner.value(depth: 1)
                    return
                }
                try scanner.elements { scanner throws(JSONError) in
                    count += 1
                    if count <= maximumEvents {
                        try visit(&scanner)
                    } else {
                        try scanner.value(depth: 2)
                    }
                }
            }
        } else {
            try scanner.value(depth: 0)
        }
        try scanner.expectEnd()
        return count
    }

    private static func event(
        in bytes: UnsafeBufferPointer<UInt8>, _ scanner: inout JSONScanner
    ) throws(JSONError) -> NotificationEvent {
        guard scanner.peek() == UInt8(ascii: "{") else {
            return NotificationEvent(range: try scanner.value(depth: 2))
        }
        let start = scanner.index
        var event = NotificationEvent()
        try scanner.members { scanner, name throws(JSONError) in
            let value = try scanner.value(depth: 3)
            withName(bytes[name]) { event.set($0, to: FieldValue(json: bytes[value])) }
        }
        event.range = start..<scanner.index
        return event
    }

    /// Lends a member's name without its quotes and escapes, which hardly any has.
    @inline(__always)
    private static func withName<Result>(
        _ name: Slice<UnsafeBufferPointer<UInt8>>, _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        let inner = UnsafeBufferPointer(rebasing: name.dropFirst().dropLast())
        guard inner.contains(UInt8(ascii: "\\")) else { return body(inner) }
        var text = JSONString.decode(name)
        return text.withUTF8(body)
    }
}

// MARK: - Events

/// One event of a notification. Names are B2's own.
///
/// Source: Backblaze's event notification reference guide; `B2EventNotificationEvent` of its Java SDK.
public struct NotificationEvent: Sendable, Hashable {
    /// The range of the event's JSON in the body, in bytes.
    public var range: Range<Int>
    public var accountId = FieldValue.absent
    public var bucketId = FieldValue.absent
    public var bucketName = FieldValue.absent
    public var eventId = FieldValue.absent
    /// Milliseconds since 1970-01-01 UTC.
    public var eventTimestamp = FieldValue.absent
    public var eventType = FieldValue.absent
    public var eventVersion = FieldValue.absent
    public var matchedRuleName = FieldValue.absent
    public var objectName = FieldValue.absent
    /// In bytes; number, 0, null or absent, by type.
    public var objectSize = FieldValue.absent
    public var objectVersionId = FieldValue.absent

    public init(range: Range<Int> = 0..<0) {
        self.range = range
    }

    /// Sets the field of a name, unless b2watch does not know it.
    ///
    /// - Parameters:
    ///   - name: The name that it has in JSON, without quotes and escapes.
    ///   - value: Is read only where the name is known.
    mutating func set(_ name: UnsafeBufferPointer<UInt8>, to value: @autoclosure () -> FieldValue) {
        guard let start = name.baseAddress else { return }
        // Of a name as long as the known one.
        func isNamed(_ known: StaticString) -> Bool { memcmp(known.utf8Start, start, known.utf8CodeUnitCount) == 0 }
        switch name.count {
        case 7: if isNamed("eventId") { eventId = value() }
        case 8: if isNamed("bucketId") { bucketId = value() }
        case 9:
            if isNamed("eventType") {
                eventType = value()
            } else if isNamed("accountId") {
                accountId = value()
            }
        case 10:
            if isNamed("objectName") {
                objectName = value()
            } else if isNamed("objectSize") {
                objectSize = value()
            } else if isNamed("bucketName") {
                bucketName = value()
            }
        case 12: if isNamed("eventVersion") { eventVersion = value() }
        case 14: if isNamed("eventTimestamp") { eventTimestamp = value() }
        case 15:
            if isNamed("matchedRuleName") {
                matchedRuleName = value()
            } else if isNamed("objectVersionId") {
                objectVersionId = value()
            }
        default: break
        }
    }
}

// MARK: - Event types

/// The name of an event's type, known or not.
public struct EventType: Sendable, Hashable {
    /// As B2 sends it, such as `b2:ObjectCreated:Upload`.
    public let name: String

    public init(_ name: String) {
        self.name = name
    }

    /// The types that B2 documents today, with the short name that lists show.
    ///
    /// Source: Backblaze's event notification reference guide, b2sdk 2.13.1 and the Terraform provider.
    public static let known: [(name: String, short: String)] = [
        ("b2:ObjectCreated:Upload", "Created:Upload"),
        ("b2:ObjectCreated:MultipartUpload", "Created:MultipartUpload"),
        ("b2:ObjectCreated:Copy", "Created:Copy"),
        ("b2:ObjectCreated:Replica", "Created:Replica"),
        ("b2:ObjectCreated:MultipartReplica", "Created:MultipartReplica"),
        ("b2:ObjectDeleted:Delete", "Deleted:Delete"),
        ("b2:ObjectDeleted:LifecycleRule", "Deleted:LifecycleRule"),
        ("b2:HideMarkerCreated:Hide", "HideMarker:Hide"),
        ("b2:HideMarkerCreated:LifecycleRule", "HideMarker:LifecycleRule"),
        ("b2:MultipartUploadCreated:LiveRead", "Multipart:LiveRead"),
        ("b2:TestEvent", "Test"),
    ]

    private static let shortNames = Dictionary(uniqueKeysWithValues: known.map { ($0.name, $0.short) })

    /// The name that a list shows: the short name of a known type, or an unknown name unchanged.
    public var shortName: String {
        Self.shortNames[name] ?? name
    }
}

// MARK: - Field values

/// The value of an event's field, of any JSON type.
///
/// B2's own sources contradict each other on which fields are present, so no field is required and none must have a
/// certain type: a value that is neither a string nor an integer is kept as its JSON text.
public enum FieldValue: Sendable, Hashable {
    case absent
    case null
    case string(String)
    case integer(Int64)
    /// Any other JSON value, as received.
    case other(json: String)

    /// The value as text; absent and null are empty.
    public var text: String {
        switch self {
        case .absent, .null: ""
        case .string(let string): string
        case .integer(let integer): String(integer)
        case .other(let json): json
        }
    }

    public var isEmpty: Bool { text.isEmpty }

    public var string: String? {
        if case .string(let string) = self { string } else { nil }
    }

    public var integer: Int64? {
        if case .integer(let integer) = self { integer } else { nil }
    }
}

extension FieldValue {
    /// Reads a value that `JSONScanner` has checked.
    init(json: Slice<UnsafeBufferPointer<UInt8>>) {
        switch json.first {
        case UInt8(ascii: "\""): self = .string(JSONString.decode(json))
        case UInt8(ascii: "n"): self = .null
        default:
            self =
                Self.integer(json).map(FieldValue.integer)
                ?? .other(json: String(decoding: UnsafeBufferPointer(rebasing: json), as: UTF8.self))
        }
    }

    /// Returns the integer in JSON text; nil if it is not one of 64 bits, or has decimals or an exponent.
    private static func integer(_ json: Slice<UnsafeBufferPointer<UInt8>>) -> Int64? {
        var digits = json
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative { digits = digits.dropFirst() }
        guard !digits.isEmpty else { return nil }
        var value: Int64 = 0
        for byte in digits {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            let (tens, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let digit = Int64(byte - UInt8(ascii: "0"))
            // A negative number is counted down, because the least integer has no positive counterpart.
            let (sum, overflows) =
                isNegative ? tens.subtractingReportingOverflow(digit) : tens.addingReportingOverflow(digit)
            if isTooLarge || overflows { return nil }
            value = sum
        }
        return value
    }

    /// Reads JSON text of one value.
    public init(json: [UInt8]) {
        self = json.withUnsafeBufferPointer { FieldValue(json: $0[...]) }
    }
}
