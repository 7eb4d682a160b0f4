import Export
import SafeText
import Terminal

/// The line in which a file to write is named.
struct ExportPrompt {
    private(set) var editor: LineEditor
    private var index = 0
    let rows: ExportRequest.Rows
    /// How many they are, in words.
    let words: String

    init(_ rows: ExportRequest.Rows, _ words: String, day: String) {
        (self.rows, self.words) = (rows, words)
        editor = LineEditor("b2watch-\(day).\(ExportFormat.all[0].name)")
    }

    var format: ExportFormat { ExportFormat.all[index] }

    mutating func type(_ key: Key) { _ = editor.update(.key(key)) }

    mutating func insert(_ text: String) { editor.insert(text) }

    /// Takes another format, and the file's ending with it where it was that of the format before.
    mutating func changeFormat(by distance: Int) {
        let before = ".\(format.name)"
        index = (index + distance + ExportFormat.all.count) % ExportFormat.all.count
        guard editor.text.hasSuffix(before) else { return }
        editor = LineEditor(editor.text.dropLast(before.count) + ".\(format.name)")
    }

    /// Draws the line and what is to be said of it, and returns where the cursor is.
    func draw(on surface: inout Surface) -> Point? {
        let cursor = PromptLine.draw("export to", editor, Style(.plain), on: &surface)
        var line = StyledLine(" \(words), in the order of arrival, as ", Style(.secondary))
        for candidate in ExportFormat.all {
            let isChosen = candidate.name == format.name
            line.append(
                isChosen ? "[\(candidate.name)]" : " \(candidate.name) ",
                isChosen ? Style(.accent, bold: true) : Style(.secondary))
        }
        surface.put(line.clipped(to: surface.size.columns), at: Point(column: 0, row: 1))
        return cursor
    }
}
