public import History
public import Notifications
internal import SafeText

/// A delivery as lines to read, one an event: time, verdict, type, bucket, object, size, status.
public enum EventLines {
    /// The columns of the terminal that a column of a line fills at least.
    private static let widths = [0, 11, 24, 0, 0, 0, 0, 0]
    private static let separator: StaticString = "  "

    /// Writes the lines, each with its newline: at least one; what is absent is `-`.
    ///
    /// - Parameter events: The record's events, if they are known: else they are read from its body.
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

    /// The events, or what stands for those of a delivery that has none.
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
        return record.isDuplicate ? columns + ["duplicate"] : columns
    }

    private static func cell(_ value: FieldValue) -> SafeText {
        let text = value.text
        return text.isEmpty ? "-" : SafeText(text)
    }
}
