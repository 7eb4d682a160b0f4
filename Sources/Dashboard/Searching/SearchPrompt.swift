import History
import SafeText
import Terminal

/// The line in which a search is typed.
struct SearchPrompt {
    private(set) var editor = LineEditor()
    let origin: PromptOrigin
    /// Whether the detail is searched, rather than the list.
    let isInDetail: Bool
    /// The pattern before, which Esc brings back and an empty line repeats.
    let before: SearchPattern?
    /// Whether what is typed is nowhere.
    var hasNoMatch = false

    init(from origin: PromptOrigin, isInDetail: Bool, before: SearchPattern?) {
        self.origin = origin
        self.isInDetail = isInDetail
        self.before = before
    }

    var pattern: SearchPattern? { SearchPattern(editor.text) }

    /// Types a key. Says whether another text is to be searched for.
    mutating func type(_ key: Key) -> Bool {
        let text = editor.text
        _ = editor.update(.key(key))
        return editor.text != text
    }

    mutating func insert(_ text: String) {
        editor.insert(text)
    }

    /// Draws the line, and returns where the cursor is.
    func draw(on surface: inout Surface) -> Point? {
        let label: SafeText = isInDetail ? "search detail" : "search"
        let cursor = PromptLine.draw(label, editor, Style(hasNoMatch ? .bad : .plain), on: &surface)
        if hasNoMatch {
            let note: SafeText = "  not found"
            let end = PromptLine.start(behind: label) + SafeText(editor.text).width + 1
            let start = min(end, surface.size.columns - note.width)
            surface.put(note, at: Point(column: max(0, start), row: 0), style: Style(.bad))
        }
        return cursor
    }
}
