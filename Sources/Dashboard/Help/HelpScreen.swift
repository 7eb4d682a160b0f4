import SafeText
import Terminal

/// `?`: the bindings in force, to be read, searched and run.
struct HelpScreen {
    /// Where the keyboard was.
    let place: Place
    private var page = HelpPage()
    private var scroll = TextPane()
    /// The number of the selected entry.
    private var selection = 0
    private var editor = LineEditor()
    /// Whether keys go to the line that narrows the help.
    private(set) var isSearching = false
    /// Whether every binding is listed, rather than one screen of what matters in the place.
    private var isWhole: Bool

    init(_ place: Place) {
        self.place = place
        // Where a filter is typed its language matters, which is the beginning of the whole help then.
        isWhole = place == .filter
    }

    /// The title, with how much of the help is in view where that is not all.
    var title: String {
        scroll.count > scroll.height ? "Help \(scroll.visible.upperBound) of \(scroll.count)" : "Help"
    }

    /// What Enter runs.
    var selected: Binding? { hasSelection ? page.entries[selection].binding : nil }

    var hasSelection: Bool { page.entries.indices.contains(selection) }

    private var searchRows: Int { isSearching || !editor.isEmpty ? 1 : 0 }

    mutating func settle(_ model: DashboardModel, size: Size) {
        let columns = size.columns - ListRow.margin - 1
        page =
            isWhole || searchRows > 0
            ? HelpPage(model, from: place, searching: editor.text, columns: columns)
            : HelpPage(model, from: place, in: Size(columns: columns, rows: size.rows))
        selection = min(selection, max(0, page.entries.count - 1))
        scroll.resize(count: page.lines.count, height: size.rows - searchRows)
    }
}

// What the user does.
extension HelpScreen {
    mutating func move(_ command: Command) {
        switch command {
        case .up where isInView(selection): select(selection - 1)
        case .down where isInView(selection) && selection + 1 < page.entries.count: select(selection + 1)
        case .toStart:
            scroll.move(command)
            select(0, revealing: false)
        default:
            scroll.move(command)
            selectInView()
        }
    }

    /// Lists every binding, or what matters in the place again.
    mutating func toggleWhole() {
        isWhole.toggle()
        toTop()
    }

    mutating func scroll(by lines: Int) {
        scroll.scroll(by: lines)
        selectInView()
    }

    /// Selects the entry of a line in view. Says whether there is one.
    mutating func select(line: Int) -> Bool {
        guard let entry = page.entry(atLine: scroll.top + line - searchRows) else { return false }
        select(entry)
        return true
    }

    private func isInView(_ entry: Int) -> Bool {
        page.entries.indices.contains(entry) && scroll.visible.contains(page.entries[entry].lines.lowerBound)
    }

    private mutating func select(_ entry: Int, revealing: Bool = true) {
        guard page.entries.indices.contains(entry) else {
            // Above the first entry stands its heading.
            scroll.scroll(by: entry < 0 ? -1 : 1)
            return
        }
        selection = entry
        guard revealing else { return }
        scroll.ensureVisible(page.entries[entry].lines.upperBound - 1)
        scroll.ensureVisible(page.entries[entry].lines.lowerBound)
    }

    /// What was scrolled away is not selected any more; where no entry is in view, nothing changes.
    private mutating func selectInView() {
        guard !isInView(selection), let first = page.entries.indices.first(where: isInView) else { return }
        selection =
            page.entries.indices.contains(selection) && page.entries[selection].lines.lowerBound > scroll.top
            ? page.entries.indices.last(where: isInView) ?? first : first
    }
}

// Searching.
extension HelpScreen {
    mutating func search() {
        isSearching = true
    }

    mutating func type(_ key: Key) {
        let before = editor.text
        guard editor.update(.key(key)), editor.text != before else { return }
        toTop()
    }

    mutating func insert(_ text: String) {
        editor.insert(text)
        toTop()
    }

    /// Ends the typing; what was found stays.
    mutating func keepSearch() {
        isSearching = false
    }

    /// Shows all entries again. Says whether any were left out, or were to be.
    mutating func leaveSearch() -> Bool {
        guard searchRows > 0 else { return false }
        isSearching = false
        editor.clear()
        toTop()
        return true
    }

    private mutating func toTop() {
        selection = 0
        scroll.scroll(by: -scroll.top)
    }
}

extension HelpScreen {
    private static let label: SafeText = "search help"

    /// Draws the help, and returns where the cursor is, if something is typed.
    func draw(on surface: inout Surface) -> Point? {
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
