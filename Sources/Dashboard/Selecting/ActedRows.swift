import Browsing
import History

/// What a command acts on: the rows chosen, or the current one where none is.
enum ActedRows: Sendable, Hashable {
    case current(EventRow)
    /// Rows that were chosen one by one.
    case chosen(Set<Int64>)
    /// All rows of a list up to the newest there was, but for some; their number, if it is known.
    case all(of: BrowseQuery, latestRow: Int64, except: Set<Int64>, count: Int?)

    /// What lists them, in the order of the list they were chosen from.
    var query: BrowseQuery {
        switch self {
        case .current(let row): return BrowseQuery(.rows([row.id]))
        case .chosen(let ids): return BrowseQuery(.rows(ids))
        case .all(let query, let latestRow, let left, _):
            var parts = [query.predicate, .number(.row, .atMost, latestRow)]
            if !left.isEmpty { parts.append(.not(.rows(left))) }
            return BrowseQuery(.all(parts), order: query.order)
        }
    }

    /// How many they are, if that is known.
    var count: Int? {
        switch self {
        case .current: 1
        case .chosen(let ids): ids.count
        case .all(_, _, let left, let count): count.map { max(0, $0 - left.count) }
        }
    }

    /// How many, in words.
    var words: String { count.map { Wording.count($0, "row", "rows") } ?? "all rows" }
}
