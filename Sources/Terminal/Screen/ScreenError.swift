public import SafeText

/// Why there can be no screen.
public enum ScreenError: Error, Hashable, CustomStringConvertible {
    /// Standard input or output is a file or a pipe.
    case notATerminal
    /// `TERM` is not set, or names a terminal that the system does not know.
    case unknownTerminal(SafeText)
    /// The terminal can only print line by line, as `TERM=dumb` says.
    case cannotAddressCursor(SafeText)
    /// ncurses could not start for a reason that it does not tell.
    case failed

    /// What is wrong, and what to do about it.
    public var description: String {
        switch self {
        case .notATerminal:
            "standard input and output must be a terminal to show the screen; `b2watch listen` and --plain need none"
        case .unknownTerminal(let name) where name.isEmpty:
            "TERM is not set, so the terminal cannot be told how to draw; set it, for example TERM=xterm-256color"
        case .unknownTerminal(let name):
            """
            the terminal \"\(name)\" (from TERM) is not known to this system; set TERM to one that is, for example \
            TERM=xterm-256color, or install ncurses-term
            """
        case .cannotAddressCursor(let name):
            "the terminal \"\(name)\" (from TERM) can only print lines; --plain does so, and `b2watch listen`"
        case .failed:
            "the terminal could not be prepared for drawing; --plain needs no screen"
        }
    }
}
