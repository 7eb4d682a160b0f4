public import Notifications

/// A recorded delivery whose large parts stay where SQLite holds them: valid while the function that it is lent to runs.
public struct LentDelivery {
    /// All but the header fields and the body, which are empty in it.
    public let rest: DeliveryRecord
    /// The header fields as recorded: see `HeaderField.fields(fromJSON:)`.
    public let headers: UnsafeRawBufferPointer
    public let body: UnsafeRawBufferPointer

    /// The events in its body; what is no notification has none.
    public var events: [NotificationEvent] {
        rest.judgement.verdict == .unjudged ? [] : Payload(scanning: body).events
    }

    /// Copies the delivery.
    ///
    /// - Throws: `JSONError` where the header fields cannot be read.
    public func record() throws(JSONError) -> DeliveryRecord {
        var record = rest
        record.delivery.headers = try HeaderField.fields(fromJSON: headers)
        record.delivery.body = Array(body)
        return record
    }
}
