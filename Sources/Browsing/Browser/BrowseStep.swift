import History

/// What the worker of a browser is to do next.
enum BrowseStep: Hashable {
    /// Look which rows of these ids match.
    case look(RowPredicate, ClosedRange<Int64>)
    /// Find out among which rows duplicates are to be looked for.
    case findRepeated
    /// Find and sort those of these ids.
    case sort(BrowseQuery, ClosedRange<Int64>)
    /// Wait, though there is something to do: it was done a moment ago.
    case pause(until: ContinuousClock.Instant)
    /// Nothing, until the history changes.
    case rest
}

/// A stretch of a list, in its order.
struct IDWindow: Hashable {
    var ids: [Int64] = []
    var hasOlder = false
    var hasNewer = false
}

extension Duration {
    /// Between two looks at what has arrived, and between two reports: thirty a second.
    static let pace = Duration.milliseconds(33)
}
