import Base
import History
import Sending
import Terminal

/// The line for the target of a replay. It begins empty; ↑ brings back earlier targets.
struct ReplayPrompt: Prompt {
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

    var context: BindingContext { .replaying }

    mutating func type(_ key: Key, _ model: inout DashboardModel) -> Bool {
        let before = editor.text
        _ = editor.update(.key(key))
        if editor.text != before { past.leave() }
        return true
    }

    mutating func insert(_ text: String, _ model: inout DashboardModel) {
        editor.insert(text)
        past.leave()
    }

    /// Puts an earlier or a later target into the line.
    mutating func recall(older isOlder: Bool) {
        if let text = past.step(older: isOlder, from: editor.text) { editor = LineEditor(text) }
    }

    /// The URL in the line; nil, which means this listener, if the line is empty.
    var url: String? {
        let text = editor.text.filter { !$0.isWhitespace }
        return text.isEmpty ? nil : text
    }

    /// Returns a sentence about what is wrong with a target; nil if it is valid.
    static func fault(of url: String?) -> String? {
        guard let url, !["http://", "https://"].contains(where: url.lowercased().hasPrefix) else { return nil }
        return "Write a URL, such as http://127.0.0.1:9000/, or nothing for this listener."
    }

    func height(_ model: DashboardModel, columns: Int) -> Int { past.texts.isEmpty ? 2 : 3 }

    /// Draws the line with its explanation below, and returns the cursor's position.
    func draw(_ model: DashboardModel, on surface: inout Surface) -> Point? {
        let cursor = PromptLine.draw("replay to", editor, Style(.plain), on: &surface)
        var lines: [SafeText] = [" Sends \(rows.deliveryWords) again, as received. Empty: to this listener."]
        if !past.texts.isEmpty {
            let targets = past.texts.prefix(3).map { Masking.masked.target($0) }.joined(separator: "  ")
            lines.append(SafeText(" \(model.bindings.name(of: .olderTarget)) \(targets)"))
        }
        for (index, line) in lines.enumerated() {
            surface.put(
                line.clipped(to: surface.size.columns), at: Point(column: 0, row: 1 + index), style: Style(.secondary))
        }
        return cursor
    }
}
