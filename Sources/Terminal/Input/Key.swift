/// A key as pressed.
public enum Key: Sendable, Hashable {
    /// A character; where several scalars make one, each comes alone.
    case character(Character)
    /// Control and a letter, in lower case. Ctrl-H, Ctrl-I, Ctrl-J and Ctrl-M are backspace, tab and enter.
    case control(Character)
    /// Keys with a name.
    case enter, escape, tab, backTab, backspace, delete
    /// Keys that move.
    case up, down, left, right, home, end, pageUp, pageDown
    /// F1 and so on.
    case function(Int)
}

/// What a person did at the terminal.
public enum Input: Sendable, Hashable {
    /// A key was pressed.
    case key(Key)
    /// A bracketed paste: its bytes, with CR turned into LF. Never to be taken for keys.
    case paste([UInt8])
    /// A bracketed paste of more than a mebibyte, which was dropped: half of a text is not the text.
    case overlongPaste
    /// Something was done with the mouse, where the screen was asked to tell of it.
    case mouse(MouseEvent)
    /// The terminal has another size now.
    case resized(Size)
}
