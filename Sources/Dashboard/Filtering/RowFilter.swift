import Browsing
import History
import Notifications

/// What is asked of the rows that are listed: a filter, which may be off, and the presets of single keys.
struct RowFilter: Hashable {
    /// The filter applied last.
    private(set) var filter = Filter.everything
    private(set) var isOn = true
    /// The filter that was cleared last, to be brought back.
    private var cleared: Filter?
    /// When it was read: what `10m` in it counts back from.
    private var moment = Timestamp(milliseconds: 0)
    /// Whether only problems are listed.
    var showsProblems = false
    /// Whether only marked rows are listed.
    var showsMarked = false

    /// Whether there is a filter at all, be it on or off.
    var hasFilter: Bool { filter.predicate != .everything || !filter.text.allSatisfy(\.isWhitespace) }

    /// Whether anything is left out.
    var isRestricting: Bool { (isOn && hasFilter) || showsProblems || showsMarked }

    /// Applies a filter.
    ///
    /// - Parameter moment: When it was read.
    mutating func apply(_ filter: Filter, readAt moment: Timestamp) {
        self.filter = filter
        self.moment = moment
        isOn = true
    }

    /// Reads the filter again where its times are of another zone now.
    mutating func readAgain(in context: FilterContext) {
        var context = context
        context.now = moment
        if let filter = try? Filter(filter.text, in: context) { self.filter = filter }
        if let text = cleared?.text, let filter = try? Filter(text, in: context) { cleared = filter }
    }

    mutating func toggle() {
        isOn.toggle()
    }

    /// Lists every row again; the filter is kept for when it is switched on.
    mutating func lift() {
        isOn = false
        (showsProblems, showsMarked) = (false, false)
    }

    /// Lists every row again, and no filter is there any more. It can be brought back.
    mutating func clear() {
        if hasFilter { cleared = filter }
        filter = .everything
        lift()
        isOn = true
    }

    /// Brings back the filter that was cleared last; says whether there is one.
    mutating func restore() -> Bool {
        guard let cleared else { return false }
        filter = cleared
        isOn = true
        self.cleared = nil
        return true
    }

    /// The rows to list.
    ///
    /// - Parameters:
    ///   - preview: A filter that is being typed, which stands in for the one applied.
    ///   - marks: The rows marked.
    func predicate(preview: Filter?, marks: Set<Int64>) -> RowPredicate {
        var parts: [RowPredicate] = []
        if let preview {
            parts.append(preview.predicate)
        } else if isOn {
            parts.append(filter.predicate)
        }
        if showsProblems { parts.append(.problem) }
        if showsMarked { parts.append(.rows(marks)) }
        parts.removeAll { $0 == .everything }
        return parts.count == 1 ? parts[0] : .all(parts)
    }
}
