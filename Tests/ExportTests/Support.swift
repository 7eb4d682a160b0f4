import Export
import History
import Notifications
import TestSupport

extension EventRow {
    /// A row of one event.
    static func sample(
        id: Int64 = 1, delivery: Int64 = 1, position: Int? = 0, type: FieldValue = .string("b2:ObjectCreated:Upload"),
        object: FieldValue = .string("cat.jpg"), size: FieldValue = .integer(1_024),
        version: FieldValue = .string("4_z1"), time: FieldValue = .integer(1_767_262_272_345),
        verdict: SignatureVerdict = .valid, secret: String? = "prod"
    ) -> EventRow {
        var event = NotificationEvent()
        event.eventId = .string("e\(id)")
        event.eventType = type
        event.objectName = object
        event.objectSize = size
        event.objectVersionId = version
        event.eventTimestamp = time
        event.bucketName = .string("photos")
        event.matchedRuleName = .string("all")
        return EventRow(
            id: id, deliveryID: delivery, position: position, eventCount: 1,
            receivedAt: Timestamp(milliseconds: 1_767_262_273_000), verdict: verdict, secret: secret, event: event)
    }
}

extension ExportWriter {
    /// A record as text.
    func text(_ row: EventRow) -> String {
        var bytes = OutputBytes()
        append(ExportItem(row), to: &bytes)
        return String(decoding: bytes.array, as: UTF8.self)
    }
}

extension History {
    /// A history in memory that holds these bodies, a delivery each.
    static func holding(_ deliveries: [Delivery], _ verdict: SignatureVerdict = .valid) async throws -> History {
        let history = try History(.memory)
        for delivery in deliveries {
            let events = Payload(scanning: delivery.body).events
            let judged = JudgedDelivery(
                delivery: delivery, judgement: Judgement(verdict, secret: "prod"), answer: .accepted, events: events,
                generation: 1)
            await answer("a record", orElse: ()) { give in
                if !history.record(judged, completion: { _ in give(()) }) { give(()) }
            }
        }
        return history
    }
}

extension Export {
    /// All that it writes, as text.
    func text(of history: History) throws -> String {
        var bytes: [UInt8] = []
        _ = try run(reading: history.reader) { bytes += $0 }
        return String(decoding: bytes, as: UTF8.self)
    }
}
