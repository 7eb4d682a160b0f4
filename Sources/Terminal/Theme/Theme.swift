/// How each role looks, on each kind of terminal. The background is always the terminal's own.
public struct Theme: Sendable, Hashable {
    /// What the terminal's background is taken to be.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Unknown: the colours are of middling brightness, about as far from white as from black.
        case auto
        /// Dark.
        case dark
        /// Light.
        case light
        /// Whatever it is, no colours are wanted.
        case monochrome
    }

    /// Which theme it is.
    public var kind: Kind
    /// Looks that the user wants instead of the theme's.
    public var changes: [Role: Look]

    /// A theme, with changes.
    public init(_ kind: Kind = .auto, changes: [Role: Look] = [:]) {
        self.kind = kind
        self.changes = changes
    }

    /// How a role looks; its colour is one that the palette has.
    func look(of role: Role, in palette: Palette) -> Look {
        if let change = changes[role], palette != .monochrome || change.colour == nil || change.isSeenWithoutColour {
            return change
        }
        switch palette {
        case .monochrome: return Self.withoutColours(role)
        case .eight, .sixteen: return withNamedColours(role, isBright: palette == .sixteen)
        case .many, .direct: return withManyColours(role)
        }
    }

    /// What is dim looks so where the terminal has no dim.
    func substituteForDim(_ look: Look, in palette: Palette) -> Look {
        var look = look
        look.isDim = false
        guard look.colour == nil else { return look }
        switch palette {
        case .monochrome, .eight: break
        case .sixteen: look.colour = Colour(8)
        case .many, .direct: look.colour = Colour(244)
        }
        return look
    }

    private static func withoutColours(_ role: Role) -> Look {
        switch role {
        // Brackets, glyphs and words say what colours say elsewhere. Lines below every key would be a restless footer.
        case .plain, .good, .notice: Look()
        case .heading, .accent, .bad, .warning: Look(bold: true)
        case .secondary: Look(dim: true)
        }
    }

    /// What the terminal shows these as is its user's choice, made for its background; so only what is hard to read
    /// with the usual choices is avoided: dark blue on black, yellow and cyan on white. Bold, blue is bright nearly everywhere
    /// that has so few colours.
    private func withNamedColours(_ role: Role, isBright: Bool) -> Look {
        let bright: UInt8 = kind == .dark && isBright ? 8 : 0
        return switch role {
        case .plain: Look()
        case .heading: Look(bold: true)
        case .secondary: Look(dim: true)
        case .accent where kind == .auto: isBright ? Look(12) : Look(Colour(4), bold: true)
        case .accent: kind == .light ? Look(4) : Look(6 + bright)
        case .good: Look(2 + bright)
        case .bad: Look(1 + bright)
        case .warning: kind == .dark ? Look(3 + bright) : Look(Colour(5), bold: true)
        case .notice: Look(5 + bright)
        }
    }

    private func withManyColours(_ role: Role) -> Look {
        switch (role, kind) {
        case (.plain, _): Look()
        case (.heading, _): Look(bold: true)
        case (.secondary, .dark): Look(247)
        case (.secondary, .light): Look(241)
        case (.secondary, _): Look(dim: true)
        case (.accent, .dark): Look(75)
        case (.accent, .light): Look(25)
        case (.accent, _): Look(32)
        case (.good, .dark): Look(114)
        case (.good, .light): Look(22)
        case (.good, _): Look(28)
        case (.bad, .dark): Look(210)
        case (.bad, .light): Look(124)
        case (.bad, _): Look(167)
        case (.warning, .dark): Look(221)
        case (.warning, .light): Look(94)
        case (.warning, _): Look(136)
        case (.notice, .dark): Look(177)
        case (.notice, .light): Look(91)
        case (.notice, _): Look(98)
        }
    }
}
