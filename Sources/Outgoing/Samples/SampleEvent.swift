public import Notifications

/// One event as B2 would write it.
public struct SampleEvent: Sendable, Hashable {
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
    /// Nil in a test event.
    public var object: SampleObject?

    public init(
        accountID: String = SampleEvent.sampleAccountID, bucketID: String = SampleEvent.sampleBucketID,
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

    /// An account that is nobody's.
    public static let sampleAccountID = "b2a7c4000000"
    /// A bucket of that account.
    public static let sampleBucketID = "0b12a3c4d5e6f70800000000"
}

/// The object that an event is about.
public struct SampleObject: Sendable, Hashable {
    public var name: String
    /// In bytes; nil leaves the field out.
    public var size: Int64?
    public var versionID: String

    public init(name: String, size: Int64?, versionID: String) {
        self.name = name
        self.size = size
        self.versionID = versionID
    }
}
