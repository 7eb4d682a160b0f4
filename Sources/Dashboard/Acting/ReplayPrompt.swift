import History
import SafeText
import Terminal

/// The line in which one says where deliveries are to be sent again.
struct ReplayPrompt {
    private(set) var editor: LineEditor
    let rows: ActedRows

    init(_ rows: ActedRows, to url: String) {
        self.rows = rows
        editor = LineEditor(url)
    }

    mutating func type(_ key: Key) { _ = editor.update(.key(key)) }

    mutating func insert(_ text: String) { editor.insert(text) }

    /// What was written; nil for the listener itself.
    var url: String? {
        let text = editor.text.filter { !$0.isWhitespace }
        return text.isEmpty ? nil : text
    }

    /// What is wrong with it, in a sentence.
    static func fault(of url: String?) -> String? {
        guard let url, !["http://", "https://"].contains(where: url.lowercased().hasPrefix) else { return nil }
        return "Where to is a URL, such as http://127.0.0.1:9000/; nothing stands for this listener itself."
    }

    /// Draws the line and what is to be said of it, and returns where the cursor is.
    func draw(on surface: inout Surface) -> Point? {
        let cursor = PromptLine.draw("replay to", editor, Style(.plain), on: &surface)
        let line: SafeText = " \(rows.deliveryWords), as received. Empty: to this listener itself."
        surface.put(
            line.clipped(to: surface.size.columns), at: Point(column: 0, row: 1), style: Style(.secondary))
        return cursor
    }
}

extension ActedRows {
    /// Whose deliveries they are, in words.
    var deliveryWords: String {
        switch self {
        case .current(let row): "delivery \(row.deliveryID)"
        case .chosen, .all: "the deliveries of \(words)"
        }
    }
}
