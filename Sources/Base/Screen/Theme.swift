/// The look of each role, on each kind of terminal. The background is always the terminal's own.
public struct Theme: Sendable, Hashable {
    /// The assumed background of the terminal.
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

    /// The kind of theme.
    public var kind: Kind
    /// Looks that the user wants instead of the theme's.
    public var changes: [Role: Look]

    /// Creates a theme, with changes.
    public init(_ kind: Kind = .auto, changes: [Role: Look] = [:]) {
        self.kind = kind
        self.changes = changes
    }

    /// Returns the look of a role, with a colour of the palette.
    public func look(of role: Role, in palette: Palette) -> Look {
        if let change = changes[role], palette != .monochrome || change.colour == nil || change.isSeenWithoutColour {
            return change
        }
        switch palette {
        case .monochrome: return Self.withoutColours(role)
        case .eight, .sixteen: return withNamedColours(role, isBright: palette == .sixteen)
        case .many, .direct: return withManyColours(role)
        }
    }

    /// Returns a substitute for a dim look on a terminal that cannot show dim text.
    public func substituteForDim(_ look: Look, in palette: Palette) -> Look {
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
        // Brackets, glyphs and words express what colours express elsewhere. Lines under every key would make the
        // footer restless.
        case .plain, .good, .notice: Look()
        case .heading, .accent, .bad, .warning: Look(bold: true)
        case .secondary: Look(dim: true)
        }
    }

    /// Returns the look with one of the terminal's own colours. The user has chosen these to fit the background; so
    /// only colours that are hard to read with the usual choices are avoided: dark blue on black, yellow and cyan on
    /// white. Bold blue is bright on nearly all terminals with few colours.
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

// MARK: - Roles

/// The meaning of a piece of text; the theme decides its look.
public enum Role: String, Sendable, Hashable, CaseIterable {
    /// Ordinary text.
    case plain
    /// Less important text: units, hints, past times.
    case secondary
    /// The name of the program, of a column, of a pane.
    case heading
    /// The item with the focus.
    case accent
    /// All is well.
    case good
    /// Something is wrong.
    case bad
    /// Something wants attention.
    case warning
    /// Neither good nor bad, yet not ordinary: unverified, duplicate.
    case notice
}

// MARK: - Looks

/// The look of a text.
public struct Look: Sendable, Hashable {
    /// Its colour; nil for the terminal's own.
    public var colour: Colour?
    /// Heavier.
    public var isBold: Bool
    /// Fainter.
    public var isDim: Bool
    /// With a line below.
    public var isUnderlined: Bool

    /// Creates a look.
    public init(_ colour: Colour? = nil, bold: Bool = false, dim: Bool = false, underlined: Bool = false) {
        self.colour = colour
        self.isBold = bold
        self.isDim = dim
        self.isUnderlined = underlined
    }

    init(_ number: UInt8) {
        self.init(Colour(number))
    }

    /// Whether it differs from plain text without its colour.
    var isSeenWithoutColour: Bool { isBold || isDim || isUnderlined }
}

// MARK: - Colours

/// A colour of the 256 that terminals number: 16 with names, which a terminal may show as it likes, a cube of six steps
/// of red, green and blue, and 24 greys.
public struct Colour: Sendable, Hashable {
    /// Its number.
    public let number: UInt8

    /// Creates a colour by its number.
    public init(_ number: UInt8) {
        self.number = number
    }

    /// Creates the nearest colour of the cube and the greys.
    public init(red: UInt8, green: UInt8, blue: UInt8) {
        self = Colour(Self.nearest(to: RGB(red, green, blue), among: 16...255))
    }

