import Browsing
import History

/// The rows chosen for what acts on many.
///
/// It holds the ids that a person chose one by one; all rows of a list are held as that list, so that a million of
/// them costs what one does.
struct RowSelection: Hashable {
    /// All rows of a list, as it was.
    struct Whole: Hashable {
        let query: BrowseQuery
        /// The newest row there was.
        let latestRow: Int64
        /// How many they were; nil while they were not all found.
        var count: Int?
    }

    /// The rows chosen; beside a whole list, those left out of it.
    private(set) var ids: Set<Int64> = []
    private(set) var whole: Whole?
    /// Where a range begins that is to be ended.
    var rangeStart: Int64?

    var isEmpty: Bool { whole == nil && ids.isEmpty }

    /// How many rows are chosen; nil where that is not known yet.
    var count: Int? {
        guard let whole else { return ids.count }
        return whole.count.map { max(0, $0 - ids.count) }
    }

    /// Whether a row of the list that is shown is chosen.
    func contains(_ row: EventRow) -> Bool {
        guard let whole else { return ids.contains(row.id) }
        return row.id <= whole.latestRow && !ids.contains(row.id)
    }

    mutating func toggle(_ row: EventRow) {
        if let whole, row.id > whole.latestRow { return }
        if ids.remove(row.id) == nil { ids.insert(row.id) }
    }

    mutating func add(_ rows: some Sequence<Int64>) {
        if whole == nil { ids.formUnion(rows) } else { ids.subtract(rows) }
    }

    mutating func choose(_ whole: Whole) {
        self = RowSelection()
        self.whole = whole
    }

    /// Other rows are listed: what was all of them is nothing that could be shown any more.
    mutating func leave(_ query: BrowseQuery) -> Bool {
        guard let whole, whole.query.predicate != query.predicate else { return false }
        self = RowSelection()
        return true
    }

    /// All rows of the list are found by now.
    mutating func found(_ count: Int) {
        if whole != nil, whole?.count == nil { whole?.count = count }
    }
}
