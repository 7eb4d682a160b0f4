public import Notifications

/// A delivery that has been judged and is to be recorded, with the answer that will be sent once it is.
public struct JudgedDelivery: Sendable {
    public let delivery: Delivery
    public let judgement: Judgement
    public let answer: Answer
    /// The events found in the body.
    public let events: [NotificationEvent]
    /// Which keyring judged it; nil for what is never judged.
    public let generation: Int64?

    public init(
        delivery: Delivery, judgement: Judgement, answer: Answer, events: [NotificationEvent], generation: Int64?
    ) {
        self.delivery = delivery
        self.judgement = judgement
        self.answer = answer
        self.events = events
        self.generation = generation
    }
}
