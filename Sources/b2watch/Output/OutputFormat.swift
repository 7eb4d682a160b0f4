import ArgumentParser
import Export
import History
import Notifications
import SafeText

/// How `listen` writes what it receives.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    /// One line an event.
    case text
    /// One JSON object a delivery.
    case json

    /// Writes a delivery at the end of some bytes.
    func write(_ record: DeliveryRecord, _ events: [NotificationEvent], to bytes: inout [UInt8]) {
        switch self {
        case .text:
            for line in EventLines.lines(record, events) {
                bytes += line.string.utf8
                bytes.append(UInt8(ascii: "\n"))
            }
        case .json: bytes += DeliveryJSON.line(record, events)
        }
    }
}
