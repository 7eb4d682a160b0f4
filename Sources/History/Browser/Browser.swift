public import Base
import Notifications

/// Finds the rows of a query and answers for stretches of them, while it is still finding more.
///
/// It keeps the ids of what it has found: a bit for each row of the history, or the whole order where the list is
/// sorted. The newest are found first. A query for every row as it arrived keeps nothing and looks for nothing.
public final class Browser: Sendable {
    private let reader: HistoryReader
    private let engine: BrowseEngine

    /// - Parameter report: Receives the progress of a query, on any thread; it must only take note and return. Called
    ///   some thirty times a second at most while the search runs, whenever rows have arrived or verdicts have changed,
    ///   and always when nothing is left to do. A plain query is reported once, complete.
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

    /// Follows a change of the history. Returns at once.
    ///
    /// New rows are looked at within a thirtieth of a second. If verdicts have changed that the query reads, or new
    /// rows must be sorted in, the rows found before stay visible until all are found again.
    public func follow(_ change: HistoryChange) {
        engine.follow(change)
    }

    /// Returns rows of the query, from those found so far. Blocks for a read.
    ///
    /// As long as part of the history is unread, the result has `hasOlder` set. In a sorted list the first rows are the
    /// `oldest`, and a row that is not in the list is replaced by the next one that arrived before it.
    public func rows(_ request: WindowRequest<Int64>) throws -> ListWindow<EventRow> {
        let window = engine.with { listing in
            listing.scanned?.found.window(request) ?? listing.sorted?.window(request)
        }
        guard let window else { return try reader.rows(request) }
        return ListWindow<EventRow>(
            rows: try reader.rows(ids: window.ids), hasOlder: window.hasOlder, hasNewer: window.hasNewer)
    }

    /// The progress of the query.
    public var progress: BrowseProgress { engine.with(\.progress) }

    /// Returns the place of a row among those found so far, in the list's order and counted from 1; nil if it is not
    /// there.
    public func position(of id: Int64) -> Int? {
        engine.with { listing in
            if let scanned = listing.scanned {
                return scanned.found.rows.contains(id) ? scanned.found.rows.count(upTo: id) : nil
            }
            if let sorted = listing.sorted { return sorted.ids.firstIndex(of: id).map { $0 + 1 } }
            return id >= 1 && id <= listing.latest ? Int(id) : nil
        }
    }

    /// Returns the ids of the rows found so far, in the list's order; with a limit, those at its newest end.
    public func allIDs(limit: Int = .max) -> [Int64] {
        let limit = max(0, limit)
        return engine.with { listing in
            if let scanned = listing.scanned { return scanned.found.rows.descending().prefix(limit).reversed() }
            if let sorted = listing.sorted { return sorted.ids.suffix(limit) }
            let first = Int64(clamping: max(1, Int(listing.latest) - min(limit, Int(listing.latest)) + 1))
            return first <= listing.latest ? Array(first...listing.latest) : []
        }
    }

    /// Returns the nearest row of the query shown that also fulfils another condition; nil if no row does. Blocks, and
    /// may have to read all of the history.
    ///
    /// - Parameters:
    ///   - id: The row from which to look; it is not found itself. The least number is before the first row of the
    ///     list, the greatest behind the last one, in any order.
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

// MARK: - Query and progress

/// A query: the rows that are listed, and their order.
public struct BrowseQuery: Sendable, Hashable {
    /// The rows.
    public var predicate: RowPredicate
    /// Their order.
    public var order: RowOrder

    /// Creates a query; without parts, it lists every row as it arrived.
    public init(_ predicate: RowPredicate = .everything, order: RowOrder = .arrival) {
        self.predicate = predicate
        self.order = order
    }

    /// Whether it lists every row as it arrived.
    public var isPlain: Bool { predicate == .everything && order == .arrival }
}

/// The progress of a query.
public struct BrowseProgress: Sendable, Hashable {
    /// The query's, as given to `Browser.show`.
    public var generation: Int
    /// The rows found so far.
    public var matched: Int
    /// The rows of the history looked at so far, and of all.
    public var scanned: Int
    public var total: Int
    /// The reason why it could not be finished, in a sentence.
    public var failure: String?

    /// Whether all rows were looked at.
    public var isComplete: Bool { scanned >= total }

    /// Creates a report.
    public init(generation: Int, matched: Int = 0, scanned: Int = 0, total: Int = 0, failure: String? = nil) {
        self.generation = generation
        self.matched = matched
        self.scanned = scanned
        self.total = total
        self.failure = failure
    }
}

// MARK: - Search and count

/// A search for the nearest row of what is listed that fulfils a condition.
struct RowSearch {
    /// Rows looked at in one read: the first, so that what is near is found at once, and at most.
    private static let sizes: ClosedRange<Int64> = 1_000...50_000

    private let reader: HistoryReader
    private let engine: BrowseEngine
    private let predicate: RowPredicate
    private let isNewer: Bool

