import Notifications

/// A row of the delivery list: one request, with the first row that it makes in the event list.
public struct DeliveryRow: Sendable, Hashable, Identifiable {
    /// Its first event, or the request itself where no event can be read.
    public var first: EventRow
    /// Where it came from, without a port.
    public var remoteAddress: String
    /// From the end of the request to the start of the answer, in microseconds; nil where it is not known.
    public var answerTime: Int?
    /// How many other deliveries hold its first event. Counted to some more than `mostOthers`.
    public var others: Int

    /// Beyond it, it is enough to know that there are more.
    public static let mostOthers = 9

    public init(first: EventRow, remoteAddress: String, answerTime: Int? = nil, others: Int = 0) {
        self.first = first
        self.remoteAddress = remoteAddress
        self.answerTime = answerTime
        self.others = others
    }

    /// The delivery's: rising in the order of arrival, never used again.
    public var id: Int64 { first.deliveryID }
}

/// A stretch of the delivery list, the oldest first.
public struct DeliveryRowWindow: Sendable, Hashable {
    public var rows: [DeliveryRow]
    /// Whether there are older deliveries than these.
    public var hasOlder: Bool
    /// Whether there are newer deliveries than these.
    public var hasNewer: Bool

    public init(rows: [DeliveryRow] = [], hasOlder: Bool = false, hasNewer: Bool = false) {
        self.rows = rows
        self.hasOlder = hasOlder
        self.hasNewer = hasNewer
    }
}
