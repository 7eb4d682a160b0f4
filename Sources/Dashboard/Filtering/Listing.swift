import Browsing
import History

/// Which rows are listed, and how far they are found.
struct Listing {
    private(set) var query = BrowseQuery()
    /// Counts the queries: what is told of an older one is dropped.
    private(set) var generation = 0
    private(set) var progress: BrowseProgress?

    /// Lists other rows. Says whether they are others.
    mutating func show(_ query: BrowseQuery) -> Bool {
        guard query != self.query else { return false }
        self.query = query
        generation += 1
        progress = nil
        return true
    }

    /// Takes what is told of the query's progress, unless it is of an older query.
    mutating func take(_ progress: BrowseProgress) -> Bool {
        guard progress.generation == generation, !query.isPlain else { return false }
        self.progress = progress
        return true
    }

    /// Whether there may be rows that were not looked at yet.
    var isRunning: Bool { !query.isPlain && progress.map { !$0.isComplete && $0.failure == nil } ?? true }

    func extent(of change: HistoryChange) -> ListExtent {
        query.isPlain
            ? ListExtent(change) : ListExtent(change, matched: progress?.matched ?? 0, isComplete: !isRunning)
    }
}
