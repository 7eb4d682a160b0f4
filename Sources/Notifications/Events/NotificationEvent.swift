/// One event of a notification. Names are B2's own.
///
/// Source: Backblaze's event notification reference guide; `B2EventNotificationEvent` of its Java SDK.
public struct NotificationEvent: Sendable, Hashable {
    /// Where the event's JSON stands in the body.
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

    /// The fields that b2watch knows, by the name they have in JSON.
    static func field(named name: String) -> WritableKeyPath<NotificationEvent, FieldValue>? {
        switch name {
        case "accountId": \.accountId
        case "bucketId": \.bucketId
        case "bucketName": \.bucketName
        case "eventId": \.eventId
        case "eventTimestamp": \.eventTimestamp
        case "eventType": \.eventType
        case "eventVersion": \.eventVersion
        case "matchedRuleName": \.matchedRuleName
        case "objectName": \.objectName
        case "objectSize": \.objectSize
        case "objectVersionId": \.objectVersionId
        default: nil
        }
    }
}
