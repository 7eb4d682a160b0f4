public import Base
public import Notifications

/// A notification as B2 sends it: its events, and the exact bytes of its body.
public struct SampleNotification: Sendable, Hashable {
    public var events: [EventSample]

    public init(events: [EventSample]) {
        self.events = events
    }

    /// The body: indented by two spaces, the fields in B2's order, no newline at the end.
    ///
    /// Source: the captures in Backblaze's b2listen; the tests repeat such bodies.
    public var body: [UInt8] {
        var writer = IndentedJSON()
        writer.object { writer in
            writer.array("events", of: events) { writer, event in writer.event(event) }
        }
        return writer.bytes
    }
}

extension IndentedJSON {
    fileprivate mutating func event(_ event: EventSample) {
        object { writer in
            writer.string("accountId", event.accountID)
            writer.string("bucketId", event.bucketID)
            writer.string("bucketName", event.bucketName)
            writer.string("eventId", event.eventID)
            writer.integer("eventTimestamp", event.timestamp.milliseconds)
            writer.string("eventType", event.type.name)
            writer.integer("eventVersion", 1)
            writer.string("matchedRuleName", event.ruleName)
            guard let object = event.object else { return }
            writer.string("objectName", object.name)
            if let size = object.size { writer.integer("objectSize", size) }
            writer.string("objectVersionId", object.versionID)
        }
    }
}

// MARK: - Events

/// An event in B2's own form.
public struct EventSample: Sendable, Hashable {
    /// 12 hex digits.
    public var accountID: String
    /// 24 hex digits.
    public var bucketID: String
    public var bucketName: String
    /// 64 hex digits.
    public var eventID: String
    public var timestamp: Timestamp
    public var type: EventType
    public var ruleName: String
    /// The object; nil in a test event.
    public var object: SampleObject?

    public init(
        accountID: String = EventSample.sampleAccountID, bucketID: String = EventSample.sampleBucketID,
        bucketName: String, eventID: String, timestamp: Timestamp, type: EventType, ruleName: String,
        object: SampleObject?
    ) {
        self.accountID = accountID
        self.bucketID = bucketID
        self.bucketName = bucketName
        self.eventID = eventID
        self.timestamp = timestamp
        self.type = type
        self.ruleName = ruleName
        self.object = object
    }

    /// An account that belongs to nobody.
    public static let sampleAccountID = "b2a7c4000000"
    /// A bucket of that account.
    public static let sampleBucketID = "0b12a3c4d5e6f70800000000"
}

/// The object that an event is about.
public struct SampleObject: Sendable, Hashable {
    public var name: String
    /// The size in bytes; nil to leave the field out.
    public var size: Int64?
    public var versionID: String

    public init(name: String, size: Int64?, versionID: String) {
        self.name = name
        self.size = size
        self.versionID = versionID
    }
}

// MARK: - Types

/// The words by which a user names the type of a sample.
public enum SampleType {
    /// A word for each type that B2 documents, in the order of `EventType.known`.
    public static let words: [(word: String, type: EventType)] = [
        ("upload", EventType("b2:ObjectCreated:Upload")),
        ("multipart", EventType("b2:ObjectCreated:MultipartUpload")),
        ("copy", EventType("b2:ObjectCreated:Copy")),
        ("replica", EventType("b2:ObjectCreated:Replica")),
        ("multipartreplica", EventType("b2:ObjectCreated:MultipartReplica")),
        ("delete", EventType("b2:ObjectDeleted:Delete")),
        ("lifecycle", EventType("b2:ObjectDeleted:LifecycleRule")),
        ("hide", EventType("b2:HideMarkerCreated:Hide")),
        ("hidelifecycle", EventType("b2:HideMarkerCreated:LifecycleRule")),
        ("liveread", EventType("b2:MultipartUploadCreated:LiveRead")),
        ("test", EventType("b2:TestEvent")),
    ]

    /// Reads a word, a type's name or its short name, in any case; any other text with a colon is used unchanged,
    /// because B2 may add types.
    ///
    /// - Throws: `SampleTypeError`, which lists the words.
    public static func parse(_ text: String) throws(SampleTypeError) -> EventType {
        let wanted = text.lowercased()
        if let match = words.first(where: { $0.word == wanted }) { return match.type }
        for (name, short) in EventType.known where [name.lowercased(), short.lowercased()].contains(wanted) {
            return EventType(name)
        }
        guard text.contains(":") else { throw SampleTypeError(text: text) }
        return EventType(text)
    }
}

/// A text that names no event type.
public struct SampleTypeError: Error, Sendable, Hashable, CustomStringConvertible {
    public let text: String

    /// A sentence that lists what there is.
    public var description: String {
        let words = SampleType.words.map(\.word).joined(separator: ", ")
        return "\u{201C}\(text)\u{201D} is not an event type: write one of \(words), or a full name such as"
            + " b2:ObjectCreated:Upload"
    }
}

// MARK: - Orders

