internal import History
internal import Notifications

/// What an action named by `on-failure` gets: a delivery that b2watch makes up, with one event that describes the failure.
struct FailureNote {
    /// The action that failed.
    let action: String
    let kind: ActionTrouble.Kind
    /// How many entries it concerns.
    let count: Int
    let reason: String
    /// The first of these entries.
    let entry: Int64
    /// That entry's event.
    let object: String
    let bucket: String

    /// The types of these events begin so.
    static let typePrefix = "b2watch:ActionFailed:"

    private var type: String {
        let word =
            switch kind {
            case .onHold: "OnHold"
            case .dead: "Dead"
            case .heldEntries: "EntriesOnHold"
            case .uncertain: "Uncertain"
            case .backlog: "Backlog"
            }
        return Self.typePrefix + word
    }

    private var sentence: String {
        switch kind {
        case .onHold: "action \(action) is on hold: \(reason)"
        default:
            "action \(action): \(count == 1 ? "an entry is" : "\(count) entries are") \(kind.rawValue): \(reason)"
        }
    }

    /// The body of the delivery. The object's name is the whole of it in a sentence, for whoever shows no more.
    func body(at now: Timestamp, using generator: inout some RandomNumberGenerator) -> [UInt8] {
        var json = JSONWriter()
        json.syntax("{\"events\":[{\"eventId\":")
        json.string("b2watch-failure-\(String(UInt64.random(in: 0...UInt64.max, using: &generator), radix: 16))")
        json.syntax(",\"eventType\":")
        json.string(type)
        json.syntax(",\"eventTimestamp\":")
        json.integer(now.milliseconds)
        for (key, value) in [
            (",\"objectName\":" as StaticString, sentence), (",\"bucketName\":", bucket),
            (",\"matchedRuleName\":", action),
            (",\"action\":", action), (",\"problem\":", kind.rawValue), (",\"reason\":", reason),
            (",\"failedObject\":", object),
        ] {
            json.syntax(key)
            json.string(value)
        }
        json.syntax(",\"entries\":")
        json.integer(count)
        json.syntax(",\"entry\":")
        json.integer(entry)
        json.syntax("}]}")
        return json.bytes
    }
}

extension ActionItem {
    /// The item of an entry that describes a failure.
    init(entry: Int64, row: Int64, note: [UInt8], at time: Timestamp) {
        let delivery = Delivery(
            receivedAt: time, remoteAddress: "127.0.0.1", method: "POST", target: "/",
            headers: [
                HeaderField("User-Agent", "b2watch"), HeaderField("Content-Type", "application/json; charset=UTF-8"),
            ], body: note)
        let record = DeliveryRecord(
            id: 0, delivery: delivery, judgement: Judgement(.unverified), status: 200, answer: "OK")
        self.init(
            entry: entry, row: EventRow(note: note, row: row, at: time), record: record, event: record.events.first)
    }
}
