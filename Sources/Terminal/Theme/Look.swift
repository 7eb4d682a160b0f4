/// How something looks.
public struct Look: Sendable, Hashable {
    /// Its colour; nil for the terminal's own.
    public var colour: Colour?
    /// Heavier.
    public var isBold: Bool
    /// Fainter.
    public var isDim: Bool
    /// With a line below.
    public var isUnderlined: Bool

    /// A look.
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
