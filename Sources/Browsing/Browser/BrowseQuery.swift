public import History

/// Which rows are listed, and in which order.
public struct BrowseQuery: Sendable, Hashable {
    /// The rows.
    public var predicate: RowPredicate
    /// Their order.
    public var order: RowOrder

    /// A query; without parts, every row as it arrived.
    public init(_ predicate: RowPredicate = .everything, order: RowOrder = .arrival) {
        self.predicate = predicate
        self.order = order
    }

    /// Whether it lists every row as it arrived.
    public var isPlain: Bool { predicate == .everything && order == .arrival }
}

/// How far a query has come.
public struct BrowseProgress: Sendable, Hashable {
    /// The query's, as given to `Browser.show`.
    public var generation: Int
    /// The rows found so far.
    public var matched: Int
    /// The rows of the history looked at so far, and of all.
    public var scanned: Int
    public var total: Int
    /// Why it could not be finished, in a sentence.
    public var failure: String?

    /// Whether all rows were looked at.
    public var isComplete: Bool { scanned >= total }

    /// A report.
    public init(generation: Int, matched: Int = 0, scanned: Int = 0, total: Int = 0, failure: String? = nil) {
        self.generation = generation
        self.matched = matched
        self.scanned = scanned
        self.total = total
        self.failure = failure
    }
}
