public import History

/// Counts the rows that match a condition, in steps of some milliseconds, so that in memory no delivery waits for long.
public struct RowCount {
    private let reader: HistoryReader
    private let predicate: RowPredicate

    /// Counts rows of a history.
    public init(_ reader: HistoryReader, _ predicate: RowPredicate) {
        self.reader = reader
        self.predicate = predicate
    }

    /// Returns how many rows with these ids match; nil once it is cancelled. Blocks.
    ///
    /// - Parameter isCancelled: Asked some thousand times a second.
    /// - Throws: What SQLite says.
    public func count(in range: ClosedRange<Int64>, _ isCancelled: () -> Bool) throws -> Int? {
        do {
            // As a list that is searched: first it is found out which rows may be duplicates at all.
            let question =
                predicate.asksForDuplicates && range.count > 20_000
                ? predicate.among(try reader.repeatedEvents(isCancelled: isCancelled)) : predicate
            var (first, sum) = (range.lowerBound, 0)
            var step = StepSize(delaysWriter: reader.delaysWriter)
            while true {
                let last = range.upperBound - first >= step.rows ? first + step.rows - 1 : range.upperBound
                let start = ContinuousClock.now
                sum += try reader.count(matching: question, in: first...last, isCancelled: isCancelled)
                guard last < range.upperBound else { return sum }
                first = last + 1
                step.note(ContinuousClock.now - start, rows: step.rows)
            }
        } catch is ReadCancelled {
            return nil
        }
    }
}
