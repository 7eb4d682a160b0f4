import Base

// MARK: - Order of arrival

/// The rows of a query in the order of arrival, found newest first, and the next step.
///
/// New rows are looked at as they arrive. If verdicts have changed that the query reads, all rows are looked at again,
/// and the rows found before stay visible until then.
struct ScannedList: Sendable {
    let predicate: RowPredicate
    private(set) var found: FoundRows
    /// The number of times that the visible rows were replaced.
    private(set) var replacements = 0
    /// The condition that rows are read by: the predicate, or the same with less work.
    private var question: RowPredicate
    /// Of rows up to this one it is known which may be duplicates.
    private var known: Int64 = 0
    private var latest: Int64
    private var revision: Int
    /// How many deliveries were removed, and how many when what is in view was begun to be looked at.
    private var removed: Int
    private var foundRemoved: Int
    /// The revision at which what is in view was begun to be looked at.
    private var foundRevision: Int
    /// The rows that will replace it.
    private var fresh: FoundRows?
    private var freshRevision = 0
    private var freshRemoved = 0
    private var freshTime = Duration.zero
    /// The next moments for the steps that have a limited share of the time.
    private var nextFresh: ContinuousClock.Instant?
    private var nextNewer: ContinuousClock.Instant?
    private var step: StepSize

    init(_ predicate: RowPredicate, _ change: HistoryChange, delaysWriter: Bool = false) {
        step = StepSize(delaysWriter: delaysWriter)
        self.predicate = predicate
        question = predicate
        latest = change.latestRow
        revision = change.revision
        foundRevision = change.revision
        removed = change.kept.removed
        foundRemoved = change.kept.removed
        found = FoundRows(below: change.latestRow)
    }

    mutating func follow(_ change: HistoryChange) {
        latest = max(latest, change.latestRow)
        revision = max(revision, change.revision)
        removed = max(removed, change.kept.removed)
    }

    mutating func next(_ now: ContinuousClock.Instant) -> BrowseStep {
        let isBehind = found.high < latest
        if isBehind, nextNewer.map({ $0 <= now }) ?? true {
            return .look(question, found.high + 1...min(latest, found.high + step.rows))
        }
        if let rows = fresh ?? (found.reachesTheOldest ? nil : found), needsRepeated(rows) { return .findRepeated }
        if !found.reachesTheOldest { return .look(question, found.older(step.rows)) }
        if let fresh, !fresh.reachesTheOldest { return .look(question, fresh.older(step.rows)) }
        var waits = isBehind ? nextNewer : nil
        if revision != foundRevision, predicate.readsVerdicts || removed != foundRemoved {
            if nextFresh.map({ $0 <= now }) ?? true, found.high > 0 {
                let fresh = FoundRows(below: found.high)
                self.fresh = fresh
                freshRevision = revision
                freshRemoved = removed
                freshTime = .zero
                return .look(question, fresh.older(step.rows))
            }
            waits = [waits, nextFresh].compactMap(\.self).min()
        }
        return waits.map { .pause(until: $0) } ?? .rest
    }

    /// Returns whether so many rows are left that it pays to find out first which of them may be duplicates. The newest
    /// are looked at before that, so that the first results appear at once.
    private func needsRepeated(_ rows: FoundRows) -> Bool {
        predicate.asksForDuplicates && rows.high - rows.low >= 4_000
            && rows.low - known > 20_000
    }

    /// Takes note of which rows may be duplicates.
    mutating func learn(_ repeated: RepeatedEvents) {
        known = max(repeated.through, latest)
        question = predicate.among(repeated)
    }

    /// Takes note of what a step has found.
    ///
    /// - Parameter time: How long it took.
    mutating func finish(
        _ ids: [Int64], in range: ClosedRange<Int64>, _ time: Duration, now: ContinuousClock.Instant
    ) {
        if range.lowerBound > found.high {
            found.add(ids, in: range)
            fresh?.add(ids, in: range)
            nextNewer = now + .pace
        } else if range.upperBound < found.low {
            found.add(ids, in: range)
        } else {
            fresh?.add(ids, in: range)
            freshTime += time
            if let fresh, fresh.reachesTheOldest {
                found = fresh
                replacements += 1
                foundRevision = freshRevision
                foundRemoved = freshRemoved
                self.fresh = nil
                // Verdicts that keep changing get a fifth of the time at most.
                nextFresh = now + max(.milliseconds(250), freshTime * 4)
            }
        }
        step.note(time, rows: Int64(range.count))
    }

    /// The number of rows looked at, and the number of all. Once all were, rows that have arrived since do not count as
    /// missing.
    var extent: (scanned: Int, total: Int) {
        let scanned = found.high - found.low + 1
        return (Int(scanned), Int(found.reachesTheOldest ? scanned : latest))
    }
}

/// The rows found in a stretch of ids that grows at both ends.
struct FoundRows: Sendable {
    private(set) var rows = RowSet()
    /// All ids from `low` to `high` were looked at.
    private(set) var low: Int64
    private(set) var high: Int64

    /// Starts with no rows looked at; rows up to this id are older ones.
    init(below high: Int64) {
        self.high = high
        low = high + 1
    }

    /// Whether all older rows were looked at.
    var reachesTheOldest: Bool { low <= 1 }

    /// Returns the stretch of `size` ids before those looked at.
    func older(_ size: Int64) -> ClosedRange<Int64> { max(1, low - size)...low - 1 }

