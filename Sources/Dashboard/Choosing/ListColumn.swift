import History
import SafeText

/// A column that a list can show.
protocol ListColumn: RawRepresentable<String>, CaseIterable, Hashable, Sendable {
    /// Its heading.
    var title: SafeText { get }
    /// What it tells, for the chooser.
    var meaning: String { get }
    /// What the list is sorted by for its sake; nil where it cannot be.
    var sort: SortColumn? { get }
    /// The columns shown unless others were chosen.
    static var standard: [Self] { get }
    /// The columns that can be chosen.
    static var choosable: [Self] { get }
}

extension ListColumn {
    /// The columns of these names, without those that are not known and without repetitions.
    static func named(_ names: [String]) -> [Self] {
        var seen: Set<Self> = []
        let columns = names.compactMap(Self.init(rawValue:)).filter {
            choosable.contains($0) && seen.insert($0).inserted
        }
        return columns.isEmpty ? standard : columns
    }

    /// The heading, with a sign if the list is sorted by it.
    ///
    /// - Parameter heading: What is written in place of the title, if anything is.
    func title(in order: RowOrder, reading heading: SafeText? = nil) -> SafeText {
        let title = heading ?? title
        guard case .by(let column, let isDescending) = order, column == sort else { return title }
        return title + (isDescending ? "↓" : "↑")
    }
}
