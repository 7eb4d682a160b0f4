internal import Base
import Foundation
public import History
public import Notifications

/// A delivery as one line of JSON; these keys are the same wherever b2watch writes deliveries as JSON. Control, bidi and
/// invisible characters are escaped as `\u`.
public enum DeliveryJSON {
    /// Returns the line in UTF-8, with its newline.
    public static func line(_ record: DeliveryRecord) -> [UInt8] {
        var json = JSONWriter(capacity: 4_096)
        append(record, to: &json)
        json.syntax("\n")
        return json.bytes
    }

    /// Writes the line without its newline.
    ///
    /// - Parameter events: `record.events`, if already known.
    public static func append(_ record: DeliveryRecord, _ events: [NotificationEvent]? = nil, to json: inout JSONWriter)
    {
        record.delivery.body.withUnsafeBytes { body in
            append(record, body, events?.map(\.range), to: &json) { json in json.headers(record.delivery.headers) }
        }
    }

    /// Writes the line without its newline.
    ///
    /// - Throws: `JSONError` if the header fields cannot be read.
    public static func append(_ delivery: LentDelivery, to json: inout JSONWriter) throws(JSONError) {
        try append(delivery.rest, delivery.body, nil, to: &json) { json throws(JSONError) in
            try json.headers(recorded: delivery.headers)
        }
    }

    private static func append<Failure: Error>(
        _ record: DeliveryRecord, _ body: UnsafeRawBufferPointer, _ events: [Range<Int>]?, to json: inout JSONWriter,
        headers: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        json.syntax("{")
        appendOrigin(of: record, to: &json)
        json.syntax(",\"httpVersion\":")
        json.string(record.delivery.httpVersion)
        json.syntax(",\"headers\":")
        try headers(&json)
        append(body, to: &json)
        json.syntax(",\"signature\":")
        json.string(record.judgement.verdict.word)
        json.syntax(",\"secret\":")
        let secret = record.judgement.verdict.isBySecret ? record.judgement.secret : nil
        json.string(secret?.label)
        json.syntax(",\"secretFingerprint\":")
        json.string(secret?.fingerprint?.short)
        json.syntax(",\"verifiedAt\":")
        json.string(record.judgedAt)
        json.syntax(",\"status\":")
        json.integer(record.status)
        json.syntax(",\"answer\":")
        json.string(record.answer)
        json.syntax(",\"duplicate\":")
        json.boolean(record.isDuplicate)
        json.syntax(",\"events\":[")
        let isNotification = record.judgement.verdict != .unjudged
        let ranges = isNotification ? events ?? Payload.ranges(in: body) : []
        for (index, range) in ranges.enumerated() {
            if index > 0 { json.syntax(",") }
            json.compact(UnsafeRawBufferPointer(rebasing: body[range]))
        }
        json.syntax("]}")
    }

    /// Writes the number, the time, the sender and the request line of a delivery, which other lines about it have too.
    public static func appendOrigin(of record: DeliveryRecord, to json: inout JSONWriter) {
        let delivery = record.delivery
        json.syntax("\"id\":")
        json.integer(record.id)
        json.syntax(",\"receivedAt\":")
        json.string(delivery.receivedAt)
        json.syntax(",\"remoteAddress\":")
        json.string(delivery.remoteAddress)
        json.syntax(",\"method\":")
        json.string(delivery.method)
        json.syntax(",\"target\":")
        json.string(delivery.target)
    }

    /// Writes a body as a string, or in Base64 if it is not UTF-8.
    private static func append(_ body: UnsafeRawBufferPointer, to json: inout JSONWriter) {
        let start = json.count
        json.syntax(",\"body\":")
        guard !json.string(utf8: body) else { return }
        json.cut(to: start)
        json.syntax(",\"bodyBase64\":")
        json.string(Data(body).base64EncodedString())
    }
}

// MARK: - Lines to read

/// A delivery as lines to read, one an event: time, verdict, type, bucket, object, size, status.
public enum EventLines {
    /// The columns of the terminal that a column of a line fills at least.
    private static let widths = [0, 11, 24, 0, 0, 0, 0, 0]
    private static let separator: StaticString = "  "

    /// Writes the lines, each with its newline: at least one; a missing value is `-`.
    ///
    /// - Parameter events: The record's events, if known; otherwise they are read from its body.
    public static func append(_ record: DeliveryRecord, events: [NotificationEvent]? = nil, to bytes: inout OutputBytes)
    {
        for event in self.events(events ?? record.events, of: record) {
            for (index, column) in columns(event, of: record).enumerated() {
                if index > 0 { bytes.append(separator) }
                bytes.append(column.string)
                bytes.append(UInt8(ascii: " "), times: widths[index] - column.width)
            }
            bytes.append(UInt8(ascii: "\n"))
        }
    }

    /// Returns the events, or a substitute for those of a delivery without events.
    private static func events(_ events: [NotificationEvent], of record: DeliveryRecord) -> [NotificationEvent] {
        guard events.isEmpty else { return events }
        var event = NotificationEvent()
        event.objectName = .string("\(record.delivery.method) \(Masking.masked.target(record.delivery.target))")
        return [event]
    }

    private static func columns(_ event: NotificationEvent, of record: DeliveryRecord) -> [SafeText] {
        let columns = [
            SafeText(record.delivery.receivedAt.rfc3339), SafeText(record.judgement.verdict.title),
            cell(event.eventType), cell(event.bucketName), cell(event.objectName), cell(event.objectSize),
            SafeText(String(record.status)),
        ]
        if record.status == 429 {
            return columns + [
                "first of a flood from " + SafeText(record.delivery.remoteAddress) + ": more are counted, not kept"
            ]
        }
        return record.isDuplicate ? columns + ["duplicate"] : columns
    }

    private static func cell(_ value: FieldValue) -> SafeText {
        let text = value.text
        return text.isEmpty ? "-" : SafeText(text)
    }
}
