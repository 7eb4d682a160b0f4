import History
import Notifications
import SafeText

/// Gathers what a writer writes into pieces worth a call of the system.
struct ExportPieces {
    /// What is gathered before it is written.
    private static let size = 512 << 10

    private let writer: any ExportWriter
    private let isForTerminal: Bool

    /// Records so far.
    private(set) var written = 0
    /// Rows without an event, that a table of events has no line for.
    private(set) var leftOut = 0
    private var bytes = OutputBytes()
    private let newline: [UInt8]

    init(_ writer: any ExportWriter, isForTerminal: Bool) {
        self.writer = writer
        self.isForTerminal = isForTerminal
        newline = writer.newline
        for line in writer.head { end(Array(line.utf8)) }
    }

    var isFull: Bool { bytes.count >= Self.size }

    /// What was gathered since the last time.
    mutating func take() -> [UInt8] {
        defer { bytes.removeAll() }
        return bytes.array
    }

    /// Adds the record of an event. A row without one is left out.
    ///
    /// - Parameters:
    ///   - delivery: The row's, if it is there and the writer reads deliveries.
    ///   - events: The delivery's.
    mutating func add(_ row: EventRow, of delivery: LentDelivery?, _ events: [NotificationEvent]) {
        guard let position = row.position else {
            leftOut += 1
            return
        }
        let event = events.indices.contains(position) ? events[position] : nil
        let item = ExportItem(row, record: delivery?.rest, event: event)
        add { writer, bytes in writer.append(item, to: &bytes) }
    }

    /// Adds the record of a delivery.
    ///
    /// - Throws: `JSONError` where its header fields cannot be read.
    mutating func add(_ delivery: LentDelivery) throws {
        try add { writer, bytes in try writer.append(delivery, to: &bytes) }
    }

    private mutating func add(_ write: (any ExportWriter, inout OutputBytes) throws -> Void) rethrows {
        if isForTerminal {
            var record = OutputBytes()
            try write(writer, &record)
            end(record.array)
        } else {
            try write(writer, &bytes)
            bytes.append(newline)
        }
        written += 1
    }

    /// Adds lines, in whatever way they are to be written.
    private mutating func end(_ record: [UInt8]) {
        guard isForTerminal else {
            bytes.append(record)
            bytes.append(newline)
            return
        }
        let lines =
            writer.hasSeveralLines ? record.split(separator: 0x0A, omittingEmptySubsequences: false) : [record[...]]
        for line in lines {
            let cells =
                writer.separator.map { Self.cells(of: line, separator: $0) } ?? [line]
            for (index, cell) in cells.enumerated() {
                if index > 0, let separator = writer.separator { bytes.append(separator) }
                bytes.append(SafeText(utf8: cell).string)
            }
            bytes.append(0x0A)
        }
    }

    /// Returns what stands between the separators of a line. One within quotes is part of its cell.
    private static func cells(of line: ArraySlice<UInt8>, separator: UInt8) -> [ArraySlice<UInt8>] {
        var isQuoted = false
        return line.split(omittingEmptySubsequences: false) { byte in
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            return byte == separator && !isQuoted
        }
    }
}
