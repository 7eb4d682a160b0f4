import Export
import History
import SafeText
import Terminal

/// The line that asks where to send deliveries again. It begins empty, and ↑ brings back earlier targets.
struct ReplayPrompt {
    private(set) var editor = LineEditor("")
    let rows: ActedRows
    private var past: PastTexts

    /// Creates the prompt.
    ///
    /// - Parameter targets: URLs of earlier replays, the newest first.
    init(_ rows: ActedRows, targets: [String]) {
        self.rows = rows
        past = PastTexts(targets)
    }

    mutating func type(_ key: Key) {
        let before = editor.text
        _ = editor.update(.key(key))
        if editor.text != before { past.leave() }
    }

    mutating func insert(_ text: String) {
        editor.insert(text)
        past.leave()
    }

    /// Puts an earlier target into the line, or a later one.
    mutating func recall(older isOlder: Bool) {
        if let text = past.step(older: isOlder, from: editor.text) { editor = LineEditor(text) }
    }

    /// The URL in the line; nil, for this listener, where the line is empty.
    var url: String? {
        let text = editor.text.filter { !$0.isWhitespace }
        return text.isEmpty ? nil : text
    }

    /// Returns what is wrong with a target, in a sentence; nil if nothing is.
    static func fault(of url: String?) -> String? {
        guard let url, !["http://", "https://"].contains(where: url.lowercased().hasPrefix) else { return nil }
        return "Write a URL, such as http://127.0.0.1:9000/, or nothing for this listener."
    }

    /// The rows it needs on the screen.
    var height: Int { past.texts.isEmpty ? 2 : 3 }

    /// Draws the line with its explanation below, and returns where the cursor is.
    func draw(_ bindings: Bindings, on surface: inout Surface) -> Point? {
        let cursor = PromptLine.draw("replay to", editor, Style(.plain), on: &surface)
        var lines: [SafeText] = [" Sends \(rows.deliveryWords) again, as received. Empty: to this listener."]
        if !past.texts.isEmpty {
            let targets = past.texts.prefix(3).map { Masking.masked.target($0) }.joined(separator: "  ")
            lines.append(SafeText(" \(bindings.name(of: .olderTarget)) \(targets)"))
        }
        for (index, line) in lines.enumerated() {
            surface.put(
                line.clipped(to: surface.size.columns), at: Point(column: 0, row: 1 + index), style: Style(.secondary))
        }
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
