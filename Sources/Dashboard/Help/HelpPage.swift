import Browsing
import SafeText
import Terminal

/// The help laid out: the bindings in force, the place one came from first, and the filter language.
struct HelpPage {
    /// A binding, and the lines that tell it.
    struct Entry {
        let binding: Binding
        let lines: Range<Int>
    }

    private(set) var lines: [StyledLine] = []
    private(set) var entries: [Entry] = []

    init() {}

    /// - Parameters:
    ///   - place: Where the keyboard was.
    ///   - text: What is searched for: words that must all stand in an entry.
    init(_ model: DashboardModel, from place: Place, searching text: String, columns: Int) {
        let words = text.lowercased().split(separator: " ").map(String.init)
        let first = place.contexts
        let isFiltering = place == .filter
        if isFiltering { add(FilterHelp.entries, words, columns) }
        for context in first + BindingContext.allCases.filter({ !first.contains($0) }) {
            let bindings = model.bindings.bindings(in: context).filter { Self.holds($0, words) }
            guard !bindings.isEmpty else { continue }
            lines.append(StyledLine("\(context.title)", Style(.heading)))
            for binding in bindings {
                let start = lines.count
                let obstacle = first.contains(context) ? binding.obstacle(model) : nil
                lines += Self.lines(for: binding, obstacle: obstacle, columns: columns)
                entries.append(Entry(binding: binding, lines: start..<lines.count))
            }
            lines.append(StyledLine())
        }
        if !isFiltering { add(FilterHelp.entries, words, columns) }
        if lines.isEmpty { lines = [StyledLine("Nothing in the help has that.", Style(.secondary))] }
    }

    /// The entry that a line is of, if any.
    func entry(atLine line: Int) -> Int? {
        entries.firstIndex { $0.lines.contains(line) }
    }

    private mutating func add(_ filter: [FilterHelp.Entry], _ words: [String], _ columns: Int) {
        let found = filter.filter { entry in
            Self.holds(words, in: "filter language \(entry.syntax) \(entry.meaning) \(entry.example)")
        }
        guard !found.isEmpty else { return }
        lines.append(StyledLine("What a filter can say", Style(.heading)))
        let width = Self.keysWidth(columns)
        for entry in found {
            let meaning = Prose.lines(entry.meaning, columns: columns - width).map { StyledLine($0) }
            let example = Prose.lines("such as \(entry.example)", columns: columns - width, style: Style(.secondary))
            lines += Self.row("\(entry.syntax)", meaning + example, columns)
        }
        lines.append(StyledLine())
    }

    private static func keysWidth(_ columns: Int) -> Int { columns < 60 ? 14 : 24 }

    /// From this width on the commands' names have a column.
    private static let roomForNames = 96
    private static let namesWidth = (Command.allCases.map(\.name.count).max() ?? 0) + 2

    private static func lines(for binding: Binding, obstacle: String?, columns: Int) -> [StyledLine] {
        let hasNames = columns >= roomForNames
        let width = columns - keysWidth(columns) - (hasNames ? namesWidth : 0)
        var texts = Prose.lines(binding.title, columns: width).map { StyledLine($0) }
        if let obstacle {
            texts += Prose.lines("now not: \(obstacle)", columns: width, style: Style(.secondary))
        }
        if hasNames {
            texts = texts.enumerated().map { index, text in
                let name: SafeText = index == 0 ? "\(binding.command.name)" : .empty
                return StyledLine(name.padded(to: namesWidth), Style(.secondary)) + text
            }
        }
        return row("\(binding.keys.map(\.name).joined(separator: " "))", texts, columns)
    }

    /// A cell at the left, and lines beside it; below it where it is too wide.
    private static func row(_ left: SafeText, _ texts: [StyledLine], _ columns: Int) -> [StyledLine] {
        let width = keysWidth(columns)
        let cell: SafeText = "  " + left
        let isWide = cell.width >= width
        let rows = texts.enumerated().map { index, text in
            let name: SafeText = index == 0 && !isWide ? cell : .empty
            return StyledLine(name.padded(to: width), Style(.accent)) + text
        }
        return isWide ? [StyledLine(cell.clipped(to: columns), Style(.accent))] + rows : rows
    }

    private static func holds(_ binding: Binding, _ words: [String]) -> Bool {
        let keys = binding.keys.map(\.name).joined(separator: " ")
        return holds(words, in: "\(keys) \(binding.title) \(binding.command.name) \(binding.context.title)")
    }

    private static func holds(_ words: [String], in text: String) -> Bool {
        let text = text.lowercased()
        return words.allSatisfy(text.contains)
    }
}
