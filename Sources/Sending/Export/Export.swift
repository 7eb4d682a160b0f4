import Base
public import History
import Notifications

/// Rows of a history on their way to an output. Their number is unlimited: a few hundred are in memory at a time.
public struct Export: Sendable {
    /// The rows to export.
    public enum Selection: Sendable {
        /// All that match, in the order of arrival, up to the one with this id, which must be there.
        case matching(RowPredicate, through: Int64)
        /// These, in this order; those that are not there are left out.
        case rows([Int64])
    }

    private let selection: Selection
    private let writer: any ExportWriter
    private let isForTerminal: Bool

    /// The number of rows in one read.
    private static let step = 500
    /// The number of deliveries after which the export finds all repeated events at once, and no longer asks for each.
    private static let many = 5_000

    /// Creates an export.
    ///
    /// - Parameter isForTerminal: Whether characters with an effect on terminals are escaped; otherwise the bytes are
    ///   exact.
    public init(_ selection: Selection, by writer: any ExportWriter, isForTerminal: Bool = false) {
        self.selection = selection
        self.writer = writer
        self.isForTerminal = isForTerminal
    }

    /// Reads and writes until all is written. Blocks.
    ///
    /// - Parameters:
    ///   - isCancelled: Called every few hundred rows.
    ///   - progress: Called as often.
    ///   - onDamage: Called once if the history turns out to be damaged: returns another reader, with the same rows as
    ///     far as they are readable, to continue with.
    ///   - write: Receives the bytes in pieces.
    /// - Returns: The counts of the export.
    /// - Throws: `ReadCancelled`, the history's error, or an error of `write`.
    public func run(
        reading reader: HistoryReader, isCancelled: () -> Bool = { false },
        progress: (ExportProgress) -> Void = { _ in }, onDamage: (() throws -> HistoryReader)? = nil,
        write: ([UInt8]) throws -> Void
    ) throws -> ExportProgress {
        var pieces = ExportPieces(writer, isForTerminal: isForTerminal)
        var reader = reader
        var onDamage = onDamage
        // A read that fails half-way is repeated from the place of the failure.
        func reading<Value>(_ body: (HistoryReader) throws -> Value) throws -> Value {
            do {
                return try body(reader)
            } catch HistoryReadError.damaged where onDamage != nil {
                guard let other = try onDamage?() else { throw ReadCancelled() }
                onDamage = nil
                reader = other
                return try body(other)
            }
        }
        func state(_ looked: Int64, of total: Int64) -> ExportProgress {
            ExportProgress(
                unit: writer.unit, written: pieces.written, leftOut: pieces.leftOut, looked: looked, total: total)
        }
        func flush() throws {
            if pieces.isFull { try write(pieces.drain()) }
        }
        var repeated: RepeatedEvents?
        // The deliveries that were written: in the order of arrival the rows of one follow each other.
        var seen: Set<Int64> = []
        var last: Int64?
        func add(_ deliveries: [Int64]) throws {
            var rest: ArraySlice<Int64>
            if isByArrival {
                rest = deliveries.first == last ? deliveries.dropFirst() : deliveries[...]
                last = deliveries.last ?? last
            } else {
                rest = deliveries.filter { seen.insert($0).inserted }[...]
            }
            while !rest.isEmpty {
                if repeated == nil, writer.readsDuplicates, pieces.written >= Self.many {
                    repeated = try reading { try $0.repeatedEvents(isCancelled: isCancelled) }
                }
                try reading { reader in
                    try reader.visit(deliveries: rest, duplicates: writer.readsDuplicates, among: repeated) {
                        _, delivery in
                        // Since its row was read a delivery may have been deleted.
                        if let delivery { try pieces.add(delivery) }
                        rest.removeFirst()
                        return !pieces.isFull
                    }
                }
                try flush()
            }
        }
        func add(_ rows: [EventRow]) throws {
            guard writer.readsDeliveries else {
                for row in rows {
                    pieces.add(row, of: nil, [])
                    try flush()
                }
                return
            }
            var rest = Self.byDelivery(rows)[...]
            while !rest.isEmpty {
                try reading { reader in
                    let ids = rest.map(\.delivery)
                    try reader.visit(deliveries: ids[...], duplicates: false) { _, delivery in
                        let events = delivery?.events ?? []
                        for row in rest.removeFirst().rows { pieces.add(row, of: delivery, events) }
                        return !pieces.isFull
                    }
                }
                try flush()
            }
        }
        func end(_ looked: Int64, of total: Int64) throws {
            progress(state(looked, of: total))
            if isCancelled() { throw ReadCancelled() }
        }

        let total: Int64
        switch selection {
        case .matching(let predicate, let last):
            total = last
            var cursor: Int64 = 0
            while cursor < last {
                switch writer.unit {
                case .deliveries:
                    let stretch = try reading {
                        try $0.deliveries(matching: predicate, after: cursor, through: last, limit: Self.step)
                    }
                    try add(stretch.deliveries)
                    cursor = stretch.through
                case .events:
                    let stretch = try reading {
                        try $0.rows(
                            matching: predicate, after: cursor, through: last, limit: Self.step, parts: writer.parts)
                    }
                    try add(stretch.rows)
                    cursor = stretch.through
                }
                try end(cursor, of: last)
            }
        case .rows(let ids):
            total = Int64(ids.count)
            for start in stride(from: 0, to: ids.count, by: Self.step) {
                let step = Array(ids[start..<min(ids.count, start + Self.step)])
                switch writer.unit {
                case .deliveries: try add(reading { try $0.deliveries(ofRows: step) })
                case .events: try add(reading { try $0.rows(ids: step, parts: writer.parts) })
                }
                try end(Int64(start + step.count), of: total)
            }
        }
        let rest = pieces.drain()
        if !rest.isEmpty { try write(rest) }
        return state(total, of: total)
    }

