/// What the body of a notification turns out to be.
public enum Payload: Sendable, Hashable {
    /// JSON, with the events found in it: none where it is no notification.
    ///
    /// `count` is how many there are; `events` holds the first `maximumEvents` of them.
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
        self = body.withUnsafeBufferPointer { bytes in
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

    /// How many events there are.
    public var eventCount: Int {
        if case .json(_, let count) = self { count } else { 0 }
    }

    private static func json(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONError) -> Payload {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw JSONError(offset: 0, problem: .byteOrderMark) }
        var events: [NotificationEvent] = []
        var count = 0
        var scanner = JSONScanner(bytes)
        if scanner.peek() == UInt8(ascii: "{") {
            try scanner.members { scanner, name throws(JSONError) in
                guard JSONString.decode(bytes[name]) == "events" else {
                    try scanner.value(depth: 1)
                    return
                }
                events.removeAll()
                count = 0
                guard scanner.peek() == UInt8(ascii: "[") else {
                    try scanner.value(depth: 1)
                    return
                }
                try scanner.elements { scanner throws(JSONError) in
                    count += 1
                    if count <= maximumEvents {
                        events.append(try event(in: bytes, &scanner))
                    } else {
                        try scanner.value(depth: 2)
                    }
                }
            }
        } else {
            try scanner.value(depth: 0)
        }
        try scanner.expectEnd()
        return .json(events: events, count: count)
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
            let field = NotificationEvent.field(named: JSONString.decode(bytes[name]))
            let value = try scanner.value(depth: 3)
            if let field { event[keyPath: field] = FieldValue(json: bytes[value]) }
        }
        event.range = start..<scanner.index
        return event
    }
}

extension FieldValue {
    /// Reads a value that `JSONScanner` has checked.
    init(json: Slice<UnsafeBufferPointer<UInt8>>) {
        switch json.first {
        case UInt8(ascii: "\""): self = .string(JSONString.decode(json))
        case UInt8(ascii: "n"): self = .null
        default:
            let text = String(decoding: json, as: UTF8.self)
            self = Int64(text).map(FieldValue.integer) ?? .other(json: text)
        }
    }

    /// Reads JSON text of one value.
    public init(json: [UInt8]) {
        self = json.withUnsafeBufferPointer { FieldValue(json: $0[...]) }
    }
}
