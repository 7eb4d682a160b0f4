internal import Base

/// A text field of one line.
///
/// It does not handle a paste: the owner decides how to treat its newlines and spaces, and then inserts it.
public struct LineEditor: Sendable, Hashable {
    /// Whether each character shows as `•`.
    public var isMasked: Bool
    private var characters: [Character] = []
    /// The number of characters before the cursor.
    public private(set) var cursor = 0

    /// Creates a field with a text in it, and the cursor after the text or before another part of it.
    public init(_ text: String = "", before rest: String = "", isMasked: Bool = false) {
        self.isMasked = isMasked
        characters = Array(rest)
        insert(text)
    }

    /// The text of the field, as it was typed.
    public var text: String { String(characters) }

    /// Whether nothing is in it.
    public var isEmpty: Bool { characters.isEmpty }

    /// Types a key. Returns whether the key has a meaning in a text field.
    public mutating func update(_ input: Input) -> Bool {
        guard case .key(let key) = input else { return false }
        switch key {
        case .character(let character): insert(String(character))
        case .backspace: delete(max(0, cursor - 1)..<cursor)
        case .delete: delete(cursor..<min(cursor + 1, characters.count))
        case .left: cursor = max(0, cursor - 1)
        case .right: cursor = min(cursor + 1, characters.count)
        case .home, .control("a"): cursor = 0
        case .end, .control("e"): cursor = characters.count
        case .control("u"): delete(0..<cursor)
        case .control("k"): delete(cursor..<characters.count)
        case .control("w"): delete(startOfWord..<cursor)
        default: return false
        }
        return true
    }

    /// Inserts a text at the cursor.
    public mutating func insert(_ text: String) {
        // The characters are made again from scalars: a combining mark joins the character that it was typed after.
        let before = Array(String(characters[..<cursor]) + text)
        characters = before + characters[cursor...]
        cursor = before.count
    }

    /// Empties the field.
    public mutating func clear() {
        delete(0..<characters.count)
    }

    /// Draws the field over a whole row of the surface, scrolled so that the cursor is visible, and returns the
    /// cursor's place.
    public func draw(on surface: inout Surface, row: Int = 0, style: Style = .plain) -> Point {
        let columns = surface.size.columns
        surface.fill(Rect(column: 0, row: row, columns: columns, rows: 1), style: style)
        let before = shown(characters[..<cursor])
        // The cursor needs its own column, even after the last character.
        let hidden = max(0, before.width - (columns - 1))
        surface.put(before + shown(characters[cursor...]), at: Point(column: -hidden, row: row), style: style)
        if hidden > 0 { surface.put("…", at: Point(column: 0, row: row), style: style) }
        return Point(column: before.width - hidden, row: row)
    }

    private func shown(_ part: ArraySlice<Character>) -> SafeText {
        isMasked ? SafeText(String(repeating: "•", count: part.count)) : SafeText(String(part))
    }

    private var startOfWord: Int {
        let spaces = characters[..<cursor].reversed().prefix(while: \.isWhitespace).count
        let word = characters[..<(cursor - spaces)].reversed().prefix { !$0.isWhitespace }.count
        return cursor - spaces - word
    }

    private mutating func delete(_ range: Range<Int>) {
        characters.removeSubrange(range)
        cursor = range.lowerBound
    }
}

/// A masked text is a secret, also when it is printed for debugging.
extension LineEditor: CustomStringConvertible, CustomReflectable {
    /// The text, or how long it is.
    public var description: String {
        isMasked ? "\(characters.count) characters, masked" : text
    }

    /// The same.
    public var customMirror: Mirror {
        Mirror(self, children: ["text": description])
    }
}
