import History

/// What there is to list, as far as it is known: it tells whether the rows held are still those to show.
struct ListExtent: Hashable {
    /// The newest row recorded, whether it is listed or not.
    var latestRow: Int64
    /// Grows whenever what was recorded before may read differently.
    var revision: Int
    /// Grows with every change of the outbox, by which the marks of rows read differently.
    var outbox: Int64
    /// The rows found so far; nil where every row is listed as it arrived.
    var matched: Int?
    /// Whether all rows were looked at.
    var isComplete: Bool

    /// An extent; of every row as it arrived unless there is a count of those found.
    init(_ change: HistoryChange, matched: Int? = nil, isComplete: Bool = true) {
        latestRow = change.latestRow
        revision = change.revision
        outbox = change.outbox
        self.matched = matched
        self.isComplete = isComplete
    }
}
