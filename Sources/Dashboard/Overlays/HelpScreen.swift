import Base
import History
import Notifications
import Terminal

/// The help, opened with `?`: the active key bindings, which the user can read, search and run.
struct HelpScreen: Overlay {
    static let layer = OverlayLayer.help

    /// The place that had the keyboard before.
    private let origin: Place
    private var page = HelpPage()
    private var scroll = TextPane()
    /// The index of the selected entry.
    private var selection = 0
    private var editor = LineEditor()
    /// Whether keys are typed into the search line of the help.
    private(set) var isSearching = false
    /// Whether all bindings are listed, rather than one screen of the most important ones.
    private var isWhole: Bool

    init(_ place: Place) {
        origin = place
        // A user who is typing a filter needs the filter language, which begins the full help.
        isWhole = place.nearest == .filter
    }

    /// The title, with the visible part of the help if not all of it is visible.
    var title: String {
        scroll.count > scroll.height ? "Help \(scroll.visible.upperBound) of \(scroll.count)" : "Help"
    }

    var context: BindingContext { isSearching ? .helpSearch : .help }
    var tabTitle: String? { title }

    /// The command that Enter runs.
    var selected: Command? { hasSelection ? page.entries[selection].command : nil }

    var hasSelection: Bool { page.entries.indices.contains(selection) }

    private var searchRows: Int { isSearching || !editor.isEmpty ? 1 : 0 }

    mutating func settle(_ model: DashboardModel, _ layout: Layout) {
        let size = layout.main.size
        let columns = size.columns - ListRow.margin - 1
        page =
            isWhole || searchRows > 0
            ? HelpPage(model, from: origin, searching: editor.text, columns: columns)
            : HelpPage(model, from: origin, in: Size(columns: columns, rows: size.rows))
        selection = min(selection, max(0, page.entries.count - 1))
        scroll.resize(count: page.lines.count, height: size.rows - searchRows)
    }

    // MARK: - User actions

    mutating func move(_ motion: Motion) {
        switch motion {
        case .up where isInView(selection): select(selection - 1)
        case .down where isInView(selection) && selection + 1 < page.entries.count: select(selection + 1)
        case .toStart:
            scroll.move(motion)
            select(0, revealing: false)
        default:
            scroll.move(motion)
            selectInView()
        }
    }

    /// Switches between all bindings and the most important ones.
    mutating func toggleWhole() {
        isWhole.toggle()
        toTop()
    }

    mutating func scroll(by lines: Int, _ session: Session) {
        scroll.scroll(by: lines)
        selectInView()
    }

    /// Selects the entry on a visible line.
    mutating func select(line: Int, rows: Int, _ session: Session) -> Bool {
        guard let entry = page.entry(atLine: scroll.top + line - searchRows) else { return false }
        select(entry)
        return true
    }

    private func isInView(_ entry: Int) -> Bool {
        page.entries.indices.contains(entry) && scroll.visible.contains(page.entries[entry].lines.lowerBound)
    }

    private mutating func select(_ entry: Int, revealing: Bool = true) {
        guard page.entries.indices.contains(entry) else {
            // A heading precedes the first entry.
            scroll.scroll(by: entry < 0 ? -1 : 1)
            return
        }
        selection = entry
        guard revealing else { return }
        scroll.ensureVisible(page.entries[entry].lines.upperBound - 1)
        scroll.ensureVisible(page.entries[entry].lines.lowerBound)
    }

    /// Moves the selection to a visible entry after scrolling. If no entry is visible, changes nothing.
    private mutating func selectInView() {
        guard !isInView(selection), let first = page.entries.indices.first(where: isInView) else { return }
        selection =
            page.entries.indices.contains(selection) && page.entries[selection].lines.lowerBound > scroll.top
            ? page.entries.indices.last(where: isInView) ?? first : first
    }

    // MARK: - Searching

    mutating func search() {
        isSearching = true
    }

    /// Types into the search line. Elsewhere in the help, keys without a command do nothing.
    mutating func type(_ key: Key, _ model: inout DashboardModel) -> Bool {
        let before = editor.text
        if isSearching, editor.update(.key(key)), editor.text != before { toTop() }
        return true
    }

