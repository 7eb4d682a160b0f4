/// What somebody may have meant who wrote a name that does not exist.
public enum Suggestion {
    /// The name that is nearest, if it is near: with at most a third of its letters mistyped.
    public static func nearest(to name: String, among names: some Sequence<String>) -> String? {
        best(for: name, among: names).flatMap { $0.distance <= max(1, $0.name.count / 3) ? $0.name : nil }
    }

    /// The name that is nearest, however far that is; nil for a name that nobody mistypes.
    public static func closest(to name: String, among names: some Sequence<String>) -> String? {
        best(for: name, among: names)?.name
    }

    private static func best(
        for name: String, among names: some Sequence<String>
    ) -> (name: String, distance: Int)? {
        // Nobody mistypes so long a word, and the search would take its square.
        guard name.utf8.count <= 64 else { return nil }
        let wanted = Array(name.lowercased())
        return names.map { (name: $0, distance: distance(wanted, Array($0.lowercased()))) }
            .min { $0.distance < $1.distance }
    }

    /// `; did you mean …?`, or nothing.
    public static func question(for name: String, among names: some Sequence<String>) -> String {
        nearest(to: name, among: names).map { "; did you mean \($0)?" } ?? ""
    }

    /// Letters to change, add, leave out or swap with the next.
    private static func distance(_ one: [Character], _ other: [Character]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...other.count)
        for (row, letter) in one.enumerated() {
            var current = [row + 1]
            for (column, otherLetter) in other.enumerated() {
                var cost = min(
                    last[column + 1] + 1, current[column] + 1, last[column] + (letter == otherLetter ? 0 : 1))
                if row > 0, column > 0, letter == other[column - 1], one[row - 1] == otherLetter {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            beforeLast = last
            last = current
        }
        return last[other.count]
    }
}
