internal import CNcurses
internal import Glibc
internal import SafeText

/// What terminfo tells of a terminal, beyond what ncurses uses by itself.
struct TerminalDescription {
    /// What turns bracketed paste on, and off.
    let pasteOn: String
    let pasteOff: String
    /// What turns reports of the mouse on, in the form of SGR where the terminal knows it, and off.
    let mouseOn: String
    let mouseOff: String
    /// What puts the number pad and the cursor keys into the mode that the key sequences are listed for.
    let keypadOn: String
    /// What undoes all that ncurses and we have changed.
    let restore: String
    let keys: KeySequences

    /// Looks a terminal up, before ncurses starts: it would end the process over some that it cannot use.
    static func check(_ name: String, on output: Int32) throws(ScreenError) {
        var status: Int32 = 0
        guard !name.isEmpty, setupterm(name, output, &status) == OK else {
            throw .unknownTerminal(SafeText(name))
        }
        let canAddressCursor = curses_string("cup") != nil
        del_curterm(curses_terminal())
        guard canAddressCursor else { throw .cannotAddressCursor(SafeText(name)) }
    }

    /// Describes the terminal of the screen that ncurses has just made.
    init() {
        let speaksANSI = Self.string("cup").hasPrefix("\u{1b}[")
        pasteOn = speaksANSI ? "\u{1b}[?2004h" : ""
        pasteOff = speaksANSI ? "\u{1b}[?2004l" : ""
        keypadOn = Self.string("smkx")
        // Presses, releases and the wheel; nothing here follows a movement.
        mouseOn = speaksANSI ? "\u{1b}[?1000h\u{1b}[?1006h" : ""
        mouseOff = speaksANSI ? "\u{1b}[?1006l\u{1b}[?1002l\u{1b}[?1000l" : ""
        restore =
            mouseOff + pasteOff + Self.string("rmkx") + Self.string("sgr0") + Self.string("op")
            + Self.string("cnorm") + Self.string("rmcup") + "\r"
        keys = Self.keySequences()
    }

    private static func keySequences() -> KeySequences {
        let capabilities: [(String, Key)] = [
            ("kcuu1", .up), ("kcud1", .down), ("kcub1", .left), ("kcuf1", .right), ("khome", .home), ("kend", .end),
            ("kpp", .pageUp), ("knp", .pageDown), ("kdch1", .delete), ("kcbt", .backTab), ("kent", .enter),
        ]
        var keys = KeySequences.common
        for (capability, key) in capabilities + (1...12).map({ ("kf\($0)", .function($0)) }) {
            let sequence = string(capability)
            if sequence.hasPrefix("\u{1b}"), sequence.utf8.count > 1 { keys[sequence] = key }
        }
        return keys
    }

    /// A capability without the delays (`$<5>`) that terminals of old asked for.
    private static func string(_ capability: String) -> String {
        guard var text = curses_string(capability).map({ String(cString: $0) }) else { return "" }
        while let start = text.firstIndex(of: "$"), let end = text[start...].firstIndex(of: ">") {
            text.removeSubrange(start...end)
        }
        return text
    }
}
