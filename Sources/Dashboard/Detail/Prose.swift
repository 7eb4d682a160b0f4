import SafeText
import Terminal

/// Sentences, broken between words.
enum Prose {
    /// The lines of a text; a word longer than a line is broken.
    static func lines(_ text: String, columns: Int) -> [SafeText] {
        let columns = max(1, columns)
        var lines: [SafeText] = []
        var line = SafeText.empty
        for word in text.split(separator: " ").map({ SafeText(String($0)) }) {
            if !line.isEmpty, line.width + 1 + word.width <= columns {
                line += " " + word
                continue
            }
            if !line.isEmpty { lines.append(line) }
            let parts = word.wrapped(to: columns)
            lines += parts.dropLast()
            line = parts.last ?? .empty
        }
        return line.isEmpty && !lines.isEmpty ? lines : lines + [line]
    }

    /// The same in one style.
    static func lines(_ text: String, columns: Int, style: Style) -> [StyledLine] {
        lines(text, columns: columns).map { StyledLine($0, style) }
    }

    /// Returns the first lines, at least one, with dots where more follow.
    static func shortened(_ lines: [StyledLine], to most: Int, columns: Int, style: Style) -> [StyledLine] {
        var shown = Array(lines.prefix(max(1, most)))
        guard shown.count < lines.count, let last = shown.popLast() else { return lines }
        return shown + [(last + StyledLine(" …", style)).clipped(to: columns)]
    }
}

/// Values with their names before them, in two columns.
struct FieldList {
    let columns: Int
    private(set) var lines: [StyledLine] = []

    init(columns: Int) {
        self.columns = columns
    }

    private var nameColumns: Int { columns < 50 ? 12 : 16 }

    /// Adds a value; what is too long for one line goes on below itself.
    mutating func add(_ name: SafeText, _ value: StyledLine) {
        let room = max(8, columns - nameColumns)
        for (index, part) in value.wrapped(to: room).enumerated() {
            let name = index == 0 ? name.clipped(to: nameColumns - 1) : .empty
            lines.append(StyledLine(name.padded(to: nameColumns), Style(.secondary)) + part)
        }
    }

    /// Adds a sentence, broken between its words.
    mutating func add(_ name: SafeText, prose: String) {
        for (index, part) in Prose.lines(prose, columns: max(8, columns - nameColumns)).enumerated() {
            let name = index == 0 ? name.clipped(to: nameColumns - 1) : .empty
            lines.append(StyledLine(name.padded(to: nameColumns), Style(.secondary)) + StyledLine(part))
        }
    }

    /// Adds a value and what is to be said beside it: on the same line where there is room, else whole on the next.
    mutating func add(_ name: SafeText, _ value: StyledLine, note: SafeText) {
        let note = StyledLine(note, Style(.secondary))
        if nameColumns + value.width + 2 + note.width <= columns {
            add(name, value + StyledLine("  ") + note)
        } else {
            add(name, value)
            add("", note)
        }
    }

    mutating func add(_ name: SafeText, _ value: SafeText, _ style: Style = .plain) {
        add(name, StyledLine(value, style))
    }

    /// Adds a heading, with an empty line before it.
    mutating func head(_ title: SafeText) {
        if !lines.isEmpty { lines.append(StyledLine()) }
        lines.append(StyledLine(title, Style(.heading)))
    }

    mutating func add(_ more: [StyledLine]) {
        lines += more
    }
}
