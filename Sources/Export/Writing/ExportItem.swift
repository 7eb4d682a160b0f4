public import History
public import Notifications

/// One row of the event list with what a writer needs of its delivery.
public struct ExportItem: Sendable {
    /// The row, as far as the writer's `parts` go.
    public let row: EventRow
    /// The row's delivery without its header fields and body; nil where the writer asks for none, or it is gone.
    public let record: DeliveryRecord?
    /// The row's event in that delivery, with the fields that no row holds.
    public let event: NotificationEvent?

    public init(_ row: EventRow, record: DeliveryRecord? = nil, event: NotificationEvent? = nil) {
        self.row = row
        self.record = record
        self.event = event
    }
}