    mutating func paste(_ bytes: [UInt8], _ model: inout DashboardModel) -> Bool {
        guard isSearching else { return false }
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
        editor.insert(lines.first.map(String.init) ?? "")
        toTop()
        return true
    }

    /// Ends typing and keeps the result of the search.
    mutating func keepSearch() {
        isSearching = false
    }

    /// Ends a search, and shows all entries again.
    mutating func stepBack() -> Bool {
        guard searchRows > 0 else { return true }
        isSearching = false
        editor.clear()
        toTop()
        return false
    }

    private mutating func toTop() {
        selection = 0
        scroll.scroll(by: -scroll.top)
    }

    // MARK: - Drawing

    private static let label: SafeText = "search help"

    /// Draws the help, and returns the cursor's position if text is being typed.
    func draw(_ model: DashboardModel, on surface: inout Surface) -> Point? {
        var cursor: Point?
        if searchRows > 0 { cursor = PromptLine.draw(Self.label, editor, .plain, on: &surface) }
        let (_, below) = surface.bounds.splitTop(searchRows)
        surface.draw(in: below) { part in
            let text = Rect(
                column: ListRow.margin, row: 0, columns: part.size.columns - ListRow.margin, rows: part.size.rows)
            part.draw(in: text) { scroll.draw(page.lines, on: &$0) }
            guard isInView(selection) else { return }
            let row = page.entries[selection].lines.lowerBound - scroll.top
            ListRow.mark(row: row, hasKeys: true, on: &part)
        }
        return isSearching ? cursor : nil
    }
}

// MARK: - Commands

extension BindingContext {
    static let help: BindingContext = .init(
        "help", title: "This help", with: [.views, .everywhere], occasion: "in the help", begin: .showHelp)
    /// The search line of the help.
    static let helpSearch: BindingContext = .init(
        "help-search", title: "Searching the help", with: [.everywhere], takesText: true,
        occasion: "while the help is searched", begin: .showHelp)
}

extension Command {
    static let showHelp = Command(
        "show-help", "?", .function(1), in: .views, "this help", footer: .narrow("help"),
        plain: .line(
            PlainWord(
                "help", also: ["?"], syntax: "[WORD]",
                "this list, or what one of its words does; help filter, help commands"
            ) { plain, arguments in
                plain.help(arguments)
            }), unavailable: { $0.help == nil ? nil : "This is the help." },
        run: { if $0.help == nil { $0.help = HelpScreen($0.place) } })
    static let showAllKeys = Command(
        "show-all-keys", "?", .function(1), in: .help,
        "all keys and the filter language, or those of the previous view", footer: .narrow("all keys")
    ) { $0.help?.toggleWhole() }

    /// The commands of the help and of its search line.
    static let ofHelp: [Command] =
        [
            showHelp,
            showHelp.also(
                in: .filter, keys: [.function(1)], "the help, with the filter language",
                footer: .medium("help")),
        ] + Motion.commands(in: .help) { $0.help?.move($1) } + [
            showAllKeys,
            .open.also(
                in: .help, "run the selected command in the previous view", footer: .narrow("run"),
                unavailable: { $0.help?.hasSelection == true ? nil : "No command is selected." },
                run: { $0.runSelectedInHelp() }),
            .search.also(in: .help, "search the help", footer: .narrow("search"), run: { $0.help?.search() }),
            .keepSearch.also(
                in: .helpSearch, "go through what was found", footer: .narrow("go"), run: { $0.help?.keepSearch() }),
            .down.also(in: .helpSearch, keys: [.down], "one entry down", run: { $0.help?.move(.down) }),
            .up.also(in: .helpSearch, keys: [.up], "one entry up", run: { $0.help?.move(.up) }),
            .leavePrompt.also(in: .helpSearch, "all entries again", footer: .narrow("all")),
        ]
}

extension DashboardModel {
    fileprivate mutating func runSelectedInHelp() {
        guard let command = help?.selected else { return }
        help = nil
        guard command.arguments != nil else { return run(command) }
        typeCommand("\(command.name) ")
    }
}

