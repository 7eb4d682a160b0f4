public import Base
public import Notifications

/// A row of the event list: one event of a delivery, or a delivery without a readable event.
public struct EventRow: Sendable, Hashable, Identifiable {
    /// Rising in the order of arrival, never used again.
    public var id: Int64
    public var deliveryID: Int64
    /// The event's place in its delivery, from 0; nil for a delivery without a readable event.
    public var position: Int?
    /// The number of events in the delivery.
    public var eventCount: Int

    public var receivedAt: Timestamp
    public var method: String
    public var target: String
    /// Of the delivery, in bytes.
    public var bodyLength: Int
    /// The current verdict.
    public var verdict: SignatureVerdict
    /// The label of the secret whose digest was received.
    public var secret: String?
    /// The HTTP status as sent.
    public var status: Int
    /// Whether an earlier delivery of equal or higher trust contains the same `eventId`.
    public var isDuplicate: Bool
    /// The worst state of its actions' entries, from the worst: dead, uncertain, failed, running, queued, skipped,
    /// done; nil if no action has an entry for its event.
    public var actions: EntryState?
    /// The same of those that write it in a sheet (`google-sheet` and `csv`).
    public var sheet: EntryState?
    /// The flood that its delivery began.
    public var flood: Flood?
    /// The name of the process that received it; nil in a history that no others share.
    public var node: String?

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

    /// The fields of its row in the spreadsheet.
    public var sheetFields: SheetFields {
        SheetFields(
            eventTimestamp: eventTimestamp, eventType: eventType, objectName: objectName, objectSize: objectSize,
            objectVersionId: objectVersionId)
    }
}

extension EventRow {
    /// Creates the row of an artificial delivery that describes a failure.
    ///
    /// - Parameter row: The row of the event that failed.
    public init(note: [UInt8], row: Int64, at time: Timestamp) {
        self.init(
            id: row, deliveryID: 0, position: 0, eventCount: 1, receivedAt: time, bodyLength: note.count,
            verdict: .unverified, event: Payload(scanning: note).events.first ?? NotificationEvent())
    }
}

// MARK: - Rows of the delivery list

/// A row of the delivery list: one request, with the first row that it makes in the event list.
public struct DeliveryRow: Sendable, Hashable, Identifiable {
    /// Its first event, or the request itself if no event can be read.
    public var first: EventRow
    /// The address of the sender, without a port.
    public var remoteAddress: String
    /// The time from the end of the request to the start of the answer, in microseconds; nil if it is unknown.
    public var answerTime: Int?
    /// The number of other deliveries that contain its first event. The count stops somewhat above `mostOthers`.
    public var others: Int

    /// Beyond it, it is enough to know that there are more.
    public static let mostOthers = 9

    public init(first: EventRow, remoteAddress: String, answerTime: Int? = nil, others: Int = 0) {
        self.first = first
        self.remoteAddress = remoteAddress
        self.answerTime = answerTime
        self.others = others
    }

    /// The delivery's: rising in the order of arrival, never used again.
    public var id: Int64 { first.deliveryID }
}
