import History
import Notifications
import SafeText

/// A row to look for in the list, which may take a while.
struct SeekRequest: Sendable {
    /// Where to look.
    enum Way: Sendable, Hashable {
        /// Below in the list, and then from its start.
        case next
        /// Above in the list, and then from its end.
        case previous
        /// The nearest below, or where there is none the nearest above.
        case nearest
        /// The one that was received nearest to a time.
        case time(Range<Timestamp>)
    }

    let predicate: RowPredicate
    /// The row from which to look.
    let from: Int64
    let way: Way
    let generation: Int
}

/// What became of it.
struct SeekOutcome: Sendable, Hashable {
    /// The row found; nil where there is none.
    var row: Int64?
    /// Whether it was found beyond an end of the list.
    var isWrapped = false
}

/// What is looked for in the list right now, if anything is.
struct Seeking {
    enum Aim: Hashable {
        case match(SearchPattern)
        case problem
        case mark
        /// One that is named.
        case number(String)
        /// One received at a time, as it was typed.
        case time(String)
    }

    private(set) var aim: Aim?
    private var generation = 0

    var isRunning: Bool { aim != nil }

    /// Begins to look for something, and gives up what was looked for.
    mutating func begin(_ aim: Aim, _ predicate: RowPredicate, from row: Int64, _ way: SeekRequest.Way) -> SeekRequest {
        self.aim = aim
        generation += 1
        return SeekRequest(predicate: predicate, from: row, way: way, generation: generation)
    }

    /// Gives up.
    mutating func cancel() {
        aim = nil
        generation += 1
    }

    /// What was looked for; nil if something else is by now.
    mutating func finish(_ generation: Int) -> Aim? {
        guard generation == self.generation else { return nil }
        defer { aim = nil }
        return aim
    }
}
