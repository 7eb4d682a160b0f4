import History
import Notifications

/// A line of JSON for each delivery, with the keys that `listen` writes.
struct JSONLinesWriter: ExportWriter {
    var unit: ExportUnit { .deliveries }
    var readsDeliveries: Bool { true }
    var readsDuplicates: Bool { true }
    var newline: [UInt8] { [0x0A] }
    var hasSeveralLines: Bool { false }
    var head: [String] { [] }

    func append(_ delivery: LentDelivery, to bytes: inout OutputBytes) throws {
        try JSONWriter.append(to: &bytes) { json in try DeliveryJSON.append(delivery, to: &json) }
    }
}
