import History
import Notifications

/// A shell script that sends each delivery again by curl: nothing but printable ASCII, and nothing runs until it is run.
struct CurlWriter: ExportWriter {
    private let masking: Masking

    init(_ options: ExportOptions) {
        masking = options.masking
    }

    var unit: ExportUnit { .deliveries }
    var readsDeliveries: Bool { true }
    var newline: [UInt8] { [0x0A] }
    var hasSeveralLines: Bool { true }

    var head: [String] {
        let lines = [
            "#!/bin/sh",
            "# Requests that b2watch recorded, as curl commands: run with sh, this sends all of them again.",
        ]
        let mask =
            "# What may be secret in headers and URLs is \(Masking.mask); b2watch export --unmasked writes it out."
        return masking == .masked ? lines + [mask] : lines
    }

    func append(_ delivery: LentDelivery, to bytes: inout OutputBytes) throws {
        let record = try delivery.record()
        let command = CurlCommand(record.delivery, to: nil, masking)
        // No text from outside is in a comment: what a shell makes of one is its own affair.
        bytes.append("\n# Delivery \(record.id), \(record.delivery.receivedAt.rfc3339)\n" as String)
        for sentence in command.shortcomings { bytes.append("# \(sentence)\n" as String) }
        bytes.append(command.text)
    }
}
