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

/// The number of rows that a step looks at; it follows the time that steps take.
struct StepSize: Sendable {
    private(set) var rows: Int64 = 1_000
    private let least: Int64
    private let times: ClosedRange<Duration>

    /// - Parameter delaysWriter: Whether deliveries wait for a step. Where none does, steps are longer: a disk is fast in long
    ///   stretches only.
    init(delaysWriter: Bool) {
        least = delaysWriter ? 64 : 4_096
        times = delaysWriter ? .milliseconds(5)...(.milliseconds(20)) : .milliseconds(80)...(.milliseconds(250))
    }

    /// Takes note of the time that a step of this many rows took.
    mutating func note(_ time: Duration, rows count: Int64) {
        if time < times.lowerBound, count == rows { rows = min(rows * 2, 1 << 17) }
        if time > times.upperBound { rows = max(rows / 2, min(rows, least)) }
    }
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