    /// Takes note of what was found in a stretch, if it is next to those looked at.
    mutating func add(_ ids: [Int64], in range: ClosedRange<Int64>) {
        if range.upperBound == low - 1 {
            low = range.lowerBound
        } else if range.lowerBound == high + 1 {
            high = range.upperBound
        } else {
            return
        }
        for id in ids { rows.insert(id) }
    }

    /// Returns a stretch of the rows found; `hasOlder` is true as long as not all rows were looked at.
    func window(_ request: WindowRequest<Int64>) -> IDWindow {
        let (before, after) = (max(0, request.before), max(0, request.after))
        var older: [Int64] = []
        var newer: [Int64] = []
        var end = Int64.max
        switch request.anchor {
        case .newest: older = rows.descending().prefix(before + 1).reversed()
        case .oldest:
            newer = Array(rows.ascending().prefix(after + 1))
            end = 0
        case .row(let id):
            end = id < .max ? id + 1 : id
            older = rows.descending(from: end).prefix(before + 1).reversed()
            newer = Array(rows.ascending(from: id).prefix(after))
        }
        let ids = older + newer
        return IDWindow(
            ids: ids, hasOlder: !reachesTheOldest || rows.last(before: ids.first ?? end) != nil,
            hasNewer: rows.first(after: ids.last ?? (end == .max ? end : end - 1)) != nil)
    }
}

// MARK: - Other orders

/// The rows of a query in an order of its own; and what is to be sorted next.
///
/// The newest are sorted first, so that there is something to see, then all. What has changed since is sorted in with
/// all the rest, and waits four times as long as that takes.
struct SortedList: Sendable {
    /// The number of rows that are sorted first.
    static let first: Int64 = 5_000

    let query: BrowseQuery
    private(set) var ids: [Int64] = []
    /// The number of times that the rows were replaced.
    private(set) var replacements = 0
    private var latest: Int64
    private var revision: Int
    private var removed: Int
    private var sortedRemoved: Int
    /// All from `low` to `high` are sorted.
    private var low: Int64
    private var high: Int64 = 0
    private var sortedRevision = 0
    private var sorting: (latest: Int64, revision: Int, removed: Int) = (0, 0, 0)
    private var nextSort: ContinuousClock.Instant?

    init(_ query: BrowseQuery, _ change: HistoryChange) {
        self.query = query
        latest = change.latestRow
        revision = change.revision
        removed = change.kept.removed
        sortedRemoved = removed
        low = change.latestRow + 1
    }

    /// Whether all rows were sorted that there were when it was last done.
    var isComplete: Bool { low <= 1 }

    mutating func follow(_ change: HistoryChange) {
        latest = max(latest, change.latestRow)
        revision = max(revision, change.revision)
        removed = max(removed, change.kept.removed)
    }

    mutating func next(_ now: ContinuousClock.Instant) -> BrowseStep {
        let isStale = high < latest || (sortedRevision != revision && (query.readsVerdicts || removed != sortedRemoved))
        guard latest > 0, isStale || !isComplete else { return .rest }
        if isComplete, let nextSort, nextSort > now { return .pause(until: nextSort) }
        sorting = (latest, revision, removed)
        let isFirst = high == 0 && latest > Self.first
        return .sort(query, (isFirst ? latest - Self.first + 1 : 1)...latest)
    }

    /// Takes note of what was sorted.
    mutating func finish(
        _ ids: [Int64], in range: ClosedRange<Int64>, _ time: Duration, now: ContinuousClock.Instant
    ) {
        self.ids = ids
        replacements += 1
        (low, high) = (range.lowerBound, range.upperBound)
        sortedRevision = sorting.revision
        sortedRemoved = sorting.removed
        nextSort = now + max(.pace, time * 4)
    }

    /// The number of rows looked at, and the number of all.
    var extent: (scanned: Int, total: Int) {
        isComplete ? (Int(high), Int(high)) : (Int(max(0, high - low + 1)), Int(latest))
    }

    /// Returns the index of a row; if it is not in the list, of the next one that arrived before it.
    func index(of id: Int64) -> Int? {
        if let index = ids.firstIndex(of: id) { return index }
        return ids.indices.filter { ids[$0] < id }.max { ids[$0] < ids[$1] }
    }

    /// Returns a stretch of the sorted rows; `hasOlder` is true as long as not all rows were looked at.
    func window(_ request: WindowRequest<Int64>) -> IDWindow {
        let (before, after) = (max(0, request.before), max(0, request.after))
        let index: Int? =
            switch request.anchor {
            case .newest: ids.count - 1
            case .oldest: 0
            case .row(let id): self.index(of: id)
            }
        let range: Range<Int>
        if let index {
            let isOldest = request.anchor == .oldest
            let isNewest = request.anchor == .newest
            range =
                max(
                    0, index - (isOldest ? 0 : min(before, ids.count)))..<min(
                    ids.count, index + 1 + (isNewest ? 0 : min(after, ids.count)))
        } else {
            range = 0..<min(after, ids.count)
        }
        return IDWindow(
            ids: Array(ids[range]), hasOlder: !isComplete || range.lowerBound > 0,
            hasNewer: range.upperBound < ids.count)
    }
}

extension BrowseQuery {
    /// Whether rows may enter, leave or move when verdicts change.
    var readsVerdicts: Bool {
        if case .by(.signature, _) = order { return true }
        return predicate.readsVerdicts
    }
}
