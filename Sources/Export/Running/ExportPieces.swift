import History
import Notifications
import SafeText

/// Gathers what a writer writes into pieces worth a call of the system.
struct ExportPieces {
    private let writer: any ExportWriter
    private let isForTerminal: Bool
    /// Where deliveries are read.
    var reader: HistoryReader

    /// Records so far.
    private(set) var written = 0
    /// Rows without an event, that a table of events has no line for.
    private(set) var leftOut = 0
    private var bytes: [UInt8] = []
    /// The delivery of the last row: that of the next one is often the same.
    private var delivery: (id: Int64, record: DeliveryRecord?, events: [NotificationEvent])?
    /// Deliveries that were written: only the last one where the rows come in the order of arrival, for then those of a
    /// delivery follow each other.
    private var seen: Set<Int64> = []
    private let isByArrival: Bool

    init(_ writer: any ExportWriter, isByArrival: Bool, isForTerminal: Bool, reader: HistoryReader) {
        self.writer = writer
        self.isByArrival = isByArrival
        self.isForTerminal = isForTerminal
        self.reader = reader
    }

    var isFull: Bool { bytes.count >= 128 << 10 }

    /// What was gathered since the last time.
    mutating func take() -> [UInt8] {
        defer { bytes.removeAll(keepingCapacity: true) }
        return bytes
    }

    mutating func begin() {
        for line in writer.head { end(Array(line.utf8)) }
    }

    mutating func add(_ row: EventRow) throws {
        switch writer.unit {
        case .events:
            if row.position == nil {
                leftOut += 1
                return
            }
        case .deliveries:
            guard !seen.contains(row.deliveryID) else { return }
        }
        // What fails may be added again.
        let item = try item(row)
        if writer.unit == .deliveries {
            if isByArrival { seen.removeAll(keepingCapacity: true) }
            seen.insert(row.deliveryID)
        }
        // Since the row was read its delivery was deleted.
        if writer.unit == .deliveries, item.record == nil { return }
        written += 1
        if isForTerminal {
            var record: [UInt8] = []
            writer.append(item, to: &record)
            end(record)
        } else {
            writer.append(item, to: &bytes)
            bytes += writer.newline
        }
    }

    /// Adds lines, in whatever way they are to be written.
    private mutating func end(_ record: [UInt8]) {
        guard isForTerminal else {
            bytes += record
            bytes += writer.newline
            return
        }
        let lines =
            writer.hasSeveralLines ? record.split(separator: 0x0A, omittingEmptySubsequences: false) : [record[...]]
        for line in lines {
            let cells =
                writer.separator.map { Self.cells(of: line, separator: $0) } ?? [line]
            let texts = cells.map { Array(SafeText(utf8: $0).string.utf8) }
            bytes += texts.joined(separator: writer.separator.map { [$0] } ?? [])
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

    private mutating func item(_ row: EventRow) throws -> ExportItem {
        guard writer.readsDeliveries else { return ExportItem(row) }
        if delivery?.id != row.deliveryID {
            let record = try reader.delivery(row.deliveryID)
            delivery = (row.deliveryID, record, writer.unit == .events ? record?.events ?? [] : [])
        }
        let events = delivery?.events ?? []
        let event = row.position.flatMap { events.indices.contains($0) ? events[$0] : nil }
        return ExportItem(row, record: delivery?.record, event: event)
    }
}
