/// How each role looks, on each kind of terminal.
///
/// The background is always the terminal's own, light or dark; so the colours are of middling brightness, about as far
/// from white as from black.
struct Theme: Sendable {
    /// The colours a terminal has.
    enum Palette: Sendable, Hashable, CaseIterable {
        case monochrome, eight, sixteen, many

        init(colours: Int) {
            switch colours {
            case ..<8: self = .monochrome
            case ..<16: self = .eight
            case ..<256: self = .sixteen
            default: self = .many
            }
        }
    }

    /// How something looks.
    struct Look: Sendable, Hashable {
        /// A colour of the palette, or the terminal's own.
        var colour: Int32?
        var isBold = false
        var isDim = false
        var isUnderlined = false
    }

    func look(of role: Role, in palette: Palette) -> Look {
        switch role {
        case .plain: Look()
        case .heading: Look(isBold: true)
        case .secondary: Look(isDim: true)
        case .accent: palette == .monochrome ? Look(isBold: true, isUnderlined: true) : Look(colour: palette.accent)
        case .good: Look(colour: palette.good)
        case .bad: palette == .monochrome ? Look(isBold: true) : Look(colour: palette.bad)
        case .warning: palette == .monochrome ? Look(isBold: true) : Look(colour: palette.warning)
        case .notice: palette == .monochrome ? Look(isUnderlined: true) : Look(colour: palette.notice)
        }
    }

    /// What is secondary looks so where the terminal has no dim.
    func substituteForDim(in palette: Palette) -> Look {
        switch palette {
        case .monochrome, .eight: Look()
        case .sixteen: Look(colour: 8)
        case .many: Look(colour: 244)
        }
    }
}

extension Theme.Palette {
    fileprivate var accent: Int32? { choose(basic: 6, many: 32) }
    fileprivate var good: Int32? { choose(basic: 2, many: 28) }
    fileprivate var bad: Int32? { choose(basic: 1, many: 167) }
    fileprivate var warning: Int32? { choose(basic: 3, many: 136) }
    fileprivate var notice: Int32? { choose(basic: 5, many: 98) }

    private func choose(basic: Int32, many: Int32) -> Int32? {
        switch self {
        case .monochrome: nil
        case .eight, .sixteen: basic
        case .many: many
        }
    }
}
