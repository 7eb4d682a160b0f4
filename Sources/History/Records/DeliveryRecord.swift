public import Base
public import Notifications

/// A recorded delivery.
public struct DeliveryRecord: Sendable, Hashable, Identifiable {
    /// Rising in the order of arrival, never used again.
    public var id: Int64
    public var delivery: Delivery
    /// The verdict, with the secret that gave it.
    public var judgement: Judgement
    /// The time of the verdict; nil if an older version gave it, or if nothing can be verified.
    public var judgedAt: Timestamp?
    /// The HTTP status as sent.
    public var status: Int
    /// The body of the answer as sent.
    public var answer: String
    /// Whether it has events and each was seen before.
    public var isDuplicate: Bool
    /// The time from the last byte of the request to the writing of its answer, in microseconds; nil if it is unknown.
    public var answerTime: Duration?

    public init(
        id: Int64, delivery: Delivery, judgement: Judgement, judgedAt: Timestamp? = nil, status: Int, answer: String,
        isDuplicate: Bool = false, answerTime: Duration? = nil
    ) {
        self.id = id
        self.delivery = delivery
        self.judgement = judgement
        self.judgedAt = judgedAt
        self.status = status
        self.answer = answer
        self.isDuplicate = isDuplicate
        self.answerTime = answerTime
    }
}

extension DeliveryRecord {
    /// The events in its body; empty if the body is not a notification.
    public var events: [NotificationEvent] {
        judgement.verdict == .unjudged ? [] : Payload(scanning: delivery.body).events
    }
}

/// A delivery that was just recorded, passed on in memory, with the facts known so far.
public struct RecordedDelivery: Sendable {
    /// The record. Whether it is a duplicate is unknown: `HistoryReader.duplicates(among:)` finds out.
    public var record: DeliveryRecord
    /// Its events; those of a delivery that is read back are `record.events`.
    public let events: [NotificationEvent]
    /// The ids of its rows in the event list.
    public let rows: ClosedRange<Int64>

    init(_ judged: JudgedDelivery, _ inserted: DeliveryInsert.Inserted) {
        var judgement = judged.judgement
        if inserted.isByLeaked { judgement.verdict = .removed }
        record = DeliveryRecord(
            id: inserted.id, delivery: judged.delivery, judgement: judgement,
            judgedAt: judgement.verdict == .unjudged ? nil : judged.delivery.receivedAt, status: judged.answer.status,
            answer: judged.answer.text)
        events = judged.events
        rows = inserted.rows
    }
}

/// A recorded delivery whose large parts stay in SQLite's memory: valid while the function that borrows it runs.
public struct LentDelivery {
    /// The record with empty header fields and an empty body.
    public let rest: DeliveryRecord
    /// The header fields as recorded: see `HeaderField.fields(fromJSON:)`.
    public let headers: UnsafeRawBufferPointer
    public let body: UnsafeRawBufferPointer

    /// The events in its body; empty if the body is not a notification.
    public var events: [NotificationEvent] {
        rest.judgement.verdict == .unjudged ? [] : Payload(scanning: body).events
    }

    /// Copies the delivery.
    ///
    /// - Throws: `JSONError` if the header fields cannot be read.
    public func record() throws(JSONError) -> DeliveryRecord {
        var record = rest
        record.delivery.headers = try HeaderField.fields(fromJSON: headers)
        record.delivery.body = Array(body)
        return record
    }
}

// MARK: - A delivery to be recorded

/// A delivery with its verdict, ready to be recorded, with the answer that is sent once it is.
public struct JudgedDelivery: Sendable {
    public let delivery: Delivery
    public let judgement: Judgement
    public var answer: Answer
    /// The events found in the body, each of which makes a row.
    public let events: [NotificationEvent]
    /// The number of events in the body: greater than `events.count` if there were too many to read.
    public let eventCount: Int
    /// The generation of the keyring that verified it; nil for a request that is never verified.
    public let generation: Int64?

    public init(
        delivery: Delivery, judgement: Judgement, answer: Answer, events: [NotificationEvent],
        eventCount: Int? = nil, generation: Int64?
    ) {
        self.delivery = delivery
        self.judgement = judgement
        self.answer = answer
        self.events = events
        self.eventCount = eventCount ?? events.count
        self.generation = generation
    }

    /// The number of its rows in the event list.
    public var rowCount: Int { max(1, events.count) }

    /// The approximate number of bytes needed to keep and to write it.
    public var weight: Int { delivery.body.count + 1_024 + events.count * 512 }

    /// Whether no stranger can have sent it; see `HistoryBounds.isTrusted`.
    public var isTrusted: Bool { HistoryBounds.isTrusted(judgement.verdict) }
}
