#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

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

    /// Sets the field of a name, unless b2watch does not know it.
    ///
    /// - Parameters:
    ///   - name: The name that it has in JSON, without quotes and escapes.
    ///   - value: Is read only where the name is known.
    mutating func set(_ name: UnsafeBufferPointer<UInt8>, to value: @autoclosure () -> FieldValue) {
        guard let start = name.baseAddress else { return }
        // Of a name as long as the known one.
        func isNamed(_ known: StaticString) -> Bool { memcmp(known.utf8Start, start, known.utf8CodeUnitCount) == 0 }
        switch name.count {
        case 7: if isNamed("eventId") { eventId = value() }
        case 8: if isNamed("bucketId") { bucketId = value() }
        case 9:
            if isNamed("eventType") {
                eventType = value()
            } else if isNamed("accountId") {
                accountId = value()
            }
        case 10:
            if isNamed("objectName") {
                objectName = value()
            } else if isNamed("objectSize") {
                objectSize = value()
            } else if isNamed("bucketName") {
                bucketName = value()
            }
        case 12: if isNamed("eventVersion") { eventVersion = value() }
        case 14: if isNamed("eventTimestamp") { eventTimestamp = value() }
        case 15:
            if isNamed("matchedRuleName") {
                matchedRuleName = value()
            } else if isNamed("objectVersionId") {
                objectVersionId = value()
            }
        default: break
        }
    }
}
