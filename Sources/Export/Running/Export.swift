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
        let isByArrival = if case .matching = selection { true } else { false }
        var pieces = ExportPieces(
            writer, isByArrival: isByArrival, isForTerminal: isForTerminal, reader: reader)
        pieces.begin()
        var onDamage = onDamage
        func reading<Value>(_ body: (HistoryReader) throws -> Value) throws -> Value {
            do {
                return try body(pieces.reader)
            } catch HistoryReadError.damaged where onDamage != nil {
                guard let other = try onDamage?() else { throw ReadCancelled() }
                onDamage = nil
                pieces.reader = other
                return try body(other)
            }
        }
        func step(_ rows: [EventRow], looked: Int64, of total: Int64) throws {
            for row in rows {
                try reading { _ in try pieces.add(row) }
                if pieces.isFull { try write(pieces.take()) }
            }
            progress(
                ExportProgress(
                    unit: writer.unit, written: pieces.written, leftOut: pieces.leftOut, looked: looked, total: total))
            if isCancelled() { throw ReadCancelled() }
        }
        let total: Int64
        switch selection {
        case .matching(let predicate, let last):
            total = last
            var cursor: Int64 = 0
            while cursor < last {
                let stretch = try reading {
                    try $0.rows(matching: predicate, after: cursor, through: last, limit: Self.step)
                }
                cursor = stretch.through
                try step(stretch.rows, looked: cursor, of: last)
            }
        case .rows(let ids):
            total = Int64(ids.count)
            for start in stride(from: 0, to: ids.count, by: Self.step) {
                let end = min(ids.count, start + Self.step)
                let rows = try reading { try $0.rows(ids: Array(ids[start..<end])) }
                try step(rows, looked: Int64(end), of: total)
            }
        }
        let rest = pieces.take()
        if !rest.isEmpty { try write(rest) }
        return ExportProgress(
            unit: writer.unit, written: pieces.written, leftOut: pieces.leftOut, looked: total, total: total)
    }
}
