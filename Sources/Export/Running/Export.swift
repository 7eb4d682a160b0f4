public import History

/// Rows of a history on their way to an output. Any number of them: a few hundred are held at a time.
public struct Export: Sendable {
    /// Which rows.
    public enum Selection: Sendable {
        /// All that match, in the order of arrival, up to the one with this id, which must be there.
        case matching(RowPredicate, through: Int64)
        /// These, in this order; those that are not there are left out.
        case rows([Int64])
    }

    private let selection: Selection
    private let writer: any ExportWriter
    private let isForTerminal: Bool

    /// Rows are read so many at a time.
    private static let step = 500
    /// Behind so many deliveries it is found out once which of all events came before, and not asked for each.
    private static let many = 5_000

    /// An export.
    ///
    /// - Parameter isForTerminal: Whether what a terminal would obey is escaped; else the bytes are exact.
    public init(_ selection: Selection, by writer: any ExportWriter, isForTerminal: Bool = false) {
        self.selection = selection
        self.writer = writer
        self.isForTerminal = isForTerminal
    }

    /// Reads and writes until all is written. Blocks.
    ///
    /// - Parameters:
    ///   - isCancelled: Asked every few hundred rows.
    ///   - progress: Told as often.
    ///   - onDamage: Is called once, where the history turns out to be damaged: returns another reader, with the same rows
    ///     as far as they can be read, to go on with.
    ///   - write: Is given the bytes in pieces.
    /// - Returns: What it has come to.
    /// - Throws: `ReadCancelled`, what the history says, or what `write` throws.
    public func run(
        reading reader: HistoryReader, isCancelled: () -> Bool = { false },
        progress: (ExportProgress) -> Void = { _ in }, onDamage: (() throws -> HistoryReader)? = nil,
        write: ([UInt8]) throws -> Void
    ) throws -> ExportProgress {
        var pieces = ExportPieces(writer, isForTerminal: isForTerminal)
        var reader = reader
        var onDamage = onDamage
        // What fails half-way is read again from where it failed.
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
            if pieces.isFull { try write(pieces.take()) }
        }
        var repeated: RepeatedEvents?
        // Of deliveries that were written: the rows of one follow each other where they come in the order of arrival.
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
        let rest = pieces.take()
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
