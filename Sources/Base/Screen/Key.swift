/// A key as pressed.
public enum Key: Sendable, Hashable {
    /// A character; one of several scalars arrives as several keys.
    case character(Character)
    /// Control and a letter, in lower case. Ctrl-H, Ctrl-I, Ctrl-J and Ctrl-M are backspace, tab and enter.
    case control(Character)
    /// Keys with a name.
    case enter, escape, tab, backTab, backspace, delete
    /// Keys that move.
    case up, down, left, right, home, end, pageUp, pageDown
    /// F1 and so on.
    case function(Int)

    // MARK: - Names

    /// The key's name, as help and footer show it and as `Key(name:)` reads it: `a`, `Space`, `Ctrl-D`, `F5`, `Up`.
    ///
    /// Words for the arrows, because every ASCII substitute of an arrow is a key itself.
    public var name: String {
        switch self {
        case .character(" "): "Space"
        case .character(let character): String(character)
        case .control(let letter): "Ctrl-\(letter.uppercased())"
        case .enter: "Enter"
        case .escape: "Esc"
        case .tab: "Tab"
        case .backTab: "Shift-Tab"
        case .backspace: "Backspace"
        case .delete: "Delete"
        case .up: "Up"
        case .down: "Down"
        case .left: "Left"
        case .right: "Right"
        case .home: "Home"
        case .end: "End"
        case .pageUp: "PgUp"
        case .pageDown: "PgDn"
        case .function(let number): "F\(number)"
        }
    }

    /// Creates the key of a name: one character, whose case matters, or a word, whose case does not: `space`, `enter`,
    /// `esc`, `tab`, `shift-tab`, `backspace`, `delete`, `up`, `down`, `left`, `right`, `home`, `end`, `pgup`, `pgdn`,
    /// `ctrl-a` to `ctrl-z`, `f1` to `f12`. Names as `name` gives them are read too.
    ///
    /// Nil for other names, and for `ctrl-h`, `ctrl-i`, `ctrl-j` and `ctrl-m`, which terminals send for other keys.
    public init?(name: String) {
        let word = name.lowercased()
        if let key = Self.words[word] {
            self = key
        } else if name.unicodeScalars.count == 1, let scalar = name.unicodeScalars.first {
            guard scalar.value > 0x20, !scalar.properties.isWhitespace, scalar.properties.generalCategory != .control
            else { return nil }
            self = .character(Character(scalar))
        } else if let rest = word.dropping("ctrl-") ?? word.dropping("c-") ?? word.dropping("^"), rest.count == 1 {
            guard let letter = rest.first, ("a"..."z").contains(letter), !"hijm".contains(letter) else { return nil }
            self = .control(letter)
        } else if let rest = word.dropping("f"), let number = (1...12).first(where: { String($0) == rest }) {
            self = .function(number)
        } else {
            return nil
        }
    }

    /// The names that `Key(name:)` reads, as a sentence for error messages.
    public static let nameForms =
        "one character, or space, enter, esc, tab, shift-tab, backspace, delete, up, down, left, right, home, end, pgup,"
        + " pgdn, f1 to f12, or ctrl- with a letter (not h, i, j, m: terminals send them for other keys)"

    private static let words: [String: Key] = [
        "space": .character(" "), "enter": .enter, "return": .enter, "esc": .escape, "escape": .escape, "tab": .tab,
        "shift-tab": .backTab, "backtab": .backTab, "backspace": .backspace, "delete": .delete, "del": .delete,
        "up": .up, "↑": .up, "down": .down, "↓": .down, "left": .left, "←": .left, "right": .right, "→": .right,
        "home": .home, "end": .end, "pgup": .pageUp, "pageup": .pageUp, "page-up": .pageUp, "pgdn": .pageDown,
        "pgdown": .pageDown, "pagedown": .pageDown, "page-down": .pageDown,
    ]
}

extension String {
    /// Returns the rest after a beginning; nil without that beginning.
    fileprivate func dropping(_ beginning: String) -> Substring? {
        hasPrefix(beginning) ? dropFirst(beginning.count) : nil
    }
}