    init(_ reader: HistoryReader, _ engine: BrowseEngine, _ predicate: RowPredicate, isNewer: Bool) {
        self.reader = reader
        self.engine = engine
        self.predicate = predicate
        self.isNewer = isNewer
    }

    /// - Throws: `ReadCancelled`, or SQLite's error.
    func first(from id: Int64, _ isCancelled: () -> Bool) throws -> Int64? {
        if let sorted = engine.with(\.sorted) { return try first(in: sorted, from: id, isCancelled) }
        if let list = engine.with({ $0.scanned?.predicate }) { return try first(of: list, from: id, isCancelled) }
        let latest = engine.with(\.latest)
        return isNewer
            ? try first(matching: predicate, after: max(0, id), through: latest, isCancelled)
            : try first(matching: predicate, before: min(id, latest < .max ? latest + 1 : latest), isCancelled)
    }

    /// Returns the nearest listed rows on both sides of a place in the order of arrival, whatever the order of the
    /// list: the last before an id, and the first from it on.
    ///
    /// - Throws: `ReadCancelled`, or SQLite's error.
    static func around(
        _ id: Int64, _ reader: HistoryReader, _ engine: BrowseEngine, _ isCancelled: () -> Bool
    ) throws -> (before: Int64?, from: Int64?) {
        let (query, latest) = engine.with { ($0.query, $0.latest) }
        if query.order == .arrival {
            let older = RowSearch(reader, engine, .everything, isNewer: false)
            let newer = RowSearch(reader, engine, .everything, isNewer: true)
            return (try older.first(from: id, isCancelled), try newer.first(from: id - 1, isCancelled))
        }
        let search = RowSearch(reader, engine, query.predicate, isNewer: true)
        return (
            try search.first(matching: query.predicate, before: min(id, latest + 1), isCancelled),
            try search.first(matching: query.predicate, after: id - 1, through: latest, isCancelled)
        )
    }

    private func first(in list: SortedList, from id: Int64, _ isCancelled: () -> Bool) throws -> Int64? {
        // From beyond the last row, whichever arrived last.
        let index = id == .max ? list.ids.count - 1 : list.index(of: id) ?? -1
        let isThere = index >= 0 && list.ids[index] == id
        // If the row is not in the list, the row that replaces it is a result too.
        var ids = isNewer ? list.ids[(index + 1)...] : list.ids[..<(isThere ? index : index + 1)]
        while !ids.isEmpty {
            let part = isNewer ? ids.prefix(Int(Self.sizes.lowerBound)) : ids.suffix(Int(Self.sizes.lowerBound))
            ids = isNewer ? ids[part.endIndex...] : ids[..<part.startIndex]
            let found =
                isNewer
                ? try reader.first(of: part, matching: predicate, isCancelled: isCancelled)
                : try reader.first(of: part.reversed(), matching: predicate, isCancelled: isCancelled)
            if let found { return found }
        }
        return nil
    }

    private func first(
        of list: RowPredicate, from id: Int64, _ isCancelled: () -> Bool
    ) throws -> Int64? {
        var id = id
        while true {
            let size = Int(Self.sizes.lowerBound)
            let (ids, low) = engine.with { listing -> ([Int64], Int64) in
                guard let found = listing.scanned?.found else { return ([], 1) }
                return (
                    isNewer
                        ? Array(found.rows.ascending(from: id).prefix(size))
                        : Array(found.rows.descending(from: id).prefix(size)), found.low
                )
            }
            guard let last = ids.last else {
                // What was not looked at yet is looked at here.
                return isNewer || low <= 1
                    ? nil : try first(matching: .all([list, predicate]), before: min(id, low), isCancelled)
            }
            if let found = try reader.first(of: ids, matching: predicate, isCancelled: isCancelled) { return found }
            id = last
        }
    }

    private func first(
        matching predicate: RowPredicate, before id: Int64, _ isCancelled: () -> Bool
    ) throws -> Int64? {
        var (id, size) = (id, Self.sizes.lowerBound)
        while id > 1 {
            let start = max(1, id - size)
            // The whole stretch, forwards: backwards a disk is slow.
            let found = try reader.ids(
                matching: predicate, in: start...id - 1, newestFirst: false, isCancelled: isCancelled)
            if let last = found.last { return last }
            id = start
            size = min(size * 2, Self.sizes.upperBound)
        }
        return nil
    }

    private func first(
        matching predicate: RowPredicate, after id: Int64, through last: Int64, _ isCancelled: () -> Bool
    ) throws -> Int64? {
        var (id, size) = (id, Self.sizes.lowerBound)
        while id < last {
            let end = last - id > size ? id + size : last
            let found = try reader.ids(
                matching: predicate, in: id + 1...end, newestFirst: false, limit: 1, isCancelled: isCancelled)
            if let first = found.first { return first }
            id = end
            size = min(size * 2, Self.sizes.upperBound)
        }
        return nil
    }
}

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
    /// - Throws: SQLite's error.
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
