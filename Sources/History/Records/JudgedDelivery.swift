public import Notifications

/// A delivery that has been judged and is to be recorded, with the answer that will be sent once it is.
public struct JudgedDelivery: Sendable {
    public let delivery: Delivery
    public let judgement: Judgement
    public let answer: Answer
    /// The events found in the body, each of which makes a row.
    public let events: [NotificationEvent]
    /// How many events the body holds: more than `events` where there were too many to read.
    public let eventCount: Int
    /// Which keyring judged it; nil for what is never judged.
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

    /// About what it takes to hold and to write it, in bytes.
    var weight: Int { delivery.body.count + 1_024 + events.count * 512 }
}
