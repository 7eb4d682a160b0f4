public import History
public import Notifications
public import SafeText

/// A delivery as lines to read, one an event: time, verdict, type, bucket, object, size, status.
public enum EventLines {
    /// Returns at least one line; what is absent is `-`.
    ///
    /// - Parameter events: `record.events`, where they are known already.
    public static func lines(_ record: DeliveryRecord, _ events: [NotificationEvent]? = nil) -> [SafeText] {
        let events = events ?? record.events
        guard !events.isEmpty else {
            var event = NotificationEvent()
            event.objectName = .string("\(record.delivery.method) \(Masking.masked.target(record.delivery.target))")
            return [line(event, of: record)]
        }
        return events.map { line($0, of: record) }
    }

    private static func line(_ event: NotificationEvent, of record: DeliveryRecord) -> SafeText {
        let columns = [
            SafeText(record.delivery.receivedAt.rfc3339),
            SafeText(record.judgement.verdict.title).padded(to: 11),
            cell(event.eventType).padded(to: 24),
            cell(event.bucketName),
            cell(event.objectName),
            cell(event.objectSize),
            SafeText(String(record.status)),
        ]
        let line = columns.dropFirst().reduce(columns[0]) { $0 + "  " + $1 }
        return record.isDuplicate ? line + "  duplicate" : line
    }

    private static func cell(_ value: FieldValue) -> SafeText {
        value.isEmpty ? "-" : SafeText(value.text)
    }
}