extension DashboardModel {
    var help: HelpScreen? {
        get { self[HelpScreen.self] }
        set { self[HelpScreen.self] = newValue }
    }
}

// MARK: - The page

/// The laid-out help. It is either one screen of what matters in the current place, or the full help: all active
/// bindings, those of the place first, and the filter language.
struct HelpPage {
    /// A command and its lines.
    struct Entry {
        let command: Command
        let lines: Range<Int>
    }

    private(set) var lines: [StyledLine] = []
    private(set) var entries: [Entry] = []

    init() {}

    /// Creates the first screen: a line for each important binding of the place, and the place's symbols. It fits the
    /// size.
    init(_ model: DashboardModel, from place: Place, in size: Size) {
        let context = place.nearest
        let heading = context.title + (context.about.isEmpty ? "" : ": \(context.about)")
        let symbols = Self.lines(of: context.symbols(model.showsActionMarks), size.columns)
        let more = "\(model.bindings.name(of: .showAllKeys)) lists every key and the filter language."
        let foot = Prose.lines(more, columns: size.columns, style: Style(.secondary))
        // On a low screen the empty lines are dropped first, and then the least important bindings.
        let commands = HelpBrief.commands(model.bindings, in: place)
        let needed = 1 + commands.count + symbols.count + foot.count
        let gaps = min(3, max(0, size.rows - needed))
        let most = max(1, size.rows - 1 - symbols.count - foot.count - gaps)
        lines.append(StyledLine("\(heading)", Style(.heading)).clipped(to: size.columns))
        if gaps > 2 { lines.append(StyledLine()) }
        for command in commands.prefix(most) {
            entries.append(Entry(command: command, lines: lines.count..<lines.count + 1))
            // Shows as many keys as fit, and at least the first.
            let room = Self.keysWidth(size.columns)
            var names = command.keys.map(\.name)
            while names.count > 1, names.joined(separator: " ").count + 2 >= room { names.removeLast() }
            let title = StyledLine("\(command.meaning)").clipped(to: size.columns - room)
            let row = Self.row("\(names.joined(separator: " "))", [title], size.columns)
            lines.append(row.last ?? StyledLine())
        }
        if gaps > 0, !symbols.isEmpty { lines.append(StyledLine()) }
        lines += symbols
        if gaps > 1 || gaps > 0 && symbols.isEmpty { lines.append(StyledLine()) }
        lines += foot
    }

    /// Returns the symbols with their meanings, as many next to each other as fit.
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

    /// Creates the full help.
    ///
    /// - Parameters:
    ///   - place: The place that had the keyboard before.
    ///   - text: The words to search for; an entry must contain all of them.
    init(_ model: DashboardModel, from place: Place, searching text: String, columns: Int) {
        let words = text.lowercased().split(separator: " ").map(String.init)
        let first = place.contexts
        let isFiltering = place.nearest == .filter
        if isFiltering { add(FilterHelp.entries, words, columns) }
        for context in first + BindingContext.allCases.filter({ !first.contains($0) }) {
            let commands = model.bindings.bindings(in: context).filter { Self.holds($0, words) }
            guard !commands.isEmpty else { continue }
            lines.append(StyledLine("\(context.title)", Style(.heading)))
            for command in commands {
                let start = lines.count
                let reason = first.contains(context) ? command.unavailable(model) : nil
                lines += Self.lines(for: command, reason: reason, columns: columns)
                entries.append(Entry(command: command, lines: start..<lines.count))
            }
            lines.append(StyledLine())
        }
        if !isFiltering { add(FilterHelp.entries, words, columns) }
        if lines.isEmpty { lines = [StyledLine("Nothing in the help matches.", Style(.secondary))] }
    }

    /// Returns the index of the entry on a line, if any.
    func entry(atLine line: Int) -> Int? {
        entries.firstIndex { $0.lines.contains(line) }
    }

