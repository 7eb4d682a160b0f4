internal import Base
internal import History
internal import Notifications
internal import Sending

/// Makes items from rows, each with its delivery as received.
struct ActionItems {
    /// The number of rows read at once: often most of those that could share a batch are left over.
    private static let stretch = 64

    let store: any ActionStore

    /// Returns the items of rows, in their order; rows that do not exist have none.
    ///
    /// - Parameters:
    ///   - wanted: The rows, each with its entry; 0 without an entry.
    ///   - notes: The notes of entries that describe a failure, by their ids.
    ///   - bytes: Stops after the delivery with which the bodies reach this total size.
    ///   - isByDelivery: Stops before the first row of another delivery.
    ///   - fitting: Returns the number of items, from the first, that fit: it stops before the others.
    /// - Returns: The items, and the number of rows that were read.
    func items(
        _ wanted: [(entry: Int64, row: Int64)], notes: [Int64: OutboxEntry] = [:], bytes: Int,
        isByDelivery: Bool = false,
        fitting: ([ActionItem]) -> Int = { $0.count }
    ) throws -> (items: [ActionItem], looked: Int) {
        var rows: [Int64: EventRow] = [:]
        var items: [ActionItem] = []
        // The index in `wanted` of each row found.
        var places: [Int] = []
        var looked = wanted.count
        // Rows of one delivery usually follow each other.
        var last: (record: DeliveryRecord, events: [NotificationEvent])?
        var size = 0
        for (index, (entry, id)) in wanted.enumerated() {
            if let noted = notes[entry], let note = noted.note {
                guard size < bytes, !isByDelivery || items.isEmpty else {
                    looked = index
                    break
                }
                items.append(ActionItem(entry: entry, row: id, note: note, at: noted.addedAt))
                places.append(index)
                size += note.count
                // The next row belongs to another delivery.
                last = nil
                continue
            }
            if rows[id] == nil || index.isMultiple(of: Self.stretch) {
                let some = wanted[index...].prefix(Self.stretch).map(\.row)
                rows = Dictionary(try store.rows(some).map { ($0.id, $0) }) { one, _ in one }
            }
            guard let row = rows[id] else { continue }
            if last?.record.id != row.deliveryID {
                guard size < bytes, !isByDelivery || items.isEmpty else {
                    looked = index
                    break
                }
                guard let record = try store.delivery(row.deliveryID) else { continue }
                last = (record, record.events)
                size += record.delivery.body.count
            }
            guard let (record, events) = last else { continue }
            let event = row.position.flatMap { events.indices.contains($0) ? events[$0] : nil }
            items.append(ActionItem(entry: entry, row: row, record: record, event: event))
            places.append(index)
        }
        let room = max(1, fitting(items))
        guard room < items.count else { return (items, looked) }
        return (Array(items.prefix(room)), places[room])
    }

    /// Returns an artificial item to test an action with: an upload whose names contain that it is a test.
    static func sample(at now: Timestamp, using generator: inout some RandomNumberGenerator) -> ActionItem {
        var order = SampleOrder()
        order.objectName = "b2watch/test-of-an-action.txt"
        order.bucketName = "b2watch-test"
        order.ruleName = "b2watchTest"
        let body = SampleNotification([order], at: now, using: &generator).body
        let record = ActionItem.record(of: body, at: now)
        let event = record.events.first
        let row = EventRow(
            id: 0, deliveryID: 0, position: 0, eventCount: 1, receivedAt: now, bodyLength: body.count,
            verdict: .unverified, event: event ?? NotificationEvent())
        return ActionItem(entry: 0, row: row, record: record, event: event)
    }
}

// MARK: - Notes of failures

/// The input of an action named by `on-failure`: an artificial delivery with one event that describes the failure.
struct FailureNote {
    /// The action that failed.
    let action: String
    let kind: ActionTrouble.Kind
    /// The number of entries concerned.
    let count: Int
    let reason: String
    /// The first of these entries.
    let entry: Int64
    /// That entry's event.
    let object: String
    let bucket: String

    /// The prefix of the types of these events.
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

    /// Returns the body of the delivery. The object's name is a complete sentence, for services that show only the
    /// name.
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
    /// Creates the item of an entry that describes a failure.
    init(entry: Int64, row: Int64, note: [UInt8], at time: Timestamp) {
        let record = Self.record(of: note, at: time)
        self.init(
            entry: entry, row: EventRow(note: note, row: row, at: time), record: record, event: record.events.first)
    }

    /// Returns the record of a delivery that nobody sent.
    fileprivate static func record(of body: [UInt8], at time: Timestamp) -> DeliveryRecord {
        let delivery = Delivery(
            receivedAt: time, remoteAddress: "127.0.0.1", method: "POST", target: "/",
            headers: [
                HeaderField("User-Agent", "b2watch"), HeaderField("Content-Type", "application/json; charset=UTF-8"),
            ], body: body)
        return DeliveryRecord(
            id: 0, delivery: delivery, judgement: Judgement(.unverified), status: 200, answer: "OK")
    }
}