/// The contents of a sample event.
public struct SampleOrder: Sendable, Hashable {
    public var type = EventType("b2:ObjectCreated:Upload")
    public var objectName = "b2watch/sample.txt"
    /// The size in bytes. Hide markers always have 0, and test events have no size.
    public var objectSize: Int64 = 1_024
    public var bucketName = "b2watch-sample"
    public var ruleName = "b2watchSample"

    public init() {}
}

extension SampleNotification {
    /// Makes a notification of these events; their ids are random.
    ///
    /// - Parameters:
    ///   - orders: One for each event: B2 sends 1 to 50.
    ///   - now: The time of the first event; each further one is a millisecond later.
    public init(_ orders: [SampleOrder], at now: Timestamp, using generator: inout some RandomNumberGenerator) {
        let events = orders.enumerated().map { index, order in
            let time = Timestamp(milliseconds: now.milliseconds + Int64(index))
            return EventSample(
                bucketName: order.bucketName,
                eventID: RandomHex.digits(64, using: &generator),
                timestamp: time,
                type: order.type,
                ruleName: order.ruleName,
                object: SampleObject(order, at: time, using: &generator))
        }
        self.init(events: events)
    }
}

extension SampleObject {
    /// Creates an object; nil for a test event, which has no object.
    fileprivate init?(_ order: SampleOrder, at time: Timestamp, using generator: inout some RandomNumberGenerator) {
        let type = order.type.name
        if type == "b2:TestEvent" { return nil }
        let size: Int64? =
            if type.hasPrefix("b2:HideMarkerCreated:") {
                0
            } else if type.hasPrefix("b2:MultipartUploadCreated:") {
                nil
            } else {
                order.objectSize
            }
        self.init(name: order.objectName, size: size, versionID: Self.versionID(at: time, using: &generator))
    }

    /// Returns a version id such as
    /// `4_zaea8c5bc362ae55070130333_f117c7bd5d6c6597c_d20260101_m101112_c001_v0001044_t0001_u01767262272345`.
    private static func versionID(at time: Timestamp, using generator: inout some RandomNumberGenerator) -> String {
        let calendar = CalendarTime(time, secondsFromUTC: 0)
        let date = calendar?.date.filter { $0 != "-" } ?? "00000000"
        let timeOfDay = calendar?.timeOfDay.filter { $0 != ":" } ?? "000000"
        let milliseconds = String(time.milliseconds.magnitude)
        let padding = String(repeating: "0", count: max(0, 14 - milliseconds.utf8.count))
        return "4_z\(EventSample.sampleBucketID)_f1\(RandomHex.digits(15, using: &generator))_d\(date)_m\(timeOfDay)"
            + "_c001_v0001044_t0001_u\(padding)\(milliseconds)"
    }
}

// MARK: - Series

/// The events of many sample notifications. If several values are given, they take turns; without a value, it is the
/// usual one, or a random one in a mixed series.
public struct SampleSeries: Sendable {
    /// Types of events.
    public var types: [EventType] = []
    /// The names of objects; `{n}` in one is replaced by the number of the event, from 1.
    public var names: [String] = []
    /// Sizes of objects in bytes; one of a range is random.
    public var sizes: [ClosedRange<Int64>] = []
    /// Names of buckets. All events of a notification are of the same bucket and rule.
    public var buckets: [String] = []
    /// Names of rules.
    public var rules: [String] = []
    /// Events in a notification: B2 sends 1 to 50.
    public var batch = 1
    /// Whether values that are not given are random instead of the same for each event.
    public var isMixed = false

    /// Creates a series of the usual sample.
    public init() {}

    /// Returns the contents of a notification's events.
    ///
    /// - Parameter number: The notification's number, from 0.
    public func orders(of number: Int, using generator: inout some RandomNumberGenerator) -> [SampleOrder] {
        let bucket = buckets.turn(number) ?? (isMixed ? Self.buckets.randomElement(using: &generator) : nil)
        let rule = rules.turn(number) ?? (isMixed ? Self.rules.randomElement(using: &generator) : nil)
        return (0..<max(1, batch)).map { position in
            let index = number * max(1, batch) + position
            var order = SampleOrder()
            if let bucket { order.bucketName = bucket }
            if let rule { order.ruleName = rule }
            if let type = types.turn(index) ?? (isMixed ? Self.type(using: &generator) : nil) { order.type = type }
            if let name = names.turn(index) {
                order.objectName = name.replacing("{n}", with: String(index + 1))
            } else if isMixed {
                order.objectName = Self.name(using: &generator)
            }
            if let range = sizes.turn(index) {
                order.objectSize = Int64.random(in: range, using: &generator)
            } else if isMixed {
                // Sizes are evenly distributed over the orders of magnitude, up to 1 GiB.
                order.objectSize = Int64.random(
                    in: 0..<(1 << Int64.random(in: 0...30, using: &generator)), using: &generator)
            }
            return order
        }
    }

    // MARK: - Random values

    private static let buckets = ["photos", "backups", "website-assets"]
    private static let rules = ["allEvents", "uploadsOnly", "retention"]
    private static let folders = ["photos/2026", "photos/archive", "backups/db", "backups/www", "logs/app", "site/img"]
    private static let words = ["cat", "harbour", "invoice", "report", "dump", "index", "münchen", "überblick", "東京"]
    private static let endings = ["jpg", "png", "pdf", "sql.gz", "log", "mp4", "html", "zip"]