    private var isByArrival: Bool {
        if case .matching = selection { true } else { false }
    }

    /// Neighbours of the same delivery.
    private static func byDelivery(_ rows: [EventRow]) -> [(delivery: Int64, rows: ArraySlice<EventRow>)] {
        var runs: [(delivery: Int64, rows: ArraySlice<EventRow>)] = []
        var start = 0
        for index in rows.indices where index + 1 == rows.count || rows[index + 1].deliveryID != rows[start].deliveryID
        {
            runs.append((rows[start].deliveryID, rows[start...index]))
            start = index + 1
        }
        return runs
    }
}

// MARK: - Pieces

/// Collects a writer's output into pieces that are worth a system call.
struct ExportPieces {
    /// The number of bytes gathered before they are written.
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

    /// Removes and returns the gathered bytes.
    mutating func drain() -> [UInt8] {
        defer { bytes.removeAll() }
        return bytes.array
    }

    /// Adds the record of an event. A row without one is left out.
    ///
    /// - Parameters:
    ///   - delivery: The row's delivery, if it exists and the writer reads deliveries.
    ///   - events: The events of the delivery.
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
    /// - Throws: `JSONError` if its header fields cannot be read.
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

    /// Returns the cells between the separators of a line. A separator within quotes is part of its cell.
    private static func cells(of line: ArraySlice<UInt8>, separator: UInt8) -> [ArraySlice<UInt8>] {
        var isQuoted = false
        return line.split(omittingEmptySubsequences: false) { byte in
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            return byte == separator && !isQuoted
        }
    }
}

// MARK: - Progress

/// The progress of an export.
public struct ExportProgress: Sendable, Hashable {
    public var unit: ExportUnit
    /// Records written.
    public var written: Int
    /// Requests that are left out because a table of events has no line for them.
    public var leftOut = 0
    /// The number of rows read, of all rows to read.
    public var looked: Int64
    public var total: Int64

    /// Creates a progress.
    public init(unit: ExportUnit, written: Int, leftOut: Int = 0, looked: Int64, total: Int64) {
        self.unit = unit
        self.written = written
        self.leftOut = leftOut
        self.looked = looked
        self.total = total
    }

    /// From 0 to 100.
    public var percent: Int {
        total > 0 ? Int(min(100, Double(looked) / Double(total) * 100)) : 100
    }

    /// Returns a bar with its numbers, some fifty columns of ASCII; only the numbers if there is too little room for
    /// it.
    public func bar(columns: Int) -> String {
        let number = String(percent)
        let numbers = "\(String(repeating: " ", count: 3 - number.utf8.count))\(number) %  \(unit.counted(written))"
        let width = min(24, columns - numbers.utf8.count - 3)
        guard width >= 4 else { return numbers }
        let filled = width * percent / 100
        let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled)
        return "[\(bar)] \(numbers)"
    }
}
