/// A unit that must not be divided: a character with its marks, or a written-out escape.
package struct Unit {
    /// Its part of the text.
    package let text: Substring
    /// The columns it fills, at least 1.
    package let width: Int
}

/// The units of a safe text, one after the other.
///
/// They are found in the text alone: a text that reads like an escape counts as one, although it may have been a
/// backslash and a letter in the original. Not dividing these two does no harm.
package struct Units: Sequence, IteratorProtocol {
    private var rest: Substring
    private let keepsEscapes: Bool

    /// - Parameter keepsEscapes: if not, an escape counts as the single characters it is written with.
    package init(_ text: Substring, keepsEscapes: Bool) {
        self.rest = text
        self.keepsEscapes = keepsEscapes
    }

    package mutating func next() -> Unit? {
        if let plain = nextPlain() { return plain }
        let scalars = rest.unicodeScalars
        guard let first = scalars.first else { return nil }
        var end = scalars.index(after: scalars.startIndex)
        var width = first.columns

        if keepsEscapes, first == "\\", let length = Self.escapeLength(after: scalars[end...]) {
            end = scalars.index(end, offsetBy: length)
            width += length
        }
        while end < scalars.endIndex, scalars[end].isMark { end = scalars.index(after: end) }

        let unit = Unit(text: rest[..<end], width: width)
        rest = rest[end...]
        return unit
    }

    /// Returns the next unit in the most frequent case: an ASCII character before another one.
    private mutating func nextPlain() -> Unit? {
        let bytes = rest.utf8
        guard let first = bytes.first, first < 0x80, !keepsEscapes || first != UInt8(ascii: "\\") else { return nil }
        let end = bytes.index(after: bytes.startIndex)
        guard end == bytes.endIndex || bytes[end] < 0x80 else { return nil }
        let unit = Unit(text: rest[..<end], width: 1)
        rest = rest[end...]
        return unit
    }

    /// Returns the length of the rest of an escape after its backslash: `n`, `x1b`, `u{202e}`.
    private static func escapeLength(after text: Substring.UnicodeScalarView) -> Int? {
        switch text.first {
        case "n", "r", "t":
            return 1
        case "x":
            let digits = text.dropFirst().prefix(2)
            return digits.count == 2 && digits.allSatisfy(\.isHexDigit) ? 3 : nil
        case "u":
            guard text.dropFirst().first == "{" else { return nil }
            let digits = text.dropFirst(2).prefix(6).prefix(while: \.isHexDigit)
            return !digits.isEmpty && text[digits.endIndex...].first == "}" ? digits.count + 3 : nil
        default:
            return nil
        }
    }
}

extension SafeText {
    /// The units that clipping and wrapping keep whole.
    package var units: Units { Units(string[...], keepsEscapes: true) }

    /// The characters with their marks, each of which a terminal keeps in one cell, or in two when it is wide.
    package var characters: Units { Units(string[...], keepsEscapes: false) }

    /// Whether each byte is a character of one column. No other character has as many columns as bytes.
    package var isASCII: Bool { string.utf8.count == width }
}

extension Unicode.Scalar {
    fileprivate var columns: Int {
        if isASCII { return 1 }
        return if case .columns(let columns) = Showing(self) { columns } else { 0 }
    }

    fileprivate var isMark: Bool { !isASCII && Showing(self) == .mark }
}

extension Unicode.Scalar {
    fileprivate var isHexDigit: Bool {
        switch self {
        case "0"..."9", "a"..."f": true
        default: false
        }
    }
}

// MARK: - Clipping

extension SafeText {
    private static let ellipsis = SafeText(escaped: "…", width: 1)

    /// Returns the text in at most this number of columns: a longer text is cut at its end, and `…` marks the cut.
    public func clipped(to columns: Int) -> SafeText {
        guard width > columns else { return self }
        guard columns > 0 else { return .empty }
        return head(of: columns - 1) + Self.ellipsis
    }

    /// Returns the text in at most this number of columns: a longer text is cut in its middle, and `…` marks the cut.
    ///
    /// Each side gets half of the room; the ending gets more if a file's extension needs it.
    public func clippedInMiddle(to columns: Int) -> SafeText {
        guard width > columns else { return self }
        guard columns > 0 else { return .empty }
        let room = columns - 1
        var ending = tail(of: (room + 1) / 2)
        let longest = tail(of: room - 1)
        if let dot = longest.string.lastIndex(of: "."), !ending.string.contains(".") {
            let suffix = longest.string[dot...]
            if !suffix.contains("/") { ending = Self.measured(suffix) }
        }
        return head(of: room - ending.width) + Self.ellipsis + ending
    }

