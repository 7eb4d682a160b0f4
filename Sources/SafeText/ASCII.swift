/// Output for a locale that is not UTF-8.
extension SafeText {
    /// The text in ASCII: the symbols we draw with become stand-ins, any other character `\u{e9}`.
    ///
    /// For lines, where a longer text is no harm. A screen has cells to fill, and puts `?` there instead.
    public func inASCII() -> String {
        if isASCII { return string }
        var ascii = ""
        for scalar in string.unicodeScalars {
            if let standIn = Self.asciiStandIn(for: scalar) {
                ascii.unicodeScalars.append(standIn)
            } else {
                ascii += "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
        return ascii
    }

    /// The ASCII character that may stand for another, and for itself; each fills one column.
    public static func asciiStandIn(for scalar: Unicode.Scalar) -> Unicode.Scalar? {
        scalar.isASCII ? scalar : standIns[scalar]
    }

    /// `v`, `!` and `?` are verdicts of their own, so the tick and the others keep clear of them. `<` and `>` are keys, which
    /// the footer shows, so no symbol becomes one of them: what is cut at either edge is `~`, as a text that is cut.
    private static let standIns: [Unicode.Scalar: Unicode.Scalar] = [
        "✓": "+", "✗": "x", "⊘": "/", "–": "-", "—": "-", "…": "~", "•": "*", "●": "o", "·": ".", "×": "x", "µ": "u",
        "○": ".",
        "←": "~", "→": "~", "↑": "^", "↓": "_", "◆": "@", "▲": "^", "▼": "-", "◀": "~", "▶": "~",
        "▸": "=", "◂": "^", "‹": "~", "›": "~",
        "─": "-", "━": "-", "│": "|", "┃": "|", "▌": "|", "▐": "|",
        "┌": "+", "┐": "+", "└": "+", "┘": "+", "├": "+", "┤": "+", "┬": "+", "┴": "+", "┼": "+",
        "▁": "_", "▂": ".", "▃": "-", "▄": "=", "▅": "+", "▆": "*", "▇": "#", "█": "#", "░": "?", "▒": ":", "▓": "%",
        "“": "\"", "”": "\"", "‘": "'", "’": "'", "\u{a0}": " ",
    ]
}
