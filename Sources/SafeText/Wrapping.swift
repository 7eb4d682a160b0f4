extension SafeText {
    /// The text in lines of at most that many columns, broken where a line is full; an empty text is one empty line.
    ///
    /// Characters and escapes stay whole. Only where a line has no room for one of them, an escape is broken and a
    /// wide character becomes `…`.
    public func wrapped(to columns: Int) -> [SafeText] {
        wrapped(to: columns, first: columns)
    }

    /// The same, where something else has left only so many columns of the first line; it may have to stay empty.
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

    /// Shows that something is there for which no line has room: a wide character, where there is one column.
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
