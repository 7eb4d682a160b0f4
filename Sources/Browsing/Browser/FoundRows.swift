import History

/// The rows found in a stretch of ids that grows at both ends.
struct FoundRows: Sendable {
    private(set) var rows = RowSet()
    /// All ids from `low` to `high` were looked at.
    private(set) var low: Int64
    private(set) var high: Int64

    /// Nothing is looked at yet; rows up to this id are older ones.
    init(below high: Int64) {
        self.high = high
        low = high + 1
    }

    /// Whether there are no older rows to look at.
    var reachesTheOldest: Bool { low <= 1 }

    /// The stretch of so many ids before those looked at.
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

    /// A stretch of what was found. There are taken to be older rows as long as not all were looked at.
    func window(_ request: RowRequest) -> IDWindow {
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
