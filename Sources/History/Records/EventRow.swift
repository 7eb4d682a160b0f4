public import Notifications

/// A row of the event list: one event of a delivery, or a delivery without a readable event.
public struct EventRow: Sendable, Hashable, Identifiable {
    /// Rising in the order of arrival, never used again.
    public var id: Int64
    public var deliveryID: Int64
    /// The event's place in its delivery, from 0; nil for a delivery without a readable event.
    public var position: Int?
    /// How many events the delivery holds.
    public var eventCount: Int

    public var receivedAt: Timestamp
    public var method: String
    public var target: String
    /// Of the delivery, in bytes.
    public var bodyLength: Int
    /// As now judged.
    public var verdict: SignatureVerdict
    /// The label of the secret whose digest was received.
    public var secret: String?
    /// The HTTP status as sent.
    public var status: Int
    /// Whether an earlier delivery of equal or higher trust holds the same `eventId`.
    public var isDuplicate: Bool
    /// What has become of its actions, the worst of it first: dead, uncertain, failed, running, queued, skipped, done; nil
    /// where none has an entry for its event.
    public var actions: EntryState?
    /// The same of those that write it in a sheet (`google-sheet` and `csv`).
    public var sheet: EntryState?

    public var eventId: FieldValue
    public var eventTimestamp: FieldValue
    public var eventType: FieldValue
    public var objectName: FieldValue
    public var objectSize: FieldValue
    public var objectVersionId: FieldValue
    public var bucketName: FieldValue
    public var matchedRuleName: FieldValue

    public init(
        id: Int64, deliveryID: Int64, position: Int?, eventCount: Int, receivedAt: Timestamp, method: String = "POST",
        target: String = "/", bodyLength: Int = 0, verdict: SignatureVerdict, secret: String? = nil, status: Int = 200,
        isDuplicate: Bool = false, event: NotificationEvent = NotificationEvent()
    ) {
        self.id = id
        self.deliveryID = deliveryID
        self.position = position
        self.eventCount = eventCount
        self.receivedAt = receivedAt
        self.method = method
        self.target = target
        self.bodyLength = bodyLength
        self.verdict = verdict
        self.secret = secret
        self.status = status
        self.isDuplicate = isDuplicate
        eventId = event.eventId
        eventTimestamp = event.eventTimestamp
        eventType = event.eventType
        objectName = event.objectName
        objectSize = event.objectSize
        objectVersionId = event.objectVersionId
        bucketName = event.bucketName
        matchedRuleName = event.matchedRuleName
    }

    /// What the row is in the spreadsheet.
    public var sheetFields: SheetFields {
        SheetFields(
            eventTimestamp: eventTimestamp, eventType: eventType, objectName: objectName, objectSize: objectSize,
            objectVersionId: objectVersionId)
    }
}
