/// A line of JSON for each delivery, with the keys that `listen` writes.
struct JSONLinesWriter: ExportWriter {
    var unit: ExportUnit { .deliveries }
    var readsDeliveries: Bool { true }
    var newline: [UInt8] { [0x0A] }
    var hasSeveralLines: Bool { false }
    var head: [String] { [] }

    func append(_ item: ExportItem, to bytes: inout [UInt8]) {
        guard let record = item.record else { return }
        bytes += DeliveryJSON.line(record)
        // The newline is the export's own to write.
        bytes.removeLast()
    }
}