    /// Returns a type: most are uploads, as in a bucket that is used.
    private static func type(using generator: inout some RandomNumberGenerator) -> EventType {
        if Int.random(in: 0..<10, using: &generator) < 6 { return EventType("b2:ObjectCreated:Upload") }
        let types = SampleType.words.map(\.type).filter { $0.name != "b2:TestEvent" }
        return types.randomElement(using: &generator) ?? EventType("b2:ObjectCreated:Upload")
    }

    private static func name(using generator: inout some RandomNumberGenerator) -> String {
        let folder = folders.randomElement(using: &generator) ?? "photos"
        let word = words.randomElement(using: &generator) ?? "cat"
        let ending = endings.randomElement(using: &generator) ?? "jpg"
        return "\(folder)/\(word)-\(Int.random(in: 1...9_999, using: &generator)).\(ending)"
    }
}

extension Array {
    /// Returns the element whose turn it is; otherwise nil.
    fileprivate func turn(_ index: Int) -> Element? {
        isEmpty ? nil : self[index % count]
    }
}

// MARK: - Signatures

/// The way a sample notification is signed.
public enum SampleSignature: Sendable {
    /// Signed as B2 signs.
    case signed(SigningSecret)
    /// Well-formed and wrong: one bit off the right digest, or without a secret a random one.
    case wrong(SigningSecret?)
    /// No signature header, as of a rule without a secret.
    case none

    /// Returns the header's value for a body, or nil if the notification is to be unsigned.
    public func value(for body: [UInt8], using generator: inout some RandomNumberGenerator) -> String? {
        switch self {
        case .signed(let secret): secret.signature(of: body)
        case .wrong(let secret?): Self.flippingLastBit(of: secret.signature(of: body))
        case .wrong(nil): "v1=" + RandomHex.digits(64, using: &generator)
        case .none: nil
        }
    }

    private static func flippingLastBit(of signature: String) -> String {
        let last = signature.last?.hexDigitValue ?? 0
        return signature.dropLast() + String(last ^ 1, radix: 16)
    }
}

/// The bytes of a notification to send, and the value of its signature header.
public struct SignedSample: Sendable, Hashable {
    public let body: [UInt8]
    /// The signature header; nil for none.
    public let signature: String?

    public init(body: [UInt8], signature: String?) {
        self.body = body
        self.signature = signature
    }

    /// Signs a notification.
    public init(
        _ notification: SampleNotification, _ signature: SampleSignature,
        using generator: inout some RandomNumberGenerator
    ) {
        body = notification.body
        self.signature = signature.value(for: body, using: &generator)
    }
}

// MARK: - JSON

/// Writes JSON on many lines, indented by two spaces, and escapes only what must be escaped, like B2.
struct IndentedJSON {
    private(set) var bytes: [UInt8] = []
    private var depth = 0
    private var isFirst = true

    mutating func object(_ members: (inout IndentedJSON) -> Void) {
        enclose("{", "}", members)
    }

    mutating func array<Element>(
        _ name: String, of elements: [Element], _ write: (inout IndentedJSON, Element) -> Void
    ) {
        member(name)
        guard !elements.isEmpty else { return append("[]") }
        enclose("[", "]") { writer in
            for element in elements {
                writer.item()
                write(&writer, element)
            }
        }
    }

    mutating func string(_ name: String, _ value: String) {
        member(name)
        quote(value)
    }

    mutating func integer(_ name: String, _ value: Int64) {
        member(name)
        append(String(value))
    }

    private mutating func enclose(_ open: String, _ close: String, _ inside: (inout IndentedJSON) -> Void) {
        append(open)
        depth += 1
        isFirst = true
        inside(&self)
        depth -= 1
        isFirst = false
        newLine()
        append(close)
    }

    private mutating func member(_ name: String) {
        item()
        quote(name)
        append(": ")
    }

    private mutating func item() {
        if !isFirst { append(",") }
        isFirst = false
        newLine()
    }

    private mutating func newLine() {
        append("\n" + String(repeating: "  ", count: depth))
    }

    private mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func quote(_ text: String) {
        append("\"")
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case UInt8(ascii: "\n"): append("\\n")
            case UInt8(ascii: "\r"): append("\\r")
            case UInt8(ascii: "\t"): append("\\t")
            case 0..<0x20:
                append(byte < 0x10 ? "\\u000" : "\\u00")
                append(String(byte, radix: 16))
            default: bytes.append(byte)
            }
        }
        append("\"")
    }
}

// MARK: - Random digits

/// Random lower-case hex digits.
enum RandomHex {
    static func digits(_ count: Int, using generator: inout some RandomNumberGenerator) -> String {
        var text = ""
        while text.utf8.count < count {
            let word = String(generator.next() as UInt64, radix: 16)
            text += String(repeating: "0", count: 16 - word.utf8.count) + word
        }
        return String(text.prefix(count))
    }
}