    private mutating func add(_ filter: [FilterHelp.Entry], _ words: [String], _ columns: Int) {
        let found = filter.filter { entry in
            Self.holds(words, in: "filter language \(entry.syntax) \(entry.meaning) \(entry.example)")
        }
        guard !found.isEmpty else { return }
        lines.append(StyledLine("The filter language", Style(.heading)))
        let width = Self.keysWidth(columns)
        for entry in found {
            let meaning = Prose.lines(entry.meaning, columns: columns - width).map { StyledLine($0) }
            let example = Prose.lines("such as \(entry.example)", columns: columns - width, style: Style(.secondary))
            lines += Self.row("\(entry.syntax)", meaning + example, columns)
        }
        lines.append(StyledLine())
    }

    private static func keysWidth(_ columns: Int) -> Int { columns < 60 ? 14 : 24 }

    /// The minimum width for a column with the commands' names.
    private static let roomForNames = 96
    private static let namesWidth = (Command.allCases.map(\.name.count).max() ?? 0) + 2

    private static func lines(for command: Command, reason: String?, columns: Int) -> [StyledLine] {
        let hasNames = columns >= roomForNames
        let width = columns - keysWidth(columns) - (hasNames ? namesWidth : 0)
        var texts = Prose.lines(command.meaning, columns: width).map { StyledLine($0) }
        if let reason {
            texts += Prose.lines("unavailable: \(reason)", columns: width, style: Style(.secondary))
        }
        if hasNames {
            texts = texts.enumerated().map { index, text in
                let name: SafeText = index == 0 ? "\(command.name)" : .empty
                return StyledLine(name.padded(to: namesWidth), Style(.secondary)) + text
            }
        }
        // A command without a key is typed.
        let typed = ":\(command.name)" + (command.arguments.map { " \($0.form)" } ?? "")
        let keys = command.keys.isEmpty ? typed : command.keys.map(\.name).joined(separator: " ")
        return row("\(keys)", texts, columns)
    }

    /// Returns a left cell with lines to its right, or below it if the cell is too wide.
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

    private static func holds(_ command: Command, _ words: [String]) -> Bool {
        let keys = command.keys.map(\.name).joined(separator: " ")
        return holds(words, in: "\(keys) \(command.meaning) \(command.name) \(command.context.title)")
    }

    private static func holds(_ words: [String], in text: String) -> Bool {
        let text = text.lowercased()
        return words.allSatisfy(text.contains)
    }
}

// MARK: - The first screen

/// The content of the help's first screen for a place: the most important commands, and the symbols that the place
/// draws.
enum HelpBrief {
    /// A symbol, its style and its meaning.
    struct Symbol: Sendable {
        let glyph: SafeText
        let style: Style
        let meaning: SafeText

        init(_ glyph: String, _ style: Style, _ meaning: String) {
            (self.glyph, self.style, self.meaning) = ("\(glyph)", style, "\(meaning)")
        }
    }

    /// Returns the most important commands of a place, the most important first. Commands that the place does not have
    /// are left out.
    static func commands(_ bindings: Bindings, in place: Place) -> [Command] {
        let named = place.nearest.brief().compactMap { bindings.binding(of: $0, in: place) }
        guard named.isEmpty else { return named.filter { !$0.keys.isEmpty } }
        return place.contexts.flatMap(bindings.bindings(in:)).filter { $0.footer != nil && !$0.keys.isEmpty }
    }

    static let verdicts = SignatureVerdict.allCases.map { Symbol($0.glyph, $0.style, $0.title) }
    static let rows = [
        Symbol("*", Style(.notice, bold: true), "marked"), Symbol("◆", Style(.accent, bold: true), "selected"),
    ]
    static let order = [Symbol("↑", .plain, "sorted, least first"), Symbol("↓", .plain, "greatest first")]

    /// The symbols of the states of an action's entries; states with the same symbol share one element.
    static var states: [Symbol] {
        var glyphs: [(glyph: String, style: Style, words: [String])] = []
        for state in EntryState.allCases {
            if let index = glyphs.firstIndex(where: { $0.glyph == state.glyph }) {
                glyphs[index].words.append(state.word)
            } else {
                glyphs.append((state.glyph, state.style, [state.word]))
            }
        }
        return glyphs.map { Symbol($0.glyph, $0.style, "action " + $0.words.joined(separator: " or ")) }
    }
}
