import Browsing
import History
import SafeText

/// What is said where nothing recorded matches a filter: how much each of its terms matches alone.
enum NothingMatched {
    /// The terms that are counted, at most.
    private static let most = 10

    /// Returns the sentence, such as `nothing matches type:copy size>1MB; alone, type:copy matches 0, size>1MB matches 12, of
    /// 40 recorded`. Reads the history.
    static func sentence(_ filter: Filter, _ reader: HistoryReader, through latest: Int64) -> String {
        guard latest > 0 else { return "nothing is recorded yet" }
        let start = "nothing matches \(SafeText(filter.text).clipped(to: 200))"
        guard filter.parts.count > 1 else { return "\(start), of \(latest) recorded" }
        var counts: [String] = []
        for part in filter.parts.prefix(most) {
            let found = try? RowCount(reader, part.predicate).count(in: 1...latest) { false }
            guard let count = found else { return start }
            counts.append("\(SafeText(part.text).clipped(to: 60)) matches \(count)")
        }
        let rest = filter.parts.count > most ? ", …" : ""
        return "\(start); alone, \(counts.joined(separator: ", "))\(rest), of \(latest) recorded"
    }
}
