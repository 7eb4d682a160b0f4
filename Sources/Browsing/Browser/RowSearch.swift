import History

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

    /// - Throws: `ReadCancelled`, or what SQLite says.
    func first(from id: Int64, _ isCancelled: () -> Bool) throws -> Int64? {
        if let sorted = engine.with(\.sorted) { return try first(in: sorted, from: id, isCancelled) }
        if let list = engine.with({ $0.scanned?.predicate }) { return try first(of: list, from: id, isCancelled) }
        let latest = engine.with(\.latest)
        return isNewer
            ? try first(matching: predicate, after: max(0, id), through: latest, isCancelled)
            : try first(matching: predicate, before: min(id, latest < .max ? latest + 1 : latest), isCancelled)
    }

    /// Returns the nearest rows of what is listed on both sides of a place in the order of arrival, in whatever order they
    /// are listed: the last before an id, and the first from it on.
    ///
    /// - Throws: `ReadCancelled`, or what SQLite says.
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
        // Where the row is not in the list, the one that stands for it is found too.
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
