import ArgumentParser
import Export
import History
import SafeText

/// How `listen` writes what it receives.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    /// One line an event.
    case text
    /// One JSON object a delivery.
    case json

    func bytes(_ record: DeliveryRecord) -> [UInt8] {
        switch self {
        case .text: Array(EventLines.lines(record).map { $0.string + "\n" }.joined().utf8)
        case .json: DeliveryJSON.line(record)
        }
    }
}