    /// Creates a colour from a text: one of `names` (in any case, with or without the `-`), a number from 0 to 255, or
    /// `#rrggbb`.
    public init?(name: String) {
        let word = name.lowercased()
        if let number = Self.names.firstIndex(where: { $0 == word || $0.filter { $0 != "-" } == word }) {
            self.init(UInt8(number))
        } else if word == "gray" || word == "grey" {
            self.init(8)
        } else if word.hasPrefix("#") {
            let digits = word.dropFirst()
            guard digits.utf8.count == 6, digits.allSatisfy(\.isHexDigit), let value = UInt32(digits, radix: 16) else {
                return nil
            }
            self.init(red: UInt8(value >> 16), green: UInt8(value >> 8 & 0xff), blue: UInt8(value & 0xff))
        } else {
            guard word.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt8(word) else { return nil }
            self.init(number)
        }
    }

    /// The names of the first 16, by number.
    public static let names = [
        "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white", "bright-black", "bright-red",
        "bright-green", "bright-yellow", "bright-blue", "bright-magenta", "bright-cyan", "bright-white",
    ]

    /// Returns ncurses' number of the colour, or of the nearest one, on a terminal with this palette; otherwise nil.
    public func code(in palette: Palette) -> Int32? {
        switch palette {
        case .monochrome: nil
        case .eight:
            Int32(number < 16 ? number & 7 : Self.nearest(to: rgb, among: 0...15) & 7)
        case .sixteen: Int32(number < 16 ? number : Self.nearest(to: rgb, among: 0...15))
        case .many: Int32(number)
        case .direct: number < 8 ? Int32(number) : rgb.code
        }
    }

    /// The colour as xterm shows it.
    var rgb: RGB {
        switch number {
        case ..<16: Self.named[Int(number)]
        case ..<232:
            RGB(
                Self.steps[Int(number - 16) / 36], Self.steps[Int(number - 16) / 6 % 6],
                Self.steps[Int(number - 16) % 6])
        default: RGB(8 + 10 * (number - 232), 8 + 10 * (number - 232), 8 + 10 * (number - 232))
        }
    }

    private static let steps: [UInt8] = [0, 95, 135, 175, 215, 255]

    private static let named = [
        RGB(0, 0, 0), RGB(205, 0, 0), RGB(0, 205, 0), RGB(205, 205, 0), RGB(0, 0, 238), RGB(205, 0, 205),
        RGB(0, 205, 205), RGB(229, 229, 229), RGB(127, 127, 127), RGB(255, 0, 0), RGB(0, 255, 0), RGB(255, 255, 0),
        RGB(92, 92, 255), RGB(255, 0, 255), RGB(0, 255, 255), RGB(255, 255, 255),
    ]

    private static func nearest(to wanted: RGB, among numbers: ClosedRange<UInt8>) -> UInt8 {
        numbers.min { Colour($0).rgb.distance(to: wanted) < Colour($1).rgb.distance(to: wanted) } ?? 0
    }
}

/// Red, green and blue, as a screen shines.
struct RGB: Sendable, Hashable {
    var red: UInt8
    var green: UInt8
    var blue: UInt8

    init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
        (self.red, self.green, self.blue) = (red, green, blue)
    }

    /// Its number in ncurses for terminals that mix colours instead of numbering them.
    var code: Int32 { Int32(red) << 16 | Int32(green) << 8 | Int32(blue) }

    func distance(to other: RGB) -> Int {
        [(red, other.red), (green, other.green), (blue, other.blue)]
            .reduce(0) { $0 + (Int($1.0) - Int($1.1)) * (Int($1.0) - Int($1.1)) }
    }
}

// MARK: - Colours of the terminal

/// The colours a terminal has.
public enum Palette: Sendable, Hashable, CaseIterable {
    /// None, and those that terminals number.
    case monochrome, eight, sixteen, many
    /// As many as there are: beyond the first eight, a number is red, green and blue.
    case direct

    /// Creates the palette of a terminal with this many colours.
    public init(colours: Int) {
        switch colours {
        case ..<8: self = .monochrome
        case ..<16: self = .eight
        case ..<256: self = .sixteen
        case 256: self = .many
        default: self = .direct
        }
    }
}
