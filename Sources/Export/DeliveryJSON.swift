import Foundation
public import History
public import Notifications

/// A delivery as one line of JSON; these keys are the same wherever b2watch writes deliveries as JSON.
public enum DeliveryJSON {
    /// Returns the line in UTF-8, with its newline. Control, bidi and invisible characters are escaped as `\u`.
    ///
    /// - Parameter events: `record.events`, where they are known already.
    public static func line(_ record: DeliveryRecord, _ events: [NotificationEvent]? = nil) -> [UInt8] {
        let delivery = record.delivery
        var json = JSONWriter()
        json.syntax("{\"id\":")
        json.integer(record.id)
        json.syntax(",\"receivedAt\":")
        json.string(delivery.receivedAt.rfc3339)
        json.syntax(",\"remoteAddress\":")
        json.string(delivery.remoteAddress)
        json.syntax(",\"method\":")
        json.string(delivery.method)
        json.syntax(",\"target\":")
        json.string(delivery.target)
        json.syntax(",\"httpVersion\":")
        json.string(delivery.httpVersion)
        json.syntax(",\"headers\":")
        json.headers(delivery.headers)
        body(delivery.body, &json)
        json.syntax(",\"signature\":")
        json.string(record.judgement.verdict.word)
        json.syntax(",\"secret\":")
        let secret = record.judgement.verdict.isBySecret ? record.judgement.secret : nil
        json.string(secret?.label)
        json.syntax(",\"secretFingerprint\":")
        json.string(secret?.fingerprint?.short)
        json.syntax(",\"verifiedAt\":")
        json.string(record.judgedAt?.rfc3339)
        json.syntax(",\"status\":")
        json.integer(record.status)
        json.syntax(",\"answer\":")
        json.string(record.answer)
        json.syntax(",\"duplicate\":")
        json.boolean(record.isDuplicate)
        json.syntax(",\"events\":[")
        for (index, event) in (events ?? record.events).enumerated() {
            if index > 0 { json.syntax(",") }
            json.compact(delivery.body[event.range])
        }
        json.syntax("]}\n")
        return json.bytes
    }

    private static func body(_ body: [UInt8], _ json: inout JSONWriter) {
        if let text = String(validating: body, as: UTF8.self) {
            json.syntax(",\"body\":")
            json.string(text)
        } else {
            json.syntax(",\"bodyBase64\":")
            json.string(Data(body).base64EncodedString())
        }
    }
}
