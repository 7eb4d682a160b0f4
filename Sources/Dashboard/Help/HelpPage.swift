import Browsing
import SafeText
import Terminal

/// The help laid out: on one screen what matters where the keyboard was; or all of it, the bindings in force, those of that
/// place first, and the filter language.
struct HelpPage {
    /// A binding, and its lines.
    struct Entry {
        let binding: Binding
        let lines: Range<Int>
    }

    private(set) var lines: [StyledLine] = []
    private(set) var entries: [Entry] = []

    init() {}

    /// The first screen: a line for each binding that matters in the place, and its symbols. It fits in the size.
    init(_ model: DashboardModel, from place: Place, in size: Size) {
        let about = HelpBrief.about(place)
        let heading = place.contexts[0].title + (about.isEmpty ? "" : ": \(about)")
        let symbols = Self.lines(of: HelpBrief.symbols(place, hasActions: model.showsActionMarks), size.columns)
        let more = "\(model.bindings.name(of: .showAllKeys)) lists every key and the filter language."
        let foot = Prose.lines(more, columns: size.columns, style: Style(.secondary))
        // Empty lines leave first as the screen gets low, and then the least important bindings.
        let bindings = HelpBrief.bindings(model.bindings, in: place)
        let needed = 1 + bindings.count + symbols.count + foot.count
        let gaps = min(3, max(0, size.rows - needed))
        let most = max(1, size.rows - 1 - symbols.count - foot.count - gaps)
        lines.append(StyledLine("\(heading)", Style(.heading)).clipped(to: size.columns))
        if gaps > 2 { lines.append(StyledLine()) }
        for binding in bindings.prefix(most) {
            entries.append(Entry(binding: binding, lines: lines.count..<lines.count + 1))
            // Of the keys as many as there is room for, and the first at least.
            let room = Self.keysWidth(size.columns)
            var names = binding.keys.map(\.name)
            while names.count > 1, names.joined(separator: " ").count + 2 >= room { names.removeLast() }
            let title = StyledLine("\(binding.title)").clipped(to: size.columns - room)
            let row = Self.row("\(names.joined(separator: " "))", [title], size.columns)
            lines.append(row.last ?? StyledLine())
        }
        if gaps > 0, !symbols.isEmpty { lines.append(StyledLine()) }
        lines += symbols
        if gaps > 1 || gaps > 0 && symbols.isEmpty { lines.append(StyledLine()) }
        lines += foot
    }

    /// Symbols and their meanings, side by side as far as there is room.
    private static func lines(of symbols: [HelpBrief.Symbol], _ columns: Int) -> [StyledLine] {
        var lines: [StyledLine] = []
        for symbol in symbols {
            let part =
                StyledLine(symbol.glyph, symbol.style) + StyledLine(" " + symbol.meaning, Style(.secondary))
            if let last = lines.last, last.width + 3 + part.width <= columns {
                lines[lines.count - 1] = last + StyledLine("   ") + part
            } else {
                lines.append(StyledLine("  ") + part)
            }
        }
        return lines
    }

    /// All of the help.
    ///
    /// - Parameters:
    ///   - place: Where the keyboard was.
    ///   - text: What is searched for: words that must all be in an entry.
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
        // What has no key is typed.
        let keys = binding.keys.isEmpty ? ":\(binding.command.name)" : binding.keys.map(\.name).joined(separator: " ")
        return row("\(keys)", texts, columns)
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
