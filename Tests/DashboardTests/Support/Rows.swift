import Base
import History
import Notifications
import TestSupport

/// Rows and deliveries for tests.
enum Make {
    /// 2026-11-24 16:43:00 UTC.
    static let start: Int64 = 1_795_538_580_000
    static let secret = "Kb4Tq8Zx2Lm9Wv7Rn3Ps6Yd1Hc5Jf0Ga"

    static func row(
        _ id: Int64, at offset: Int64? = nil, name: String? = nil, type: String = "b2:ObjectCreated:Upload",
        size: FieldValue = .integer(10_485_760), verdict: SignatureVerdict = .valid, isDuplicate: Bool = false,
        bucket: String = "my-bucket", rule: String = "allEvents"
    ) -> EventRow {
        var event = NotificationEvent()
        event.eventType = .string(type)
        event.objectName = .string(name ?? "photos/2026/cat-\(id).jpg")
        event.objectSize = size
        event.bucketName = .string(bucket)
        event.matchedRuleName = .string(rule)
        event.eventTimestamp = .integer(start + (offset ?? id * 1_000) - 400)
        event.objectVersionId = .string("4_z6b8d_f\(id)")
        return EventRow(
            id: id, deliveryID: id, position: 0, eventCount: 1,
            receivedAt: Timestamp(milliseconds: start + (offset ?? id * 1_000)), bodyLength: 321, verdict: verdict,
            secret: verdict == .valid ? "prod" : nil, isDuplicate: isDuplicate, event: event)
    }

    /// A delivery without a readable event.
    static func request(
        _ id: Int64, method: String = "GET", target: String = "/favicon.ico",
        verdict: SignatureVerdict = .unjudged, status: Int = 405, bodyLength: Int = 0
    ) -> EventRow {
        EventRow(
            id: id, deliveryID: id, position: nil, eventCount: 0,
            receivedAt: Timestamp(milliseconds: start + id * 1_000), method: method, target: target,
            bodyLength: bodyLength, verdict: verdict, status: status)
    }

    static func record(for row: EventRow, body: [UInt8]? = nil, headers: [HeaderField]? = nil) -> DeliveryRecord {
        let json = """
            {"events": [{"eventId": "9f1e", "eventType": "\(row.eventType.text)", "eventTimestamp": \
            \(row.eventTimestamp.text), "objectName": "\(row.objectName.text)", "objectSize": \(row.objectSize.text), \
            "objectVersionId": "4_z6b8d_f1", "bucketName": "\(row.bucketName.text)", "bucketId": "b1d", \
            "matchedRuleName": "\(row.matchedRuleName.text)", "accountId": "acc", "eventVersion": 1, "future": [1]}]}
            """
        let delivery = Delivery(
            receivedAt: row.receivedAt, remoteAddress: "203.0.113.9", method: row.method, target: row.target,
            headers: headers ?? [
                HeaderField("Host", "example.com"), HeaderField("X-Bz-Event-Notification-Signature", "v1=abcd"),
            ],
            body: body ?? Array(json.utf8))
        return DeliveryRecord(
            id: row.deliveryID, delivery: delivery,
            judgement: Judgement(row.verdict, secret: row.secret.map { .sample($0) }),
            judgedAt: row.receivedAt, status: row.status, answer: "OK", isDuplicate: row.isDuplicate)
    }
}
