internal import Notifications

/// A notification as B2 sends it: its events, and the exact bytes of its body.
public struct SampleNotification: Sendable, Hashable {
    public var events: [SampleEvent]

    public init(events: [SampleEvent]) {
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
    fileprivate mutating func event(_ event: SampleEvent) {
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
