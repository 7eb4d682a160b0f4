public import History
public import Notifications

/// Finds the rows of a query and answers for stretches of them, while it is still finding more.
///
/// It keeps the ids of what it has found: a bit for each row of the history, or the whole order where the list is
/// sorted. The newest are found first. A query for every row as it arrived keeps nothing and looks for nothing.
public final class Browser: Sendable {
    private let reader: HistoryReader
    private let engine: BrowseEngine

    /// - Parameter report: Is told how far a query has come, from any thread; it must only take note and return. Some
    ///   thirty times a second at most while it searches, whenever rows have come or verdicts have changed, and always
    ///   when there is nothing more to do. A plain query is reported once, complete.
    public init(_ reader: HistoryReader, report: @escaping @Sendable (BrowseProgress) -> Void) {
        self.reader = reader
        engine = BrowseEngine(reader, report: report)
    }

    deinit {
        engine.end()
    }

    /// Lists other rows from now on; what was looked for before is given up. Returns at once.
    public func show(_ query: BrowseQuery, generation: Int, _ change: HistoryChange) {
        engine.show(query, generation: generation, change)
    }

    /// The history has changed. Returns at once.
    ///
    /// New rows are looked at within a thirtieth of a second. Where verdicts have changed that the query reads, or new
    /// rows are to be sorted in, what was found before stays in view until all is found anew.
    public func follow(_ change: HistoryChange) {
        engine.follow(change)
    }

    /// Rows of the query, of those found so far. Blocks for a read.
    ///
    /// As long as not all of the history was looked at, there are taken to be older rows than these. In a sorted list
    /// the first ones are the `oldest`, and for a row that is not in the list the next that arrived before it stands.
    public func rows(_ request: RowRequest) throws -> RowWindow {
        let window = engine.with { listing in
            listing.scanned?.found.window(request) ?? listing.sorted?.window(request)
        }
        guard let window else { return try reader.rows(request) }
        return RowWindow(
            rows: try reader.rows(ids: window.ids), hasOlder: window.hasOlder, hasNewer: window.hasNewer)
    }

    /// How far the query has come.
    public var progress: BrowseProgress { engine.with(\.progress) }

    /// How many rows of the query were found so far.
    public var count: Int { progress.matched }

    /// Whether a row is among those found so far.
    public func contains(_ id: Int64) -> Bool {
        engine.with { listing in
            listing.scanned?.found.rows.contains(id) ?? listing.sorted?.ids.contains(id)
                ?? (1...max(1, listing.latest) ~= id)
        }
    }

    /// The place of a row among those found so far, in the list's order and counted from 1; nil where it is not there.
    public func position(of id: Int64) -> Int? {
        engine.with { listing in
            if let scanned = listing.scanned {
                return scanned.found.rows.contains(id) ? scanned.found.rows.count(upTo: id) : nil
            }
            if let sorted = listing.sorted { return sorted.ids.firstIndex(of: id).map { $0 + 1 } }
            return id >= 1 && id <= listing.latest ? Int(id) : nil
        }
    }

    /// The ids of the rows found so far, in the list's order; of too many, those at its newest end.
    public func allIDs(limit: Int = .max) -> [Int64] {
        let limit = max(0, limit)
        return engine.with { listing in
            if let scanned = listing.scanned { return scanned.found.rows.descending().prefix(limit).reversed() }
            if let sorted = listing.sorted { return sorted.ids.suffix(limit) }
            let first = Int64(clamping: max(1, Int(listing.latest) - min(limit, Int(listing.latest)) + 1))
            return first <= listing.latest ? Array(first...listing.latest) : []
        }
    }

    /// The nearest row of the query shown that also fulfils another condition; nil where there is none. Blocks, and
    /// may have to read all of the history.
    ///
    /// - Parameters:
    ///   - id: The row from which to look; it is not found itself. The least number stands before the first row of
    ///     the list, the greatest behind the last one, in whatever order.
    ///   - isNewer: Whether to look among the rows behind it in the list, or among those before it.
    ///   - isCancelled: Asked now and then; the search ends with nil once it is true.
    public func find(
        _ predicate: RowPredicate, from id: Int64, isNewer: Bool, isCancelled: @Sendable () -> Bool
    ) throws -> Int64? {
        do {
            return try RowSearch(reader, engine, predicate, isNewer: isNewer).first(from: id, isCancelled)
        } catch is ReadCancelled {
            return nil
        }
    }

    /// Returns the row of the query shown that was received nearest to a stretch of time: the first in it, or where none is
    /// in it, the nearer of those before and behind it; nil where nothing is listed. Blocks, and may have to read all of the
    /// history.
    ///
    /// - Parameter isCancelled: Asked now and then; the search ends with nil once it is true.
    public func nearest(
        to stretch: Range<Timestamp>, isCancelled: @Sendable () -> Bool
    ) throws -> Int64? {
        let delivery = try reader.firstDelivery(receivedFrom: stretch.lowerBound)
        let row = try delivery.flatMap { try reader.firstRow(from: $0) } ?? engine.with(\.latest) + 1
        do {
            let (before, from) = try RowSearch.around(row, reader, engine, isCancelled)
            guard let before, let from else { return before ?? from }
            let moments = try reader.rows(ids: [before, from]).map(\.receivedAt)
            guard moments.count == 2, !stretch.contains(moments[1]) else { return from }
            let (early, late) = (
                stretch.lowerBound.milliseconds - moments[0].milliseconds,
                moments[1].milliseconds - stretch.upperBound.milliseconds
            )
            return early < late ? before : from
        } catch is ReadCancelled {
            return nil
        }
    }

    /// Returns how many rows of a stretch of the history match a condition. Blocks; reads in steps of some milliseconds.
    ///
    /// - Parameter isCancelled: Asked now and then; the count ends with nil once it is true.
    public func count(
        _ predicate: RowPredicate, in range: ClosedRange<Int64>, isCancelled: @Sendable () -> Bool
    ) throws -> Int? {
        try RowCount(reader, predicate).count(in: range, isCancelled)
    }
}
