import History

/// The rows of a query in an order of its own; and what is to be sorted next.
///
/// The newest are sorted first, so that there is something to see, then all. What has changed since is sorted in with
/// all the rest, and waits four times as long as that takes.
struct SortedList: Sendable {
    /// How many rows are sorted first.
    static let first: Int64 = 5_000

    let query: BrowseQuery
    private(set) var ids: [Int64] = []
    /// How often they were replaced.
    private(set) var replacements = 0
    private var latest: Int64
    private var revision: Int
    /// All from `low` to `high` are sorted.
    private var low: Int64
    private var high: Int64 = 0
    private var sortedRevision = 0
    private var sorting: (latest: Int64, revision: Int) = (0, 0)
    private var nextSort: ContinuousClock.Instant?

    init(_ query: BrowseQuery, _ change: HistoryChange) {
        self.query = query
        latest = change.latestRow
        revision = change.revision
        low = change.latestRow + 1
    }

    /// Whether all rows were sorted that there were when it was last done.
    var isComplete: Bool { low <= 1 }

    mutating func follow(_ change: HistoryChange) {
        latest = max(latest, change.latestRow)
        revision = max(revision, change.revision)
    }

    mutating func next(_ now: ContinuousClock.Instant) -> BrowseStep {
        let isStale = high < latest || (query.readsVerdicts && sortedRevision != revision)
        guard latest > 0, isStale || !isComplete else { return .rest }
        if isComplete, let nextSort, nextSort > now { return .pause(until: nextSort) }
        sorting = (latest, revision)
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
        nextSort = now + max(.pace, time * 4)
    }

    /// How many were looked at, and of how many.
    var extent: (scanned: Int, total: Int) {
        isComplete ? (Int(high), Int(high)) : (Int(max(0, high - low + 1)), Int(latest))
    }

    /// Where a row stands, counted from 0; where it is not in the list, the next that arrived before it.
    func index(of id: Int64) -> Int? {
        if let index = ids.firstIndex(of: id) { return index }
        return ids.indices.filter { ids[$0] < id }.max { ids[$0] < ids[$1] }
    }

    /// A stretch of what is sorted. There are taken to be older rows as long as not all were looked at.
    func window(_ request: RowRequest) -> IDWindow {
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