    /// Returns as many whole units from the beginning as fit.
    private func head(of columns: Int) -> SafeText {
        var end = string.startIndex
        var used = 0
        for unit in units {
            guard used + unit.width <= columns else { break }
            end = unit.text.endIndex
            used += unit.width
        }
        return SafeText(escaped: String(string[..<end]), width: used)
    }

    /// Returns as many whole units from the end as fit.
    ///
    /// Reads no more of the text than necessary, so that a name of a megabyte costs no more than a short one.
    private func tail(of columns: Int) -> SafeText {
        guard columns > 0 else { return .empty }
        let nearby = nearEnd(columns: columns)
        var start = string.endIndex
        var used = 0
        for unit in nearby.reversed() {
            guard used + unit.width <= columns else { break }
            start = unit.text.startIndex
            used += unit.width
        }
        return SafeText(escaped: String(string[start...]), width: used)
    }

    private func nearEnd(columns: Int) -> [Unit] {
        // A column takes at most 16 bytes (a character and three marks). The rest is for an escape cut in two by
        // where we begin: it reads as single characters, all of them before the part that is kept.
        let bytes = columns * 16 + 32
        guard string.utf8.count > bytes else { return Array(units) }
        let start = string.utf8.index(string.endIndex, offsetBy: -bytes)
        let whole = string.unicodeScalars.index(after: start)
        return Array(Units(string[whole...], keepsEscapes: true))
    }

    private static func measured(_ part: Substring) -> SafeText {
        let width = Units(part, keepsEscapes: true).reduce(0) { $0 + $1.width }
        return SafeText(escaped: String(part), width: width)
    }
}

// MARK: - Wrapping

extension SafeText {
    /// Returns the text in lines of at most this number of columns, broken where a line is full; an empty text is one
    /// empty line.
    ///
    /// Characters and escapes stay whole. Only if a line has no room for one of them, an escape is broken and a wide
    /// character becomes `…`.
    public func wrapped(to columns: Int) -> [SafeText] {
        wrapped(to: columns, first: columns)
    }

    /// Returns the text in lines, with this number of free columns in the first one, which may stay empty.
    package func wrapped(to columns: Int, first room: Int) -> [SafeText] {
        guard width > room else { return [self] }
        var lines = Lines(of: string, columns: max(1, columns), first: room)
        for unit in units {
            if unit.width <= lines.columns {
                lines.append(unit)
            } else {
                for part in Units(unit.text, keepsEscapes: false) {
                    if part.width <= lines.columns { lines.append(part) } else { lines.replace(part) }
                }
            }
        }
        return lines.finished()
    }
}

/// Lines that are being filled, each a piece of the text.
private struct Lines {
    let columns: Int
    private let text: String
    private var room: Int
    private var piece: Range<String.Index>
    private var used = 0
    private var full: [SafeText] = []

    init(of text: String, columns: Int, first room: Int) {
        self.text = text
        self.columns = columns
        self.room = room
        piece = text.startIndex..<text.startIndex
    }

    mutating func append(_ unit: Unit) {
        if used + unit.width > room { endLine() }
        piece = piece.lowerBound..<unit.text.endIndex
        used += unit.width
    }

    /// Shows a mark in place of a unit that no line has room for: a wide character in a single column.
    mutating func replace(_ unit: Unit) {
        if used + 1 > room { endLine() }
        full.append("…")
        room = columns
        piece = unit.text.endIndex..<unit.text.endIndex
    }

    mutating func finished() -> [SafeText] {
        if used > 0 { endLine() }
        return full
    }

    private mutating func endLine() {
        full.append(SafeText(escaped: String(text[piece]), width: used))
        room = columns
        piece = piece.upperBound..<piece.upperBound
        used = 0
    }
}

// MARK: - Padding

extension SafeText {
    /// Returns the text with spaces after it, to fill this number of columns. A longer one stays unchanged.
    public func padded(to columns: Int) -> SafeText {
        self + .spaces(columns - width)
    }

    /// Returns the text with spaces before it, to fill this number of columns, as for numbers. A longer one stays
    /// unchanged.
    public func leftPadded(to columns: Int) -> SafeText {
        .spaces(columns - width) + self
    }
}

// MARK: - ASCII

/// Output for a locale that is not UTF-8.
extension SafeText {
    /// Returns the ASCII character that may replace another, or itself; each fills one column.
    public static func asciiStandIn(for scalar: Unicode.Scalar) -> Unicode.Scalar? {
        scalar.isASCII ? scalar : standIns[scalar]
    }

    /// `v`, `!` and `?` are verdicts, so the tick and other symbols use other characters. `<` and `>` are keys that the
    /// footer shows, so no symbol becomes one of them: text that is cut at either edge ends in `~`.
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
