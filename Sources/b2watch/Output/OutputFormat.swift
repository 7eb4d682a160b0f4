import ArgumentParser
import Export
import History
import Notifications

/// How `listen` writes what it receives.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    /// One line an event.
    case text
    /// One JSON object a delivery.
    case json

    /// Writes a delivery at the end of some bytes.
    func write(_ record: DeliveryRecord, _ events: [NotificationEvent]? = nil, to bytes: inout OutputBytes) {
        switch self {
        case .text: EventLines.append(record, events: events, to: &bytes)
        case .json:
            JSONWriter.append(to: &bytes) { json in DeliveryJSON.append(record, events, to: &json) }
            bytes.append(UInt8(ascii: "\n"))
        }
    }
}
