import Base
internal import CNcurses

/// The attributes with which ncurses draws a style.
struct Pen {
    var attributes: attr_t
    var pair: Int16
}

/// The pens of one screen: a colour pair for each colour that the theme uses, and the attributes the terminal has.
struct Pens {
    private let theme: Theme
    private let palette: Palette
    private let hasDim: Bool
    private var pairs: [Int32: Int16] = [:]
    private var made: [Style: Pen] = [:]

    /// Starts the colours of the screen that ncurses has just made.
    init(theme: Theme, isMonochrome: Bool) {
        self.theme = theme
        self.hasDim = curses_string("dim") != nil
        // On a terminal without colours, ncurses crashes when it is asked for a pair.
        guard !isMonochrome, theme.kind != .monochrome, has_colors(), start_color() == OK else {
            palette = .monochrome
            return
        }
        palette = Palette(colours: Int(curses_colours()))
        use_default_colors()
    }

    /// Returns the pen for a style.
    mutating func pen(for style: Style) -> Pen {
        if let pen = made[style] { return pen }
        var look = theme.look(of: style.role, in: palette)
        if look.isDim, !hasDim { look = theme.substituteForDim(look, in: palette) }

        var attributes: attr_t = 0
        if look.isBold || style.isBold { attributes |= curses_bold() }
        if look.isUnderlined || style.isUnderlined { attributes |= curses_underline() }
        if look.isDim { attributes |= curses_dim() }
        if style.isReversed { attributes |= curses_reverse() }
        let pen = Pen(attributes: attributes, pair: look.colour?.code(in: palette).map { pair(for: $0) } ?? 0)
        made[style] = pen
        return pen
    }

    private mutating func pair(for colour: Int32) -> Int16 {
        if let pair = pairs[colour] { return pair }
        let pair = Int16(pairs.count + 1)
        init_extended_pair(Int32(pair), colour, -1)
        pairs[colour] = pair
        return pair
    }
}
